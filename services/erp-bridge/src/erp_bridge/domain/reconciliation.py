"""What is there and what is here, compared record by record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from .documents import DocumentContent
from .entities import Entity

FEW: Final = 10
MOST_MISSING: Final = 0.2
"""Share of the links that may be taken for deleted at once: more is rather a scan that saw too little."""

DifferenceKind = Literal["missing_here", "missing_there", "differing"]
"""missing_here: no link knows the ERP's record. missing_there: a scan that went to its end has not seen the
linked record. differing: the ERP's record is not what last came in."""


@dataclass(frozen=True, slots=True)
class Difference:
    kind: DifferenceKind
    remote_id: str
    code: str | None = None
    """As people in the ERP know the record, where the ERP has told it."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """What both sides come to. `there` is the ERP's, `linked` ours."""

    period: str
    """The month, as 2026-11; empty: all records, which have no day."""
    there: int
    linked: int
    there_quantity: Decimal | None = None
    linked_quantity: Decimal | None = None
    there_amount: Decimal | None = None
    """Without VAT, here and below."""
    linked_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """How many records agree; the differences are kept beside it."""

    reconciliation_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity
    found_at: datetime
    there: int
    linked: int
    """Of the links as they were before the scan began."""
    missing_here: int
    missing_there: int
    differing: int
    deleted: int
    tells_deletions: bool
    """Whether what is missing there can be known to be deleted."""
    totals: tuple[Total, ...] = ()
    """By period."""

    @property
    def may_delete(self) -> bool:
        """Whether what is missing there can be marked as deleted here, and was not yet."""
        return (
            self.tells_deletions
            and bool(self.missing_there)
            and not too_many_missing(self.missing_there, self.linked)
            and not self.deleted
        )


@dataclass(slots=True)
class Comparison:
    """A scan that is under way."""

    linked: Mapping[str, str | None]
    """Content hash by remote id, of the links as they were before the scan began."""
    there: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)
    """By remote id."""
    _seen: set[str] = field(default_factory=set)

    def see(self, remote_id: str, content_hash: str, *, code: str | None, name: str | None) -> None:
        self.there += 1
        self._seen.add(remote_id)
        if remote_id not in self.linked:
            self.differences[remote_id] = Difference("missing_here", remote_id, code, name)
        elif self.linked[remote_id] != content_hash:
            self.differences[remote_id] = Difference("differing", remote_id, code, name)

    @property
    def missing_there(self) -> list[str]:
        return sorted(self.linked.keys() - self._seen)

    def all_differences(self) -> list[Difference]:
        """To be asked for when the scan has gone to its end."""
        return [
            *self.differences.values(),
            *(Difference("missing_there", each) for each in self.missing_there),
        ]


@dataclass(slots=True)
class DocumentComparison:
    """A scan of documents that were written to the ERP, while it is under way."""

    linked: Mapping[str, DocumentContent]
    """By remote id."""
    seen: dict[str, DocumentContent] = field(default_factory=dict)

    @property
    def expected(self) -> Mapping[str, DocumentContent]:
        """Those of `linked` that are there, or should be."""
        return {
            remote_id: each
            for remote_id, each in self.linked.items()
            if remote_id in self.seen or not each.is_nothing
        }

    def all_differences(self) -> list[Difference]:
        """To be asked for when the scan has gone to its end."""
        found = []
        for remote_id, there in self.seen.items():
            here = self.linked.get(remote_id)
            if here is None:
                found.append(Difference("missing_here", remote_id, name=there.number))
            elif there.differs_from(here):
                found.append(Difference("differing", remote_id, name=here.number))
        return [
            *found,
            *(
                Difference("missing_there", each, name=self.linked[each].number)
                for each in sorted(self.expected.keys() - self.seen.keys())
            ),
        ]

    def totals(self) -> tuple[Total, ...]:
        """By month. A document that both have counts in the month in which it is here."""
        there: dict[str, list[DocumentContent]] = {}
        here: dict[str, list[DocumentContent]] = {}
        for remote_id, each in self.seen.items():
            there.setdefault(_month(self.linked.get(remote_id, each)), []).append(each)
        for each in self.expected.values():
            here.setdefault(_month(each), []).append(each)
        return tuple(
            Total(
                period,
                len(there.get(period, ())),
                len(here.get(period, ())),
                _quantity(there.get(period, ())),
                _quantity(here.get(period, ())),
                _amount(there.get(period, ())),
                _amount(here.get(period, ())),
            )
            for period in sorted(there.keys() | here.keys())
        )


def _month(content: DocumentContent) -> str:
    return f"{content.day:%Y-%m}"


def _quantity(contents: Iterable[DocumentContent]) -> Decimal:
    return sum((each.quantity for each in contents), Decimal())


def _amount(contents: Iterable[DocumentContent]) -> Decimal | None:
    amounts = [each.amount for each in contents if each.amount is not None]
    return sum(amounts, Decimal()) if amounts else None


def too_many_missing(missing: int, linked: int) -> bool:
    """All of several are too many as well: who sees nothing looks in the wrong place."""
    return missing == linked > 1 or missing > max(FEW, MOST_MISSING * linked)
