"""Read prices pasted from a spreadsheet, each for the item that its row names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .amounts import plain_number
from .labels import N_
from .rendering import translations_of

_PRICE: Final = re.compile(r"[0-9]+(\.[0-9]+)?")
_NUMBER: Final = re.compile(r"([0-9]{1,4})\.?")
_CURRENCY: Final = re.compile(r"eur", re.IGNORECASE)
_NAMED: Final = 20
"""How many unreadable rows a message lists at most."""
_NOTHING: Final = N_("Nothing was pasted. Copy the cells in the spreadsheet and paste them here.")
_NO_PRICE: Final = N_("Row {row}: it has no price. Write one in the last column.")
_NOT_A_PRICE: Final = N_("Row {row}: “{typed}” is not a price. Write it like 1,234.50.")
_NO_ITEM: Final = N_("Row {row}: no item is called “{typed}”. Write its number in this list, or its kind.")
_SEVERAL: Final = N_("Row {row}: several items are called “{typed}”. Write the number of one of them.")
_TWICE: Final = N_("Row {row}: row {first} has a price of item {item} already. Keep one of the two.")
_COUNT: Final = N_(
    "Pasted rows: {rows}, items: {items}. Paste one row for each item, or write the item's number in a first "
    "column."
)
_OTHERS: Final = N_("Other rows that could not be read: {rows}.")


@dataclass(frozen=True, slots=True)
class ReadPrice:
    row: int
    typed: str
    """The price as it is written in the spreadsheet and in the form's field."""


@dataclass(slots=True)
class PastedPrices:
    """The result of reading pasted rows. Rows are counted from 1, as they were pasted."""

    prices: dict[str, ReadPrice] = field(default_factory=dict)
    """The prices by item id."""
    flaws: list[str] = field(default_factory=list)
    """Texts in the reader's language that say what could not be read and what to do about it."""
    left: list[str] = field(default_factory=list)
    """Numbers and descriptions of the items for which no row has a price."""


def prices_pasted(
    text: str, items: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], language: str
) -> PastedPrices:
    """Read pasted rows. `kinds` holds the names of kinds by key. If all rows have one cell, each is the price
    of the item at the same position. Otherwise a row's first cell names the item by number, kind or
    description, and its last filled cell is the price. A first row without a digit is a heading."""
    rows = [(number, _cells(line)) for number, line in enumerate(text.splitlines(), start=1)]
    if len(rows) > 1 and not any(character.isdigit() for cell in rows[0][1] for character in cell):
        del rows[0]
    reading = _Reading(items, kinds, language)
    if not any(any(cells) for _, cells in rows):
        reading.refuse(_NOTHING)
    elif all(len(cells) == 1 for _, cells in rows):
        reading.read_in_order([(number, cells[0]) for number, cells in rows])
    else:
        for number, cells in rows:
            if any(cells):
                reading.read_named(number, cells)
    return reading.result()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("\t" if "\t" in line else ";")]


class _Reading:
    def __init__(self, items: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], language: str) -> None:
        self._items = items
        self._language = language
        self._translate = translations_of(language).gettext
        self._pasted = PastedPrices()
        self._by_name: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            names = {item["kind"], kinds.get(item["kind"], item["kind"]), item["description"]}
            for name in {each.strip().casefold() for each in names}:
                self._by_name.setdefault(name, []).append(place)

    def refuse(self, text: str, **named: object) -> None:
        self._pasted.flaws.append(self._translate(text).format(**named))

    def read_in_order(self, rows: Sequence[tuple[int, str]]) -> None:
        if len(rows) != len(self._items):
            self.refuse(_COUNT, rows=len(rows), items=len(self._items))
            return
        for place, (number, cell) in enumerate(rows):
            if cell:
                self._read(number, place, cell)

    def read_named(self, row: int, cells: Sequence[str]) -> None:
        name, price = cells[0], next((cell for cell in reversed(cells[1:]) if cell), "")
        places = self._places(name)
        if len(places) != 1:
            self.refuse(_SEVERAL if places else _NO_ITEM, row=row, typed=name)
        elif not price:
            self.refuse(_NO_PRICE, row=row)
        else:
            self._read(row, places[0], price)

    def _places(self, name: str) -> Sequence[int]:
        number = _NUMBER.fullmatch(name)
        if number and 1 <= int(number[1]) <= len(self._items):
            return [int(number[1]) - 1]
        return self._by_name.get(name.casefold(), ())

    def _read(self, row: int, place: int, cell: str) -> None:
        item_id = str(self._items[place]["item_id"])
        typed = _CURRENCY.sub("", cell).replace("€", "").strip()
        if not _PRICE.fullmatch(plain_number(typed, self._language)):
            self.refuse(_NOT_A_PRICE, row=row, typed=cell)
        elif item_id in self._pasted.prices:
            first = self._pasted.prices[item_id].row
            self.refuse(_TWICE, row=row, first=first, item=place + 1)
        else:
            self._pasted.prices[item_id] = ReadPrice(row, typed)

    def result(self) -> PastedPrices:
        flaws = self._pasted.flaws
        if len(flaws) > _NAMED:
            others = self._translate(_OTHERS).format(rows=len(flaws) - _NAMED)
            self._pasted.flaws = [*flaws[:_NAMED], others]
        self._pasted.left = [
            f"{number}. {item['description']}"
            for number, item in enumerate(self._items, start=1)
            if str(item["item_id"]) not in self._pasted.prices
        ]
        return self._pasted
