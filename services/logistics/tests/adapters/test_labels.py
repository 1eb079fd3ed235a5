"""Labels of packages: whatever is written on one can be read."""

from __future__ import annotations

import io
import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from logistics.adapters.barcodes import gs1_128, qr
from logistics.adapters.ddt_sheet import showable
from logistics.adapters.printer import TEMPLATE
from optima_kit.typesetting_process import typeset_here

SSCC = "080123450000000012"
SIZES = {"name": 150, "street": 150, "city": 160}
"""Characters at most; of a city with its CAP, province and country."""


def label(**changes: Any) -> dict[str, Any]:
    place = {"name": "Caffè Aurora", "street": "Via Torino 2", "city": "20123 Milano (MI)", "taxes": None}
    sheet = {
        "kind": "label",
        "number": "12/A/2026",
        "sender": place,
        "delivery_address": place,
        "order": "O-2026-0007",
        "customer_reference": None,
        "package": "100 / 100",
        **changes,
    }
    return {
        **showable(sheet),
        "sscc": f"(00) {SSCC}",
        "bars": gs1_128(SSCC),
        "qr": qr("x/1"),
    }


def lines_of(sheet: dict[str, Any]) -> list[tuple[float, str]]:
    """What is printed, each with its height above the bottom, in points. One page."""
    whole = {"title": "Etichette", "author": "", "despatch_advice": None, "papers": [sheet]}
    reader = PdfReader(io.BytesIO(typeset_here(asdict(TEMPLATE), json.dumps(whole), 0)))
    found: list[tuple[float, str]] = []

    def visit(text: str, current: Any, matrix: Any, *_: Any) -> None:
        if text.strip():
            found.append((current[5] + matrix[5] * current[3], text.strip()))

    (page,) = reader.pages
    page.extract_text(visitor_text=visit)
    return found


def between(found: list[tuple[float, str]], caption: str, next_caption: str) -> list[str]:
    """What stands beneath one caption and above another, as it is seen."""
    (top,) = (y for y, text in found if text == caption)
    (bottom,) = (y for y, text in found if text == next_caption)
    return [text for y, text in found if bottom < y < top]


def squeezed(texts: list[str]) -> str:
    return "".join("".join(texts).split()).replace("\u200b", "")


LONG = "Società Cooperativa Agricola Produttori Ortofrutticoli "


@pytest.mark.parametrize(
    "place",
    [
        pytest.param({}, id="short"),
        pytest.param(
            {"name": LONG * 2, "street": "Strada Provinciale 14 " * 5, "city": "Castelnuovo " * 8}, id="long"
        ),
        pytest.param({key: ("W" * 9 + " ") * (most // 10) for key, most in SIZES.items()}, id="wide"),
        pytest.param({key: "W" * most for key, most in SIZES.items()}, id="without end"),
    ],
)
def test_the_whole_address_is_seen(place: dict[str, str]) -> None:
    sheet = label()
    sheet["delivery_address"] = {**sheet["delivery_address"], **place}
    sheet["sender"] = {**sheet["sender"], **place}
    found = lines_of(sheet)
    there = squeezed(between(found, "DESTINAZIONE", "DDT"))
    for name in SIZES:
        assert squeezed([sheet["delivery_address"][name]]) in there, name
        assert squeezed([sheet["sender"][name]]) in squeezed(between(found, "MITTENTE", "DESTINAZIONE"))


WORDS = st.text(st.sampled_from("aàMWil.'- 0"), min_size=1, max_size=150).filter(str.strip)


@settings(max_examples=15)
@given(name=WORDS, street=WORDS, city=WORDS)
def test_an_address_of_any_length_is_seen(name: str, street: str, city: str) -> None:
    sheet = label(delivery_address=showable({"name": name, "street": street, "city": city, "taxes": None}))
    there = squeezed(between(lines_of(sheet), "DESTINAZIONE", "DDT"))
    for text in (name, street, city):
        assert squeezed([showable(text)]) in there
