"""Whoever is in the team, and whatever is renamed: a level is asked once, and a name holds nothing up."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from approval.domain.approval import Migrated, PartEscalated, StepOpened, StepReopened
from approval.domain.directory import Person, Unit
from approval.domain.engine import Decision, decide
from optima_kit.refusals import Invalid, Refusal

from .conftest import World, person_id
from .test_engine_properties import NAMES, contents, documents, reference_verdict, steps_of, votes_of

# -- a team of people in units one below the other, some with a manager of their own


@st.composite
def companies(draw: st.DrawFn) -> World:
    """Somebody of the units is the manager of each; some of them are away for good or may not decide."""
    world = World()
    count = draw(st.integers(1, 4))
    units = [person_id(f"unit {number}") for number in range(count)]
    people = [person_id(f"person {number}") for number in range(draw(st.integers(2, 8)))]
    one = st.sampled_from(people)
    world.units = {
        unit: Unit(unit, f"u{number}", units[number - 1] if number else None, draw(st.none() | one))
        for number, unit in enumerate(units)
    }
    for number, each in enumerate(people):
        world.people[each] = Person(
            each,
            f"P{number}",
            f"p{number}@example.it",
            frozenset({draw(st.sampled_from(("team", "team", "boss")))}),
            draw(st.sampled_from(units)),
            draw(st.sampled_from((None, None, *people))),
            active=draw(st.sampled_from((True, True, True, False))),
            may_decide=draw(st.sampled_from((True, True, True, False))),
        )
    return world


def chain_above(world: World, person: UUID) -> Iterator[UUID]:
    """Managers one after the other, by the directory's sentences: one's own; else the unit's, or that of the
    nearest unit around it that has one and isn't managed by oneself."""
    seen = {person}
    while True:
        known = world.people.get(person)
        if known is None:
            return
        above = known.manager
        unit = world.units.get(known.unit) if above is None and known.unit is not None else None
        while above is None and unit is not None:
            above = unit.manager if unit.manager != person else None
            unit = world.units.get(unit.parent) if unit.parent is not None else None
        if above is None or above in seen:
            return
        yield above
        seen.add(above)
        person = above


def may_take_over(world: World, person: UUID) -> bool:
    known = world.people[person]
    return known.active and known.may_decide and person != world.run.requester


@given(companies(), st.sampled_from(("any", {"at_least": 2}, {"percent": 50}, "one_per_group")))
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_each_level_is_asked_once(world, quorum):
    due = {"hours": 8, "then": ["escalate", "escalate", "expire"]}
    step = {"key": "uno", "approvers": [{"role": "team"}], "quorum": quorum, "due": due}
    world.open([step | {"if_too_few": "skip"}])
    assume(world.run.steps["uno"].state == "pending")
    for _ in range(2):
        before = world.run.steps["uno"].parts
        waiting = [person for person, part in before.items() if part.state == "requested"]
        nearest: dict[UUID, UUID] = {}
        for person in waiting:
            for manager in chain_above(world, person):
                free = manager not in before or before[manager].state == "cancelled"
                if free and may_take_over(world, manager):
                    nearest[person] = manager
                    break
        told = len(world.history)
        world.time_is_over("uno")
        run = world.run.steps["uno"]
        if run.state != "pending":
            return
        moved = [event for event in world.history[told:] if isinstance(event, PartEscalated)]
        asked = {person for person, part in run.parts.items() if part.state == "requested"}
        # Nobody's part goes twice, whoever takes it is asked in their place, and others stay as they are.
        assert len({event.from_person for event in moved}) == len(moved)
        assert asked == {*waiting} - {event.from_person for event in moved} | {
            event.to_person for event in moved
        }
        need = {"any": 1, "one_per_group": 1}.get(str(quorum), 2)
        together = {*nearest.values()} | ({*waiting} - nearest.keys())
        if quorum != {"percent": 50} and len(together) >= need:
            assert {event.from_person: event.to_person for event in moved} == nearest
        elif quorum != {"percent": 50}:
            # One manager would be too few for the quorum: each part goes to another further up.
            assert len({event.to_person for event in moved}) == len(moved)


QUORUMS = ("any", "all", "one_per_group", {"at_least": 2}, {"percent": 50}, {"percent": 67})


@given(
    st.lists(st.sampled_from(("lia", "paolo")), min_size=2, max_size=5),
    st.sampled_from(QUORUMS),
    st.sampled_from(("any", "impossible", {"at_least": 2}, {"percent": 50})),
    st.lists(st.sampled_from(("approve", "reject", "abstain")), max_size=4),
)
def test_escalating_decides_nothing(managers, quorum, rejection, acts):
    """However few are left when the parts of a team become one, the votes that are there are no outcome."""
    world = World()
    for number, manager in enumerate(managers):
        each = person_id(f"person {number}")
        world.people[each] = Person(
            each, f"P{number}", f"p{number}@example.it", frozenset({"team"}), None, person_id(manager)
        )
    for manager in ("lia", "paolo"):
        world.change(manager, manager=person_id("dario"))
    due = {"hours": 8, "then": ["escalate", "escalate", "expire"]}
    step = {"key": "uno", "approvers": [{"role": "team"}], "quorum": quorum, "due": due}
    step |= {"rejection": rejection, "allows": ["abstain"]}
    world.open([step])
    for act in (*acts, None, None):
        run = world.run.steps["uno"]
        if run.state != "pending":
            return
        waiting = [part.person for part in run.parts.values() if part.state == "requested"]
        if act is None:
            told = len(world.history)
            world.time_is_over("uno")
            moved = [event for event in world.history[told:] if isinstance(event, PartEscalated)]
            after = world.run.steps["uno"]
            assert after.state == ("pending" if moved else "not_required")
            if moved:
                assert reference_verdict(step, votes_of(after)) is None
        else:
            decision = Decision("uno", act, waiting[0], world.run.content_hash, None, "perché sì")
            world.took(decide(world.run, world.rules, decision, world.now, world.directory))


# -- a process of which names change, and nothing else


def renamed(nodes: list[dict[str, Any]], names: Iterator[str]) -> list[dict[str, Any]]:
    """Every step, node, branch and case under another name."""
    nodes = copy.deepcopy(nodes)
    inside = [*nodes]
    for part in inside:
        part["name"] = next(names)
        inside += [*part.get("parallel", ()), *part.get("choose", ()), *part.get("steps", ())]
    return nodes


@given(documents(), contents(), st.sampled_from(NAMES), st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
def test_whatever_is_renamed_moves_and_stands_where_it_stood(document, content, requester, data):
    world = World()
    try:
        world.do("open", document=document, requester=requester, content=content)
    except Invalid:
        assume(False)
    for _ in range(data.draw(st.integers(0, 3))):
        waiting = [key for key, run in world.run.steps.items() if run.state == "pending"]
        for key in waiting[:1]:
            step = next(each for each in steps_of(document["steps"]) if each["key"] == key)
            if "fills" in step or "evidence" in step or not world.asked(key):
                continue
            name = data.draw(st.sampled_from(sorted(world.asked(key))))
            with suppress(Refusal):
                world.decide(name, key, data.draw(st.sampled_from(("approve", "reject"))), "perché sì")
    assume(world.run.state == "open")
    before, told = world.run, len(world.history)
    names = (f"Nome {number}" for number in range(10_000))
    world.do("migrate", document={**document, "steps": renamed(document["steps"], names)})
    # A choice in whose case nothing has begun is taken anew, and as before; nobody is asked again.
    assert isinstance(world.history[told], Migrated)
    assert not any(isinstance(event, StepOpened | StepReopened) for event in world.history[told:])
    assert (world.run.steps, world.run.choices) == (before.steps, before.choices)
    assert world.rules.version == world.run.process_version == before.process_version + 1
    assert {step.name for step in world.rules.steps.values()} != {""}
