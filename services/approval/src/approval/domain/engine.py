"""The engine: works out what happens to an approval when somebody decides, time passes, or the subject or the
directory changes.

Every function takes the approval's state, the process version that it follows, the current time and the
directory. It returns the events that follow, with the state to which they lead. Nothing here reads a clock or
does I/O. What is not allowed raises a `Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.refusals import Forbidden, Invalid, Refusal, Violations, WrongState

from .approval import (
    Amended,
    Approval,
    ApproverAdded,
    DecisionWithdrawn,
    DueMoved,
    Event,
    Migrated,
    MigrationReverted,
    NoticeSent,
    Opened,
    PartDecided,
    PartForwarded,
    PartReassigned,
    Reminded,
    Revoked,
    opened,
)
from .approvers import (
    AskedPerson,
    Asking,
    asked_by_field,
    asks_deciders,
    may_be_asked,
    may_decide,
    named_by,
    select_approvers,
)
from .directory import Directory
from .migration import choices_that_stay, migration_blocker
from .process import Evidence, Process, Step, form_of
from .quorum import VOTED, group_of_added
from .run import Result, Run, missing_fields, undecided_choice
from .subjects import Content, ContentFlaw, DatedContent, changed_fields
from .values import value

Act = Literal["approve", "reject", "abstain", "request_changes"]
_PAST = {
    "approve": "approved",
    "reject": "rejected",
    "abstain": "abstained",
    "request_changes": "changes_requested",
}


@value
class Decision:
    """A person's decision about a step, with the hash of the content that they have read."""

    step: str
    act: Act
    by: UUID
    content_hash: str
    on_behalf_of: UUID | None = None
    """The person whose part is decided, or None for the decider's own part."""
    reason: str | None = None
    evidence: tuple[dict[str, Any], ...] = ()
    filled: Mapping[str, Any] = field(default_factory=dict)
    """The values of the fields that approvers of the step fill in."""


@value
class Subject:
    """What an approval is about, as it was frozen when the approval opened."""

    type: str
    id: UUID
    revision: int
    requester: UUID
    content: dict[str, Any]
    content_hash: str
    today: date | None = None
    """The day that conditions read as `today`, if an earlier approval is repeated. None means the day on
    which the approval opens."""


def open_approval(
    approval_id: UUID, process: Process, subject: Subject, now: datetime, directory: Directory
) -> Result:
    """Open an approval. It ends at once if no step needs anybody. Raises Invalid if no case of a choice can
    be taken for the subject."""
    every_choice_takes_a_case(process, dated(process, subject.content, now, directory))
    return _beginning(approval_id, process, subject, now, directory).advanced()


def _beginning(
    approval_id: UUID, process: Process, subject: Subject, now: datetime, directory: Directory
) -> Run:
    beginning = Opened(
        now,
        approval_id,
        process.key,
        process.version,
        subject.type,
        subject.id,
        subject.revision,
        subject.requester,
        subject.content,
        subject.content_hash,
        tuple(process.steps),
        subject.today or dated(process, subject.content, now, directory).today,
    )
    run = Run(opened(beginning), process, now, directory)
    run.events.append(beginning)
    return run


def step_without_approver(
    process: Process, subject: Subject, now: datetime, directory: Directory
) -> str | None:
    """Return the first step that this subject would reach and that nobody could approve and nothing would
    skip, or None. Steps whose approvers are not known yet are passed over: they depend on a field that an
    earlier step waits for, or on who decides an earlier step."""
    asking = Asking(process, subject.content, subject.requester, directory, now)
    judged = dated(process, subject.content, now, directory)
    awaited = set[str]()
    for key, step in process.steps.items():
        found_later = not awaited.isdisjoint(asked_by_field(step)) or asks_deciders(step)
        is_met = not found_later and process.reaches(key, judged)
        if is_met and select_approvers(step, asking).instead == "reject":
            return key
        awaited.update((*missing_fields(subject.content, step), *step.fills))
    return None


def decide(
    approval: Approval, process: Process, decision: Decision, now: datetime, directory: Directory
) -> Result:
    """Record a person's decision about one step, for themselves or on behalf of a person who has delegated to
    them."""
    run = Run(_open(approval), process, now, directory)
    if decision.content_hash != approval.content_hash:
        raise WrongState("stale_content", field="content_hash")
    step = run.pending_step(decision.step)
    person = _part_decided_by(run, step, decision)
    requester_may_not_approve_own_subject(run, step, decision.by, person)
    one_person_signs_once(run, step, decision.by, person)
    filled = _filled_in(run, step, decision)
    _decision_is_complete(approval, step, decision)
    run.record(
        PartDecided(
            now,
            step.key,
            person,
            decision.by,
            _PAST[decision.act],  # type: ignore[arg-type]
            decision.content_hash,
            decision.reason,
            decision.evidence,
            filled,
        )
    )
    if decision.act == "request_changes":
        run.end_step(step, "changes_requested", "votes")
        run.end("changes_requested", decision.reason, decision.by)
        return run.result()
    run.values_changed = run.progress.filled != approval.filled
    decided = run.count_votes(step)
    return run.advanced(decision.reason) if decided or run.values_changed else run.result()


def may_decide_for(
    approval: Approval, process: Process, by: UUID, now: datetime, directory: Directory
) -> dict[str, list[UUID]]:
    """Return the people whose parts the person may decide now, by waiting step, the person themselves
    first."""
    if approval.state != "open":
        return {}
    run = Run(approval, process, now, directory)
    delegators = directory.delegators(by, process.key, process.subject.amount(approval.content), now)
    found: dict[str, list[UUID]] = {}
    for key in run.pending():
        step = process.steps[key]
        for whose in (by, *sorted(delegators)):
            with suppress(Refusal):
                decision = Decision(key, "approve", by, approval.content_hash, whose)
                person = _part_decided_by(run, step, decision)
                requester_may_not_approve_own_subject(run, step, by, person)
                one_person_signs_once(run, step, by, person)
                found.setdefault(key, []).append(person)
    return found


def forward(
    approval: Approval,
    process: Process,
    step_key: str,
    by: UUID,
    to: UUID,
    reason: str | None,
    now: datetime,
    directory: Directory,
) -> Result:
    """Hand a person's own part to somebody else, who then decides in their own name."""
    run = Run(_open(approval), process, now, directory)
    step = run.pending_step(step_key)
    if "forward" not in step.allows:
        raise WrongState("step_does_not_allow", field="step", act="forward", step=step_key)
    part = approval.steps[step_key].parts.get(by)
    if part is None or part.state != "requested":
        raise Forbidden("approver_not_asked", step=step_key)
    answer = may_be_asked(directory.person(to), step, run.asking)
    if answer == "requester":
        raise Invalid("forwarding_to_requester", field="to_person_id")
    if answer != "yes":
        raise Invalid("forwarding_not_possible", field="to_person_id", why=answer)
    known = approval.steps[step_key].parts.get(to)
    if known is not None and (known.state != "cancelled" or to == by):
        raise Invalid("approver_asked_already", field="to_person_id")
    run.record(PartForwarded(now, step_key, by, to, by, reason))
    return run.result()


def reassign(
    approval: Approval,
    process: Process,
    step_key: str,
    from_person: UUID,
    to: UUID,
    by: UUID,
    reason: str | None,
    now: datetime,
    directory: Directory,
) -> Result:
    """Let an admin have somebody else asked in a person's place."""
    run = Run(_open(approval), process, now, directory)
    step = run.pending_step(step_key)
    requester_may_not_choose_who_decides(run, by)
    part = approval.steps[step_key].parts.get(from_person)
    if part is None or part.state != "requested":
        raise Invalid("part_not_open", field="from_person_id", step=step_key)
    _may_take_a_part(run, step, to, by, "to_person_id")
    run.record(PartReassigned(now, step_key, from_person, to, by, reason))
    return run.result()


def add_approver(
    approval: Approval,
    process: Process,
    step_key: str,
    person: UUID,
    by: UUID,
    reason: str | None,
    now: datetime,
    directory: Directory,
    *,
    administers: bool = False,
) -> Result:
    """Add another approver to a step, at the wish of a person who is asked or of an admin."""
    run = Run(_open(approval), process, now, directory)
    step = run.pending_step(step_key)
    own = approval.steps[step_key].parts.get(by)
    if not administers and (own is None or own.state != "requested"):
        raise Forbidden("approver_not_asked", step=step_key)
    _may_take_a_part(run, step, person, by, "person_id")
    asked = AskedPerson(person, (group_of_added(person),), f"added:{by}", "added")
    run.record(ApproverAdded(now, step_key, asked, by, reason))
    return run.result()


def withdraw_decision(
    approval: Approval,
    process: Process,
    step_key: str,
    whose: UUID,
    by: UUID,
    now: datetime,
    directory: Directory,
) -> Result:
    """Withdraw the decision of a part, as long as the step waits. The person whose part it is and the person
    who decided it may do so. The part waits again, unless its person may not be asked any more."""
    run = Run(_open(approval), process, now, directory)
    step = run.pending_step(step_key)
    part = approval.steps[step_key].parts.get(whose)
    if part is None or by not in (part.person, part.decided_by):
        raise Forbidden("decision_of_another", step=step_key)
    if part.state not in VOTED:
        raise WrongState("part_not_decided", step=step_key)
    run.record(DecisionWithdrawn(now, step_key, whose, by))
    run.ask_again(step)
    return run.advanced()


def recall(
    approval: Approval, process: Process, by: UUID, reason: str | None, now: datetime, directory: Directory
) -> Result:
    """Let the requester, or their successor, withdraw the request for approval."""
    if by != directory.in_place_of(approval.requester):
        raise Forbidden("only_requester_recalls")
    return cancel(approval, process, reason or "recalled", by, now, directory)


def cancel(
    approval: Approval,
    process: Process,
    reason: str,
    by: UUID | None,
    now: datetime,
    directory: Directory,
) -> Result:
    """Cancel an approval whose subject is gone. What was decided stays on record."""
    run = Run(_open(approval), process, now, directory)
    run.end("cancelled", reason, by)
    return run.result()


def revoke(
    approval: Approval,
    process: Process,
    by: UUID,
    reason: str,
    now: datetime,
    directory: Directory,
    *,
    administers: bool = False,
) -> Result:
    """Revoke an approval after its end, by one of its approvers or an admin."""
    if approval.state != "approved":
        raise WrongState("approval_not_given", state=approval.state)
    if not administers and by not in approvers_of(approval):
        raise Forbidden("revoked_by_approvers_alone")
    run = Run(approval, process, now, directory)
    run.record(Revoked(now, by, reason))
    return run.result()


def approvers_of(approval: Approval) -> set[UUID]:
    """Return who approved a part of the approval, for themselves or for somebody else."""
    return {
        part.decided_by or part.person
        for run in approval.steps.values()
        for part in run.parts.values()
        if part.state == "approved"
    }


def amend(
    approval: Approval,
    process: Process,
    content: dict[str, Any],
    content_hash: str,
    now: datetime,
    directory: Directory,
) -> Result:
    """Replace the subject's content while it is being approved. Only the steps that have judged a changed
    field begin again. Steps whose condition now gives another result are added or dropped."""
    run = Run(_open(approval), process, now, directory)
    judged = dated(process, {**content, **approval.filled}, now, directory)
    every_choice_takes_a_case(process, judged)
    changed = changed_fields(process.subject, approval.content, content)
    run.record(Amended(now, content, content_hash, changed, judged.today))
    run.reconsider(changed)
    return run.advanced()


def people_changed(approval: Approval, process: Process, now: datetime, directory: Directory) -> Result:
    """Bring the pending steps in line with the directory. A person who has left is replaced by their
    successor, if the step's rules allow it. People whom the rules name newly are asked."""
    run = Run(_open(approval), process, now, directory)
    for key in run.pending():
        run.ask_again(process.steps[key])
    return run.advanced()


def remind(
    approval: Approval, process: Process, step_key: str, round_: int, now: datetime, directory: Directory
) -> Result:
    """Remind the people for whom a step waits. Nothing happens if the step has moved on."""
    run = Run(approval, process, now, directory)
    step_run = approval.steps.get(step_key)
    if approval.state == "open" and step_run and step_run.state == "pending" and step_run.round == round_:
        waiting = tuple(p.person for p in step_run.parts.values() if p.state == "requested")
        if waiting:
            run.record(Reminded(now, step_key, waiting))
    return run.result()


def notify(
    approval: Approval,
    process: Process,
    step_key: str,
    round_: int,
    number: int,
    now: datetime,
    directory: Directory,
) -> Result:
    """Send a notice of a step that was decided. Nothing happens if the step has begun again since, or the
    approval was cancelled or revoked."""
    run = Run(approval, process, now, directory)
    step, step_run = process.steps.get(step_key), approval.steps.get(step_key)
    if step is None or step_run is None or number >= len(step.notices):
        return run.result()
    notice = step.notices[number]
    if approval.state in ("cancelled", "revoked") or (step_run.state, step_run.round) != (notice.on, round_):
        return run.result()
    people = tuple(dict.fromkeys(person for rule in notice.to for person, _ in named_by(rule, run.asking)))
    if people:
        run.record(NoticeSent(now, step_key, people, notice.on, notice.text))
    return run.result()


def overdue(
    approval: Approval,
    process: Process,
    step_key: str,
    round_: int,
    actions_before: int,
    now: datetime,
    directory: Directory,
) -> Result:
    """Carry out the next possible overdue action of a step whose time is over. Nothing happens if the step
    has moved on, so a timer that fires late or twice does no harm."""
    run = Run(approval, process, now, directory)
    step_run = approval.steps.get(step_key)
    step = process.steps.get(step_key)
    if approval.state != "open" or step is None or step_run is None or step_run.state != "pending":
        return run.result()
    if step.due is None or (step_run.round, step_run.overdue_actions) != (round_, actions_before):
        return run.result()
    for index in range(actions_before, len(step.due.then)):
        action = step.due.then[index]
        if action == "expire":
            run.end("expired", f"overdue:{step_key}")
            return run.result()
        if action == "reject":
            run.reject(step, "overdue")
            return run.advanced()
        if action == "skip" or (action == "approve" and not missing_fields(approval.judged, step)):
            run.end_step(step, "skipped" if action == "skip" else "approved", "overdue")
            return run.advanced()
        if action == "escalate" and run.escalate(step):
            more = index + 1 < len(step.due.then)
            due_at = directory.calendar.after(now, step.due.hours) if more else None
            run.record(DueMoved(now, step_key, index + 1, due_at))
            return run.result()
    return run.result()


def foresee(
    process: Process,
    subject: Subject,
    now: datetime,
    directory: Directory,
    approving: Callable[[list[str]], list[str]] = list,
) -> Iterator[Event]:
    """Yield the events of an imagined approval in which everybody approves as soon as they are asked and no
    field is missing. `approving` picks which of the waiting steps are approved next; the approval stops when
    it picks none. Raises Invalid at a choice of which no case can be taken for the subject."""
    run = _beginning(UUID(int=0), process, subject, now, directory)
    run.go_on()
    told = 0
    while True:
        yield from run.events[told:]
        told = len(run.events)
        picked = approving(run.pending()) if run.progress.state == "open" else []
        if not picked:
            return
        for key in picked:
            run.approve_for_all(process.steps[key])
        run.go_on()


def migrate(
    approval: Approval, old: Process, new: Process, by: UUID | None, now: datetime, directory: Directory
) -> Result:
    """Migrate an approval to another version of its process. Steps that had been passed over are judged
    again, and new steps are asked in their turn. Raises WrongState if `migration_blocker` finds a blocker."""
    blocker = migration_blocker(_open(approval), old, new)
    if blocker is not None:
        raise WrongState("migration_refused", reason=blocker.reason, step=blocker.key)
    run = Run(approval, new, now, directory)
    kept = dated(new, approval.content, now, directory).today if approval.today is None else None
    run.record(Migrated(now, new.version, tuple(new.steps), choices_that_stay(approval, new), by, kept))
    run.reconsider(())
    if new.rules > 1:
        run.keep_order()
    return run.advanced()


def revert_migration(
    approval: Approval, old: Process, by: UUID | None, now: datetime, directory: Directory
) -> Result:
    """Revert a migration. Raises WrongState if somebody has acted since, or a step was overdue."""
    before = _open(approval).before_migration
    if before is None or before.process_version != old.version:
        raise WrongState("migration_settled")
    run = Run(approval, old, now, directory)
    run.record(MigrationReverted(now, before.process_version, by))
    return run.result()


def dated(process: Process, content: Content, now: datetime, directory: Directory) -> DatedContent:
    """Return the content with the day that conditions read if it is submitted or amended now."""
    return DatedContent(content, directory.calendar.day(now) if process.rules > 3 else None)


# -- rules


def every_choice_takes_a_case(process: Process, judged: DatedContent) -> None:
    """Raise Invalid if no case can be taken in one of the choices to which the content leads. A choice that
    reads a field without a value is passed over: it is decided once the field has one."""
    for choice in process.choices.values():
        if process.case_for(choice, judged) is None and process.leads_to(choice, judged):
            refusal = undecided_choice(process, choice, judged.content)
            if refusal.code == "choice_without_case":
                raise refusal


def requester_may_not_approve_own_subject(run: Run, step: Step, by: UUID, person: UUID) -> None:
    """Raise Forbidden if the requester, or their successor, decides, unless the step allows it for their own
    part. They may never decide as somebody's delegate, whatever the step allows."""
    if step.self_approval == "allowed" and by == person:
        return
    if by == run.directory.in_place_of(run.progress.approval.requester):
        raise Forbidden("requester_may_not_approve", step=step.key)


def requester_may_not_choose_who_decides(run: Run, by: UUID) -> None:
    if by == run.directory.in_place_of(run.progress.approval.requester):
        raise Forbidden("requester_may_not_choose_approver")


def _may_take_a_part(run: Run, step: Step, person: UUID, by: UUID, field: str) -> None:
    """Raise a refusal unless `person` may get a part of the step: somebody else chose them, they may be
    asked, and they have no valid part yet."""
    if person == by:
        raise Forbidden("approver_chooses_themselves", field=field)
    answer = may_be_asked(run.directory.person(person), step, run.asking)
    if answer == "requester":
        raise Invalid("approver_is_requester", field=field)
    if answer != "yes":
        raise Invalid("approver_not_possible", field=field, why=answer)
    known = run.run_of(step.key).parts.get(person)
    if known is not None and known.state != "cancelled":
        raise Invalid("approver_asked_already", field=field)


def one_person_signs_once(run: Run, step: Step, by: UUID, person: UUID) -> None:
    """Raise Forbidden if different people have to decide the step and this person would decide for somebody
    else although they are asked themselves or have already decided another part."""
    if not run.process.wants_different_people(step) or by == person:
        return
    for part in run.run_of(step.key).parts.values():
        if part.state != "cancelled" and by in (part.person, part.decided_by):
            raise Forbidden("one_person_one_signature", step=step.key)


def _open(approval: Approval) -> Approval:
    if approval.state != "open":
        raise WrongState("approval_ended", state=approval.state)
    return approval


def _part_decided_by(run: Run, step: Step, decision: Decision) -> UUID:
    """Return the person whose part is decided: the decider, unless the decision says on whose behalf it is.
    Raises a refusal if the decider may not decide that part."""
    by = decision.by
    person = run.directory.people.get(by)
    if person is None or not person.active or not may_decide(person, step):
        raise Forbidden("approver_not_asked", step=step.key)
    if run.process.rules == 1:
        return _part_meant(run, step, decision)
    parts = run.run_of(step.key).parts
    whose = decision.on_behalf_of or by
    part = parts.get(whose)
    if whose == by and part is not None and part.state == "requested":
        return by
    amount = run.process.subject.amount(run.progress.content)
    delegators = run.directory.delegators(by, run.process.key, amount, run.now)
    if whose != by and whose not in delegators:
        raise Forbidden("delegate_not_appointed", field="on_behalf_of", step=step.key)
    if part is not None and part.state == "requested":
        return whose
    if part is not None and part.state != "cancelled":
        raise WrongState("part_decided_already", step=step.key)
    if whose == by and any(each in parts and parts[each].state == "requested" for each in delegators):
        raise Invalid("say_on_behalf_of_whom", field="on_behalf_of", step=step.key)
    raise Forbidden("approver_not_asked", step=step.key)


def _part_meant(run: Run, step: Step, decision: Decision) -> UUID:
    """Return the person whose part is decided under rules 1: the decider if they are asked, otherwise the one
    person who is asked and has delegated to them."""
    by, wanted = decision.by, decision.on_behalf_of
    parts = run.run_of(step.key).parts
    for_oneself = wanted is None or wanted == by
    own = parts.get(by)
    if for_oneself and own is not None and own.state == "requested":
        return by
    amount = run.process.subject.amount(run.progress.content)
    delegators = run.directory.delegators(by, run.process.key, amount, run.now)
    people = [person_id for person_id in delegators if wanted is None or wanted == person_id]
    known = [parts[person_id] for person_id in people if person_id in parts]
    asked = [part.person for part in known if part.state == "requested"]
    if len(asked) == 1:
        return asked[0]
    if asked:
        raise Invalid("say_on_behalf_of_whom", field="on_behalf_of", step=step.key)
    if for_oneself and own is not None:
        known.append(own)
    if any(part.state != "cancelled" for part in known):
        raise WrongState("part_decided_already", step=step.key)
    if for_oneself:
        raise Forbidden("approver_not_asked", step=step.key)
    raise Forbidden("delegate_not_appointed", field="on_behalf_of", step=step.key)


def _decision_is_complete(approval: Approval, step: Step, decision: Decision) -> None:
    if decision.act in ("abstain", "request_changes") and decision.act not in step.allows:
        raise WrongState("step_does_not_allow", field="outcome", act=decision.act, step=step.key)
    wants_reason = decision.act in ("reject", "request_changes") or decision.act in step.reasons
    if wants_reason and not (decision.reason or "").strip():
        raise Invalid("reason_required", field="reason", act=decision.act)
    if step.requires and decision.act == "approve" and (missing := missing_fields(approval.judged, step)):
        raise WrongState("fields_required", step=step.key, fields=", ".join(missing))
    if step.evidence is not None:
        _evidence_is_allowed(step.evidence, decision)
    elif decision.evidence:
        raise Invalid("evidence_not_allowed", field="evidence", step=step.key)


def _filled_in(run: Run, step: Step, decision: Decision) -> dict[str, Any]:
    """Return the values that a decision fills in. An approval has to fill in each of the step's fields, and
    all approvals of one round have to give the same values. Raises a refusal otherwise."""
    for name in decision.filled:
        if decision.act != "approve":
            raise Invalid("fields_with_approval_alone", field=f"fields.{name}")
        if name not in step.fills:
            known = ", ".join(step.fills) or "–"
            raise Invalid("field_not_to_be_filled", field=f"fields.{name}", step=step.key, known=known)
    if decision.act != "approve" or not step.fills:
        return {}
    form = form_of(run.process.definition, step.fills)
    filled, flaws = form.complete(decision.filled, run.directory)
    if flaws:
        raise Violations([_badly_filled(run.process, flaw) for flaw in flaws])
    others = any(part.state == "approved" for part in run.run_of(step.key).parts.values())
    for name, written in run.progress.filled.items() if others else ():
        if name in filled and form.value_of(name, written) != form.value_of(name, filled[name]):
            facts = {"name": _name_of(run.process, name), "value": str(written)}
            raise WrongState("field_filled_otherwise", field=f"fields.{name}", **facts)
    return filled


def _badly_filled(process: Process, flaw: ContentFlaw) -> Invalid:
    field = f"fields.{flaw.path}"
    if flaw.code == "missing":
        return Invalid("field_to_fill_missing", field=field, name=_name_of(process, flaw.path))
    return Invalid(f"content_{flaw.code}", field=field, **flaw.facts)


def _name_of(process: Process, field: str) -> str:
    return process.definition.fields[field].name or field


def _evidence_is_allowed(rule: Evidence, decision: Decision) -> None:
    given = decision.evidence
    if len(given) > rule.at_most:
        raise Invalid("evidence_too_many", field="evidence", most=rule.at_most)
    if rule.required and not given and decision.act == "approve":
        raise Invalid("evidence_required", field="evidence", accepted=", ".join(rule.media_types))
    for index, each in enumerate(given):
        if each.get("media_type") not in rule.media_types:
            accepted = ", ".join(rule.media_types)
            raise Invalid("evidence_media_type", field=f"evidence[{index}].media_type", accepted=accepted)
