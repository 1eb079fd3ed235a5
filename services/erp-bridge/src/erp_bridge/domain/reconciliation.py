"""Compare an ERP's records ("there") with those that are linked here, record by record."""

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
"""The largest share of the links that may be taken as deleted at once. If more are missing, the scan more
likely saw too little."""

DifferenceKind = Literal["missing_here", "missing_there", "differing"]
"""missing_here: no link has the ERP's record. missing_there: a complete scan has not found the linked record.
differing: the ERP's record has changed since it was last imported or, for a document that we wrote, differs
from ours."""


@dataclass(frozen=True, slots=True)
class Difference:
    kind: DifferenceKind
    remote_id: str
    code: str | None = None
    """The ERP's code of the record, if the ERP states one."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Totals of both sides: `there` is the ERP's, `linked` is ours."""

    period: str
    """The month, as 2026-11; empty if the records have no day and are counted together."""
    there: int
    linked: int
    there_quantity: Decimal | None = None
    linked_quantity: Decimal | None = None
    there_amount: Decimal | None = None
    """Amount without VAT, as `linked_amount`."""
    linked_amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The result of a comparison, in numbers of records. Its differences are stored separately."""

    reconciliation_id: UUID
    connection_id: UUID
    connection_key: str
    entity: Entity
    found_at: datetime
    there: int
    linked: int
    """Number of links before the scan began."""
    missing_here: int
    missing_there: int
    differing: int
    deleted: int
    tells_deletions: bool
    """Whether the connector can detect deletions, so that records missing there may count as deleted."""
    totals: tuple[Total, ...] = ()
    """The totals by period."""

    @property
    def may_delete(self) -> bool:
        """Whether records that are missing there can be marked as deleted here and were not marked yet."""
        return (
            self.tells_deletions
            and bool(self.missing_there)
            and not too_many_missing(self.missing_there, self.linked)
            and not self.deleted
        )


@dataclass(slots=True)
class Comparison:
    """A scan of records that is under way."""

    linked: Mapping[str, str | None]
    """Content hash by remote id of the links before the scan began."""
    there: int = 0
    differences: dict[str, Difference] = field(default_factory=dict)
    """The differences found so far, by remote id."""
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
        """Return all differences, after the scan is complete."""
        return [
            *self.differences.values(),
            *(Difference("missing_there", each) for each in self.missing_there),
        ]


@dataclass(slots=True)
class DocumentComparison:
    """A scan of documents that were written to the ERP, while it is under way."""

    linked: Mapping[str, DocumentContent]
    """Our documents by remote id."""
    seen: dict[str, DocumentContent] = field(default_factory=dict)

    @property
    def expected(self) -> Mapping[str, DocumentContent]:
        """Documents of `linked` that the ERP has or should have; it may have deleted cancelled ones."""
        return {
            remote_id: each
            for remote_id, each in self.linked.items()
            if remote_id in self.seen or not each.is_nothing
        }

    def all_differences(self) -> list[Difference]:
        """Return all differences, after the scan is complete."""
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
        """Return totals by month. A document that both sides have counts in the month that it has here."""
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
    """Tell whether more records are missing than is plausible: more than `FEW` and `MOST_MISSING`, or all of
    several, because a scan that finds nothing has probably looked in the wrong place."""
    return missing == linked > 1 or missing > max(FEW, MOST_MISSING * linked)
