"""Whatever a tenant has worked out, others in the process have their turn soon: a slice is bounded."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

import pytest

from approval.adapters.cel import CelConditions
from approval.domain.engine import Subject
from approval.domain.process import Definition, preparing, process
from approval.domain.publication import MOST_FLAWS, checking, publication_flaws
from approval.domain.replay import Paces, comparing
from approval.domain.simulation import simulating
from approval.domain.turns import Work

MOST_CALLS = 20_000
"""Of functions in one slice: far less than a quarter of a second."""
ADMINS = [{"role": "admin"}]


def steps(count: int, prefix: str = "s") -> list[dict[str, Any]]:
    return [
        {
            "key": f"{prefix}{i}",
            "when": f"brief.budget > {i}.0 && brief.title != 'x{i}' || size(brief.items) > {i % 50}",
            "approvers": ADMINS,
        }
        for i in range(count)
    ]


def cases(count: int, *, apart: bool) -> list[dict[str, Any]]:
    """A choice whose cases exclude each other, or don't."""
    bounds = [(i * 10, i * 10 + (10 if apart else 15)) for i in range(count)]
    found: list[dict[str, Any]] = [
        {"key": f"c{low}", "when": f"brief.budget > {low}.0 && brief.budget <= {high}.0"}
        for low, high in bounds
    ]
    return [{"key": "scelta", "choose": [*found, {"key": "altro"}]}]


LARGE = {
    "200 steps": steps(200),
    "8 branches of 100 steps": [
        {"key": "p", "parallel": [{"key": f"b{j}", "steps": steps(100, f"s{j}-")} for j in range(8)]}
    ],
    "49 cases": cases(49, apart=True),
    "49 cases that overlap": cases(49, apart=False),
}


def slices(work: Work[Any], calls: Any) -> Any:
    """What the work returns; no slice of it calls more functions than it may."""
    while True:
        with calls() as called:
            try:
                next(work)
            except StopIteration as end:
                return end.value
        assert called.count < MOST_CALLS


@pytest.mark.parametrize("name", LARGE)
def test_a_large_document_is_checked_and_compiled_in_slices(world, calls, name):
    definition = Definition.model_validate(
        {"key": "prova", "name": "Prova", "subject": "brief", "steps": LARGE[name]}
    )
    subject, conditions = world.brief_type(), CelConditions()
    flaws = slices(checking(definition, subject, conditions, world.directory), calls)
    assert len(flaws) <= MOST_FLAWS
    assert flaws == [] or "overlap" in name
    slices(preparing(definition, 1, subject, partial(conditions.compile, subject=subject)), calls)


def test_a_run_is_foreseen_in_slices(world, calls):
    definition = Definition.model_validate(
        {"key": "prova", "name": "Prova", "subject": "brief", "steps": steps(200)}
    )
    subject_type, conditions = world.brief_type(), CelConditions()
    assert publication_flaws(definition, subject_type, conditions, world.directory) == []
    rules = process(definition, 1, subject_type, partial(conditions.compile, subject=subject_type))
    subject = Subject("brief", UUID(int=1), 1, world.id("marta"), world.content(), "hash")
    simulation = slices(simulating(rules, subject, world.now, world.directory), calls)
    assert len(simulation.steps) == 200
    past = world.open(definition.model_dump(mode="json", exclude_none=True)).run
    paces = Paces({}, world.now - world.now)
    assert not slices(comparing(past, world.rules, rules, paces, world.directory), calls).differs
