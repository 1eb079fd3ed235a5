"""How single votes make a step's outcome."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, Protocol

from .process import AtLeast, Percent, Quorum, Step

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
    votes = [ballot.state for ballot in ballots]
    approved, rejected = votes.count("approved"), votes.count("rejected")
    open_votes = votes.count("requested")
    voters = approved + rejected + open_votes
    if rejected and rejected >= rejections_needed(step, voters):
        return "rejected"
    if step.quorum == "one_per_group":
        return _verdict_by_group(ballots)
    needed = approvals_needed(step.quorum, voters)
    if approved >= needed:
        return "approved"
    if approved + open_votes < needed:
        return "rejected"
    return None


def approvals_needed(quorum: Quorum, voters: int) -> int:
    """How many of `voters` must approve; at least one, even of none."""
    if isinstance(quorum, AtLeast):
        return quorum.at_least
    if isinstance(quorum, Percent):
        return max(1, _share(quorum.percent, voters))
    return max(1, voters) if quorum == "all" else 1


def rejections_needed(step: Step, voters: int) -> int:
    """How many rejections end the step before its quorum is out of reach."""
    rule = step.rejection
    if isinstance(rule, AtLeast):
        return rule.at_least
    if isinstance(rule, Percent):
        return max(1, _share(rule.percent, voters))
    return 1 if rule == "any" else voters + 1


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
