"""The drop-folder connector: tables in files, as CSV or spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ..application.ports import Endpoint, Session
from ..domain.connection import Description, Setting
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.mapping import EntityMapping
from ..domain.mapping import Mapping as FieldMap
from ..domain.received_order import RECEIVED
from .folder import PAGE, FolderSession, RecordFile, check_folder, incoming, location_of, outgoing
from .mappings import connector_mapping
from .tables import Orders, Table, csv_bytes

DESCRIPTION: Final = Description(
    key="drop-folder",
    name="Cartella di scambio (CSV, XLSX)",
    proven="live",
    settings=(Setting("folder"),),
    capabilities=(
        incoming("customer", "vat_number", "fiscal_code"),
        incoming("supplier", "vat_number", "fiscal_code"),
        incoming("agent"),
        incoming("product"),
        incoming("bank"),
        incoming("payment_term"),
        incoming("vat_rate"),
        incoming("received_order"),
        outgoing("order", "create", "change", "cancel", cannot_carry=("deliveries",)),
        outgoing("ddt", "create", "cancel", cannot_carry=("sender", "carrier address")),
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
        "received_order": "ordini",
    }
    endings: str = "csv|txt|xlsx|xls|ods"
    ending: str = "csv"
    cancels: bool = True

    def read(self, entity: Entity, content: bytes, mapping: EntityMapping) -> RecordFile:
        table = Table(content, mapping.columns())
        return Orders(table, mapping.fields["code"].remote) if entity == RECEIVED else table

    def write(self, document: OutgoingDocument, before: bytes | None) -> bytes:
        # Flat files say the heading with each line.
        return csv_bytes(document.columns, [{**document.heading, **line} for line in document.lines])


class DropFolder:
    """Implements `ports.Connector` below a root directory; each tenant has a directory of its own there."""

    def __init__(self, root: Path, *, page: int = PAGE) -> None:
        self._root = root
        self._page = page

    def describe(self) -> Description:
        return DESCRIPTION

    def mapping(self) -> FieldMap:
        return connector_mapping("drop_folder.yaml")

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        check_folder(settings["folder"])
        return {"folder": settings["folder"]}

    def location(self, endpoint: Endpoint) -> str:
        return location_of(endpoint)

    @asynccontextmanager
    async def open(self, endpoint: Endpoint) -> AsyncIterator[Session]:
        mapping = endpoint.mapping or self.mapping()
        yield FolderSession(self._root, endpoint, _Tables(), mapping, self._page)
