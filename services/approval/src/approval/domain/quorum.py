"""Derives a step's outcome from the votes of its approvers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, Protocol, TypeVar
from uuid import UUID

from .process import AtLeast, Quorum, Step

Vote = Literal["requested", "approved", "rejected", "abstained", "not_required", "cancelled"]


VOTED: frozenset[Vote] = frozenset({"approved", "rejected", "abstained"})

ADDED: Final = "+"
"""The first character of the group of a person who was added to a step. No key begins with it."""


def group_of_added(person: UUID) -> str:
    """Return the group of a person who was added to a step. The group stays with the part when the part goes
    to somebody else."""
    return f"{ADDED}{person}"


class Ballot(Protocol):
    @property
    def state(self) -> Vote: ...

    @property
    def groups(self) -> tuple[str, ...]: ...


B = TypeVar("B", bound=Ballot)


def verdict(step: Step, ballots: Collection[Ballot]) -> Literal["approved", "rejected"] | None:
    """Return the outcome of a step by the votes so far, or None while the step is open.

    A person who abstains is not counted among the voters. A step is rejected by its rejection rule, or as
    soon as its quorum could not be met even if everybody who is still asked approved. A person who was added
    is not a voter of the quorum: they have to approve as well, and if they reject, the step is rejected.
    """
    added = _groups_of_added(ballots)
    if not added:
        return _verdict_of_voters(step, ballots)
    outcomes = {_verdict_of_added(group, ballots) for group in added}
    outcomes.add(_verdict_of_voters(step, voters_of(ballots)))
    if "rejected" in outcomes:
        return "rejected"
    return None if None in outcomes else "approved"


def voters_of(ballots: Collection[B]) -> list[B]:
    """Return the ballots that count for the quorum, without those of people who are there only because they
    were added."""
    return [ballot for ballot in ballots if votes_in_quorum(ballot)]


def votes_in_quorum(ballot: Ballot) -> bool:
    return not ballot.groups or not all(group.startswith(ADDED) for group in ballot.groups)


def _verdict_of_added(group: str, ballots: Collection[Ballot]) -> Literal["approved", "rejected"] | None:
    """Return the verdict of the person who was added under this group, or of whoever took their part over.
    An abstention counts as no objection."""
    states = {ballot.state for ballot in ballots if group in ballot.groups} - {"cancelled", "not_required"}
    if "rejected" in states:
        return "rejected"
    return None if "requested" in states else "approved"


def _verdict_of_voters(step: Step, ballots: Collection[Ballot]) -> Literal["approved", "rejected"] | None:
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
    """Return how many approvals a step has, and how many it needs by the votes so far. With the quorum
    `one_per_group` both count groups. People who were added are included."""
    have, need = _have_and_need_of_voters(step, voters_of(ballots))
    added = [_verdict_of_added(group, ballots) for group in _groups_of_added(ballots)]
    return have + added.count("approved"), need + len(added)


def _groups_of_added(ballots: Collection[Ballot]) -> set[str]:
    """Return the groups of the people who were added and whose part still counts."""
    return {
        group
        for ballot in ballots
        if ballot.state not in ("cancelled", "not_required")
        for group in ballot.groups
        if group.startswith(ADDED)
    }


def _have_and_need_of_voters(step: Step, ballots: Collection[Ballot]) -> tuple[int, int]:
    counted = [ballot for ballot in ballots if ballot.state not in ("cancelled", "not_required")]
    approved = [ballot for ballot in counted if ballot.state == "approved"]
    if step.quorum == "one_per_group":
        have, need = (
            {group for ballot in some for group in ballot.groups if not group.startswith(ADDED)}
            for some in (approved, counted)
        )
        return len(have), len(need)
    voters = sum(ballot.state != "abstained" for ballot in counted)
    return len(approved), approvals_needed(step.quorum, voters)


def approvals_needed(quorum: Quorum, voters: int) -> int:
    """Return how many of the voters must approve. It is at least one, even if there are no voters."""
    # Compare strings first: isinstance() on a pydantic model costs more than everything else here.
    if quorum == "any" or quorum == "one_per_group":
        return 1
    if quorum == "all":
        return max(1, voters)
    if isinstance(quorum, AtLeast):
        return quorum.at_least
    return max(1, _share(quorum.percent, voters))


def rejections_needed(step: Step, voters: int) -> int:
    """Return how many rejections reject the step, even while its quorum could still be met."""
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
