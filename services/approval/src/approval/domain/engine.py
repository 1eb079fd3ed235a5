"""The engine: what happens to an approval when somebody decides, time passes, or the world changes.

Every function takes the state, the process version that it is pinned to, the moment and the directory, and
returns the events that follow with the state that they lead to. Nothing here reads a clock or does I/O;
what is not allowed raises a `Refusal`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from optima_kit.refusals import Forbidden, Invalid, WrongState

from .approval import (
    PASSED,
    Amended,
    Approval,
    Asked,
    ChoiceTaken,
    DueMoved,
    Ended,
    Event,
    Migrated,
    MigrationReverted,
    Opened,
    PartDecided,
    PartEscalated,
    PartForwarded,
    PartRequested,
    PartWithdrawn,
    Progress,
    Reminded,
    StepEnded,
    StepOpened,
    StepReopened,
    StepRun,
    opened,
)
from .approvers import Asking, Chosen, Selection, may_be_asked, select_approvers
from .directory import Directory
from .migration import choices_that_stay, migration_hindrance
from .process import BackTo, Branch, Case, Choice, Node, Parallel, Process, Step, join_needed
from .quorum import verdict
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
    """What somebody wants to do with a step, about the content that they have read."""

    step: str
    act: Act
    by: UUID
    content_hash: str
    on_behalf_of: UUID | None = None
    reason: str | None = None
    evidence: tuple[dict[str, Any], ...] = ()


@value
class Subject:
    """What an approval is about, as frozen when it opened."""

    type: str
    id: UUID
    revision: int
    requester: UUID
    content: dict[str, Any]
    content_hash: str


@value
class Result:
    approval: Approval
    events: tuple[Event, ...]


def open_approval(
    approval_id: UUID, process: Process, subject: Subject, now: datetime, directory: Directory
) -> Result:
    """Begins a run. The result may have ended already, when no step needs anybody."""
    beginning = Opened(
        at=now,
        approval=approval_id,
        process_key=process.key,
        process_version=process.version,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_revision=subject.revision,
        requester=subject.requester,
        content=subject.content,
        content_hash=subject.content_hash,
        steps=tuple(process.steps),
    )
    run = _Run(opened(beginning), process, now, directory)
    run.events.append(beginning)
    return run.advanced()


def step_without_approver(
    process: Process, subject: Subject, now: datetime, directory: Directory
) -> str | None:
    """The first step that this subject would meet and that nobody could approve, nor be skipped."""
    asking = Asking(process, subject.content, subject.requester, directory, now)
    for key, step in process.steps.items():
        if process.reaches(key, subject.content) and select_approvers(step, asking).instead == "reject":
            return key
    return None


def decide(
    approval: Approval, process: Process, decision: Decision, now: datetime, directory: Directory
) -> Result:
    """One person's word on one step, for themselves or on behalf of who delegated to them."""
    run = _Run(_open(approval), process, now, directory)
    if decision.content_hash != approval.content_hash:
        raise WrongState("stale_content", field="content_hash")
    step = run.pending_step(decision.step)
    person = _part_decided_by(run, step, decision)
    requester_may_not_approve_own_subject(approval, step, decision.by, person)
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
        )
    )
    if decision.act == "request_changes":
        run.end_step(step, "changes_requested", "votes")
        return run.ended("changes_requested", decision.reason, decision.by)
    if run.count_votes(step):
        return run.advanced(decision.reason)
    return run.result()


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
    """Hands one's own part to somebody else, who then decides in their own name."""
    run = _Run(_open(approval), process, now, directory)
    step = run.pending_step(step_key)
    if "forward" not in step.allows:
        raise WrongState("step_does_not_allow", field="step", act="forward", step=step_key)
    part = approval.steps[step_key].parts.get(by)
    if part is None or part.state != "requested":
        raise Forbidden("not_an_approver", step=step_key)
    answer = may_be_asked(directory.person(to), step, run.asking)
    if answer == "requester":
        raise Invalid("cannot_forward_to_requester", field="to_person_id")
    if answer != "yes":
        raise Invalid("cannot_forward_to", field="to_person_id", why=answer)
    known = approval.steps[step_key].parts.get(to)
    if known is not None and (known.state != "cancelled" or to == by):
        raise Invalid("already_an_approver", field="to_person_id")
    run.record(PartForwarded(now, step_key, by, to, by, reason))
    return run.result()


def recall(
    approval: Approval, process: Process, by: UUID, reason: str | None, now: datetime, directory: Directory
) -> Result:
    """The requester takes the subject back."""
    if by != approval.requester:
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
    """Stops a run whose subject has gone; what was decided stays on record."""
    return _Run(_open(approval), process, now, directory).ended("cancelled", reason, by)


def amend(
    approval: Approval,
    process: Process,
    content: dict[str, Any],
    content_hash: str,
    now: datetime,
    directory: Directory,
) -> Result:
    """The subject's content changed while it was being approved: only the steps that had judged a field
    that changed begin again, and steps whose condition turned come in or fall away."""
    run = _Run(_open(approval), process, now, directory)
    before = approval.content
    changed = tuple(sorted(k for k in {*before, *content} if before.get(k) != content.get(k)))
    run.record(Amended(now, content, content_hash, changed))
    run.reconsider(changed)
    return run.advanced()


def people_changed(approval: Approval, process: Process, now: datetime, directory: Directory) -> Result:
    """Brings the pending steps in line with the directory: who left is no longer asked, who came is."""
    run = _Run(_open(approval), process, now, directory)
    for key in run.pending():
        run.ask_again(process.steps[key])
    return run.advanced()


def remind(
    approval: Approval, process: Process, step_key: str, round_: int, now: datetime, directory: Directory
) -> Result:
    """A reminder is due; nothing happens if the step has moved on."""
    run = _Run(approval, process, now, directory)
    step_run = approval.steps.get(step_key)
    if approval.state == "open" and step_run and step_run.state == "pending" and step_run.round == round_:
        waiting = tuple(p.person for p in step_run.parts.values() if p.state == "requested")
        if waiting:
            run.record(Reminded(now, step_key, waiting))
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
    """A step's time is over: carries out its next overdue action that can be. Nothing happens if the step
    has moved on, so a timer that fires late or twice does no harm."""
    run = _Run(approval, process, now, directory)
    step_run = approval.steps.get(step_key)
    step = process.steps.get(step_key)
    if approval.state != "open" or step is None or step_run is None or step_run.state != "pending":
        return run.result()
    if step.due is None or (step_run.round, step_run.overdue_actions) != (round_, actions_before):
        return run.result()
    for index in range(actions_before, len(step.due.then)):
        action = step.due.then[index]
        if action == "expire":
            return run.ended("expired", f"overdue:{step_key}", None)
        if action == "reject":
            run.reject(step, "overdue")
            return run.advanced()
        if action == "skip" or (action == "approve" and not missing_fields(approval, step)):
            run.end_step(step, "skipped" if action == "skip" else "approved", "overdue")
            return run.advanced()
        if action == "escalate" and run.escalate(step):
            more = index + 1 < len(step.due.then)
            due_at = directory.calendar.after(now, step.due.hours) if more else None
            run.record(DueMoved(now, step_key, index + 1, due_at))
            return run.result()
    return run.result()


def foresee(process: Process, subject: Subject, now: datetime, directory: Directory) -> tuple[Event, ...]:
    """The events of a run in which everybody approves as soon as they are asked, nothing missing."""
    result = open_approval(UUID(int=0), process, subject, now, directory)
    events = list(result.events)
    while result.approval.state == "open":
        run = _Run(result.approval, process, now, directory)
        for key in run.pending():
            run.approve_for_all(process.steps[key])
        result = run.advanced()
        events += result.events
    return tuple(events)


def migrate(
    approval: Approval, old: Process, new: Process, by: UUID | None, now: datetime, directory: Directory
) -> Result:
    """Moves a run to another version of its process. Steps that had been passed over are looked at again,
    new ones are asked in their turn. Raises WrongState where `migration_hindrance` finds one."""
    hindrance = migration_hindrance(_open(approval), old, new)
    if hindrance is not None:
        raise WrongState("migration_refused", reason=hindrance.reason, step=hindrance.key)
    run = _Run(approval, new, now, directory)
    run.record(Migrated(now, new.version, tuple(new.steps), choices_that_stay(approval, new), by))
    run.reconsider(())
    return run.advanced()


def revert_migration(
    approval: Approval, old: Process, by: UUID | None, now: datetime, directory: Directory
) -> Result:
    """Takes a migration back, as long as nobody has acted since and no time has run out."""
    before = _open(approval).before_migration
    if before is None or before.process_version != old.version:
        raise WrongState("migration_settled")
    run = _Run(approval, old, now, directory)
    run.record(MigrationReverted(now, before.process_version, by))
    return run.result()


# -- rules


def requester_may_not_approve_own_subject(approval: Approval, step: Step, by: UUID, person: UUID) -> None:
    """Unless the step allows it; and a delegate never may, whatever the step allows."""
    if by == approval.requester and (step.self_approval != "allowed" or by != person):
        raise Forbidden("requester_may_not_approve", step=step.key)


def missing_fields(approval: Approval | Progress, step: Step) -> list[str]:
    """Fields that must be there before the step is approved, and are not."""
    return [name for name in step.requires if approval.content.get(name) is None]


def _open(approval: Approval) -> Approval:
    if approval.state != "open":
        raise WrongState("approval_ended", state=approval.state)
    return approval


def _part_decided_by(run: _Run, step: Step, decision: Decision) -> UUID:
    """Whose part the decision is: one's own, or that of who delegated."""
    by, wanted = decision.by, decision.on_behalf_of
    person = run.directory.person(by)
    if person is None or not person.active or not person.may_decide:
        raise Forbidden("not_an_approver", step=step.key)
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
        raise WrongState("already_decided", step=step.key)
    if for_oneself:
        raise Forbidden("not_an_approver", step=step.key)
    raise Forbidden("not_a_delegate", field="on_behalf_of", step=step.key)


def _decision_is_complete(approval: Approval, step: Step, decision: Decision) -> None:
    if decision.act in ("abstain", "request_changes") and decision.act not in step.allows:
        raise WrongState("step_does_not_allow", field="outcome", act=decision.act, step=step.key)
    wants_reason = decision.act in ("reject", "request_changes") or decision.act in step.reasons
    if wants_reason and not (decision.reason or "").strip():
        raise Invalid("reason_required", field="reason", act=decision.act)
    if decision.act == "approve" and (missing := missing_fields(approval, step)):
        raise WrongState("fields_required", step=step.key, fields=", ".join(missing))
    _evidence_is_allowed(step, decision)


def _evidence_is_allowed(step: Step, decision: Decision) -> None:
    rule, given = step.evidence, decision.evidence
    if rule is None:
        if given:
            raise Invalid("evidence_not_allowed", field="evidence", step=step.key)
        return
    if len(given) > rule.at_most:
        raise Invalid("evidence_too_many", field="evidence", most=rule.at_most)
    if rule.required and not given and decision.act == "approve":
        raise Invalid("evidence_required", field="evidence", accepted=", ".join(rule.media_types))
    for index, each in enumerate(given):
        if each.get("media_type") not in rule.media_types:
            accepted = ", ".join(rule.media_types)
            raise Invalid("evidence_media_type", field=f"evidence[{index}].media_type", accepted=accepted)


# -- the run: one call's progress from event to event


class _Run:
    __slots__ = ("directory", "events", "now", "process", "progress", "reason", "rejected")

    def __init__(self, approval: Approval, process: Process, now: datetime, directory: Directory) -> None:
        self.progress = Progress(approval)
        self.process = process
        self.now = now
        self.directory = directory
        self.events: list[Event] = []
        self.rejected: list[Step] = []
        self.reason: str | None = None

    @property
    def asking(self) -> Asking:
        progress = self.progress
        requester = progress.approval.requester
        return Asking(self.process, progress.content, requester, self.directory, self.now)

    def record(self, event: Event) -> None:
        self.progress.take(event)
        self.events.append(event)

    def result(self) -> Result:
        if not self.events:
            return Result(self.progress.approval, ())
        return Result(self.progress.result(), tuple(self.events))

    def run_of(self, key: str) -> StepRun:
        return self.progress.steps[key]

    def pending(self) -> list[str]:
        return [key for key, run in self.progress.steps.items() if run.state == "pending"]

    def pending_step(self, key: str) -> Step:
        step = self.process.steps.get(key)
        if step is None:
            raise Invalid("unknown_step", field="step", step=key)
        if self.run_of(key).state != "pending":
            raise WrongState("step_not_pending", field="step", step=key, state=self.run_of(key).state)
        return step

    # -- going on

    def advanced(self, reason: str | None = None) -> Result:
        """Opens what can be opened, and ends the approval when nothing is left to do."""
        self.reason = reason
        while self.progress.state == "open":
            while self.rejected and self.progress.state == "open":
                self.follow_rejection(self.rejected.pop(0))
            if self.progress.state != "open":
                break
            done = self.sequence(self.process.definition.steps)
            if done and not self.rejected:
                return self.ended("approved", None, None)
            if not self.rejected:
                break
        return self.result()

    def ended(
        self,
        outcome: Literal["approved", "rejected", "changes_requested", "cancelled", "expired"],
        reason: str | None,
        by: UUID | None,
    ) -> Result:
        for key in self.pending():
            because = "cancelled" if outcome == "cancelled" else "ended"
            self.end_step(self.process.steps[key], "not_required", because)
        self.record(Ended(self.now, outcome, reason, by))
        return self.result()

    def sequence(self, nodes: list[Node]) -> bool:
        """Whether the sequence has been passed; opens what comes next in it."""
        return all(map(self.node, nodes))

    def node(self, node: Node) -> bool:
        if isinstance(node, Step):
            return self.step(node)
        if self.untouched(node) and not self.process.holds(node.key, self.progress.content):
            self.skip_steps([node], "condition")
            return True
        return self.parallel(node) if isinstance(node, Parallel) else self.choice(node)

    def step(self, step: Step) -> bool:
        state = self.run_of(step.key).state
        if state != "waiting":
            return state in PASSED
        if not self.process.holds(step.key, self.progress.content):
            self.end_step(step, "skipped", "condition")
            return True
        return self.open_step(step)

    def parallel(self, node: Parallel) -> bool:
        for branch in node.parallel:
            if self.untouched(branch) and not self.process.holds(branch.key, self.progress.content):
                self.skip_steps(branch.steps, "condition")
        passed = 0
        for branch in node.parallel:
            if not self.failed(branch) and self.sequence(branch.steps) and not self.skipped(branch):
                passed += 1
        running = [branch for branch in node.parallel if not self.skipped(branch)]
        if passed < join_needed(node, len(running)):
            return False
        for branch in running:
            self.close_steps(branch.steps, "join")
        return True

    def choice(self, node: Choice) -> bool:
        if node.key not in self.progress.choices:
            self.take_case(node)
        taken = self.progress.choices[node.key]
        return all(self.sequence(case.steps) for case in node.choose if case.key == taken)

    def take_case(self, node: Choice) -> None:
        taken = self.process.case_for(node, self.progress.content)
        self.record(ChoiceTaken(self.now, node.key, taken.key))
        for case in node.choose:
            if case is not taken:
                self.skip_steps(case.steps, "case")

    # -- steps

    def open_step(self, step: Step) -> bool:
        """Asks whom the step's rules name; whether it has been passed at once."""
        selection = select_approvers(step, self.asking)
        if selection.instead is not None:
            return self.without_asking(step, selection)
        due_at: datetime | None = None
        remind_at: tuple[datetime, ...] = ()
        if step.due is not None:
            after = self.directory.calendar.after
            due_at = after(self.now, step.due.hours)
            remind_at = tuple(after(self.now, hours) for hours in step.due.remind)
        asked = tuple(_asked(chosen) for chosen in selection.chosen)
        self.record(StepOpened(self.now, step.key, asked, selection.left_out, due_at, remind_at))
        if step.same_person == "once":
            self.count_earlier_approvals(step)
        return self.count_votes(step) and self.run_of(step.key).state in PASSED

    def without_asking(self, step: Step, selection: Selection) -> bool:
        if selection.instead == "reject":
            self.reject(step, "nobody")
            return False
        because = "requester" if selection.instead == "skipped_for_requester" else "nobody"
        self.end_step(step, "skipped", because)
        return True

    def count_votes(self, step: Step) -> bool:
        """Ends the step if its votes decide it; whether they did."""
        outcome = verdict(step, self.run_of(step.key).parts.values())
        if outcome == "approved":
            self.end_step(step, "approved", "votes")
        elif outcome == "rejected":
            self.reject(step, "votes")
        return outcome is not None

    def approve_for_all(self, step: Step) -> None:
        """Everybody who is asked approves, until the step is decided."""
        content_hash = self.progress.content_hash
        for person, part in self.run_of(step.key).parts.items():
            if part.state == "requested":
                self.record(PartDecided(self.now, step.key, person, person, "approved", content_hash))
                if self.count_votes(step):
                    return

    def count_earlier_approvals(self, step: Step) -> None:
        if missing_fields(self.progress, step):
            return
        earlier = set(self.approvers_before(step))
        for person, part in self.run_of(step.key).parts.items():
            if person in earlier and part.state == "requested":
                content_hash = self.progress.content_hash
                self.record(PartDecided(self.now, step.key, person, None, "approved", content_hash))

    def approvers_before(self, step: Step) -> Iterator[UUID]:
        """Who approved this very content in the node that was passed right before the step."""
        place = self.process.places[step.key]
        sequences = [self.process.definition.steps, *(inner.steps for _, inner in place.enclosing)]
        for nodes, index in zip(reversed(sequences), reversed(place.position), strict=True):
            for node in reversed(nodes[:index]):
                if any(self.run_of(key).state == "approved" for key in _steps_in([node])):
                    yield from self.last_approvers(node)
                    return

    def last_approvers(self, node: Node) -> Iterator[UUID]:
        if isinstance(node, Step):
            for part in self.run_of(node.key).parts.values():
                if part.state == "approved" and part.content_hash == self.progress.content_hash:
                    yield part.person
            return
        for inner in node.parallel if isinstance(node, Parallel) else node.choose:
            for last in reversed(inner.steps):
                if any(self.run_of(key).state == "approved" for key in _steps_in([last])):
                    yield from self.last_approvers(last)
                    break

    def ask_again(self, step: Step) -> None:
        """Compares the pending step's parts with whom its rules name now."""
        selection = select_approvers(step, self.asking)
        named = {chosen.person: chosen for chosen in selection.chosen}
        for person, part in self.run_of(step.key).parts.items():
            if part.state != "requested":
                continue
            answer = may_be_asked(self.directory.person(person), step, self.asking)
            if answer != "yes":
                self.record(PartWithdrawn(self.now, step.key, person, answer))
            elif selection.instead is None and part.origin in ("named", "fallback") and person not in named:
                self.record(PartWithdrawn(self.now, step.key, person, "not_named"))
        for person, chosen in named.items():
            if not self.is_taken(step, person):
                self.record(PartRequested(self.now, step.key, _asked(chosen)))
        parts = self.run_of(step.key).parts.values()
        too_few = verdict(step, parts) == "rejected" and not any(p.state == "rejected" for p in parts)
        if selection.instead is not None and too_few:
            self.without_asking(step, selection)
        else:
            self.count_votes(step)

    def is_taken(self, step: Step, person: UUID) -> bool:
        """Whether the person's part stands, or stands with whom it was moved to."""
        parts, seen = self.run_of(step.key).parts, set[UUID]()
        part = parts.get(person)
        while part is not None and part.person not in seen:
            if part.state != "cancelled":
                return True
            seen.add(part.person)
            part = parts.get(part.moved_to) if part.moved_to is not None else None
        return False

    def escalate(self, step: Step) -> bool:
        """Moves every open part to the manager above; whether any could be moved."""
        moved = False
        for person, part in self.run_of(step.key).parts.items():
            if part.state != "requested":
                continue
            for manager in self.directory.managers_above(person):
                known = self.run_of(step.key).parts.get(manager)
                may = may_be_asked(self.directory.person(manager), step, self.asking) == "yes"
                if may and (known is None or known.state == "cancelled"):
                    self.record(PartEscalated(self.now, step.key, person, manager))
                    moved = True
                    break
        return moved

    def end_step(
        self,
        step: Step,
        outcome: Literal["approved", "rejected", "changes_requested", "skipped", "not_required"],
        because: str,
    ) -> None:
        self.record(StepEnded(self.now, step.key, outcome, because))

    def skip_steps(self, nodes: list[Node], because: str) -> None:
        for key in _steps_in(nodes):
            if self.run_of(key).state == "waiting":
                self.end_step(self.process.steps[key], "skipped", because)

    def close_steps(self, nodes: list[Node], because: str) -> None:
        for key in _steps_in(nodes):
            if self.run_of(key).state in ("waiting", "pending"):
                self.end_step(self.process.steps[key], "not_required", because)

    # -- rejections

    def reject(self, step: Step, because: str) -> None:
        """The step is rejected; what follows from it is done before anything else opens."""
        self.end_step(step, "rejected", because)
        self.rejected.append(step)

    def follow_rejection(self, step: Step) -> None:
        run = self.run_of(step.key)
        if run.state != "rejected":
            return
        reason = self.reason or f"{run.because}:{step.key}"
        if run.because != "nobody" and isinstance(step.on_rejection, BackTo):
            self.send_back(step.on_rejection.back_to)
        elif step.on_rejection == "requester":
            self.ended("changes_requested", reason, None)
        elif not self.parallel_survives(step):
            self.ended("rejected", reason, None)

    def send_back(self, target: str) -> None:
        for key in self.process.from_step_on(target):
            run = self.run_of(key)
            if run.state != "waiting" and run.because != "case":
                self.record(StepReopened(self.now, key, "sent_back"))

    def parallel_survives(self, step: Step) -> bool:
        """Whether enough other branches around the rejected step can still be approved."""
        for node, inner in reversed(self.process.places[step.key].enclosing):
            if not isinstance(node, Parallel):
                continue
            self.close_steps(inner.steps, "join")
            if not self.node_failed(node):
                return True
        return False

    # -- what a node's steps say of it

    def untouched(self, node: Parallel | Choice | Branch) -> bool:
        return all(self.run_of(key).state == "waiting" for key in _steps_in([node]))

    def skipped(self, branch: Branch) -> bool:
        return all(self.run_of(key).state == "skipped" for key in _steps_in([branch]))

    def failed(self, part: Branch | Case) -> bool:
        return any(self.node_failed(node) for node in part.steps)

    def node_failed(self, node: Node) -> bool:
        """Whether the node can no longer be passed."""
        if isinstance(node, Step):
            return self.run_of(node.key).state == "rejected"
        if isinstance(node, Choice):
            return any(self.failed(case) for case in node.choose)
        running = [branch for branch in node.parallel if not self.skipped(branch)]
        hopeful = sum(not self.failed(branch) for branch in running)
        return hopeful < join_needed(node, len(running))

    # -- amendments

    def reconsider(self, changed: tuple[str, ...]) -> None:
        self.retake_choices()
        for key, step in self.process.steps.items():
            run = self.run_of(key)
            if run.state == "waiting":
                continue
            if not self.process.reaches(key, self.progress.content):
                if run.state == "pending":
                    self.end_step(step, "not_required", "condition")
            elif run.state in ("skipped", "not_required") and run.because in ("condition", "case"):
                self.record(StepReopened(self.now, key, "condition", changed))
            elif run.state in ("approved", "pending"):
                self.reopen_if_material(step, run, changed)

    def reopen_if_material(self, step: Step, run: StepRun, changed: tuple[str, ...]) -> None:
        material = step.material_fields
        touched = changed if material is None else tuple(name for name in changed if name in material)
        voted = any(part.state in ("approved", "rejected", "abstained") for part in run.parts.values())
        if touched and (voted or run.state == "approved"):
            self.record(StepReopened(self.now, step.key, "amended", touched))
        elif run.state == "pending":
            self.ask_again(step)

    def retake_choices(self) -> None:
        for key, taken in list(self.progress.choices.items()):
            node = self.process.choices[key]
            if self.process.case_for(node, self.progress.content).key != taken:
                self.take_case(node)


def _asked(chosen: Chosen) -> Asked:
    origin: Literal["named", "fallback"] = "fallback" if chosen.fallback else "named"
    return Asked(chosen.person, chosen.groups, chosen.why, origin)


def _steps_in(nodes: list[Any]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Step):
            yield node.key
        elif isinstance(node, Parallel):
            for branch in node.parallel:
                yield from _steps_in(branch.steps)
        elif isinstance(node, Choice):
            for case in node.choose:
                yield from _steps_in(case.steps)
        elif isinstance(node, Branch | Case):
            yield from _steps_in(node.steps)
