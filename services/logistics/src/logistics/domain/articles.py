"""Articles: what is kept in stock, of the tenant's own or for somebody else, without an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import Invalid, Refusal

from .gs1 import check_digit

GTIN_LENGTHS: Final = frozenset({8, 12, 13, 14})

MOST: Final = Decimal(999_999_999)
"""Of one article at once, in its own unit."""


@dataclass(frozen=True, slots=True)
class Article:
    article_id: UUID
    """Of its goods in the ledger, too."""
    code: str
    description: str
    unit: str
    """In which its stock is counted."""
    description_en: str | None = None
    conversions: Mapping[str, Decimal] = field(default_factory=dict)
    """How much of its own unit each other unit holds."""
    barcode: str | None = None
    weight_kg: Decimal | None = None
    """Net, of one of its own unit."""
    customer_code: str | None = None
    """What its owner or buyer calls it."""
    owner: str | None = None
    """Code of the destination of whoever it belongs to; None of the tenant's own."""
    tracked_by_lot: bool = False
    """Whether its goods come, lie and leave by lots."""
    version: int = 0

    @property
    def kept_for(self) -> str:
        """Whose account its goods are in; empty is the tenant's own."""
        return self.owner or ""

    def in_own_unit(self, quantity: Decimal, unit: str | None, *, field: str) -> Decimal:
        """`unit` is its own when None. Raises Invalid for one that it does not know, and for a quantity finer
        than stock is counted, or greater than any is."""
        if unit is None or unit == self.unit:
            return quantity
        if unit not in self.conversions:
            known = ", ".join([self.unit, *self.conversions])
            raise Invalid("unit_unknown", field=f"{field}.unit", unit=unit, article=self.code, known=known)
        converted = quantity * self.conversions[unit]
        if converted != round(converted, 3):
            raise Invalid("quantity_too_fine", field=f"{field}.quantity", unit=self.unit)
        if converted > MOST:
            raise Invalid("quantity_too_great", field=f"{field}.quantity", unit=self.unit, most=MOST)
        return converted


@dataclass(frozen=True, slots=True)
class ArticleQuantity:
    """So much of an article, as a client names it."""

    code: str
    quantity: Decimal
    unit: str | None = None
    """Its article's own when None."""
    location: str | None = None
    """Where it is put, of what is received; with lot and expiry, as its package says."""
    lot: str = ""
    expires_on: date | None = None


def contradictions(article: Article) -> Iterable[Refusal]:
    """What of an article can't be, each with the field to be mended."""
    if article.unit in article.conversions:
        yield Invalid("conversion_of_own_unit", field="conversions", unit=article.unit)
    if article.barcode is not None and not _genuine(article.barcode):
        yield Invalid("barcode_check_digit", field="barcode")


def changes_of_goods(known: Article, article: Article) -> Iterable[Refusal]:
    """What of an article its stock relies on, and what is therefore for good."""
    if article.unit != known.unit:
        yield Invalid("article_unit_fixed", field="unit", unit=known.unit)
    if article.owner != known.owner:
        yield Invalid("article_owner_fixed", field="owner")


def of_one_owner(articles: Sequence[Article]) -> str:
    """Whose account they are kept in: goods of several owners travel under documents of their own."""
    owner = articles[0].kept_for
    for index, article in enumerate(articles):
        if article.kept_for != owner:
            raise Invalid("owners_differ", field=f"lines[{index}].article", article=article.code)
    return owner


def _genuine(barcode: str) -> bool:
    """A GTIN (GS1) ends with its check digit; any other code has none."""
    if not (barcode.isascii() and barcode.isdigit()) or len(barcode) not in GTIN_LENGTHS:
        return True
    return barcode[-1] == check_digit(barcode[:-1])
