"""What may not be published: each flaw with its place, and a text for it in both languages."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import approval
from approval.adapters.cel import CelConditions
from approval.domain.process import Definition
from approval.domain.publication import publication_flaws
from optima_kit.http.problems import load_catalogue
from optima_kit.refusals import Invalid

SOURCE = Path(approval.__file__).parent

STEP = "{key: uno, approvers: [{role: purchasing}]}"

BAD = yaml.safe_load(Path(__file__).with_name("bad_definitions.yaml").read_text(encoding="utf-8"))


def flaws(world, document: Any) -> list[tuple[str | None, str]]:
    return [(flaw.field, flaw.code) for flaw in refusals(world, document)]


def refusals(world, document: Any) -> list[Invalid]:
    document = yaml.safe_load(document) if isinstance(document, str) else document
    document = {"steps": document} if isinstance(document, list) else document
    definition = Definition.model_validate({"key": "p", "name": "P", "subject": "brief"} | document)
    from_world = world.directory
    directory = type(from_world)(
        from_world.people, from_world.units, (), from_world.roles | {"auditor"}, from_world.calendar
    )
    return publication_flaws(definition, world.brief_type(), CelConditions(), directory)


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad["what"])
def test_refused(world, bad):
    assert flaws(world, bad["document"]) == [(bad["where"], bad["code"])]


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad["what"])
def test_a_refusal_says_all_that_its_text_mentions(world, bad):
    (flaw,) = refusals(world, bad["document"])
    for language in ("it", "en"):
        text = load_catalogue("approval").text(flaw.code, language, flaw.facts)
        assert text is not None
        assert not re.search(r"{[a-z_]+}", text), text


@pytest.mark.parametrize(
    "document",
    [
        f"[{STEP}]",
        # what an earlier step requires may be read
        f"[{STEP[:-1]}, requires: [quote_total]}},"
        " {key: due, when: 'brief.quote_total > 5000.0', approvers: [{role: director}]}]",
        # also out of a parallel branch that always runs
        f"[{{key: p, parallel: [{{key: a, steps: [{STEP[:-1]}, requires: [quote_total]}}]}},"
        " {key: b, steps: [{key: due, approvers: [{role: director}]}]}]},"
        " {key: tre, when: 'brief.quote_total > 5000.0', approvers: [{role: director}]}]",
        f"[{STEP}, {{key: due, when: 'has(brief.quote_total) && brief.quote_total > 1.0',"
        " approvers: [{role: director}]}]",
        "[{key: c, choose: [{key: a, when: 'brief.budget < 100.0'}, {key: b, when: 'brief.budget >= 100.0',"
        f" steps: [{STEP}]}}]}}]",
        # with patterns of CEL's own, and by a divisor that is not zero
        f"[{STEP[:-1]}, when: 'brief.title.matches(\"^\\\\p{{L}}+$\") && brief.budget / 2.0 > 1.0'}}]",
        # within rows of rows
        f"[{STEP[:-1]}, when: 'brief.items.exists(i, i.deliveries.exists(d, d.quantity > 5.0))'}}]",
        # by the number of rows, by text, by day, by what an earlier step requires
        "[{key: c, choose: [{key: a, when: 'size(brief.items) > 3'},"
        f" {{key: b, when: 'size(brief.items) <= 3', steps: [{STEP}]}}]}}]",
        "[{key: c, choose: [{key: a, when: 'brief.title < \"M\"'},"
        f" {{key: b, when: 'brief.title >= \"M\"', steps: [{STEP}]}}]}}]",
        f"[{STEP[:-1]}, when: 'brief.title < \"M\"'}}]",
        "[{key: c, choose: [{key: a, when: 'brief.deadline < timestamp(\"2026-06-01T00:00:00Z\")'},"
        f" {{key: b, when: 'brief.deadline > timestamp(\"2026-05-31T12:00:00Z\")', steps: [{STEP}]}}]}}]",
        f"[{STEP[:-1]}, requires: [quote_total]}},"
        " {key: c, choose: [{key: a, when: 'brief.quote_total <= 10.0'},"
        " {key: b, when: 'brief.quote_total > 10.0', steps: [{key: due, approvers: [{role: director}]}]}]}]",
        # by sums, counts, the days that are left and text in any case: each half excludes the other
        "[{key: c, choose: [{key: a, when: 'sum(brief.items.map(i, i.quantity)) > 100.0'},"
        f" {{key: b, when: 'sum(brief.items.map(i, i.quantity)) <= 100.0', steps: [{STEP}]}}]}}]",
        "[{key: c, choose: [{key: a, when: 'count(brief.items.map(i, lower(i.kind) == \"gadget\")) > 2'},"
        " {key: b, when: 'count(brief.items.map(i, lower(i.kind) == \"gadget\")) <= 2',"
        f" steps: [{STEP}]}}]}}]",
        "[{key: c, choose: [{key: a, when: 'brief.deadline < today + days(10)'},"
        f" {{key: b, when: 'brief.deadline >= today + days(10)', steps: [{STEP}]}}]}}]",
        "[{key: c, choose: [{key: a, when: 'lower(brief.category) == \"pop\"'},"
        f" {{key: b, when: 'lower(brief.category) == \"gadget\"', steps: [{STEP}]}}, {{key: z}}]}}]",
        # of several that hold, the first counts
        "[{key: c, match: first, choose: [{key: a, when: 'brief.budget > 20.0'},"
        f" {{key: b, when: 'brief.budget > 10.0', steps: [{STEP}]}}, {{key: z}}]}}]",
        "[{key: uno, approvers: [{manager: {}}], if_too_few: {ask: [{role: director}]}}]",
        f"[{STEP}, {{key: due, approvers: [{{role: director}}], on_rejection: {{back_to: uno}}}}]",
    ],
)
def test_accepted(world, document):
    assert flaws(world, document) == []


def test_all_flaws_are_told_at_once(world):
    found = flaws(world, f"[{STEP}, {STEP[:-1]}, when: 'brief.bugdet > 1.0', requires: [prezzo]}}]")
    assert {code for _, code in found} == {
        "duplicate_key", "condition_unknown_field", "subject_field_unknown",
    }  # fmt: skip


def test_every_flaw_has_a_text_in_both_languages():
    texts = tomllib.loads((SOURCE / "adapters" / "refusals.toml").read_text(encoding="utf-8"))
    codes = set()
    for file in ("publication.py", "conditions.py"):
        for node in ast.walk(ast.parse((SOURCE / "domain" / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("_flaw", "IllTyped"):
                first = node.args[0]
                if isinstance(first, ast.Constant):
                    codes.add(first.value)
    assert codes <= texts.keys()
    assert {bad["code"] for bad in BAD} | {c for c in codes if c.startswith("condition_")} >= codes
    for code in codes:
        for language in ("it", "en"):
            assert len(re.sub(r"{\w+}", "", texts[code][language])) > 20, code
