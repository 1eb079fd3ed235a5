"""Decides who sees which approval and which of its fields, and what a reader may do with it now. An approval
that does not concern the reader is absent, exactly as if it did not exist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent, WrongState

from ...domain.approval import Approval, Part
from ...domain.directory import Directory
from ...domain.engine import approvers_of, may_decide_for
from ...domain.process import ALLOWED, Process, Step
from ...domain.quorum import VOTED
from ...domain.run import missing_fields
from ...domain.subjects import ENTER_BY_EVENT
from ..ports import Comment, Draft, Migration, Ports, StoredApproval, StoredDelegation


async def visible_approval(ports: Ports, actor: Actor, approval_id: UUID) -> StoredApproval:
    return await _if_visible(ports, actor, await ports.approvals.find(approval_id))


async def locked_visible_approval(ports: Ports, actor: Actor, approval_id: UUID) -> StoredApproval:
    return await _if_visible(ports, actor, await ports.approvals.lock(approval_id))


async def _if_visible(ports: Ports, actor: Actor, stored: StoredApproval | None) -> StoredApproval:
    """Return the approval if the actor may see it: they read all approvals, requested it, were ever asked
    about it, or stand in for a person who is asked. Raises Absent otherwise, and if there is none."""
    if stored is None:
        raise Absent("approval_absent")
    if actor.may("approval.read_all") or _is_named(stored.approval, actor):
        return stored
    if await ports.approvals.concerns(stored.approval.id, actor.person_id):
        return stored
    process = await pinned_process(ports, stored.approval)
    if process is not None and stands_in(
        await ports.directories.read(), process, stored.approval, actor, ports
    ):
        return stored
    raise Absent("approval_absent")


def _is_named(approval: Approval, actor: Actor) -> bool:
    """Tell whether the approval's present state names the actor. People who were asked in an earlier round
    are named by its history only."""
    return actor.person_id == approval.requester or any(
        actor.person_id in run.parts for run in approval.steps.values()
    )


async def pinned_process(ports: Ports, approval: Approval) -> Process | None:
    """Return the process version that the approval follows, or None if the approval never opened."""
    return await ports.processes.version(approval.process_key, approval.process_version)


async def running_process(ports: Ports, approval: Approval) -> Process:
    """Return the process version that the approval follows. Raises WrongState if the approval never opened:
    it follows no process, and nothing can be done with it."""
    if approval.state == "not_opened":
        raise WrongState("approval_ended", state=approval.state)
    return await version_of(ports, approval.process_key, approval.process_version)


async def version_of(ports: Ports, key: str, number: int) -> Process:
    process = await ports.processes.version(key, number)
    assert process is not None, "an approval that opened has a published version"
    return process


def stands_in(directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports) -> bool:
    """Tell whether the actor may act, or could have acted, as the delegate of a person who was asked. Both
    of them see the task, also after the other one has decided."""
    if actor.person_id == approval.requester:
        return False
    since = _delegators(directory, process, approval, actor, ports)
    return any(_shared(part, since) for run in approval.steps.values() for part in run.parts.values())


def hidden_fields(
    directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports
) -> set[str]:
    """Return the top-level fields that the actor may not see. These are the protected fields, except those
    whose privilege the actor holds and those shown by a step that asks the actor or a person they stand in
    for."""
    since = _delegators(directory, process, approval, actor, ports)
    shown = {
        name
        for key, step in process.steps.items()
        for part in approval.steps[key].parts.values()
        if part.person == actor.person_id or _shared(part, since)
        for name in step.shows
    }
    protected = process.subject.protected_fields()
    return {name for name, privilege in protected.items() if not actor.may(privilege) and name not in shown}


ApprovalAction = Literal["amend", "recall", "revoke", "comment", "watch", "unwatch"]
StepAction = Literal[
    "approve",
    "reject",
    "abstain",
    "request_changes",
    "forward",
    "withdraw",
    "add_approver",
    "reassign",
    "claim",
    "release",
    "follow_up",
]
CommentAction = Literal["answer"]
ProcessAction = Literal["define", "publish", "retire"]
MigrationAction = Literal["execute", "reverse"]
DelegationAction = Literal["revoke"]


def actions_on(
    directory: Directory, process: Process | None, stored: StoredApproval, actor: Actor, ports: Ports
) -> list[ApprovalAction]:
    """List what the actor may do now with the approval as a whole."""
    approval, watching = stored.approval, actor.person_id in stored.watchers
    if approval.state != "open" or process is None:
        unwatch: list[ApprovalAction] = ["unwatch"] if watching else []
        return ["revoke", *unwatch] if may_revoke(approval, actor) else unwatch
    actions: list[ApprovalAction] = ["unwatch" if watching else "watch"]
    if may_comment(directory, process, approval, actor, ports):
        actions.insert(0, "comment")
    if directory.in_place_of(approval.requester) != actor.person_id:
        return actions
    amends = approval.subject_type not in ENTER_BY_EVENT and actor.may("approval.open")
    return ["amend", "recall", *actions] if amends else ["recall", *actions]


def actions_on_step(
    directory: Directory,
    step: Step,
    approval: Approval,
    deciding: Sequence[UUID],
    actor: Actor,
    claimed_by: UUID | None,
) -> dict[UUID, list[StepAction]]:
    """List what the actor may do with a waiting step, by the person whose part they would act on: their own,
    and the parts of others that they may decide or have decided."""
    me, parts = actor.person_id, approval.steps[step.key].parts
    complete = not missing_fields(approval.judged, step)
    offered: dict[UUID, list[StepAction]] = {me: []}
    for whose in deciding:
        offered.setdefault(whose, []).extend(
            [
                *(("approve",) if complete else ()),
                "reject",
                *(act for act in ALLOWED if act in step.allows and (whose == me or act != "forward")),
            ]
        )
    if actor.may("approval.decide"):
        for part in parts.values():
            if part.state in VOTED and me in (part.person, part.decided_by):
                offered.setdefault(part.person, []).append("withdraw")
        administers = actor.may("approval.administer")
        if administers or (me in parts and parts[me].state == "requested"):
            offered[me].append("add_approver")
        if me in parts and parts[me].state == "requested":
            offered[me].append("follow_up")
            if claimed_by is None and may_claim(approval, step.key, actor):
                offered[me].append("claim")
        if claimed_by is not None and (claimed_by == me or administers):
            offered[me].append("release")
    waits = any(part.state == "requested" for part in parts.values())
    if actor.may("approval.administer") and waits and me != directory.in_place_of(approval.requester):
        offered[me].append("reassign")
    return {whose: actions for whose, actions in offered.items() if actions}


def may_claim(approval: Approval, step: str, actor: Actor) -> bool:
    """Tell whether the step waits for the actor and for somebody else too."""
    parts = approval.steps[step].parts
    waiting = {part.person for part in parts.values() if part.state == "requested"}
    return actor.person_id in waiting and len(waiting) > 1


def may_comment(
    directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports
) -> bool:
    """Tell whether the actor may comment: as the requester, as a person who is asked, as their delegate or
    as an admin."""
    return (
        _is_named(approval, actor)
        or actor.person_id == directory.in_place_of(approval.requester)
        or actor.may("approval.administer")
        or stands_in(directory, process, approval, actor, ports)
    )


def may_revoke(approval: Approval, actor: Actor) -> bool:
    """Tell whether the actor may revoke the approval: it was approved, and they approved it or are an
    admin."""
    approved_it = actor.may("approval.administer") or actor.person_id in approvers_of(approval)
    return approval.state == "approved" and actor.may("approval.decide") and approved_it


def may_answer(directory: Directory, comment: Comment, actor: Actor) -> bool:
    return comment.to_person is not None and directory.in_place_of(comment.to_person) == actor.person_id


def actions_on_comment(directory: Directory, comment: Comment, actor: Actor) -> list[CommentAction]:
    return ["answer"] if comment.answer is None and may_answer(directory, comment, actor) else []


def actions_on_process(actor: Actor, draft: Draft) -> list[ProcessAction]:
    if not actor.may("process.write"):
        return []
    return ["define", "publish", "retire"] if draft.in_force else ["define", "publish"]


def actions_on_migration(actor: Actor, migration: Migration) -> list[MigrationAction]:
    if not actor.may("process.write"):
        return []
    offered: dict[str, list[MigrationAction]] = {"previewed": ["execute"], "moved": ["reverse"]}
    return offered.get(migration.state, [])


def sees_all_approvals(actor: Actor) -> bool:
    return actor.may("approval.read_all")


def sees_delegation(actor: Actor, stored: StoredDelegation) -> bool:
    ends = (stored.delegation.from_person, stored.delegation.to_person)
    return actor.person_id in ends or actor.may("approval.read_all")


def actions_on_delegation(actor: Actor, stored: StoredDelegation) -> list[DelegationAction]:
    ends = gave_or_administers(actor, stored) and actor.may("approval.delegate")
    return ["revoke"] if ends and stored.revoked_at is None else []


def gave_or_administers(actor: Actor, stored: StoredDelegation) -> bool:
    return stored.delegation.from_person == actor.person_id or actor.may("approval.administer")


def decides_for(
    directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports
) -> dict[str, list[UUID]]:
    """Return the people whose part the actor may decide, by waiting step."""
    if not actor.may("approval.decide"):
        return {}
    return may_decide_for(approval, process, actor.person_id, ports.now, directory)


def _delegators(
    directory: Directory, process: Process, approval: Approval, actor: Actor, ports: Ports
) -> dict[UUID, datetime]:
    amount = process.subject.amount(approval.content)
    return directory.delegators(actor.person_id, process.key, amount, ports.now)


def _shared(part: Part, since: dict[UUID, datetime]) -> bool:
    """Tell whether the part was open while the delegate could act for its person. `since` says since when
    the delegate stands in for whom."""
    begun = since.get(part.person)
    return begun is not None and (part.decided_at is None or part.decided_at >= begun)
