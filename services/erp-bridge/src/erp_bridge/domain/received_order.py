"""An order that was born in an ERP, and what must be true of it before it is one here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal

from .documents import DocumentContent
from .entities import LINE_FIELDS, Entity
from .import_plan import RemoteRecord
from .mapping import EntityMapping, Fields
from .party import numbers_told
from .record import content_hash
from .texts import check_texts

RECEIVED: Final[Entity] = "received_order"
LINES: Final = "lines"
"""Where a remote record has its lines."""
DISAGREES: Final = "rows_disagree"
"""Where a remote record that came in rows has the name in which they don't say the same of it."""
CUSTOMER: Final = "customer"
"""Where a planned order has its customer as the ERP calls them."""
ORDERED_ON: Final = "ordered_on"
"""Where a planned order has the day on which the ERP says that it was made."""
ORDERED_IN: Final = "ordered_in"
"""Where a planned order has the year in which its number counts."""
MOST_LINES: Final = 200
CANCELLED: Final = frozenset(
    f"{begins}{ends}"
    for begins in ("annullat", "cancellat", "eliminat", "revocat", "stornat")
    for ends in "oaie"
) | {"cancelled", "canceled"}
"""How ERPs say of an order that it is not to be any more; every other state is none of ours."""
_WHEN: Final = ("order_year", "order_date")
_NOT_OF_ITS_CONTENT: Final = frozenset({"reference", "state", "amount", *_WHEN})

_QUANTITY: Final = re.compile(r"\d{1,9}(\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    remote_id: str
    heading: Fields
    lines: tuple[Fields, ...]
    problems: tuple[Refusal, ...]
    """What is wrong of it as it came."""
    is_cancelled: bool = False
    by_number: bool = False
    """Whether its number, and not an id, is how the ERP knows it."""
    year: str = ""
    """In which that number is one order's, where the ERP tells it."""
    number: str = ""
    """As it came, without its year: what the ERP calls it where nothing else has that name."""

    @property
    def code(self) -> str:
        """The ERP's number of it."""
        return self.heading.get("code") or ""

    @property
    def day(self) -> date | None:
        """On which the ERP says that it was ordered."""
        return date.fromisoformat(told) if (told := self.heading.get("order_date")) else None

    @property
    def customer(self) -> str:
        """As the ERP knows them."""
        return self.heading.get("customer") or ""

    @property
    def customer_numbers(self) -> list[str]:
        """Their Partita IVA and Codice Fiscale, as customers here have them."""
        return numbers_told(self.heading.get("customer_vat_number"), self.heading.get("customer_fiscal_code"))

    @property
    def content_hash(self) -> str:
        """Of what an order here is made of: whatever its state."""
        return content_hash(
            {"heading": _content(self.heading), "lines": [_content(each) for each in self.lines]}
        )

    @property
    def our_id(self) -> UUID | None:
        """Of an order that came from here, and comes back in an export of all that the ERP has."""
        try:
            return UUID(self.heading.get("reference") or "")
        except ValueError:
            return None

    @property
    def totals(self) -> DocumentContent | None:
        """What it comes to; None where it can't be told."""
        try:
            day = date.fromisoformat(self.heading.get("deadline") or "")
            quantities = [Decimal(each.get("quantity") or 0) for each in self.lines]
            amounts = [Decimal(amount) for each in self.lines if (amount := each.get("amount"))]
        except (ValueError, InvalidOperation):
            return None
        nothing = Decimal()
        return DocumentContent(
            number=self.code,
            day=day,
            quantity=nothing if self.is_cancelled else sum(quantities, nothing),
            amount=None if not amounts else nothing if self.is_cancelled else sum(amounts, nothing),
        )


def read_order(mapping: EntityMapping, record: RemoteRecord) -> ReceivedOrder:
    """The order in our fields, with all that is wrong of it."""
    own = LINE_FIELDS[RECEIVED]
    of_heading = EntityMapping({name: each for name, each in mapping.fields.items() if name not in own})
    of_lines = EntityMapping({name: each for name, each in mapping.fields.items() if name in own})
    code = str(record.values.get(mapping.fields["code"].remote) or "").strip()
    by_number = record.remote_id is None
    number = code[:64]
    try:
        heading = of_heading.read(record.values)
        lines = [of_lines.read(each) for each in record.values.get(LINES) or []]
    except Invalid as refusal:
        year = year_told(_when(mapping), record.values) if by_number else ""
        remote_id = record.remote_id or numbered(number, year)
        return ReceivedOrder(remote_id, {}, (), (refusal,), by_number=by_number, year=year, number=number)
    year = _year(heading) if by_number else ""
    remote_id = record.remote_id or numbered(number, year)
    problems: list[Refusal] = [
        Invalid("value_missing", field=name) for name in ("code", "customer") if not heading.get(name)
    ]
    problems += check_texts(heading)
    cancelled = _cancelled(mapping, heading, record)
    if len(cancelled) > 1:
        problems.append(
            Invalid("received_rows_disagree", field=mapping.fields["state"].remote, number=code[:64])
        )
    if column := record.values.get(DISAGREES):
        problems.append(Invalid("received_rows_disagree", field=str(column)[:100], number=code[:64]))
    if not _is_day(heading.get("deadline")):
        problems.append(Invalid("value_missing", field="deadline"))
    if not 1 <= len(lines) <= MOST_LINES:
        problems.append(Invalid("received_lines_count", field=LINES, most=MOST_LINES))
    for position, line in enumerate(lines, 1):
        problems += _check_line(line, position)
    return ReceivedOrder(
        remote_id, heading, tuple(lines), tuple(problems), cancelled == {True}, by_number, year, number
    )


def content_whenever(mapping: EntityMapping, record: RemoteRecord) -> str:
    """The content hash of an order, whatever its date says and however it is written."""
    fields = {name: each for name, each in mapping.fields.items() if name not in _WHEN}
    return read_order(EntityMapping(fields), record).content_hash


def numbered(code: str, year: str) -> str:
    """An order's number with the year in which it counts: many ERPs begin again each January."""
    return f"{code} ({year})" if code and year else code


def year_told(mapping: EntityMapping, values: Mapping[str, Any]) -> str:
    """In which year an order's number counts, as one row says it; empty where it does not, or can't be
    read."""
    try:
        return _year(mapping.read(values))
    except Invalid:
        return ""


def _when(mapping: EntityMapping) -> EntityMapping:
    return EntityMapping({name: mapping.fields[name] for name in _WHEN if name in mapping.fields})


def _year(heading: Fields) -> str:
    told = (heading.get("order_year") or "")[:16]
    if re.fullmatch(r"\d\d", told):
        return f"20{told}"
    return told or (heading.get("order_date") or "")[:4]


def _check_line(line: Fields, position: int) -> list[Refusal]:
    where = f"{LINES}.{position}"
    problems: list[Refusal] = [
        Invalid("value_missing", field=f"{where}.{name}")
        for name in ("kind", "description", "unit")
        if not line.get(name)
    ]
    quantity = line.get("quantity") or ""
    if "." in quantity:
        quantity = quantity.rstrip("0").removesuffix(".")
    line["quantity"] = quantity
    if not _QUANTITY.fullmatch(quantity) or not Decimal(quantity):
        problems.append(Invalid("quantity_wrong", field=f"{where}.quantity", text=quantity[:40]))
    return problems + [
        Invalid(each.code, field=f"{where}.{each.field}", **each.facts) for each in check_texts(line)
    ]


def _cancelled(mapping: EntityMapping, heading: Fields, record: RemoteRecord) -> set[bool]:
    """What its rows say of it, where each has a state; otherwise what it says itself."""
    of_state = EntityMapping({name: each for name, each in mapping.fields.items() if name == "state"})
    told = [of_state.read(each) for each in record.values.get(LINES) or []]
    states = [each["state"] for each in told if "state" in each] or [heading.get("state")]
    return {(state or "").strip(" .").casefold() in CANCELLED for state in states}


def _content(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in _NOT_OF_ITS_CONTENT}


def _is_day(text: str | None) -> bool:
    try:
        date.fromisoformat(text or "")
    except ValueError:
        return False
    return True
