"""Forms: a schema that is wrong is refused at its place, and answers fit what is asked."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from brief.domain.forms import MAX_FIELDS, MOST_TOLD, filled_in, form_is_complete, form_of
from optima_kit.refusals import Refusal, Violations
from optima_local.layout import ROOT

LABEL = {"it": "Formato", "en": "Format"}
SIZE = {"type": "string", "enum": ["A4", "A3"], "x-label": LABEL}
FOLD = {"type": "boolean", "x-label": LABEL}
NOTE = {"type": "string", "x-label": LABEL}
GRAMS = {"type": "integer", "minimum": 60, "maximum": 400, "x-label": LABEL}
CHOSEN = {"type": "array", "items": {"type": "string", "enum": ["A4", "A3"]}, "x-label": LABEL}
SECTION = {"key": "carta", "label": LABEL}


def form(required: list[str] | None = None, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required or [], "properties": properties}


def codes(problem: Refusal) -> list[tuple[str, str | None]]:
    several = problem.refusals if isinstance(problem, Violations) else [problem]
    return [(each.code, each.field) for each in several]


def changed(field: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**field, **{name.replace("x_", "x-"): value for name, value in changes.items()}}


def within(inner: Any, times: int) -> Any:
    """As deep as it gets when something holds itself."""
    for _ in range(times):
        inner = {"a": inner}
    return inner


@pytest.mark.parametrize(
    ("schema", "code", "place"),
    [
        ([], "form_not_an_object", "form"),
        ({"type": "array"}, "form_without_fields", "form.properties"),
        (form(), "form_without_fields", "form.properties"),
        ({**form(a=SIZE), "$defs": {}}, "form_word_unknown", "form.$defs"),
        ({**form(a=SIZE), "additionalProperties": True}, "form_not_an_object", "form.type"),
        ({**form(a=SIZE), "x-sections": [{"key": "A"}]}, "form_section_wrong", "form.x-sections[0]"),
        (form(["b"], a=SIZE), "form_required_unknown", "form.required"),
        (form(a={"$ref": "#"}), "form_word_unknown", "form.properties.a.$ref"),
        (form(a={"type": "object", "x-label": LABEL}), "form_type_unknown", "form.properties.a.type"),
        (form(a={"type": ["string"], "x-label": LABEL}), "form_type_unknown", "form.properties.a.type"),
        (form(A=SIZE), "form_key_wrong", "form.properties.A"),
        (form(a="string"), "form_field_wrong", "form.properties.a"),
        (form(a={"type": "string"}), "form_words_wrong", "form.properties.a.x-label"),
        (form(a=changed(SIZE, enum=["A4", "A4"])), "form_choices_wrong", "form.properties.a.enum"),
        (form(a=changed(SIZE, enum=[])), "form_choices_wrong", "form.properties.a.enum"),
        (form(a=changed(FOLD, enum=["x"])), "form_choices_misplaced", "form.properties.a.enum"),
        (form(a={"type": "array", "x-label": LABEL}), "form_choices_wrong", "form.properties.a.items.enum"),
        (
            form(a=changed(SIZE, x_choices={"A5": LABEL})),
            "form_choices_unknown",
            "form.properties.a.x-choices",
        ),
        (form(a=changed(GRAMS, minimum=500)), "form_limits_crossed", "form.properties.a.maximum"),
        (form(a=changed(GRAMS, minimum="60")), "form_limit_wrong", "form.properties.a.minimum"),
        (form(a=changed(SIZE, x_unit="")), "form_unit_wrong", "form.properties.a.x-unit"),
        (form(a=changed(SIZE, maxLength=0)), "form_length_wrong", "form.properties.a.maxLength"),
        (form(a=changed(SIZE, format="email")), "form_format_unknown", "form.properties.a.format"),
        (form(a=changed(SIZE, x_section="b")), "form_section_unknown", "form.properties.a.x-section"),
        (
            form(a=changed(SIZE, x_when={"field": "b", "equals": True}), b=FOLD),
            "form_condition_not_earlier",
            "form.properties.a.x-when.field",
        ),
        (
            form(a=changed(SIZE, x_when={"field": "a", "equals": "A4"})),
            "form_condition_not_earlier",
            "form.properties.a.x-when.field",
        ),
        (
            form(a=SIZE, b=changed(FOLD, x_when={"field": "a", "equals": "A5"})),
            "form_condition_value_wrong",
            "form.properties.b.x-when.equals",
        ),
        (form(a=SIZE, b=changed(FOLD, x_when=[])), "form_condition_wrong", "form.properties.b.x-when"),
        (form(**{f"a{n}": SIZE for n in range(MAX_FIELDS + 1)}), "form_fields_too_many", "form.properties"),
        (form(a=changed(SIZE, title="x" * 70_000)), "form_too_large", "form"),
        (form([["a"]], a=SIZE), "form_required_unknown", "form.required"),
        (form(**{"$ref": {"$ref": "#"}}), "form_key_wrong", "form.properties.$ref"),
        ({**form(a=SIZE), "allOf": [{"$ref": "#"}]}, "form_word_unknown", "form.allOf"),
        ({**form(a=SIZE), "title": {"$ref": "#"}}, "form_text_wrong", "form.title"),
        (form(a=changed(SIZE, description=["x"])), "form_text_wrong", "form.properties.a.description"),
        (form(a=changed(SIZE, description="a\x00")), "form_text_wrong", "form.properties.a.description"),
        (
            form(a=changed(SIZE, x_label={"it": "a\x00", "en": "a"})),
            "form_words_wrong",
            "form.properties.a.x-label",
        ),
        (
            form(a=changed(CHOSEN, items={"enum": ["A4"], "$ref": "#"})),
            "form_word_unknown",
            "form.properties.a.items.$ref",
        ),
        (
            form(a=changed(CHOSEN, items={"type": "array", "enum": ["A4"]})),
            "form_choices_wrong",
            "form.properties.a.items.type",
        ),
        (form(a=changed(CHOSEN, enum=["A4"])), "form_choices_misplaced", "form.properties.a.enum"),
        (form(a=changed(SIZE, items={})), "form_choices_misplaced", "form.properties.a.items"),
        (form(a=changed(FOLD, x_choices={})), "form_choices_misplaced", "form.properties.a.x-choices"),
        (form(a=changed(GRAMS, minimum=None)), "form_limit_wrong", "form.properties.a.minimum"),
        ({**form(a=SIZE), "x-sections": [SECTION, SECTION]}, "form_section_twice", "form.x-sections[1].key"),
        (
            {**form(a=SIZE), "x-sections": [{**SECTION, "x-sections": []}]},
            "form_word_unknown",
            "form.x-sections[0].x-sections",
        ),
        ({**form(a=SIZE), "title": within(["x"], 7)}, "form_too_deep", "form.title.a.a.a.a.a.a.a"),
        (form(a=within(SIZE, 2000)), "form_too_deep", "form.properties.a.a.a.a.a.a.a"),
    ],
)
def test_a_wrong_schema_is_refused_at_its_place(schema: Any, code: str, place: str) -> None:
    with pytest.raises(Refusal) as refused:
        form_of(schema)
    assert (code, place) in codes(refused.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["type", "properties", "required", "enum", "items", "x-label", "x-when", "a", "it", "en"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


NEARLY = st.fixed_dictionaries(
    {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from(["a", "b"]), JSON, min_size=1)},
    optional={"required": JSON, "x-sections": JSON, "title": JSON},
)


def places(schema: Any) -> list[str | None]:
    """Where a schema is refused."""
    try:
        form_of(schema)
    except Refusal as refused:
        return [place for _, place in codes(refused)]
    return []


@given(JSON | NEARLY)
def test_whatever_is_sent_is_a_form_or_refused_at_a_place(schema: Any) -> None:
    assert all(place and place.startswith("form") for place in places(schema))


def test_all_faults_of_a_form_are_told_together_up_to_a_hundred() -> None:
    several = form(["c"], a={"$ref": "#"}, b="string")
    assert places(several) == ["form.required", "form.properties.a.$ref", "form.properties.b"]
    assert len(places({**form(a=SIZE), **{f"b{n}": n for n in range(500)}})) == MOST_TOLD


@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), JSON, max_size=4))
def test_whatever_is_answered_fits_or_is_refused(answers: dict[str, Any]) -> None:
    asked = form_of(form(a=SIZE, b=FOLD, c=GRAMS))
    try:
        kept = filled_in(asked, answers)
    except Refusal:
        return
    assert filled_in(asked, kept) == kept


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"z": 1}, "form_field_unknown"),
        ({"a": "A5"}, "form_answer_not_choice"),
        ({"a": 4}, "form_answer_not_choice"),
        ({"b": "yes"}, "form_answer_not_flag"),
        ({"c": 59}, "form_answer_too_small"),
        ({"c": 401}, "form_answer_too_large"),
        ({"c": True}, "form_answer_not_integer"),
        ({"c": "170"}, "form_answer_not_integer"),
    ],
)
def test_an_answer_that_is_none_is_refused(answers: dict[str, Any], code: str) -> None:
    with pytest.raises(Violations) as refused:
        filled_in(form_of(form(a=SIZE, b=FOLD, c=GRAMS)), answers)
    assert codes(refused.value) == [(code, f"form.{next(iter(answers))}")]


def test_a_text_is_what_any_other_text_may_be() -> None:
    asked = form_of(form(a=changed(NOTE, maxLength=16)))
    for text in (
        "100\N{NO-BREAK SPACE}×\N{NARROW NO-BREAK SPACE}50",
        "uno\tdue\r\ntre",
        "  sedici caratteri ",
    ):
        assert filled_in(asked, {"a": text}) == {"a": text.strip()}
    for text in ("diciassette carat", "a\x00", "\ud800"):
        with pytest.raises(Violations) as refused:
            filled_in(asked, {"a": text})
        assert codes(refused.value) == [("form_answer_not_text", "form.a")]


def test_what_is_not_asked_for_is_neither_kept_nor_missed() -> None:
    size = changed(SIZE, x_when={"field": "fold", "equals": True})
    grams = changed(GRAMS, x_when={"field": "size", "equals": "A3"})
    asked = form_of(form(["size", "grams"], fold=FOLD, size=size, grams=grams))
    everything = {"fold": True, "size": "A3", "grams": 170}
    assert filled_in(asked, everything) == everything
    form_is_complete(asked, everything)
    assert filled_in(asked, everything | {"fold": False}) == {"fold": False}
    form_is_complete(asked, {"fold": False})
    with pytest.raises(Violations) as refused:
        form_is_complete(asked, {"fold": True})
    assert codes(refused.value) == [("form_answer_missing", "form.size")]


@pytest.mark.parametrize(
    "file", sorted((ROOT / "deploy/demo/brief-types").glob("*.yaml")), ids=lambda f: f.stem
)
def test_the_demonstration_s_forms_are_forms(file: Any) -> None:
    assert form_of(yaml.safe_load(file.read_text(encoding="utf-8"))["form"]).fields
