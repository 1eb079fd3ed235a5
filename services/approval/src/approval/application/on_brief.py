"""Lets a brief's approval follow the brief: its submission, its prices, its cancellation."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from optima_contracts.brief import BriefCancelled, BriefSubmitted, BriefTypeDefined
from optima_contracts.economics import BriefPriced, BudgetTold
from optima_contracts.money import money_text
from optima_kit.refusals import NotYet

from ..domain import engine
from ..domain.directory import Directory
from ..domain.subjects import SubjectType, person_content
from .cancel_approval import cancel_approval
from .open_approval import open_approval
from .ports import Ports
from .read.access import running_process
from .recording import record_change
from .subject_content import judged_beforehand

SUBJECT_TYPE = "brief"


async def on_brief_submitted(ports: Ports, event: BriefSubmitted, sequence: int) -> None:
    """Open an approval for a revision of a brief, after stopping one of an earlier revision. A duplicate, an
    event about an earlier revision or a cancelled brief changes nothing. Raises NotYet if the requester or
    the announced budget figures are not known yet."""
    if await ports.approvals.is_withdrawn(event.brief_id):
        return
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.brief_id)
    if newest is not None and newest.approval.subject_revision >= event.revision:
        return
    directory = await ports.directories.read()
    if directory.person(event.requester_id) is None:
        raise NotYet(f"person {event.requester_id} not known yet")
    if newest is not None and newest.approval.state == "open":
        await cancel_approval(ports, newest, "superseded")
    declared = await ports.processes.subject_type(SUBJECT_TYPE)
    assert declared is not None, "briefs are built in"
    figures: Mapping[str, str] | None = {}
    if event.budget_told:
        figures = await ports.approvals.find_budget_figures(event.brief_id, event.revision)
        if figures is None:
            raise NotYet(f"the budget of revision {event.revision} of brief {event.brief_id} is not told yet")
    content = {**judged_content(event, declared, directory), "budget_figures": figures}
    subject = engine.Subject(
        SUBJECT_TYPE, event.brief_id, event.revision, event.requester_id, content, event.content_hash
    )
    await open_approval(ports, event.process, subject, event.brief_id, sequence)


async def on_budget_told(ports: Ports, event: BudgetTold) -> None:
    """Store how the budget of a brief's revision stands, for the submission that follows. A duplicate changes
    nothing."""
    planned, committed, spent = (Decimal(each) for each in (event.planned, event.committed, event.spent))
    figures = {
        "planned": event.planned,
        "committed": event.committed,
        "spent": event.spent,
        "available": money_text(max(planned - committed - spent, Decimal(0))),
    }
    await ports.approvals.put_budget_figures(event.brief_id, event.revision, figures)


async def on_brief_priced(ports: Ports, event: BriefPriced, sequence: int) -> None:
    """Amend the open approval of a brief with its prices. An event that is older than the known prices or
    about an earlier revision changes nothing. Raises NotYet if the revision has not been submitted yet. If
    other prices were already approved, a new approval opens over the same revision, because an approval
    covers the cost too. Its requester is the same person or, if they have left, their successor."""
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.brief_id)
    if newest is None or newest.approval.subject_revision < event.revision:
        if await ports.approvals.is_withdrawn(event.brief_id):
            return
        raise NotYet(f"revision {event.revision} of brief {event.brief_id} not submitted yet")
    approval = newest.approval
    if approval.subject_revision > event.revision or sequence <= newest.subject_sequence:
        return
    if approval.state not in ("open", "approved") or approval.content_hash == event.content_hash:
        return
    content = {
        **approval.content,
        "quote_total": event.total,
        "quote_lines": [line.model_dump(mode="json") for line in event.lines],
    }
    directory = await ports.directories.read()
    if approval.state == "approved":
        requester = directory.in_place_of(approval.requester)
        subject = engine.Subject(
            SUBJECT_TYPE, event.brief_id, event.revision, requester, content, event.content_hash
        )
        await open_approval(ports, approval.process_key, subject, newest.correlation, sequence)
        return
    process = await running_process(ports, approval)
    dated = engine.dated(process, {**content, **approval.filled}, ports.now, directory)
    process = await judged_beforehand(ports, process, dated)
    result = engine.amend(approval, process, content, event.content_hash, ports.now, directory)
    await record_change(ports, process, newest, result, sequence)


async def on_brief_cancelled(ports: Ports, event: BriefCancelled) -> None:
    """Stop the brief's open approval, and let no other one open. A duplicate changes nothing."""
    await ports.approvals.withdraw_subject(event.brief_id)
    newest = await ports.approvals.lock_newest(SUBJECT_TYPE, event.brief_id)
    if newest is not None and newest.approval.state == "open":
        await cancel_approval(ports, newest, event.reason)


async def on_brief_type_defined(ports: Ports, event: BriefTypeDefined) -> None:
    """Store the form of a brief type, so that conditions can read its fields. A duplicate or late event does
    not replace a newer form. An event in the old format, which lacks the fields' kinds, changes nothing."""
    if event.form:
        kinds = {field.key: field.kind for field in event.form}
        await ports.processes.put_brief_form(event.key, event.version, kinds)


def judged_content(event: BriefSubmitted, declared: SubjectType, directory: Directory) -> dict[str, Any]:
    """Return the content that the process judges: who asks, and those fields of the submitted revision that
    the subject type declares."""
    asked = event.content.model_dump(mode="json", exclude_none=True)
    owner = event.purchasing_owner_id and person_content(directory, str(event.purchasing_owner_id))
    return {
        "number": event.number,
        "revision": event.revision,
        "requester": person_content(directory, str(event.requester_id)),
        **({"purchasing_owner": owner} if owner else {}),
        **{name: value for name, value in asked.items() if name in declared.fields},
    }
