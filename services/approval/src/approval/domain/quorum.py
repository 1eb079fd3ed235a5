"""How single votes make a step's outcome."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

from .process import AtLeast, Quorum, Step

Vote = Literal["requested", "approved", "rejected", "abstained", "not_required", "cancelled"]


class Ballot(Protocol):
    @property
    def state(self) -> Vote: ...

    @property
    def groups(self) -> tuple[str, ...]: ...


def verdict(step: Step, ballots: Collection[Ballot]) -> Literal["approved", "rejected"] | None:
    """The outcome of a step by the votes so far; None while it is open.

    Whoever abstains is not counted among the voters. A step is rejected by its rejection rule, or as soon
    as its quorum can no longer be met, even if everybody still asked approved.
    """
    approved = rejected = asked = 0
    for ballot in ballots:
        state = ballot.state
        approved += state == "approved"
        rejected += state == "rejected"
        asked += state == "requested"
    voters = approved + rejected + asked
    if rejected and rejected >= rejections_needed(step, voters):
        return "rejected"
    if step.quorum == "one_per_group":
        return _verdict_by_group(ballots)
    needed = approvals_needed(step.quorum, voters)
    if approved >= needed:
        return "approved"
    if approved + asked < needed:
        return "rejected"
    return None


def have_and_need(step: Step, ballots: Collection[Ballot]) -> tuple[int, int]:
    """How many approvals a step has, and how many it needs by the votes so far; groups, where they count."""
    counted = [ballot for ballot in ballots if ballot.state not in ("cancelled", "not_required")]
    approved = [ballot for ballot in counted if ballot.state == "approved"]
    if step.quorum == "one_per_group":
        have = {group for ballot in approved for group in ballot.groups}
        return len(have), len({group for ballot in counted for group in ballot.groups})
    voters = sum(ballot.state != "abstained" for ballot in counted)
    return len(approved), approvals_needed(step.quorum, voters)


def approvals_needed(quorum: Quorum, voters: int) -> int:
    """How many of `voters` must approve; at least one, even of none."""
    # Names first: asking for a model's class costs more than all the rest.
    if quorum == "any" or quorum == "one_per_group":
        return 1
    if quorum == "all":
        return max(1, voters)
    if isinstance(quorum, AtLeast):
        return quorum.at_least
    return max(1, _share(quorum.percent, voters))


def rejections_needed(step: Step, voters: int) -> int:
    """How many rejections end the step before its quorum is out of reach."""
    rule = step.rejection
    if rule == "any":
        return 1
    if rule == "impossible":
        return voters + 1
    if isinstance(rule, AtLeast):
        return rule.at_least
    return max(1, _share(rule.percent, voters))


def _share(percent: int, of: int) -> int:
    return -(-percent * of // 100)


def _verdict_by_group(ballots: Collection[Ballot]) -> Literal["approved", "rejected"] | None:
    approved, reachable, groups = set[str](), set[str](), set[str]()
    for ballot in ballots:
        if ballot.state in ("cancelled", "not_required"):
            continue
        groups.update(ballot.groups)
        if ballot.state == "approved":
            approved.update(ballot.groups)
        if ballot.state in ("approved", "requested"):
            reachable.update(ballot.groups)
    if groups and groups == approved:
        return "approved"
    return None if groups and groups == reachable else "rejected"
