"""Whatever a tenant has worked out, others in the process have their turn soon: a slice is bounded."""

from __future__ import annotations

from functools import partial
from itertools import zip_longest
from typing import Any
from uuid import UUID

import pytest

from approval.adapters.cel import CelConditions
from approval.domain import engine
from approval.domain.engine import Subject
from approval.domain.process import Definition, Process, judging, preparing, process
from approval.domain.publication import MOST_FLAWS, checking, publication_flaws
from approval.domain.replay import Paces, comparing
from approval.domain.simulation import simulating
from approval.domain.subjects import MOST_VALUES, DatedContent, SubjectType
from approval.domain.turns import Work, finished

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


ROWS = {"type": "list", "at_most": 2000, "fields": {"n": {"type": "whole"}, "t": {"type": "text"}}}
TABLE = SubjectType.model_validate({"key": "tabella", "name": "Tabella", "fields": {"righe": ROWS}})


def judging_tables(world: Any) -> Process:
    steps = [
        {"key": f"s{i}", "when": f"tabella.righe.exists(r, r.n > {i + 10})", "approvers": ADMINS}
        for i in range(5)
    ]
    definition = Definition.model_validate(
        {
            "key": "prova",
            "name": "Prova",
            "subject": "tabella",
            "steps": [*steps, {"key": "x", "approvers": ADMINS}],
        }
    )
    return process(definition, 1, TABLE, partial(CelConditions().compile, subject=TABLE))


def test_a_large_content_is_taken_in_and_judged_in_slices(world, calls):
    raw = {"righe": [{"n": n % 7, "t": "x"} for n in range(2000)]}
    content, flaws = slices(TABLE.completing(raw, world.directory), calls)
    assert (content, flaws) == (raw, [])
    rules = judging_tables(world)
    subject = Subject("tabella", UUID(int=1), 1, world.id("marta"), content, "hash")
    dated = engine.dated(rules, content, world.now, world.directory)
    known = finished(judging(rules, dated))
    with calls() as called:
        assert engine.step_without_approver(known, subject, world.now, world.directory) is None
        opened = engine.open_approval(UUID(int=2), known, subject, world.now, world.directory)
    assert called.count < 2000, "no row was looked at again"
    assert opened == engine.open_approval(UUID(int=2), rules, subject, world.now, world.directory)


def test_contents_that_are_judged_by_turns_are_read_once_each(world, calls):
    def judge_by_turns(count: int) -> int:
        rules = judging_tables(world)
        contents = [{"righe": [{"n": n % 7, "t": "x"} for n in range(2000)]} for _ in range(count)]
        dated = [engine.dated(rules, each, world.now, world.directory) for each in contents]
        with calls() as called:
            for _ in zip_longest(*(judging(rules, each) for each in dated)):
                pass
        return called.count

    assert judge_by_turns(3) < 4 * judge_by_turns(1)


def test_a_large_field_is_read_once_whatever_small_ones_conditions_name_beside_it(calls):
    fields = {"righe": ROWS} | {f"f{i}": {"type": "whole"} for i in range(12)}
    table = SubjectType.model_validate({"key": "tab", "name": "Tab", "fields": fields})
    content = {"righe": [{"n": 0, "t": "x"}] * 500} | {f"f{i}": 2 for i in range(12)}

    def judge(count: int) -> int:
        conditions, dated = CelConditions(), DatedContent(content, None)
        expressions = [f"!tab.righe.exists(r, r.n > {i}) && tab.f{i} > 1" for i in range(count)]
        predicates = [conditions.compile(expression, table) for expression in expressions]
        with calls() as called:
            assert all(predicate(dated) for predicate in predicates)
        return called.count

    assert judge(12) < 2 * judge(1)


def test_who_knows_what_conditions_say_of_one_content_judges_another(world):
    rules = judging_tables(world)
    few, many = ({"righe": [{"n": n, "t": "x"}] * 600} for n in (0, 12))
    known = finished(judging(rules, engine.dated(rules, few, world.now, world.directory)))
    for content in (few, many, {}, {"righe": [{"n": "viele"}]}):
        dated = engine.dated(rules, content, world.now, world.directory)
        assert [known.answer(key, dated) for key in rules.conditions] == [
            rules.answer(key, dated) for key in rules.conditions
        ]


def test_of_what_is_too_large_the_rest_is_not_looked_at(world, calls):
    inner = {"type": "list", "of": "whole", "at_most": 2000}
    outer = {"type": "list", "at_most": 2000, "fields": {"n": inner}}
    subject = SubjectType.model_validate({"key": "x", "name": "X", "fields": {"righe": outer}})
    raw = {"righe": [{"n": [1] * 500}] * 2000}
    with calls() as called:
        _, flaws = subject.complete(raw, world.directory)
    assert [flaw.code for flaw in flaws] == ["too_large"]
    assert called.count < 20 * MOST_VALUES


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
