"""What the technical sheet of a kind asks for, and what is entered in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from optima_kit.refusals import Invalid, Violations
from production.domain.sheets import (
    FieldType,
    SheetEntry,
    SheetField,
    choices_are_of_choices,
    fields_are_distinct,
    filled_in,
)

PAPER = SheetField("carta", "Carta", required=True)
WEIGHT = SheetField("grammatura", "Grammatura", FieldType.NUMBER, unit="g/m²")
COLOURS = SheetField("colori", "Colori", FieldType.CHOICE, choices=("4+0", "4+4"))
SHEET = (PAPER, WEIGHT, COLOURS)


def test_what_is_entered_keeps_the_names_of_its_fields_in_their_order() -> None:
    entered = filled_in(
        SHEET,
        {
            "colori": "4+4",
            "grammatura": "170.00",
            "carta": " Patinata ",
        },
    )
    assert entered == (
        SheetEntry("carta", "Carta", "Patinata"),
        SheetEntry("grammatura", "Grammatura", "170", FieldType.NUMBER, "g/m²"),
        SheetEntry("colori", "Colori", "4+4", FieldType.CHOICE),
    )
    assert filled_in(SHEET, {"carta": "Uso mano", "grammatura": " "}) == (
        SheetEntry("carta", "Carta", "Uso mano"),
    )
    assert filled_in((), {}) == ()


def test_each_entry_that_is_wrong_is_named() -> None:
    with pytest.raises(Violations) as refused:
        filled_in(SHEET, {"carta": "", "grammatura": "170 g", "colori": "5+5", "formato": "A3"})
    assert [(each.code, each.field) for each in refused.value.refusals] == [
        ("sheet_field_unknown", "sheet.formato"),
        ("sheet_entry_missing", "sheet.carta"),
        ("sheet_entry_not_a_number", "sheet.grammatura"),
        ("sheet_entry_not_a_choice", "sheet.colori"),
    ]


@pytest.mark.parametrize(
    ("rule", "fields", "code", "field"),
    [
        (fields_are_distinct, (PAPER, WEIGHT, PAPER), "sheet_key_repeated", "sheet[2].key"),
        (
            choices_are_of_choices,
            (PAPER, SheetField("a", "A", FieldType.CHOICE)),
            "sheet_choices_wrong",
            "sheet[1].choices",
        ),
        (
            choices_are_of_choices,
            (SheetField("a", "A", choices=("x",)),),
            "sheet_choices_wrong",
            "sheet[0].choices",
        ),
        (
            choices_are_of_choices,
            (SheetField("a", "A", FieldType.CHOICE, choices=("x", "x")),),
            "sheet_choices_wrong",
            "sheet[0].choices",
        ),
    ],
)
def test_a_sheet_that_cannot_be_filled_in_is_refused_with_its_place(
    rule: Callable[[tuple[SheetField, ...]], None], fields: tuple[SheetField, ...], code: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        rule(fields)
    assert (refused.value.code, refused.value.field) == (code, field)
    rule(SHEET)
