"""Look up the content of shipments' papers: documents, pick lists, packing lists, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid

from ...domain.ddt import Document, Sender
from ...domain.document_types import GoodsGoTo
from ...domain.lookups import Destination, Warehouse
from ...domain.parties import Party
from ...domain.places import Pick
from ...domain.shipments import MOST_LABELS, State
from ..ports import Ports, ShipmentRow
from .access import actions_on_lookup
from .shipments import picks_of
from .views import Gs1PrefixView


@dataclass(frozen=True, slots=True)
class Printable:
    """A shipment together with the content of its papers."""

    row: ShipmentRow
    sender: Sender | None
    document: Document | None
    """The transport document, once it is issued."""
    numbers: Sequence[str]
    """The numbers of its packages (SSCC)."""
    picks: Sequence[Pick] = ()
    """The locations and lots that its goods come from, if its pick list is requested."""

    @property
    def voided_because(self) -> str | None:
        shipment = self.row.shipment
        return shipment.ended_because if shipment.state is State.VOIDED else None

    def packages_of(self, packages: range) -> range:
        """Return those of `packages` that the shipment has."""
        return range(packages.start, min(packages.stop, (self.row.shipment.transport.packages or 0) + 1))

    @property
    def departure(self) -> Party | None:
        warehouse = self.row.lookups.get(Warehouse, self.row.shipment.warehouse)
        return warehouse.address if warehouse else None

    @property
    def delivery_address(self) -> Party | None:
        code = self.row.shipment.destination
        to_warehouse = self.row.shipment.goods_go_to is GoodsGoTo.WAREHOUSE
        found = self.row.lookups.get(Warehouse if to_warehouse else Destination, code)
        return found.address if isinstance(found, Warehouse | Destination) else None


async def read_printable(ports: Ports, shipment_ids: Sequence[UUID]) -> list[Printable]:
    """Return the shipments in the order of the ids. Raises Invalid if one is missing."""
    rows = await ports.shipments.list_named(shipment_ids)
    if len(rows) < len(set(shipment_ids)):
        raise Invalid("shipment_absent", field="shipment_id")
    documents = await ports.ddts.list_documents([row.shipment.document_id for row in rows])
    numbers = await ports.packages.list_numbers([row.first_id for row in rows])
    sender, _ = await ports.lookups.find_with_sender([])
    return [
        Printable(row, sender, documents.get(row.shipment.document_id), numbers.get(row.first_id, []))
        for row in rows
    ]


async def with_picks(ports: Ports, printables: Sequence[Printable]) -> list[Printable]:
    return [replace(each, picks=await picks_of(ports, each.row)) for each in printables]


def once_together(printables: Sequence[Printable]) -> list[Printable]:
    """Keep one of the shipments that travel together, because they share their document and packages."""
    return list({each.row.first_id: each for each in reversed(printables)}.values())[::-1]


def must_have_documents(printables: Sequence[Printable]) -> None:
    if any(each.document is None for each in printables):
        raise Invalid("ddt_not_issued", field="shipment_id")


def must_have_packages(printables: Sequence[Printable]) -> None:
    if any(each.row.shipment.transport.packages is None for each in printables):
        raise Invalid("packages_missing", field="shipment_id")


def must_fit_in_one_pdf(printables: Sequence[Printable], packages: range) -> None:
    """Raise Invalid for more labels than fit, or for none. `packages` are the wanted packages of each
    shipment."""
    labels = sum(len(each.packages_of(packages)) for each in printables)
    if not labels:
        raise Invalid("packages_out_of_range", field="first_package")
    if labels > MOST_LABELS:
        raise Invalid("labels_too_many", field="last_package", most=MOST_LABELS)


async def read_prefix(ports: Ports, actor: Actor) -> Gs1PrefixView:
    return Gs1PrefixView(prefix=await ports.packages.find_prefix(), actions=actions_on_lookup(actor))
