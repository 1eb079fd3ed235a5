"""The remote systems that connectors are tried against, and what their own people do there.

`Remote` is what the contract's tests need of one; each connector has its own.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from lxml import etree

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.adapters.easyfatt import Easyfatt
from erp_bridge.adapters.egress import EgressGuard
from erp_bridge.adapters.tables import csv_bytes
from erp_bridge.adapters.tryton import Tryton
from erp_bridge.application.ports import Connector, Endpoint
from erp_bridge.domain.documents import RemoteCustomer

from .server import PASSWORD, TrytonPeople, TrytonServer

TENANT = UUID(int=1)


class Remote(Protocol):
    connector: Connector
    endpoint: Endpoint
    broken: tuple[Connector, Endpoint]
    """Where nobody answers."""

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        """The system's own people add a customer."""

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None: ...

    async def orders(self) -> list[Mapping[str, Any]]:
        """The orders that stand there: number, state (open or cancelled), quantity of the first line."""


@dataclass
class FolderRemote:
    """An ERP that exports all its customers whenever one changes, and reads what we leave."""

    root: Path
    customers: dict[str, list[str]] = field(default_factory=dict)
    exported: int = 0

    def __post_init__(self) -> None:
        self.connector: Connector = DropFolder(self.root, page=3)
        self.endpoint = Endpoint(TENANT, {"folder": "erp"})
        occupied = self.root.parent / "occupied"
        occupied.write_text("a file where a directory should be")
        self.broken: tuple[Connector, Endpoint] = (DropFolder(occupied), self.endpoint)

    @property
    def _folder(self) -> Path:
        return self.root / str(TENANT) / "erp"

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        self.customers[code] = [code, name, vat_number]
        self._export()
        return RemoteCustomer(code, code)

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        self.customers[customer.code][1] = name
        self._export()

    def _export(self) -> None:
        header = ["codice", "ragione_sociale", "partita_iva"]
        rows = [dict(zip(header, row, strict=True)) for row in self.customers.values()]
        incoming = self._folder / "in"
        incoming.mkdir(parents=True, exist_ok=True)
        self.exported += 1
        file = incoming / "clienti.csv"
        file.with_suffix(".new").write_bytes(csv_bytes(header, rows))
        os.utime(file.with_suffix(".new"), (self.exported, self.exported))
        file.with_suffix(".new").replace(file)

    async def orders(self) -> list[Mapping[str, Any]]:
        found = []
        for file in sorted((self._folder / "out" / "ordini").glob("*.csv")):
            with file.open(encoding="utf-8", newline="") as text:
                first = next(csv.DictReader(text, delimiter=";"))
            state = "cancelled" if first["stato"] == "annullato" else "open"
            found.append(
                {"number": first["numero_ordine"], "state": state, "quantity": float(first["quantita"])}
            )
        return found


@dataclass
class EasyfattRemote(FolderRemote):
    """Easyfatt, whose people export an order of each customer, and import what we leave."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.connector = Easyfatt(self.root, page=3)
        self.broken = (Easyfatt(self.root.parent / "occupied"), self.endpoint)

    def _export(self) -> None:
        incoming = self._folder / "in"
        incoming.mkdir(parents=True, exist_ok=True)
        self.exported += 1
        file = incoming / "clienti.xml"
        tags = ("CustomerCode", "CustomerName", "CustomerVatCode")
        documents = "".join(
            "<Document>" + "".join(f"<{t}>{v}</{t}>" for t, v in zip(tags, row, strict=True)) + "</Document>"
            for row in self.customers.values()
        )
        text = f"<EasyfattDocuments><Documents>{documents}</Documents></EasyfattDocuments>"
        file.with_suffix(".new").write_text(text, "utf-8")
        os.utime(file.with_suffix(".new"), (self.exported, self.exported))
        file.with_suffix(".new").replace(file)

    async def orders(self) -> list[Mapping[str, Any]]:
        files = sorted((self._folder / "out" / "ordini").glob("*.xml"))
        found = [etree.parse(file).find("Documents/Document") for file in files]
        return [
            {
                "number": each.findtext("InternalComment"),
                "state": "open",
                "quantity": float(each.findtext("Rows/Row/Qty")),
            }
            for each in found
        ]


class TrytonRemote:
    def __init__(self, server: TrytonServer, people: TrytonPeople) -> None:
        self._people = people
        # Tests share the server: each has customers of a category of its own.
        self.category = f"Clienti {uuid4().hex[:8]}"
        self.connector = Tryton(EgressGuard([ip_network("127.0.0.0/8")]), page=3)
        settings = {
            "url": server.url,
            "database": "tryton",
            "user": "admin",
            "product": "LAV",
            "customer_category": self.category,
        }
        secrets = {"password": PASSWORD}
        self.endpoint = Endpoint(TENANT, settings, secrets)
        self.broken = (
            self.connector,
            Endpoint(TENANT, {**settings, "url": "http://127.0.0.1:9"}, secrets),
        )

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        code = f"{self.category[-8:]}-{code}"  # one of the whole server's, there
        party = await self._people.party(
            code, name, vat_number, categories=[["add", [await self.category_id()]]]
        )
        return RemoteCustomer(str(party), code)

    async def category_id(self) -> int:
        do = self._people.do
        found = await do("party.category.search", [["name", "=", self.category]], 0, 1, None)
        (category,) = found or await do("party.category.create", [{"name": self.category}])
        return int(category)

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        await self._people.do("party.party.write", [int(customer.remote_id)], {"name": name})

    async def orders(self) -> list[Mapping[str, Any]]:
        found = await self._people.do(
            "sale.sale.search_read",
            [["party.categories", "=", self.category]],
            0,
            None,
            [["id", "ASC"]],
            ["reference", "state", "lines.quantity"],
        )
        return [
            {
                "number": sale["reference"].partition(" ")[0],
                "state": "cancelled" if sale["state"] == "cancelled" else "open",
                "quantity": sale["lines."][0]["quantity"],
            }
            for sale in found
        ]
