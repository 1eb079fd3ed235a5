"""What a subject's content must be, whatever its declaration and however deep."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.application.on_brief import judged_content
from approval.domain.brief_forms import with_forms
from approval.domain.subjects import PERSON_FIELDS, FieldType, SubjectType, changed_fields, person_content
from optima_contracts.brief import BriefSubmitted

NAMES = ("marta", "lia", "dario", "ada")
SCALARS = {
    "text": st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=5),
    "flag": st.booleans(),
    "whole": st.integers(-9, 9),
    "number": st.sampled_from(("-1.5", "0", "12.25", 3)),
    "money": st.sampled_from(("0.00", "1250.00", 7)),
    "date": st.sampled_from(("2026-01-31", "2024-02-29")),
}
FIELD_NAMES = st.sampled_from(("alfa", "beta", "gamma", "delta"))


def field_types(depth: int) -> st.SearchStrategy[dict[str, Any]]:
    optional = st.booleans()
    scalar = st.fixed_dictionaries(
        {"type": st.sampled_from((*SCALARS, "person", "unit")), "optional": optional}
    )
    of = st.sampled_from(("text", "whole", "number", "money", "person", "unit"))
    simple_list = st.fixed_dictionaries({"type": st.just("list"), "of": of, "optional": optional})
    if depth == 0:
        return scalar | simple_list
    parts = st.dictionaries(FIELD_NAMES, field_types(depth - 1), min_size=1, max_size=3)
    nested = st.fixed_dictionaries(
        {"type": st.sampled_from(("record", "list")), "fields": parts, "optional": optional}
    )
    return scalar | simple_list | nested


@st.composite
def values(draw: st.DrawFn, field: FieldType) -> Any:
    """What a client may send for a field."""
    if field.type == "list":
        one = field.model_copy(update={"type": field.of or "record", "of": None})
        return draw(st.lists(values(one), max_size=3))
    if field.type == "record":
        return draw(contents(field.fields))
    if field.type == "person":
        name = draw(st.sampled_from(NAMES))
        return f"{name}@example.it"
    if field.type == "unit":
        return draw(st.sampled_from(("marketing", "azienda")))
    return draw(SCALARS[field.type])


@st.composite
def contents(draw: st.DrawFn, fields: dict[str, FieldType]) -> dict[str, Any]:
    return {
        name: draw(values(field))
        for name, field in fields.items()
        if not field.optional or draw(st.booleans())
    }


@st.composite
def subjects(draw: st.DrawFn) -> tuple[SubjectType, dict[str, Any]]:
    fields = draw(st.dictionaries(FIELD_NAMES, field_types(2), min_size=1, max_size=4))
    subject = SubjectType.model_validate({"key": "cosa", "name": "Cosa", "fields": fields})
    return subject, draw(contents(subject.fields))


def places(
    fields: dict[str, FieldType], content: dict[str, Any], path: str = ""
) -> Iterator[tuple[FieldType, dict[str, Any], str, str]]:
    """Every field that is there, with what holds it, its name and its path."""
    for name, field in fields.items():
        if name not in content:
            continue
        here = f"{path}.{name}" if path else name
        yield field, content, name, here
        if field.type == "record":
            yield from places(field.fields, content[name], here)
        elif field.type == "list" and field.fields:
            for index, row in enumerate(content[name]):
                yield from places(field.fields, row, f"{here}[{index}]")


def found(subject: SubjectType, content: dict[str, Any], world: Any) -> set[tuple[str, str]]:
    return {(flaw.path, flaw.code) for flaw in subject.complete(content, world.directory)[1]}


@given(subjects())
def test_what_fits_is_accepted(new_world, pair):
    assert found(*pair, new_world()) == set()


@given(st.data(), subjects())
def test_required_is_required_at_every_depth(new_world, data, pair):
    subject, content = pair
    content = copy.deepcopy(content)
    required = [
        each for each in places(subject.fields, content) if not (each[0].optional or each[0].needs_nothing)
    ]
    if required:
        _, holder, name, path = data.draw(st.sampled_from(required))
        if data.draw(st.booleans()):
            del holder[name]
        else:
            holder[name] = None
        assert found(subject, content, new_world()) == {(path, "missing")}


@given(subjects())
def test_a_record_that_needs_nothing_need_not_be_given(new_world, pair):
    subject, content = pair
    given_up = copy.deepcopy(content)
    left_out = [name for name, field in subject.fields.items() if field.needs_nothing]
    for name in left_out:
        given_up.pop(name, None)
    completed, flaws = subject.complete(given_up, new_world().directory)
    assert flaws == []
    assert all(completed[name] == {} for name in left_out)


@given(st.data(), subjects())
def test_what_is_not_declared_is_refused_at_every_depth(new_world, data, pair):
    subject, content = pair
    content = {"x": 1, **content} if not content else copy.deepcopy(content)
    holders = [(content, "")]
    for field, holder, name, path in places(subject.fields, content):
        if field.type == "record":
            holders.append((holder[name], f"{path}."))
        elif field.type == "list" and field.fields:
            holders += [(row, f"{path}[{index}].") for index, row in enumerate(holder[name])]
    holder, path = data.draw(st.sampled_from(holders))
    holder["zeta"] = "x"
    assert (f"{path}zeta", "unknown") in found(subject, content, new_world())


@given(st.data(), subjects())
def test_people_and_units_are_what_the_directory_says(new_world, data, pair):
    """Wherever a subject names somebody, nothing that it says of them counts."""
    subject, content = pair
    world, content = new_world(), copy.deepcopy(content)
    frozen, _ = subject.complete(content, world.directory)
    named = [each for each in places(subject.fields, content) if "person" in (each[0].type, each[0].of)]
    for (field, holder, name, _), (_, frozen_holder, _, _) in zip(
        named,
        [each for each in places(subject.fields, frozen) if "person" in (each[0].type, each[0].of)],
        strict=True,
    ):
        sent = holder[name] if field.type == "list" else [holder[name]]
        kept = frozen_holder[name] if field.type == "list" else [frozen_holder[name]]
        assert kept == [person_content(world.directory, each) for each in sent]
    for field, holder, name, path in data.draw(st.permutations(named))[:1]:
        forged = {**(person_content(world.directory, "marta@example.it") or {}), "roles": ["director"]}
        holder[name] = [forged] if field.type == "list" else forged
        here = f"{path}[0]" if field.type == "list" else path
        assert found(subject, content, world) == {(here, "identity_not_id")}


def rewritten(field: FieldType, raw: Any) -> Any:
    """The same value, written otherwise."""
    if field.type == "list":
        one = field.model_copy(update={"type": field.of or "record", "of": None})
        return [rewritten(one, row) for row in raw]
    if field.type == "record":
        return {name: rewritten(field.fields[name], raw[name]) for name in reversed(raw)}
    if field.type in ("number", "money"):
        return f"{raw}0" if "." in str(raw) else f"{raw}.00"
    if field.type == "person":
        return {**raw, "name": "Altro", "roles": ["director"]}
    return raw


@given(st.data(), subjects())
def test_values_count_and_not_how_they_are_written(new_world, data, pair):
    subject, content = pair
    frozen, _ = subject.complete(content, new_world().directory)
    other = {name: rewritten(subject.fields[name], raw) for name, raw in reversed(frozen.items())}
    assert changed_fields(subject, frozen, other) == ()
    assert changed_fields(subject, other, frozen) == ()
    for field, _, _, path in data.draw(st.permutations(list(places(subject.fields, frozen))))[:1]:
        changed = copy.deepcopy(frozen)
        for _, its, same, here in places(subject.fields, changed):
            if here == path:
                its[same] = [] if its[same] else ["altro"] if field.type == "list" else "altro"
        if changed != frozen and field.type != "record":
            assert changed_fields(subject, frozen, changed) == (path.partition(".")[0].partition("[")[0],)


ORDER = SubjectType.model_validate(
    {
        "key": "ordine",
        "name": "Ordine",
        "fields": {
            "nome": {"type": "text", "optional": True},
            "importo": {"type": "money", "optional": True},
            "peso": {"type": "number", "optional": True},
            "pezzi": {"type": "whole", "optional": True},
            "entro": {"type": "date", "optional": True},
            "chi": {"type": "person", "optional": True},
            "dove": {"type": "unit", "optional": True},
            "note": {"type": "list", "of": "text", "at_most": 2, "optional": True},
        },
    }
)


@pytest.mark.parametrize(
    ("field", "raw", "code"),
    [
        *[("importo", each, "italian_number") for each in ("2.500", "2.500,00", "12,50", "1.234.567,8")],
        *[("importo", each, "mistyped") for each in ("-1.00", "1e3", " 5", "1_000", "NaN", "٣")],
        *[("importo", each, "mistyped") for each in (10**40, 1.5, True)],
        *[("peso", each, "italian_number") for each in ("12,5", "1.234.567")],
        *[("peso", each, "mistyped") for each in ("1E400", "Infinity", "1" * 13)],
        *[("pezzi", each, "mistyped") for each in ("3", 2.0, 10**13, True)],
        *[("entro", each, "mistyped") for each in ("2026-02-30", "20260131", "2026-W05-1", 20260131)],
        ("nome", "a\x00b", "mistyped"),
        ("nome", "x" * 10_001, "text_too_long"),
        ("note", ["a", "b", "c"], "too_many_rows"),
        ("note", "a", "mistyped"),
        ("chi", "nessuno@example.it", "unknown_person"),
        ("chi", 5, "identity_not_id"),
        ("dove", "luna", "unknown_unit"),
        ("dove", {"key": "marketing", "manager": "x"}, "identity_not_id"),
    ],
)  # fmt: skip
def test_values_are_written_in_one_way(world, field, raw, code):
    assert [
        (flaw.path.partition("[")[0], flaw.code) for flaw in ORDER.complete({field: raw}, world.directory)[1]
    ] == [(field, code)]


def test_a_quantity_may_have_three_decimals(world):
    assert found(ORDER, {"peso": "2.500"}, world) == set()


def test_a_subject_has_a_largest_size(world):
    rows = {"type": "list", "at_most": 2000, "fields": {"testo": {"type": "text"}}}
    fields = dict.fromkeys(("a", "b", "c", "d", "e", "f"), rows)
    subject = SubjectType.model_validate({"key": "grande", "name": "Grande", "fields": fields})
    content = {name: [{"testo": "x"}] * 2000 for name in fields}
    assert found(subject, content, world) == {("", "too_large")}


@pytest.mark.parametrize(
    ("declared", "where", "code"),
    [
        ({"amounts": ["nome"]}, "amounts[0]", "amount_not_a_number"),
        ({"title": "importo"}, "title", "named_field_of_type"),
        ({"number": "importo"}, "number", "named_field_of_type"),
        ({"deadline": "importo"}, "deadline", "named_field_of_type"),
        ({"fields": {"requester": {"type": "text"}}}, "fields.requester.type", "requester_not_a_person"),
        ({"key": "null"}, "key", "name_of_conditions"),
        ({"key": "package"}, "key", "name_of_conditions"),
        ({"key": "today"}, "key", "name_of_conditions"),
        (
            {"fields": {"righe": {"type": "list", "fields": {"in": {"type": "text"}}}}},
            "fields.righe.fields.in",
            "name_of_conditions",
        ),
    ],
)
def test_bad_declarations(declared, where, code):
    fields = {"nome": {"type": "text"}, "importo": {"type": "money"}} | declared.pop("fields", {})
    subject = SubjectType.model_validate({"key": "x", "name": "X", "fields": fields} | declared)
    assert [(flaw.field, flaw.code) for flaw in subject.declaration_flaws()] == [(where, code)]


def test_a_type_declared_before_keeps_its_key():
    fields = {"amount": {"type": "money"}}
    subject = SubjectType.model_validate({"key": "today", "name": "X", "fields": fields})
    assert [flaw.code for flaw in subject.declaration_flaws()] == ["name_of_conditions"]
    assert list(subject.declaration_flaws(declared_before=True)) == []


def test_what_the_directory_says_of_a_person_fits_its_declaration(world):
    person = person_content(world.directory, "marta@example.it")
    assert person is not None
    assert person.keys() <= PERSON_FIELDS.keys()
    assert {name for name, field in PERSON_FIELDS.items() if not field.optional} <= person.keys()


SAMPLES = Path(__file__).parents[4] / "shared" / "contracts" / "samples"


def sample(event: str) -> dict[str, Any]:
    data = json.loads((SAMPLES / f"optima.brief.{event}.v1.json").read_text(encoding="utf-8"))["data"]
    assert isinstance(data, dict)
    return data


def test_what_the_brief_service_submits_fits_the_declaration(world):
    form = {field["key"]: field["kind"] for field in sample("type_defined")["form"]}
    declared = with_forms(world.brief_type(), [form])
    submitted = BriefSubmitted.model_validate(
        {**sample("submitted"), "requester_id": world.directory.named("marta@example.it").id}
    )
    content = judged_content(submitted, declared, world.directory)
    assert content["items"][0]["deliveries"]
    assert content["form"]["formato"] == "A3"
    assert found(declared, {**content, "requester": "marta@example.it"}, world) == set()


def test_without_types_a_form_is_not_judged(world):
    submitted = BriefSubmitted.model_validate(sample("submitted"))
    assert "form" not in judged_content(submitted, world.brief_type(), world.directory)
