"""A choice takes a case only where the case's condition is true."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from approval.adapters.cel import CelConditions
from approval.domain import engine
from approval.domain.approval import Approval
from approval.domain.process import Definition, Process, process
from approval.domain.simulation import simulate
from approval.domain.subjects import SubjectType
from optima_kit.refusals import Invalid

BUY = SubjectType.model_validate(
    yaml.safe_load("""
key: acquisto
name: Acquisto
amounts: [importo]
fields:
  importo: {type: money, optional: true}
  urgente: {type: flag, optional: true}
  fornitore: {type: record, optional: true, fields: {paese: {type: text}}}
  righe: {type: list, optional: true, fields: {costo: {type: money}}}
""")
)
CONDITIONS = (
    "acquisto.importo > 100.0",
    "acquisto.importo <= 100.0",
    "acquisto.urgente",
    'acquisto.fornitore.paese == "IT"',
    'acquisto.fornitore.paese != "IT"',
    "acquisto.righe.exists(riga, riga.costo > 5.0)",
    "acquisto.righe.all(riga, riga.costo <= 5.0)",
)
STEP = {"approvers": [{"role": "director"}]}


def defined(nodes: list[dict[str, Any]]) -> Process:
    document = {"key": "p", "name": "P", "subject": "acquisto", "steps": nodes}
    conditions = CelConditions()
    return process(Definition.model_validate(document), 1, BUY, lambda e: conditions.compile(e, BUY))


def choice(whens: list[str | None]) -> list[dict[str, Any]]:
    cases = [
        {"key": f"c{i}", "when": when, "steps": [{"key": f"s{i}", **STEP}]} for i, when in enumerate(whens)
    ]
    return [{"key": "scelta", "choose": cases}]


def about(world: Any, content: dict[str, Any]) -> engine.Subject:
    return engine.Subject("acquisto", world.id("cosa"), 1, world.id("marta"), content, "hash")


def contents() -> st.SearchStrategy[dict[str, Any]]:
    """Also what no submission lets through: the rule holds all the same."""
    amounts = st.sampled_from(("50.00", "500.00", "molto"))
    return st.fixed_dictionaries(
        {},
        optional={
            "importo": amounts,
            "urgente": st.booleans(),
            "fornitore": st.sampled_from(({}, {"paese": "IT"}, {"paese": "FR"})),
            # Not both in one list: what CEL then says depends on which comes first.
            "righe": st.lists(st.just({}), max_size=2)
            | st.lists(st.sampled_from(({"costo": "1.00"}, {"costo": "9.00"})), max_size=2),
        },
    )


def said(when: str, content: dict[str, Any]) -> bool | None:
    """What a reader would say of one of CONDITIONS, in Python."""
    try:
        if "importo" in when:
            return (float(content["importo"]) > 100) is (">" in when)
        if "urgente" in when:
            return bool(content["urgente"])
        if "paese" in when:
            return (content["fornitore"]["paese"] == "IT") is ("==" in when)
        costs = [float(row["costo"]) for row in content["righe"]]
        return any(cost > 5 for cost in costs) if "exists" in when else all(cost <= 5 for cost in costs)
    except (KeyError, ValueError):
        return None


def opening(world: Any, rules: Process, content: dict[str, Any]) -> Approval | Invalid:
    try:
        subject = about(world, content)
        return engine.open_approval(world.id("a"), rules, subject, world.now, world.directory).approval
    except Invalid as refusal:
        return refusal


@given(st.lists(st.sampled_from((None, *CONDITIONS)), min_size=2, max_size=4, unique=True), contents())
def test_a_case_is_taken_only_when_its_condition_is_true(new_world, whens, content):
    rules = defined(choice(whens))
    answers = {f"c{i}": said(when, content) for i, when in enumerate(whens) if when is not None}
    opened = opening(new_world(), rules, content)
    if isinstance(opened, Approval):
        taken = opened.choices["scelta"]
        assert answers[taken] is True if taken in answers else set(answers.values()) == {False}
        return
    assert True not in answers.values()
    assert None not in whens or None in answers.values()
    assert opened.code in ("choice_undecided", "choice_without_case")
    field = (opened.field or "").removeprefix("content.").partition(".")[0]
    assert any(f"acquisto.{field}" in when for when in whens if when is not None)


@given(st.sampled_from(CONDITIONS), contents())
def test_what_cannot_be_told_asks_more_people(new_world, when, content):
    world = new_world()
    rules = defined([{"key": "uno", "when": when, **STEP}, {"key": "due", **STEP}])
    opened = engine.open_approval(world.id("a"), rules, about(world, content), world.now, world.directory)
    asked = opened.approval.steps["uno"].state == "pending"
    assert asked is (said(when, content) is not False)


LATER = [
    {"key": "prezzo", **STEP, "requires": ["importo"]},
    *choice(["acquisto.importo > 100.0", None]),
]


def test_a_choice_about_what_is_still_to_come_is_decided_then(world):
    rules = defined(LATER)
    opened = engine.open_approval(world.id("a"), rules, about(world, {}), world.now, world.directory)
    priced = engine.amend(
        opened.approval, rules, {"importo": "500.00"}, "hash-2", world.now, world.directory
    ).approval
    decision = engine.Decision("prezzo", "approve", world.id("dario"), "hash-2")
    decided = engine.decide(priced, rules, decision, world.now, world.directory)
    assert decided.approval.choices == {"scelta": "c0"}


def test_an_amendment_that_no_case_takes_is_refused(world):
    rules = defined(choice(["acquisto.importo > 100.0", "acquisto.importo <= 100.0"]))
    content = {"importo": "500.00"}
    opened = engine.open_approval(world.id("a"), rules, about(world, content), world.now, world.directory)
    for amended, code in (({}, "choice_undecided"), ({"importo": "-5.00"}, "choice_without_case")):
        with pytest.raises(Invalid) as caught:
            engine.amend(opened.approval, rules, amended, "hash-2", world.now, world.directory)
        assert (caught.value.code, caught.value.field) == (code, "content.importo")


def test_a_simulation_says_which_field_decides(world):
    with pytest.raises(Invalid) as caught:
        simulate(defined(LATER), about(world, {}), world.now, world.directory)
    assert (caught.value.code, caught.value.field) == ("choice_undecided", "content.importo")


GUARDED = {
    "steps": [
        {
            "key": "prezzo",
            "when": "has(brief.quote_total)",
            "choose": [
                {
                    "key": "alto",
                    "when": "brief.quote_total > 10.0",
                    "steps": [{"key": "capo", "approvers": [{"role": "director"}]}],
                },
                {"key": "basso", "when": "brief.quote_total <= 10.0", "steps": []},
            ],
        },
        {"key": "uno", "approvers": [{"role": "purchasing"}]},
    ]
}


def test_a_choice_that_is_passed_over_needs_nothing(world):
    world.open(GUARDED)
    assert world.steps() == {"capo": "skipped", "uno": "pending"}
    assert world.decide("paolo", "uno").run.state == "approved"
    assert world.run.choices == {}


def test_one_to_which_an_amendment_leads_is_decided_then(world):
    world.open(GUARDED).amend(quote_total="20.00")
    assert (world.run.choices, world.run.steps["capo"].state) == ({"prezzo": "alto"}, "pending")


def test_what_hangs_at_one_by_earlier_rules_is_moved(world):
    world.read_by = 4
    world.open(GUARDED)
    with pytest.raises(Invalid, match="choice_undecided"):
        world.decide("paolo", "uno")
    world.read_by = 5
    world.migrate(GUARDED)
    assert world.decide("paolo", "uno").run.state == "approved"
