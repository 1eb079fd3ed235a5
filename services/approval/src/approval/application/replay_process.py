"""Tries a draft on approvals that have ended, and reports what would have differed and how long each would
have taken."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent

from ..domain.approval import Approval
from ..domain.authorship import author_sees_what_the_process_reads
from ..domain.replay import Comparison, answers_of, comparing, paces_of
from .in_turns import in_turns
from .ports import Ports, Replay
from .read.access import running_process
from .simulate_process import compiled, process_to_try
from .subject_content import judged_again

REPLAY: Final = "approval.replay"
MOST: Final = 10_000
AT_A_TIME: Final = 50
DIFFERENCES_SHOWN: Final = 200


class ReplayJob(BaseModel):
    replay_id: UUID


async def begin_replay(ports: Ports, actor: Actor, key: str, last: int, version: int | None) -> Replay:
    """Schedule a replay of the draft, or of a published version, over the `last` approvals that have
    ended."""
    chosen = await process_to_try(ports, key, version)
    author_sees_what_the_process_reads(chosen.definition, chosen.subject, actor.privileges)
    replay = Replay(
        new_id(), key, chosen.definition, chosen.subject, last, 0, None, ports.now, actor.person_id
    )
    await ports.replays.add(replay)
    ports.jobs.schedule(REPLAY, ReplayJob(replay_id=replay.id), key=str(replay.id))
    return replay


async def read_replay(ports: Ports, replay_id: UUID) -> Replay:
    replay = await ports.replays.find(replay_id)
    if replay is None:
        raise Absent("replay_absent")
    return replay


async def run_replay(ports: Ports, job: ReplayJob) -> None:
    """Carry out a replay and store its report. Repeating it after a crash finds the same result."""
    replay = await ports.replays.find(job.replay_id)
    if replay is None or replay.ended_at is not None:
        return
    draft = await compiled(ports, replay.definition, replay.subject)
    directory = await ports.directories.read()
    answers: dict[UUID, list[timedelta]] = {}
    async for approval in _past(ports, replay):
        for person, taken in answers_of(approval):
            answers.setdefault(person, []).append(taken)
    paces = paces_of(answers)
    comparisons = []
    async for approval in _past(ports, replay):
        followed = await running_process(ports, approval)
        followed, tried = [
            await judged_again(ports, process, approval, approval.opened_at) for process in (followed, draft)
        ]
        comparison = comparing(approval, followed, tried, paces, directory)
        comparisons.append(await in_turns(ports.tenant_id, comparison))
    await ports.replays.save(replay.id, len(comparisons), _report(comparisons), ports.now)


async def _past(ports: Ports, replay: Replay) -> AsyncIterator[Approval]:
    """Yield the approvals on which the draft is tried. Only a few are in memory at a time, as their contents
    may be large."""
    left, ended_at = replay.wanted, replay.created_at
    before: UUID | None = None
    while left and (
        found := await ports.approvals.over(replay.process_key, ended_at, before, min(AT_A_TIME, left))
    ):
        for approval in found:
            yield approval
        left -= len(found)
        assert found[-1].ended_at is not None, "it is over"
        ended_at, before = found[-1].ended_at, found[-1].id


def _report(comparisons: list[Comparison]) -> dict[str, Any]:
    """Build the report of a replay. Its hours include nights and weekends."""
    different = [each for each in comparisons if each.differs]
    count = max(1, len(comparisons))
    return {
        "approvals": len(comparisons),
        "different": len(different),
        "hours_it_took": _hours(sum((each.took for each in comparisons), timedelta()) / count),
        "hours_it_would_take": _hours(sum((each.would_take for each in comparisons), timedelta()) / count),
        "steps_added": _tally(step for each in different for step in each.steps_added),
        "steps_removed": _tally(step for each in different for step in each.steps_removed),
        "people_added": _tally(str(person) for each in different for person in each.people_added),
        "people_removed": _tally(str(person) for each in different for person in each.people_removed),
        "differences": [
            {
                "approval_id": str(each.approval),
                "steps_added": list(each.steps_added),
                "steps_removed": list(each.steps_removed),
                "people_added": [str(person) for person in each.people_added],
                "people_removed": [str(person) for person in each.people_removed],
                "hours_it_took": _hours(each.took),
                "hours_it_would_take": _hours(each.would_take),
            }
            for each in different[:DIFFERENCES_SHOWN]
        ],
    }


def _hours(taken: timedelta) -> str:
    return f"{taken.total_seconds() / 3600:.1f}"


def _tally(names: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
