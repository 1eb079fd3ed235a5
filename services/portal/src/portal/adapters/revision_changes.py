"""Compare two revisions of a brief, as far as the reader may see both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .labels import N_

Revision = Mapping[str, Any]
Kind = Literal["text", "prose", "day", "money", "quantity", "kind", "deliveries"]
"""How a value is shown."""

_FACTS: Final[Sequence[tuple[str, str, Kind]]] = (
    ("title", N_("Title"), "text"),
    ("category", N_("Category"), "text"),
    ("purpose", N_("Purpose"), "prose"),
    ("budget", N_("Budget"), "money"),
    ("deadline", N_("Needed by"), "day"),
    ("cost_centre", N_("Cost centre"), "text"),
    ("customer", N_("Customer"), "text"),
)
_OF_AN_ITEM: Final[Sequence[tuple[str, str, Kind]]] = (
    ("kind", N_("Kind"), "kind"),
    ("description", N_("Description"), "text"),
    ("quantity", N_("Quantity"), "quantity"),
    ("unit", N_("Unit of measure"), "text"),
    ("deliveries", N_("Destinations"), "deliveries"),
    ("unit_price", N_("Unit price"), "money"),
    ("amount", N_("Amount"), "money"),
)


@dataclass(frozen=True, slots=True)
class Change:
    text: str
    """What changed, in English; the template translates it."""
    kind: Kind
    before: Any
    after: Any
    """The new value; None if there is none."""


@dataclass(frozen=True, slots=True)
class ItemChange:
    state: Literal["added", "removed", "changed"]
    item: Mapping[str, Any]
    """The item in the later revision or, if it was removed, in the earlier one."""
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Comparison:
    before: Revision
    after: Revision
    facts: Sequence[Change]
    answers: Sequence[str]
    """Fields of the type's form whose answers differ."""
    items: Sequence[ItemChange]
    files_added: Sequence[str]
    files_removed: Sequence[str]
    one_priced: bool
    """Whether the reader sees the prices of only one of the two revisions."""

    @property
    def empty(self) -> bool:
        return not (self.facts or self.answers or self.items or self.files_added or self.files_removed)


def compared(before: Revision, after: Revision) -> Comparison:
    """Compare two revisions. Prices are compared only if the reader sees those of both."""
    facts = _changes(before, after, _FACTS)
    priced = ["prices" in each for each in (before, after)]
    if all(priced) and before["prices"]["total"] != after["prices"]["total"]:
        totals = [each["prices"]["total"] for each in (before, after)]
        facts.append(Change(N_("Total, VAT excluded"), "money", *totals))
    answers = [before.get("form", {}), after.get("form", {})]
    return Comparison(
        before,
        after,
        facts,
        [key for key in {**answers[1], **answers[0]} if answers[0].get(key) != answers[1].get(key)],
        _item_changes(*(_items(each, priced=all(priced)) for each in (before, after))),
        _files_but_in(before, after),
        _files_but_in(after, before),
        one_priced=any(priced) and not all(priced),
    )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], fields: Sequence[tuple[str, str, Kind]]
) -> list[Change]:
    """Return the fields that differ. An empty text and a missing one count as equal."""
    found = ((text, kind, before.get(key) or None, after.get(key) or None) for key, text, kind in fields)
    return [Change(text, kind, was, now) for text, kind, was, now in found if was != now]


def _items(revision: Revision, *, priced: bool) -> dict[str, dict[str, Any]]:
    """Return the revision's items by id, with prices if those are compared."""
    items: dict[str, dict[str, Any]] = {
        item["item_id"]: {
            **item,
            "deliveries": [(each["destination"], each["quantity"]) for each in item.get("deliveries", ())],
        }
        for item in revision["items"]
    }
    for line in revision["prices"]["lines"] if priced else ():
        items[line["item_id"]] |= {key: line[key] for key in ("unit_price", "amount")}
    return items


def _item_changes(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Sequence[ItemChange]:
    """Return the changes of items in the order of the later revision; removed items come last."""
    before = _under_the_ids_of(after, before)
    found = []
    for item_id, now in after.items():
        changes = _changes(before.get(item_id, {}), now, _OF_AN_ITEM)
        if changes:
            found.append(ItemChange("changed" if item_id in before else "added", now, changes))
    for item_id, was in before.items():
        if item_id not in after:
            found.append(ItemChange("removed", was, _changes(was, {}, _OF_AN_ITEM)))
    return found


def _under_the_ids_of(
    after: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the earlier items under the ids of the later ones. An item that was typed again has a new id; it
    counts as the same if its kind and description are equal."""
    found = dict(before)
    for item_id, now in after.items():
        if item_id not in found:
            alike = (each for each, was in found.items() if each not in after and _same(was, now))
            if (known := next(alike, None)) is not None:
                found[item_id] = found.pop(known)
    return found


def _same(item: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(item.get(key) == other.get(key) for key in ("kind", "description"))


def _files_but_in(other: Revision, revision: Revision) -> list[str]:
    """Return the names of the revision's files that the other one lacks."""
    known = {file["attachment_id"] for file in other.get("attachments", ())}
    return [file["name"] for file in revision.get("attachments", ()) if file["attachment_id"] not in known]
