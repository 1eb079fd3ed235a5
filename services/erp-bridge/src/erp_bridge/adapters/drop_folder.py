"""The drop-folder connector: tables in files, as CSV or spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Final

from ..application.ports import Endpoint
from ..domain.connection import Description, Setting
from ..domain.documents import DocumentContent, OutgoingDocument
from ..domain.entities import Entity
from ..domain.mapping import EntityMapping
from ..domain.received_order import RECEIVED, read_order, year_told
from .capabilities import read_from_files, written_to_files
from .folder import FolderConnector, FolderSession, RecordFile
from .tables import Orders, Table, csv_bytes

DESCRIPTION: Final = Description(
    key="drop-folder",
    name="Cartella di scambio (CSV, XLSX)",
    proven="live",
    settings=(Setting("folder", exclusive=True),),
    capabilities=(
        read_from_files("customer", "vat_number", "fiscal_code"),
        read_from_files("supplier", "vat_number", "fiscal_code"),
        read_from_files("agent"),
        read_from_files("product"),
        read_from_files("bank"),
        read_from_files("payment_term"),
        read_from_files("vat_rate"),
        read_from_files("transport_reason"),
        read_from_files("destination"),
        read_from_files("received_order"),
        read_from_files("ddt_invoice"),
        written_to_files(
            "order", "create", "change", "cancel", cannot_carry=("deliveries",), lists_written=True
        ),
        written_to_files("ddt", "create", "change", "cancel", cannot_carry=("sender", "carrier address")),
    ),
)


class _Tables:
    """Implements `folder.FileFormat`."""

    incoming: Mapping[Entity, str] = {
        "customer": "clienti",
        "supplier": "fornitori",
        "agent": "agenti",
        "product": "articoli",
        "bank": "banche",
        "payment_term": "pagamenti",
        "vat_rate": "iva",
        "transport_reason": "causali",
        "destination": "destinazioni",
        "received_order": "ordini",
        "ddt_invoice": "fatture",
    }
    endings: str = "csv|txt|xlsx|xls|ods"
    ending: str = "csv"
    cancels: bool = True

    def read(self, entity: Entity, content: bytes, mapping: EntityMapping) -> RecordFile:
        table = Table(content, mapping.columns())
        if entity != RECEIVED:
            return table
        # Dates and texts may differ between an order's lines, but all lines must name the same customer.
        whose = [each.remote for name, each in mapping.fields.items() if name.startswith("customer")]
        when = {name: mapping.fields[name] for name in ("order_year", "order_date") if name in mapping.fields}
        counts_in = EntityMapping(when)
        return Orders(
            table,
            mapping.fields["code"].remote,
            whose,
            [each.remote for each in when.values()],
            lambda values: year_told(counts_in, values),
        )

    def write(self, document: OutgoingDocument, before: bytes | None) -> bytes:
        # A flat file repeats the heading on each line.
        return csv_bytes(document.columns, [{**document.heading, **line} for line in document.lines])


class DropFolder(FolderConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "drop_folder.yaml"
    file_format = _Tables()

    def _session(self, endpoint: Endpoint) -> DropFolderSession:
        mapping = endpoint.mapping or self.mapping()
        return DropFolderSession(self._root, endpoint, self.file_format, mapping, self._page)


class DropFolderSession(FolderSession):
    """Implements `ports.Session` and `ports.DocumentLedger`."""

    async def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        """Yield our own orders in the order exports that wait to be imported, by our id, because a file has
        no other id of them."""
        mapping = self._mapping.of(RECEIVED)
        async for page in self.changes(RECEIVED, None):
            for record in page.records:
                order = read_order(mapping, record)
                if order.our_id is not None and (content := order.totals) is not None:
                    yield str(order.our_id), content
