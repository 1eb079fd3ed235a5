"""Carries an approval through its process, from event to event, during one call of the engine.

`engine` decides what is allowed. A `Run` works out what follows from it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from optima_kit.refusals import Invalid, WrongState

from .approval import (
    PASSED,
    Approval,
    ChoiceTaken,
    Ended,
    Event,
    FieldsSet,
    Part,
    PartDecided,
    PartEscalated,
    PartHandedOver,
    PartRequested,
    PartsRequested,
    PartWithdrawn,
    Progress,
    StepEnded,
    StepOpened,
    StepReopened,
    StepRun,
)
from .approvers import AskedPerson, Asking, Selection, may_be_asked, select_approvers
from .conditions import read_condition
from .directory import Directory
from .process import BackTo, Branch, Case, Choice, Node, Parallel, Process, Step, join_needed
from .quorum import ADDED, approvals_needed, verdict, voters_of, votes_in_quorum
from .subjects import Content, DatedContent
from .values import value

MANY: Final = 100
"""If more people than this are newly asked at once, one event names them all; otherwise each gets an
event."""


@value
class Result:
    """An approval's new state, and the events that led to it."""

    approval: Approval
    events: tuple[Event, ...]


def missing_fields(content: Content, step: Step) -> list[str]:
    """List the fields that must have a value before the step can be approved, and have none."""
    return [name for name in step.requires if content.get(name) is None]


def deciders_of(run: StepRun) -> list[UUID]:
    """List who approved or rejected in the step, for themselves or for somebody else."""
    return [
        part.decided_by or part.person
        for part in run.parts.values()
        if part.state in ("approved", "rejected")
    ]


def undecided_choice(process: Process, choice: Choice, content: Content) -> Invalid:
    """Build the refusal that says why no case of the choice can be taken: a field that its conditions read
    has no value, or none of the conditions is true."""
    read = dict.fromkeys(
        path
        for case in choice.choose
        if case.when is not None
        for path in sorted(read_condition(case.when, process.subject).paths)
    )
    absent = [path for path in read if _at(content, path) is None]
    code = "choice_undecided" if absent else "choice_without_case"
    fields = absent or list(read)
    return Invalid(code, field=f"content.{fields[0]}", choice=choice.key, fields=", ".join(fields))


def _at(content: Content, path: str) -> Any:
    found: Any = content
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


class Run:
    __slots__ = (
        "directory",
        "events",
        "has_rejections",
        "now",
        "process",
        "progress",
        "rejected",
        "values_changed",
    )

    def __init__(self, approval: Approval, process: Process, now: datetime, directory: Directory) -> None:
        self.progress = Progress(approval)
        self.process = process
        self.now = now
        self.directory = directory
        self.events: list[Event] = []
        self.rejected: list[Step] = []
        """The steps whose rejection has not been acted on yet."""
        self.values_changed = False
        """Whether conditions have to be evaluated again, since values were filled in or set."""
        self.has_rejections = False
        for run in approval.steps.values():
            if run.state == "rejected":
                self.has_rejections = True

    @property
    def asking(self) -> Asking:
        progress = self.progress
        requester = progress.approval.requester
        deciders = {key: deciders_of(progress.steps[key]) for key in self.process.deciding_again}
        judged = progress.dated.content
        return Asking(self.process, judged, requester, self.directory, self.now, deciders)

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
            raise Invalid("step_unknown", field="step", step=key)
        state = self.progress.steps[key].state
        if state != "pending":
            raise WrongState("step_not_pending", field="step", step=key, state=state)
        return step

    # -- going on

    def advanced(self, reason: str | None = None) -> Result:
        """Call `go_on` and return the result."""
        self.go_on(reason)
        return self.result()

    def go_on(self, reason: str | None = None) -> None:
        """Open every step that can be opened. End the approval when all steps are passed, or when it can no
        longer be approved. `reason` is the reason that was given with a rejection."""
        root = self.process.definition.steps
        while self.progress.state == "open":
            if self.values_changed:
                self.values_changed = False
                self.reconsider(())
            elif self.rejected:
                self.follow_rejection(self.rejected.pop(0), reason)
            elif self.has_rejections and self.any_failed(root):
                self.end("rejected", reason or self.rejection())
            else:
                passed = self.sequence(root)
                if self.values_changed or self.rejected:
                    continue
                if passed:
                    self.end("approved", None)
                elif not (self.has_rejections and self.any_failed(root)):
                    break

    def end(
        self,
        outcome: Literal["approved", "rejected", "changes_requested", "cancelled", "expired"],
        reason: str | None,
        by: UUID | None = None,
    ) -> None:
        """End the approval, and with it every step that waits for people."""
        for key in self.pending():
            because = "cancelled" if outcome == "cancelled" else "ended"
            self.end_step(self.process.steps[key], "not_required", because)
        self.record(Ended(self.now, outcome, reason, by))

    def sequence(self, nodes: list[Node]) -> bool:
        """Open what comes next in the sequence. Tell whether the whole sequence has been passed."""
        steps = self.progress.steps
        for node in nodes:
            if isinstance(node, Step):
                state = steps[node.key].state
                if state not in PASSED and (state != "waiting" or not self.step(node)):
                    return False
            elif not self.node(node):
                return False
        return True

    def node(self, node: Parallel | Choice) -> bool:
        if self.untouched(node) and not self.process.holds(node.key, self.progress.dated):
            self.skip_steps([node], "condition")
            return True
        return self.parallel(node) if isinstance(node, Parallel) else self.choice(node)

    def step(self, step: Step) -> bool:
        """Begin a step whose turn has come. Tell whether it was passed at once. The conditions around it are
        evaluated too, as an amendment may have made one of them false since its branch began."""
        applies = self.process.reaches if self.process.rules > 2 else self.process.holds
        if not applies(step.key, self.progress.dated):
            self.end_step(step, "skipped", "condition")
            return True
        return self.open_step(step)

    def parallel(self, node: Parallel) -> bool:
        for branch in node.parallel:
            if self.untouched(branch) and not self.process.holds(branch.key, self.progress.dated):
                self.skip_steps(branch.steps, "condition")
        passed = 0
        for branch in node.parallel:
            if self.any_failed(branch.steps):
                self.close_steps(branch.steps, "join")
            elif self.sequence(branch.steps) and not self.skipped(branch):
                passed += 1
        running = [branch for branch in node.parallel if not self.skipped(branch)]
        if passed < join_needed(node, len(running)):
            return False
        for branch in running:
            self.close_steps(branch.steps, "join")
        return True

    def choice(self, node: Choice) -> bool:
        if node.key not in self.progress.choices:
            if self.process.rules > 4 and not self.process.leads_to(node, self.progress.dated):
                self.skip_steps([node], "condition")
                return True
            self.take_case(node)
        taken = self.progress.choices[node.key]
        return all(self.sequence(case.steps) for case in node.choose if case.key == taken)

    def take_case(self, node: Choice) -> None:
        taken = self.process.case_for(node, self.progress.dated)
        if taken is None:
            raise undecided_choice(self.process, node, self.progress.dated.content)
        self.record(ChoiceTaken(self.now, node.key, taken.key))
        for case in node.choose:
            if case is not taken:
                self.skip_steps(case.steps, "case")

    # -- steps

    def open_step(self, step: Step) -> bool:
        """Ask the people whom the step's rules name. Tell whether the step was passed at once."""
        selection = select_approvers(step, self.asking)
        if selection.instead is not None:
            return self.without_asking(step, selection)
        due_at: datetime | None = None
        remind_at: tuple[datetime, ...] = ()
        if step.due is not None:
            after = self.directory.calendar.after
            due_at = after(self.now, step.due.hours)
            remind_at = tuple(after(self.now, hours) for hours in step.due.remind)
        asked = (*self.asked_as_added(step, selection.asked),)
        self.record(StepOpened(self.now, step.key, asked, selection.left_out, due_at, remind_at))
        if step.same_person != "once" or not self.count_earlier_approvals(step):
            return False
        return self.count_votes(step) and self.run_of(step.key).state in PASSED

    def asked_as_added(self, step: Step, named: tuple[AskedPerson, ...]) -> Iterator[AskedPerson]:
        """Yield the people whom the step's rules name, and those who were added by hand in an earlier
        round."""
        if not self.run_of(step.key).parts:
            yield from named
            return
        again = {
            part.person: AskedPerson(part.person, groups, part.why, "added")
            for part in self.run_of(step.key).parts.values()
            if (groups := tuple(group for group in part.groups if group.startswith(ADDED)))
            and part.moved_to is None
            and may_be_asked(self.directory.person(part.person), step, self.asking) == "yes"
        }
        for each in named:
            added = again.pop(each.person, None)
            yield each if added is None else replace(each, groups=(*each.groups, *added.groups))
        yield from again.values()

    def without_asking(self, step: Step, selection: Selection) -> bool:
        if selection.instead == "reject":
            self.reject(step, "nobody")
            return False
        because = "requester" if selection.instead == "skipped_for_requester" else "nobody"
        self.end_step(step, "skipped", because)
        return True

    def count_votes(self, step: Step) -> bool:
        """End the step if its votes decide it. Tell whether they did."""
        outcome = verdict(step, self.progress.steps[step.key].parts.values())
        if outcome == "approved":
            self.end_step(step, "approved", "votes")
        elif outcome == "rejected":
            self.reject(step, "votes")
        return outcome is not None

    def approve_for_all(self, step: Step) -> None:
        """Let the people who are asked approve one after the other, until the step is decided."""
        parts, content_hash = self.run_of(step.key).parts, self.progress.content_hash
        waiting = [person for person, part in parts.items() if part.state == "requested"]

        def decided_by(approvals: int) -> bool:
            approved = {each: replace(parts[each], state="approved") for each in waiting[:approvals]}
            return verdict(step, [*(parts | approved).values()]) is not None

        # One more approval never makes a decided step undecided. So a binary search finds how many of up to
        # ten thousand are needed.
        fewest = bisect_left(range(1, len(waiting)), x=True, key=decided_by) + 1
        for person in waiting[:fewest]:
            self.record(PartDecided(self.now, step.key, person, person, "approved", content_hash))
        if waiting:
            self.count_votes(step)

    def count_earlier_approvals(self, step: Step) -> bool:
        """Count the approvals of people who have just approved the same content in the step before. Tell
        whether there were any."""
        if step.fills or missing_fields(self.progress.dated.content, step):
            return False
        earlier = set(self.approvers_before(step))
        counted = [person for person in self.run_of(step.key).parts if person in earlier]
        for person in counted:
            content_hash = self.progress.content_hash
            self.record(PartDecided(self.now, step.key, person, None, "approved", content_hash))
        return bool(counted)

    def approvers_before(self, step: Step) -> Iterator[UUID]:
        """Yield who approved this very content in the node that was passed right before the step."""
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

    def keep_order(self) -> None:
        """Let every pending step wait for its turn again if a step before it is still to be passed."""
        for key in self.pending():
            if comes_too_early(key, self.progress.steps, self.process, self.progress.dated):
                self.record(StepReopened(self.now, key, "migrated"))

    def ask_again(self, step: Step) -> None:
        """Bring the pending step's parts in line with the people whom its rules name now."""
        asking = self.asking
        selection = select_approvers(step, asking)
        named = {asked.person: asked for asked in selection.asked}
        for person, part in [*self.run_of(step.key).parts.items()]:
            if part.state != "requested":
                continue
            answer = may_be_asked(self.directory.person(person), step, asking)
            if answer == "inactive" and self.hand_over(step, person):
                continue
            if answer != "yes":
                self.record(PartWithdrawn(self.now, step.key, person, answer))
            elif part.origin in ("named", "fallback") and person not in named:
                self.record(PartWithdrawn(self.now, step.key, person, "not_named"))
        # If successors are enough, the people of the fallback rule are not asked as well.
        taken_over = any(part.origin == "handed_over" for part in self.run_of(step.key).parts.values())
        enough = taken_over and verdict(step, self.run_of(step.key).parts.values()) != "rejected"
        parts, coming = self.run_of(step.key).parts, dict[UUID, AskedPerson]()
        for person, asked in named.items():
            known = parts.get(person)
            if known is not None and known.state != "cancelled" and not votes_in_quorum(known):
                # A person who had been added by hand votes in the quorum from now on.
                coming[person] = replace(asked, groups=(*asked.groups, *known.groups))
            elif not self.is_taken(step, person, coming) and not (enough and asked.origin == "fallback"):
                coming[person] = asked
        self.request_parts(step, [*coming.values()])
        voters = self.run_of(step.key).parts.values()
        too_few = verdict(step, voters) == "rejected" and not any(p.state == "rejected" for p in voters)
        if selection.instead is not None and too_few:
            self.without_asking(step, selection)
        else:
            self.count_votes(step)

    def request_parts(self, step: Step, coming: list[AskedPerson]) -> None:
        if len(coming) > MANY:
            self.record(PartsRequested(self.now, step.key, tuple(coming)))
            return
        for asked in coming:
            self.record(PartRequested(self.now, step.key, asked))

    def hand_over(self, step: Step, person: UUID) -> bool:
        """Move the open part of a person who has left to their successor, if the successor may be asked and
        has no part of their own. Tell whether it was moved."""
        successor = self.directory.in_place_of(person)
        known = self.run_of(step.key).parts.get(successor)
        if known is not None and known.state != "cancelled":
            return False
        if may_be_asked(self.directory.person(successor), step, self.asking) != "yes":
            return False
        self.record(PartHandedOver(self.now, step.key, person, successor))
        return True

    def is_taken(self, step: Step, person: UUID, coming: Collection[UUID]) -> bool:
        """Tell whether the person's part is still valid: with them, with a person to whom it was moved, or
        with one of those who are about to be asked."""
        parts, seen = self.run_of(step.key).parts, set[UUID]()
        part = parts.get(person)
        while part is not None and part.person not in seen:
            if part.state != "cancelled" or part.person in coming:
                return True
            seen.add(part.person)
            part = parts.get(part.moved_to) if part.moved_to is not None else None
        return False

    def escalate(self, step: Step) -> bool:
        """Move every open part to the manager above. Tell whether any part was moved. The parts of one team
        become one part of their manager, unless so few voters could not meet the quorum any more or would
        already decide the step. In that case each part goes to a different manager further up."""
        if self.process.rules > 1 and (above := self.next_level(step)) is not None:
            for person, manager in above.items():
                self.record(PartEscalated(self.now, step.key, person, manager))
            return bool(above)
        moved = False
        for person, part in [*self.run_of(step.key).parts.items()]:
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

    def next_level(self, step: Step) -> dict[UUID, UUID] | None:
        """Return, for each open part, the nearest manager above who may be asked and has no part yet. Return
        None if the step would be decided already once each manager had one part for their team."""
        parts, above = self.run_of(step.key).parts, dict[UUID, UUID]()
        for person, part in parts.items():
            for manager in self.directory.managers_above(person) if part.state == "requested" else ():
                known = parts.get(manager)
                may = may_be_asked(self.directory.person(manager), step, self.asking) == "yes"
                if may and (known is None or known.state == "cancelled"):
                    above[person] = manager
                    break
        if self.process.rules > 5:
            return above if verdict(step, together(parts, above)) is None else None
        voters = voters_of(parts.values())
        staying = [
            p for p in voters if p.state not in ("cancelled", "not_required") and p.person not in above
        ]
        votes = len(staying) + len({above[p.person] for p in voters if p.person in above})
        approvals = votes - sum(part.state in ("rejected", "abstained") for part in staying)
        return above if approvals >= approvals_needed(step.quorum, votes) else None

    def end_step(
        self,
        step: Step,
        outcome: Literal["approved", "rejected", "changes_requested", "skipped", "not_required"],
        because: str,
    ) -> None:
        self.record(StepEnded(self.now, step.key, outcome, because))
        if step.sets and (outcome == "approved" or outcome == "rejected"):
            self.set_fields(step, step.sets.get(outcome, {}))

    def set_fields(self, step: Step, values: Mapping[str, str | int | bool]) -> None:
        filled = self.progress.filled
        changed = {name: each for name, each in values.items() if filled.get(name) != each}
        if changed:
            self.record(FieldsSet(self.now, step.key, changed))
            self.values_changed = True

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
        """Reject the step. What follows from the rejection is done before anything else opens."""
        self.end_step(step, "rejected", because)
        self.rejected.append(step)
        self.has_rejections = True

    def follow_rejection(self, step: Step, reason: str | None) -> None:
        """Go back to another step or to the requester, if the rejected step says so. Otherwise its branch has
        failed, together with everything that needs the branch."""
        run = self.run_of(step.key)
        if run.state != "rejected":
            return
        if run.because != "nobody" and isinstance(step.on_rejection, BackTo):
            self.send_back(step.on_rejection.back_to)
        elif step.on_rejection == "requester":
            self.end("changes_requested", reason or self.rejection())

    def rejection(self) -> str:
        """Return why the approval is rejected if nobody gave a reason: the step that was rejected last, and
        what rejected it."""
        rejected = ((key, run) for key, run in self.progress.steps.items() if run.state == "rejected")
        key, run = max(rejected, key=lambda each: each[1].ended_at or self.now)
        return f"{run.because}:{key}"

    def send_back(self, target: str) -> None:
        for key in self.process.from_step_on(target):
            run = self.run_of(key)
            if run.state != "waiting" and run.because != "case":
                self.record(StepReopened(self.now, key, "sent_back"))

    # -- what a node's steps say of it

    def untouched(self, node: Parallel | Choice | Branch) -> bool:
        return all(self.run_of(key).state == "waiting" for key in _steps_in([node]))

    def skipped(self, branch: Branch) -> bool:
        return all(self.run_of(key).state == "skipped" for key in _steps_in([branch]))

    def any_failed(self, nodes: list[Node]) -> bool:
        """Tell whether some node of the sequence can no longer be passed."""
        return any(map(self.failed, nodes))

    def failed(self, node: Node) -> bool:
        if isinstance(node, Step):
            return self.run_of(node.key).state == "rejected"
        if isinstance(node, Choice):
            # A rejection stays valid even if an amendment has led to another case since.
            return any(self.any_failed(case.steps) for case in node.choose)
        running = [branch for branch in node.parallel if not self.skipped(branch)]
        hopeful = sum(not self.any_failed(branch.steps) for branch in running)
        return hopeful < join_needed(node, len(running))

    # -- amendments

    def reconsider(self, changed: tuple[str, ...]) -> None:
        self.retake_choices()
        for key, step in self.process.steps.items():
            run = self.run_of(key)
            if run.state == "waiting":
                continue
            if not self.process.reaches(key, self.progress.dated):
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
            case = self.process.case_for(node, self.progress.dated)
            if case is None or case.key != taken:
                self.take_case(node)


def together(parts: Mapping[UUID, Part], above: Mapping[UUID, UUID]) -> list[Part]:
    """Return the parts as they would be after an escalation, which merges the parts of a team into one part
    of their manager. `above` maps each person to that manager."""
    standing = {person: part for person, part in parts.items() if part.state != "cancelled"}
    for person, manager in above.items():
        part = standing.pop(person)
        known = standing.get(manager)
        groups = part.groups if known is None else tuple(dict.fromkeys((*known.groups, *part.groups)))
        standing[manager] = replace(part, person=manager, groups=groups)
    return list(standing.values())


def comes_too_early(key: str, steps: Mapping[str, StepRun], process: Process, dated: DatedContent) -> bool:
    """Tell whether some step before this one is still to be passed."""
    return any(
        (other not in steps or steps[other].state in ("waiting", "pending")) and process.reaches(other, dated)
        for other in process.steps_before(key)
    )


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
