"""A step of thousands: what it takes grows with them, not with their square, and earlier states stay."""

from __future__ import annotations

import copy
from typing import Any
from uuid import UUID

import pytest

from approval.application.facts import Audience, Facts
from approval.domain import engine
from approval.domain.approval import Approval, PartsRequested, rebuild
from approval.domain.directory import Directory, Person, Unit
from approval.domain.run import MANY, Result
from optima_contracts.approval import StepPending

PEOPLE = 3000
CALLS_A_PERSON = 100


def purchasers(count: int) -> dict[UUID, Person]:
    return {
        UUID(int=n + 1): Person(UUID(int=n + 1), f"P{n}", f"p{n}@example.it", frozenset({"purchasing"}))
        for n in range(count)
    }


def with_more(world: Any, count: int) -> Directory:
    known = world.directory
    return Directory({**known.people, **purchasers(count)}, known.units, (), known.roles)


def step(**options: Any) -> list[dict[str, Any]]:
    return [{"key": "uno", "approvers": [{"role": "purchasing"}], **options}]


@pytest.mark.parametrize("count", [1, MANY, MANY + 1, PEOPLE])
def test_many_who_are_newly_asked_are_one_event_and_one_notice(world, calls, count):
    world.open(step(quorum="all"))
    before, was = world.run, copy.deepcopy(world.run)
    directory = with_more(world, count)
    with calls() as called:
        result = engine.people_changed(before, world.rules, world.now, directory)
        facts = Facts(before, result.approval, Audience(world.rules, directory, None))
        told = [fact for event in result.events for fact in facts.of(event)]
    if count > MANY:
        assert called.count < CALLS_A_PERSON * count
    assert before == was
    assert len(result.events) == (1 if count > MANY else count)
    assert {person for fact in told for person in fact.recipients} == purchasers(count).keys()
    assert all(isinstance(fact, StepPending) for fact in told)
    if count > MANY:
        assert isinstance(result.events[0], PartsRequested)
    assert rebuild([*world.history, *result.events]) == result.approval
    again = engine.people_changed(result.approval, world.rules, world.now, directory)
    assert again == Result(result.approval, ())


def test_many_who_are_not_asked_any_more_cost_what_they_are(world, calls):
    world.open(step(quorum={"at_least": 1}))
    many = engine.people_changed(world.run, world.rules, world.now, with_more(world, PEOPLE)).approval
    was = copy.deepcopy(many)
    with calls() as called:
        result = engine.people_changed(many, world.rules, world.now, world.directory)
    assert called.count < CALLS_A_PERSON * PEOPLE
    assert many == was
    assert asked(result.approval) == {world.id("paolo"), world.id("piera")}


@pytest.mark.parametrize("quorum", ["any", "all", {"percent": 30}, {"at_least": 7}, "one_per_group"])
def test_a_run_is_foreseen_with_as_many_approvals_as_it_needs(world, calls, quorum):
    rules = world.define({"steps": step(quorum=quorum)})
    directory, needed = with_more(world, PEOPLE), {"any": 1, "one_per_group": 1, "all": PEOPLE + 2}
    subject = engine.Subject("brief", UUID(int=1), 1, world.id("marta"), world.content(), "hash")
    with calls() as called:
        events = list(engine.foresee(rules, subject, world.now, directory))
    decided = sum(event.kind == "part_decided" for event in events)
    if isinstance(quorum, str):
        assert decided == needed[quorum]
    else:
        assert decided == quorum.get("at_least", -(-30 * (PEOPLE + 2) // 100))
    # Votes are counted once for each halving, not once for each vote.
    assert called.count < 4 * CALLS_A_PERSON * PEOPLE


def asked(approval: Approval) -> set[UUID]:
    return {part.person for part in approval.steps["uno"].parts.values() if part.state == "requested"}


@pytest.mark.parametrize("above", [lambda n: n - 1, lambda n: 0], ids=["one below the other", "side by side"])
def test_whatever_is_below_thousands_is_found_by_going_through_them_once(above):
    """Comparing each with each would take minutes."""
    ids = [UUID(int=n + 1) for n in range(20_000)]
    units = {one: Unit(one, str(n), ids[above(n)] if n else None) for n, one in enumerate(ids)}
    people = {
        one: Person(one, "P", "", unit=one, active=not n, successor=ids[above(n)] if n else None)
        for n, one in enumerate(ids)
    }
    directory = Directory(people, units)
    assert directory.members_below(ids[0]) == directory.places_of(ids[0]) == ids
    assert directory.members_below(ids[1])[0] == ids[1]
    assert {directory.in_place_of(ids[n]) for n in (0, 1, 19_999)} == {ids[0]}
