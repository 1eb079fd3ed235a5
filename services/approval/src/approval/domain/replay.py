"""Tries a draft on an approval that has ended: what would have differed, and how long it would have taken."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from optima_kit.refusals import Invalid

from .approval import Approval, StepOpened
from .directory import Directory
from .engine import Subject, foresee
from .process import AtLeast, Choice, Node, Process, Step
from .turns import Work, finished
from .values import value


@value
class Comparison:
    approval: UUID
    steps_added: tuple[str, ...]
    """Steps that would have asked somebody under the draft, and did not."""
    steps_removed: tuple[str, ...]
    people_added: tuple[UUID, ...]
    people_removed: tuple[UUID, ...]
    took: timedelta
    would_take: timedelta
    """An estimate: a step that was really asked takes as long as it took, another one as long as the fastest
    of its people usually takes."""

    @property
    def differs(self) -> bool:
        return bool(self.steps_added or self.steps_removed or self.people_added or self.people_removed)


@value
class Paces:
    """How long people take to answer, measured on approvals that have ended."""

    of_person: Mapping[UUID, timedelta]
    of_anybody: timedelta


def paces_of(answers: Mapping[UUID, list[timedelta]]) -> Paces:
    """Return the median time of each person's answers, and of all answers."""
    everything = [taken for each in answers.values() for taken in each]
    return Paces({person: _median(taken) for person, taken in answers.items()}, _median(everything))


def _median(taken: list[timedelta]) -> timedelta:
    return timedelta(seconds=median(each.total_seconds() for each in taken)) if taken else timedelta()


def answers_of(past: Approval) -> list[tuple[UUID, timedelta]]:
    """Return who answered in an approval, and how long each of them took."""
    return [
        (part.person, part.decided_at - part.requested_at)
        for run in past.steps.values()
        for part in run.parts.values()
        if part.state in ("approved", "rejected", "abstained") and part.decided_at is not None
    ]


def compare(
    past: Approval, followed: Process, draft: Process, paces: Paces, directory: Directory
) -> Comparison:
    """Compare whom the draft would ask with whom the version asks that the approval followed. Both are
    foreseen for the approval's subject, from the time at which it opened, with today's directory. Both stop
    at the steps at which the approval stopped."""
    return finished(comparing(past, followed, draft, paces, directory))


def comparing(
    past: Approval, followed: Process, draft: Process, paces: Paces, directory: Directory
) -> Work[Comparison]:
    """Do the same as `compare`, in slices."""
    subject = Subject(
        past.subject_type,
        past.subject_id,
        past.subject_revision,
        past.requester,
        past.judged,
        past.content_hash,
        past.today,
    )
    asked = yield from _would_ask(followed, subject, past, directory)
    would_ask = yield from _would_ask(draft, subject, past, directory)
    people = {person for each in asked.values() for person in each}
    would_people = {person for each in would_ask.values() for person in each}
    ended = past.ended_at or past.opened_at
    return Comparison(
        past.id,
        tuple(key for key in would_ask if key not in asked),
        tuple(key for key in asked if key not in would_ask),
        tuple(sorted(would_people - people)),
        tuple(sorted(people - would_people)),
        ended - past.opened_at,
        _duration(draft.definition.steps, draft, past, would_ask, paces),
    )


def _would_ask(
    process: Process, subject: Subject, past: Approval, directory: Directory
) -> Work[dict[str, list[UUID]]]:
    """Return whom each step would ask. Steps at which the past approval stopped are never approved."""
    stopped = {
        key for key, run in past.steps.items() if run.round > 0 and run.state not in ("approved", "skipped")
    }

    def passed_at(key: str) -> tuple[bool, datetime]:
        run = past.steps.get(key)
        ended = run.ended_at if run is not None else None
        return (ended is None, ended or past.opened_at)

    def next_to_approve(pending: list[str]) -> list[str]:
        """Pick the step that the past approval passed first. Steps that it did not have come last."""
        return sorted((key for key in pending if key not in stopped), key=passed_at)[:1]

    would_ask: dict[str, list[UUID]] = {}
    with suppress(Invalid):
        # Stop if a choice can't be decided: the field that decides it may never have been filled in.
        for event in foresee(process, subject, past.opened_at, directory, next_to_approve):
            yield
            if isinstance(event, StepOpened):
                would_ask[event.step] = [asked.person for asked in event.asked]
    return would_ask


def _duration(
    nodes: list[Node],
    draft: Process,
    past: Approval,
    would_ask: Mapping[str, list[UUID]],
    paces: Paces,
) -> timedelta:
    """Estimate how long a sequence of nodes would take: the sum of its nodes. Parallel branches take as long
    as the slowest branch that the join has to wait for."""
    total = timedelta()
    for node in nodes:
        if isinstance(node, Step):
            total += _step_duration(node.key, past, would_ask.get(node.key), paces)
        elif isinstance(node, Choice):
            total += sum(
                (_duration(case.steps, draft, past, would_ask, paces) for case in node.choose), timedelta()
            )
        else:
            branches = sorted(
                _duration(branch.steps, draft, past, would_ask, paces) for branch in node.parallel
            )
            needed = len(branches)
            if node.join != "all":
                needed = node.join.at_least if isinstance(node.join, AtLeast) else 1
            total += branches[min(needed, len(branches)) - 1]
    return total


def _step_duration(key: str, past: Approval, would_ask: list[UUID] | None, paces: Paces) -> timedelta:
    if would_ask is None:
        return timedelta()
    run = past.steps.get(key)
    if run is not None and run.opened_at is not None and run.ended_at is not None:
        taken: timedelta = run.ended_at - run.opened_at
        return taken
    return min((paces.of_person.get(person, paces.of_anybody) for person in would_ask), default=timedelta())
