"""A brief type's form as rows, and back."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from brief.domain.forms import form_of
from optima_local.layout import ROOT
from portal.adapters.type_rows import (
    FIELD_TEXTS,
    conditions_of,
    flaws_by_row,
    form_of_rows,
    rows_of,
    with_keys,
)

NOTHING: dict[str, Any] = {"properties": {}}
WRITTEN = sorted((ROOT / "deploy/demo/brief-types").glob("*.yaml"))


def row(**told: Any) -> dict[str, Any]:
    return {**dict.fromkeys(FIELD_TEXTS, ""), "kind": "text", "required": False, **told}


def written(*fields: dict[str, Any], language: str = "it") -> dict[str, Any]:
    named = with_keys(fields, "key", "label_it", "label_en")
    return dict(form_of_rows([], named, NOTHING, language)["properties"])


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
@pytest.mark.parametrize("language", ["it", "en"])
def test_a_form_read_and_written_again_is_the_same(file: Any, language: str) -> None:
    form = yaml.safe_load(file.read_text("utf-8"))["form"]
    again = form_of_rows(*rows_of(form, language), form, language)
    assert again == form
    form_of(again)


def test_new_fields_get_keys_of_their_labels_and_known_ones_keep_theirs() -> None:
    fields = written(
        row(label_it="Finitura è", label_en="Finish"),
        row(label_it="Formato nuovo", label_en="Format", key="formato"),
        row(label_it="Formato", label_en="Another"),
        row(label_it="3", label_en="Three"),
    )
    assert list(fields) == ["finitura_e", "formato", "formato_3", "campo"]


def test_a_field_without_a_label_is_left_out() -> None:
    assert list(written(row(key="tolto"), row(label_en="Kept", label_it=""))) == ["kept"]


def test_choices_are_lines_with_what_they_are_called() -> None:
    told = row(label_it="A", label_en="B", kind="choices", choices="A5\n\nx | Altro | Other\ny|Y")
    field = written(told)["a"]
    assert field["items"] == {"type": "string", "enum": ["A5", "x", "y"]}
    assert field["x-choices"] == {"x": {"it": "Altro", "en": "Other"}, "y": {"it": "Y", "en": "Y"}}


def test_numbers_are_read_as_they_are_written_here() -> None:
    told = row(label_it="A", label_en="B", kind="number", minimum="1.000,5", maximum="tanto")
    assert {name: written(told)["a"][name] for name in ("minimum", "maximum")} == {
        "minimum": 1000.5,
        "maximum": "tanto",
    }, "the service says what is wrong"


def test_a_condition_holds_a_yes_apart_from_a_choice_called_so() -> None:
    fields = (
        row(label_it="S", label_en="S", kind="flag"),
        row(label_it="C", label_en="C", kind="choice", choices="yes"),
        row(label_it="A", label_en="A", when="s?yes"),
        row(label_it="B", label_en="B", when="c=yes"),
    )
    form = {"properties": written(*fields)}
    assert form["properties"]["a"]["x-when"] == {"field": "s", "equals": True}
    assert form["properties"]["b"]["x-when"] == {"field": "c", "equals": "yes"}
    offered = [code for _, values in conditions_of(form, "it") for code, _ in values]
    assert offered == ["s?yes", "s?no", "c=yes"]


def test_flaws_stand_at_their_rows() -> None:
    errors = [
        {"field": "form.x-sections[1].label", "detail": "testi"},
        {"field": "form.properties.b.enum", "detail": "scelte"},
        {"field": "name", "detail": "altrove"},
    ]
    assert flaws_by_row(errors, {"properties": {"a": {}, "b": {}}}) == ({2: ["testi"]}, {2: ["scelte"]})
