"""An order that was created in an ERP, and the checks that it must pass before it becomes an order here."""

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
"""The key of the lines in a remote record's values."""
DISAGREES: Final = "rows_disagree"
"""The key, in the values of a record that came as several rows, of the first column in which they differ."""
CUSTOMER: Final = "customer"
"""The key, in a planned order's values, of the ERP's code for the customer."""
ORDERED_ON: Final = "ordered_on"
"""The key, in a planned order's values, of the day on which it was made according to the ERP."""
ORDERED_IN: Final = "ordered_in"
"""The key, in a planned order's values, of the year to which its number belongs."""
MOST_LINES: Final = 200
CANCELLED: Final = frozenset(
    f"{begins}{ends}"
    for begins in ("annullat", "cancellat", "eliminat", "revocat", "stornat")
    for ends in "oaie"
) | {"cancelled", "canceled"}
"""The words by which ERPs say that an order is cancelled. All other states are ignored."""
_WHEN: Final = ("order_year", "order_date")
_NOT_OF_ITS_CONTENT: Final = frozenset({"reference", "state", "amount", *_WHEN})

_QUANTITY: Final = re.compile(r"\d{1,9}(\.\d{1,3})?")


@dataclass(frozen=True, slots=True)
class ReceivedOrder:
    remote_id: str
    heading: Fields
    lines: tuple[Fields, ...]
    problems: tuple[Refusal, ...]
    """Everything that is wrong with the order as it came."""
    is_cancelled: bool = False
    by_number: bool = False
    """Whether the ERP identifies the order by its number instead of an id."""
    year: str = ""
    """The year within which the number is unique; empty if the ERP does not state it."""
    number: str = ""
    """The order's number as it came, without the year."""

    @property
    def code(self) -> str:
        """The ERP's number of the order."""
        return self.heading.get("code") or ""

    @property
    def day(self) -> date | None:
        """The day on which the order was made, according to the ERP."""
        return date.fromisoformat(told) if (told := self.heading.get("order_date")) else None

    @property
    def customer(self) -> str:
        """The code by which the ERP knows the customer."""
        return self.heading.get("customer") or ""

    @property
    def customer_numbers(self) -> list[str]:
        """The customer's Partita IVA and Codice Fiscale, in the forms that customers' numbers have here."""
        return numbers_told(self.heading.get("customer_vat_number"), self.heading.get("customer_fiscal_code"))

    @property
    def content_hash(self) -> str:
        """Hash of everything from which an order here is made; the order's state does not count."""
        return content_hash(
            {"heading": _content(self.heading), "lines": [_content(each) for each in self.lines]}
        )

    @property
    def our_id(self) -> UUID | None:
        """Our id of an order that we sent to the ERP and that comes back in a complete export; otherwise
        None."""
        try:
            return UUID(self.heading.get("reference") or "")
        except ValueError:
            return None

    @property
    def totals(self) -> DocumentContent | None:
        """The order's totals, or None if they can't be computed."""
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
    """Read the order in our fields, with everything that is wrong with it."""
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
    """Return the order's content hash without its date and year, so that an unreadable date does not
    matter."""
    fields = {name: each for name, each in mapping.fields.items() if name not in _WHEN}
    return read_order(EntityMapping(fields), record).content_hash


def numbered(code: str, year: str) -> str:
    """Return an order's number with its year: many ERPs start numbering again each January."""
    return f"{code} ({year})" if code and year else code


def year_told(mapping: EntityMapping, values: Mapping[str, Any]) -> str:
    """Return the year to which an order's number belongs according to one row, or an empty text if the row
    does not state it readably."""
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
    """Return whether the order is cancelled, as a set of all answers: one for each row that has a state, or
    the heading's if none has. Two different answers mean that the rows disagree."""
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
