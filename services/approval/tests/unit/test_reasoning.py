"""What is proven of all subjects, against subjects and CEL itself."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.adapters.cel import CelConditions
from approval.domain.conditions import read_condition
from approval.domain.reasoning import Answer, Effort, Goal, Verdict, is_possible
from approval.domain.subjects import DatedContent, SubjectType

THING = SubjectType.model_validate(
    {
        "key": "cosa",
        "name": "Cosa",
        "fields": {
            "importo": {"type": "money"},
            "sconto": {"type": "number", "optional": True},
            "pezzi": {"type": "whole"},
            "nome": {"type": "text"},
            "urgente": {"type": "flag"},
            "entro": {"type": "date"},
            "righe": {"type": "list", "of": "text", "at_most": 3},
            "voci": {
                "type": "list",
                "fields": {"tipo": {"type": "text"}, "euro": {"type": "money"}, "punti": {"type": "number"}},
            },
            "sede": {
                "type": "record",
                "optional": True,
                "fields": {"via": {"type": "text", "optional": True}},
            },
        },
    }
)
ORDERED = ("==", "!=", "<", "<=", ">", ">=")
NUMBERS = ("-1.0", "0.0", "1.0", "1.5", "2.0")
TEXTS = ('""', '"A"', '"AB"', '"B"')
DAYS = tuple(f'timestamp("2026-01-0{day}T{hour}:00:00Z")' for day in (1, 2, 3) for hour in ("00", "12"))


def compared(left: str, literals: tuple[str, ...]) -> st.SearchStrategy[str]:
    one = st.sampled_from(literals)
    written = st.builds("{} {} {}".format, st.just(left), st.sampled_from(ORDERED), one)
    flipped = st.builds("{} {} {}".format, one, st.sampled_from(ORDERED), st.just(left))
    among = st.lists(one, min_size=1, max_size=3).map(lambda each: f"{left} in [{', '.join(each)}]")
    return written | flipped | among


TESTS = st.one_of(
    compared("cosa.importo", NUMBERS),
    compared("cosa.sconto", NUMBERS),
    compared("cosa.pezzi", ("-1", "0", "1", "3")),
    compared("size(cosa.righe)", ("0", "1", "3", "4")),
    compared("cosa.nome", TEXTS),
    compared("cosa.sede.via", TEXTS),
    compared("cosa.entro", DAYS),
    st.sampled_from(TEXTS).map(lambda text: f"cosa.nome.startsWith({text})"),
    st.sampled_from(("cosa.urgente", "cosa.urgente == false", "has(cosa.sconto)", "has(cosa.sede)")),
    st.sampled_from(("has(cosa.sede.via)", "true", "false")),
)
GADGETS = 'cosa.voci.filter(v, v.tipo == "g")'
WORKED_OUT = st.one_of(
    compared("sum(cosa.voci.map(v, v.euro))", NUMBERS),
    compared("sum(cosa.voci.map(v, v.punti))", NUMBERS),
    compared(f"sum({GADGETS}.map(v, v.euro))", NUMBERS),
    compared(f"size({GADGETS})", ("-1", "0", "1", "3")),
    compared(f"{GADGETS}.size()", ("0", "1")),
    compared('count(cosa.voci.map(v, v.tipo == "g"))', ("-1", "0", "1", "3")),
    compared('sum(cosa.voci.map(v, v.tipo == "g" ? v.euro : 0.0))', NUMBERS),
    compared("lower(cosa.nome)", ('""', '"a"', '"ab"', '"b"')),
    compared("lower(cosa.sede.via)", ('""', '"a"', '"ab"', '"b"')),
    compared("cosa.entro", ("today", "today + days(1)", "today - days(2)", 'today + duration("36h")')),
    compared("cosa.entro - today", ("days(0)", "days(2)", 'duration("12h")')),
    compared("today", DAYS),
)
"""Of what other quantities say something."""
OPAQUE = st.sampled_from(
    ('cosa.nome.contains("A")', "cosa.importo * 2.0 > 2.0", 'cosa.righe.exists(r, r == "A")')
)


def expressions(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            inner.map("!({})".format),
            st.builds("({} && {})".format, inner, inner),
            st.builds("({} || {})".format, inner, inner),
            st.builds("({} ? {} : {})".format, inner, inner, inner),
            st.builds("(({}) == ({}))".format, inner, inner),
        ),
        max_leaves=5,
    )


CONTENTS = st.fixed_dictionaries(
    {
        "importo": st.sampled_from(("0", "0.50", "1.00", "1.25", "1.50", "2.00", "9.00")),
        "pezzi": st.integers(-2, 5),
        "nome": st.sampled_from(("", "A", "AA", "AB", "ABC", "B", "Z")),
        "urgente": st.booleans(),
        "entro": st.sampled_from(("2025-12-31", *(f"2026-01-0{day}" for day in range(1, 5)))),
        "righe": st.lists(st.sampled_from(("A", "B")), max_size=3),
        "voci": st.lists(
            st.fixed_dictionaries(
                {
                    "tipo": st.sampled_from(("g", "h")),
                    "euro": st.sampled_from(("0", "0.5", "1", "1.5")),
                    "punti": st.sampled_from(("-1", "0.5", "1")),
                }
            ),
            max_size=3,
        ),
    },
    optional={
        "sconto": st.sampled_from(("-2", "-1", "-0.5", "0", "1", "1.2", "1.5", "2", "3")),
        "sede": st.fixed_dictionaries({}, optional={"via": st.sampled_from(("", "A", "AC", "B"))}),
    },
)
ANSWERS: st.SearchStrategy[frozenset[Answer]] = st.sampled_from(
    tuple(map(frozenset, ({True}, {False}, {True, None}, {False, None})))
)


def answer(expression: str, content: dict[str, Any], today: date = date(2026, 1, 2)) -> Answer:
    try:
        return CelConditions().compile(expression, THING)(DatedContent(content, today))
    except ValueError:
        return None


def wanted(expression: str, answers: frozenset[Answer]) -> Goal:
    return Goal(read_condition(expression, THING).formula, answers)


def verdict_on(asked: list[tuple[str, frozenset[Answer]]], present: frozenset[str] = frozenset()) -> Verdict:
    return is_possible([wanted(*each) for each in asked], present, Effort(10**9, 10**9))


def content_of(example: Any) -> dict[str, Any]:
    """A subject that is as the example says, and anything else."""
    content: dict[str, Any] = {"importo": "0.50", "pezzi": 7, "nome": "Q", "urgente": False}
    content |= {"righe": [], "voci": [], "entro": "2030-01-01"}
    for quantity, value in sorted(example.items()):
        if value is None:
            content |= {"sede": {}} if quantity == "sede.via" else {}
        elif quantity.startswith("size("):
            content["righe"] = ["Q"] * int(value)
        elif quantity == "sede.via":
            content["sede"] = {"via": value}
        elif quantity == "sede":
            content["sede"] = {}
        elif isinstance(value, datetime):
            content[quantity] = value.date().isoformat()
        elif isinstance(value, Decimal):
            content[quantity] = int(value) if quantity == "pezzi" else str(value)
        else:
            content[quantity] = value
    return content


DAY = st.dates(date(2025, 12, 30), date(2026, 1, 5))


@given(
    st.lists(st.tuples(expressions(TESTS | WORKED_OUT | OPAQUE), ANSWERS), min_size=1, max_size=3),
    CONTENTS,
    DAY,
)
def test_what_is_never_so_is_so_for_no_subject(asked, content, today):
    verdict = verdict_on(asked)
    if verdict.possible == "never":
        assert not all(answer(expression, content, today) in answers for expression, answers in asked)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ("sum(cosa.voci.map(v, v.euro)) <= 5.0", "sum(cosa.voci.map(v, v.euro)) > 5.0"),
        (f"size({GADGETS}) < 3", f"size({GADGETS}) >= 3"),
        ("cosa.entro < today + days(10)", "cosa.entro - today >= days(10)"),
        ('cosa.entro <= today + duration("36h")', "cosa.entro > today + days(1)"),
        ("lower(cosa.nome) == 'pop'", "lower(cosa.nome) != 'pop'"),
    ],
)
def test_two_halves_of_what_is_worked_out_exclude_each_other_and_cover(low, high):
    for answers in (frozenset[Answer]({True}), frozenset[Answer]({False, None})):
        assert verdict_on([(low, answers), (high, answers)]).possible == "never"


def test_of_what_is_worked_out_no_example_is_made():
    """A sum above 5 needs a row: what is possible by itself need not be so together."""
    asked = "sum(cosa.voci.map(v, v.euro)) > 5.0 && size(cosa.voci) == 0"
    assert verdict_on([(asked, frozenset({True}))]).possible == "perhaps"


@given(st.lists(st.tuples(expressions(TESTS | WORKED_OUT | OPAQUE), ANSWERS), min_size=1, max_size=3))
def test_what_is_surely_so_is_so_for_the_example(asked):
    verdict = verdict_on(asked)
    if verdict.possible == "surely":
        content = content_of(verdict.example)
        assert THING.complete(content, None)[1] == []
        assert all(answer(expression, content) in answers for expression, answers in asked)


@given(st.lists(st.tuples(expressions(TESTS), ANSWERS), min_size=1, max_size=3), CONTENTS)
def test_tests_of_single_quantities_are_decided(asked, content):
    assert verdict_on(asked).possible != "perhaps"
    now = [(expression, frozenset({answer(expression, content)})) for expression, _ in asked]
    assert verdict_on(now).possible == "surely"


def test_what_is_there_is_not_absent():
    missing = [("has(cosa.sconto)", frozenset[Answer]({False}))]
    assert verdict_on(missing).possible == "surely"
    assert verdict_on(missing, frozenset({"sconto"})).possible == "never"


def test_what_takes_too_much_is_not_proven():
    texts = [f'cosa.nome.contains("{i}") == cosa.sede.via.contains("{i}")' for i in range(20)]
    asked = [wanted(" && ".join(texts), frozenset({True})), wanted(" && ".join(texts), frozenset({False}))]
    effort = Effort()
    assert is_possible(asked, frozenset(), effort).possible == "perhaps"
    assert effort.left >= Effort().left - Effort().most
