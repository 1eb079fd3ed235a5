"""Prices come from a spreadsheet's rows, and a row that cannot be read is named with what to do about it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.adapters.pasted import PastedPrices, prices_pasted

KINDS = {"espositore": "Espositore", "totem": "Totem", "locandina": "Locandina A3"}
ITEMS: list[dict[str, Any]] = [
    {"item_id": "a", "kind": "espositore", "description": "Espositore da banco"},
    {"item_id": "b", "kind": "totem", "description": "Totem alto"},
    {"item_id": "c", "kind": "totem", "description": "Totem basso"},
]


def read(*lines: str, language: str = "it", items: list[dict[str, Any]] = ITEMS) -> PastedPrices:
    return prices_pasted("\r\n".join(lines), items, KINDS, language)


def prices(pasted: PastedPrices) -> dict[str, str]:
    return {item_id: each.typed for item_id, each in pasted.prices.items()}


@pytest.mark.parametrize(
    "lines",
    [
        ("4,125", "1.234,50 €", "€ 0,03"),
        ("Prezzo", "4,125", "1.234,50", "0,03"),
        ("3\t0,03", "1\t4,125", "2\t1.234,50"),
        ("Articolo\tQuantità\tPrezzo", "1.\t100\t4,125", "2.\t5\t1.234,50 EUR\t", "3.\t5\t0,03"),
        ("espositore;4,125", "totem alto;1.234,50", "Totem basso;0,03"),
        ("ESPOSITORE\t\t4,125", "", "2\t\t1.234,50", "3\t\t0,03"),
    ],
)
def test_rows_are_read_for_their_items(lines: tuple[str, ...]) -> None:
    pasted = read(*lines)
    assert prices(pasted) == {"a": "4,125", "b": "1.234,50", "c": "0,03"}
    assert (pasted.flaws, pasted.left) == ([], [])


def test_an_empty_cell_leaves_its_item_as_it_was() -> None:
    pasted = read("4,125", "", "0,03")
    assert prices(pasted) == {"a": "4,125", "c": "0,03"}
    assert pasted.left == ["2. Totem alto"]
    assert pasted.prices["c"].row == 3


@pytest.mark.parametrize(
    ("lines", "flaws"),
    [
        (("1\tmolto",), ["Riga 1: «molto» non è un prezzo. Scrivilo come 1.234,50."]),
        (("1\t-4",), ["Riga 1: «-4» non è un prezzo. Scrivilo come 1.234,50."]),
        (("Voce\tPrezzo", "1\t4", "2\t"), ["Riga 3: non c'è un prezzo. Scrivilo nell'ultima colonna."]),
        (("totem;4",), ["Riga 1: più articoli si chiamano «totem». Scrivi il numero di quello che intendi."]),
        (
            ("4;4",),
            ["Riga 1: nessun articolo si chiama «4». Scrivi il suo numero in questo elenco, o il suo tipo."],
        ),
        (
            ("1;4", "espositore;5"),
            ["Riga 2: la riga 1 ha già un prezzo dell'articolo 1. Tieni una delle due."],
        ),
        (
            ("4", "5"),
            [
                "Righe incollate: 2, articoli: 3. Incolla una riga per ogni articolo, oppure scrivi il "
                "numero dell'articolo in una prima colonna."
            ],
        ),
        (
            ("",),
            ["Non è stato incollato nulla. Copia le celle nel foglio di calcolo e incollale qui."],
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(lines: tuple[str, ...], flaws: list[str]) -> None:
    assert read(*lines).flaws == flaws


def test_rows_that_are_right_are_read_beside_one_that_is_not() -> None:
    pasted = read("1\t4,5", "2\tboh", "3\t6")
    assert prices(pasted) == {"a": "4,5", "c": "6"}
    assert (len(pasted.flaws), pasted.left) == (1, ["2. Totem alto"])


def test_numbers_are_read_as_the_reader_writes_them() -> None:
    assert prices(read("1\t1,234.50", language="en")) == {"a": "1,234.50"}
    assert prices(read("1\t1,234.50", language="it")) == {}


def test_many_flaws_are_counted() -> None:
    flaws = read(*(f"altro {number}\t1" for number in range(50))).flaws
    assert (len(flaws), flaws[-1]) == (21, "Altre righe che non si sono potute leggere: 30.")


@given(st.text(alphabet="0123456789,.;\t\n€ abx²٣", max_size=200), st.sampled_from(["it", "en"]))
def test_nothing_that_is_pasted_breaks_the_page(text: str, language: str) -> None:
    pasted = prices_pasted(text, ITEMS, KINDS, language)
    assert len(pasted.prices) + len(pasted.left) == len(ITEMS)
    assert pasted.prices or pasted.flaws
