"""What changed between two revisions of a brief is told as far as the reader was told of both."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from portal.adapters.rendering import Templates
from portal.adapters.revision_changes import Change, compared

FORM = {
    "properties": {
        "luce": {"type": "boolean", "x-label": {"it": "Illuminato", "en": "Lit"}},
        "potenza": {"type": "integer", "x-label": {"it": "Potenza", "en": "Wattage"}, "x-unit": "W"},
    }
}


def item(item_id: str, **told: Any) -> dict[str, Any]:
    usual = {"kind": "totem", "description": f"Totem {item_id}", "quantity": "100", "unit": "pz"}
    return {"item_id": item_id, **usual, "deliveries": [], **told}


def revision(number: int, *items: dict[str, Any], price: str = "", **told: Any) -> dict[str, Any]:
    prices: dict[str, Any] = {}
    if price:
        lines = [{"item_id": each["item_id"], "unit_price": price, "amount": f"{price}00"} for each in items]
        prices["prices"] = {"total": f"{price}00", "lines": lines}
    usual = {"title": "Vetrine", "purpose": "", "form": {}, "attachments": [], "budget": "900.00"}
    return {"revision": number, **usual, "items": [*items], **prices, **told}


def test_the_same_is_not_told() -> None:
    same = [revision(number, item("a"), price="4.10") for number in (1, 2)]
    assert compared(*same).empty


def test_fields_of_the_brief_are_told_with_what_they_said() -> None:
    before = revision(1, item("a"), category="pos", deadline="2026-12-01")
    after = revision(2, item("a"), title="Vetrine d'inverno", deadline="2027-01-10", purpose="Fiera")
    assert compared(before, after).facts == [
        Change("Title", "text", "Vetrine", "Vetrine d'inverno"),
        Change("Category", "text", "pos", None),
        Change("Purpose", "prose", None, "Fiera"),
        Change("Needed by", "day", "2026-12-01", "2027-01-10"),
    ]


def test_items_are_added_removed_and_changed() -> None:
    moved = [{"destination": "MI-DUOMO", "quantity": "150"}]
    before = revision(1, item("a"), item("b"), item("c"))
    after = revision(2, item("d"), item("a", quantity="150", deliveries=moved), item("c"))
    found = compared(before, after).items
    assert [(each.state, each.item["item_id"]) for each in found] == [
        ("added", "d"),
        ("changed", "a"),
        ("removed", "b"),
    ]
    assert found[1].changes == [
        Change("Quantity", "quantity", "100", "150"),
        Change("Destinations", "deliveries", None, [("MI-DUOMO", "150")]),
    ]
    assert {change.before for change in found[0].changes} == {None}
    assert {change.after for change in found[2].changes} == {None}


def test_an_item_that_was_written_anew_is_the_same_if_it_reads_the_same() -> None:
    poster = {"description": "Manifesto"}
    before = revision(1, item("a", **poster), item("b", **poster), item("c"), price="4.10")
    after = revision(2, item("x", quantity="80", **poster), item("c"), item("y", kind="gadget"), price="4.10")
    found = compared(before, after).items
    assert [(each.state, each.item["item_id"]) for each in found] == [
        ("changed", "x"),
        ("added", "y"),
        ("removed", "b"),
    ]
    assert found[0].changes == [Change("Quantity", "quantity", "100", "80")]


@pytest.mark.parametrize(
    ("was", "now", "changes"),
    [("4.10", "5.20", ["Unit price", "Amount"]), ("", "5.20", []), ("4.10", "", []), ("", "", [])],
)
def test_prices_are_compared_where_both_are_told(was: str, now: str, changes: list[str]) -> None:
    comparison = compared(revision(1, item("a"), price=was), revision(2, item("a"), price=now))
    assert [change.text for each in comparison.items for change in each.changes] == changes
    assert [each.text for each in comparison.facts] == (["Total, VAT excluded"] if changes else [])
    assert comparison.one_priced == (bool(was) != bool(now))


def test_the_page_writes_it_as_people_do() -> None:
    files = [{"attachment_id": "x", "name": "vecchio.pdf"}], [{"attachment_id": "y", "name": "nuovo.pdf"}]
    before = revision(1, item("a"), price="4.10", attachments=files[0], form={"luce": True})
    after = revision(
        2,
        item("a", quantity="1500"),
        price="5.20",
        attachments=files[1],
        form={"luce": False, "potenza": 1200},
    )
    context = {
        "brief": {"id": "b", "number": "BR-1", "title": "Vetrine"},
        "submitted": {},
        "numbers": [(1, 1), (2, 2), (3, 3)],
        "comparison": compared(before, after),
        "kinds": {"totem": "Totem da terra"},
        "type": {"form": FORM},
    }
    call = SimpleNamespace(language="it", signed_in=None, path="/briefs/b/revisions")
    html = Templates().render("brief_revisions.html", {"call": call, "static": str, **context})
    for shown in (
        *(
            "Che cosa è cambiato",
            "Totem da terra · Totem a",
            "Modificato",
            "1.500",
            "4,10\N{NO-BREAK SPACE}€",
        ),
        *("Illuminato", "sì", "1.200 W", "vecchio.pdf", "nuovo.pdf", "tolto", "Dalla revisione"),
    ):
        assert shown in html
    assert "None" not in html
