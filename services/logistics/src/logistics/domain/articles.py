"""Articles: goods that are kept in stock without an order, as the tenant's own or for somebody else."""

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
"""The largest quantity of one article at once, in its own unit."""


@dataclass(frozen=True, slots=True)
class Article:
    article_id: UUID
    """Also identifies its goods in the ledger."""
    code: str
    description: str
    unit: str
    """The unit in which its stock is counted."""
    description_en: str | None = None
    conversions: Mapping[str, Decimal] = field(default_factory=dict)
    """How much of the article's own unit one of each other unit holds."""
    barcode: str | None = None
    weight_kg: Decimal | None = None
    """The net weight of one of its own unit."""
    customer_code: str | None = None
    """The code that its owner or buyer uses."""
    owner: str | None = None
    """The destination code of the owner; None if the goods are the tenant's own."""
    tracked_by_lot: bool = False
    """Whether its goods are received, stored and shipped by lot."""
    version: int = 0

    @property
    def kept_for(self) -> str:
        """The owner whose account its goods are in; empty for the tenant."""
        return self.owner or ""

    def in_own_unit(self, quantity: Decimal, unit: str | None, *, field: str) -> Decimal:
        """Convert a quantity into the article's own unit; a `unit` of None is that unit. Raises Invalid if
        the article does not know the unit, or if the result is finer than stock is counted or greater than
        `MOST`."""
        if unit is None or unit == self.unit:
            return quantity
        if unit not in self.conversions:
            if unit.casefold() == self.unit.casefold():
                return quantity
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
    """A quantity of an article, as a client names it."""

    code: str
    quantity: Decimal
    unit: str | None = None
    """None for the article's own unit."""
    location: str | None = None
    """Where received goods are put. Location, lot and expiry are those on the package."""
    lot: str = ""
    expires_on: date | None = None


def contradictions(article: Article, known: Article | None = None) -> Iterable[Refusal]:
    """Yield a refusal for each impossible value of an article, naming the field to correct. `known` is the
    article as it is stored."""
    if article.unit in article.conversions:
        yield Invalid("conversion_of_own_unit", field="conversions", unit=article.unit)
    yield from _units_that_differ_by_case(article, known)
    if article.barcode is not None and not _genuine(article.barcode):
        yield Invalid("barcode_check_digit", field="barcode")


def _units_that_differ_by_case(article: Article, known: Article | None) -> Iterable[Refusal]:
    """Yield a refusal for each conversion whose unit an ERP's line may mean or not: a line of 5 M could be
    meant as 5 m or as five thousand. Units that are stored side by side already may stay as they are, and of
    two units the one that is not stored so is to be renamed."""
    stored = {known.unit, *_unchanged(known, article)} if known else set()
    before = known.conversions if known else {}
    named = {article.unit.casefold(): article.unit}
    for unit in sorted(article.conversions, key=lambda unit: (unit not in stored, unit not in before)):
        other = named.setdefault(unit.casefold(), unit)
        if other != unit and not stored >= {unit, other}:
            yield Invalid("conversion_differs_by_case", field="conversions", unit=unit, other=other)


def _unchanged(known: Article, article: Article) -> Iterable[str]:
    return (unit for unit, holds in article.conversions.items() if known.conversions.get(unit) == holds)


def changes_of_goods(known: Article, article: Article) -> Iterable[Refusal]:
    """Yield a refusal for each change to what the article's stock relies on and what can therefore never
    change."""
    if article.unit != known.unit:
        yield Invalid("article_unit_fixed", field="unit", unit=known.unit)
    if article.owner != known.owner:
        yield Invalid("article_owner_fixed", field="owner")


def of_one_owner(articles: Sequence[Article]) -> str:
    """Return the owner of the account in which all these articles are kept. Raises Invalid if owners differ:
    goods of several owners travel under separate documents."""
    owner = articles[0].kept_for
    for index, article in enumerate(articles):
        if article.kept_for != owner:
            raise Invalid("owners_differ", field=f"lines[{index}].article", article=article.code)
    return owner


def _genuine(barcode: str) -> bool:
    """Tell whether a barcode is valid: a GTIN (GS1) ends with its check digit; other codes have none."""
    if not (barcode.isascii() and barcode.isdigit()) or len(barcode) not in GTIN_LENGTHS:
        return True
    return barcode[-1] == check_digit(barcode[:-1])
