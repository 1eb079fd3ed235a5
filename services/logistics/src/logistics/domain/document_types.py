"""Document types: what a transport means for the law, for the warehouse and for the order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal

from optima_kit.refusals import Invalid, Refusal, WrongState

Direction = Literal["out", "internal", "in"]
Counterparty = Literal["customer", "supplier", "own_warehouse"]


class GoodsGoTo(StrEnum):
    """Where goods are once they are delivered."""

    RECIPIENT = "recipient"
    """They belong to the recipient and are no longer our stock."""
    THIRD_PARTY = "third_party"
    """They are at somebody else's place and still ours."""
    WAREHOUSE = "warehouse"
    """They are in another warehouse of ours."""


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A type of transport document. It prints a causale, because goods that travel without one are presumed
    sold (DPR 441/1997)."""

    code: str
    text: str
    """Causale del trasporto, as printed."""
    direction: Direction = "out"
    counterparty: Counterparty = "customer"
    """Whether a customer, a supplier or a warehouse of ours is at the other end."""
    ownership_passes: bool = True
    to_be_invoiced: bool = False
    closes_order_line: bool = True
    """Whether the goods of an order count as delivered under this document."""
    return_days: int | None = None
    """The number of days within which the goods are expected back; None if they are not."""
    series: str | None = None
    """The series in which its documents are numbered; None lets the person who issues choose."""
    valid_from: date | None = None
    """The first day on which this type may be used; None means no limit. The same goes for `valid_until`, the
    last."""
    valid_until: date | None = None
    version: int = 0
    """0 for a type that comes with the product and that the tenant has not changed."""

    @property
    def goods_go_to(self) -> GoodsGoTo:
        if self.counterparty == "own_warehouse":
            return GoodsGoTo.WAREHOUSE
        return GoodsGoTo.RECIPIENT if self.ownership_passes else GoodsGoTo.THIRD_PARTY


def contradictions(kind: DocumentType) -> Iterable[Refusal]:
    """Yield a refusal for each pair of settings that exclude each other, naming the field to correct."""
    if (kind.direction == "internal") != (kind.counterparty == "own_warehouse"):
        yield Invalid("document_type_internal", field="counterparty")
    if kind.direction == "internal" and kind.ownership_passes:
        yield Invalid("document_type_ownership", field="ownership_passes")
    if kind.to_be_invoiced and not (
        kind.direction == "out" and kind.counterparty == "customer" and kind.ownership_passes
    ):
        yield Invalid("document_type_invoiced", field="to_be_invoiced")
    if kind.closes_order_line and not (kind.direction == "out" and kind.counterparty == "customer"):
        yield Invalid("document_type_closing", field="closes_order_line")
    if kind.return_days is not None and (
        kind.ownership_passes or kind.closes_order_line or kind.direction != "out"
    ):
        yield Invalid("document_type_return", field="return_days")
    if kind.valid_from and kind.valid_until and kind.valid_until < kind.valid_from:
        yield Invalid("document_type_validity", field="valid_until")


def must_be_in_force(kind: DocumentType | None, on: date) -> None:
    """Refuse a type that may not be used on the day `on` of a document. Raises WrongState."""
    if kind is None:
        return
    if (kind.valid_from and on < kind.valid_from) or (kind.valid_until and on > kind.valid_until):
        raise WrongState("document_type_not_in_force", field="document_type", text=kind.text, day=on)


def same_effect(one: DocumentType, other: DocumentType) -> bool:
    """Tell whether two types move goods and close order lines alike, which shipments that name them rely
    on."""
    return (one.direction, one.goods_go_to, one.closes_order_line) == (
        other.direction,
        other.goods_go_to,
        other.closes_order_line,
    )


def return_by(kind: DocumentType | None, issue_date: date) -> date | None:
    """Return the day by which goods that leave under a document of that date are expected back, or None."""
    return issue_date + timedelta(days=kind.return_days) if kind and kind.return_days else None


def series_for(kind: DocumentType | None, asked: str | None) -> str:
    """Return the series in which a document is numbered; empty is the ordinary one. Raises Invalid if the
    type's own series is another than the one asked for."""
    fixed = kind.series if kind else None
    if fixed and asked and asked != fixed:
        raise Invalid("series_of_document_type", field="series", series=fixed)
    return asked or fixed or ""
