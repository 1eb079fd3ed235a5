"""The remote systems that connectors are tried against, and what their own people do there.

`Remote` is what the contract's tests need of one; each connector has its own.
"""

from __future__ import annotations

import csv
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4
from xml.sax.saxutils import escape

from lxml import etree

from erp_bridge.adapters.business_central import BusinessCentral
from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.adapters.easyfatt import Easyfatt
from erp_bridge.adapters.egress import EgressGuard
from erp_bridge.adapters.odoo import Odoo
from erp_bridge.adapters.sap_business_one import SapBusinessOne
from erp_bridge.adapters.tables import csv_bytes
from erp_bridge.adapters.tryton import Tryton
from erp_bridge.adapters.ubl import Ubl
from erp_bridge.application.ports import Connector, Endpoint
from erp_bridge.domain.documents import RemoteCustomer
from erp_bridge.domain.entities import Entity
from optima_local.tryton import PASSWORD
from optima_local.tryton_people import TrytonPeople, TrytonServer

from .doubles import BusinessCentralDouble, OdooDouble, SapDouble
from .proxy import FaultyProxy, Moment, faulty_proxy, served

TENANT = UUID(int=1)
_MILANO = ("Via Torino 2", "20123", "Milano", "MI")


class Remote(Protocol):
    connector: Connector
    endpoint: Endpoint
    broken: tuple[Connector, Endpoint]
    """Where nobody answers."""
    proxy: FaultyProxy | None
    """What stands before an ERP that is spoken with over HTTP."""

    def interrupted(self, step: int, moment: Moment) -> AbstractContextManager[None]:
        """Meanwhile the exchange breaks off at its step of that number, before or after it took effect."""

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        """The system's own people add a customer."""

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None: ...

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        """They put a customer to rest, where the connector says that it sees that."""

    async def change_order(self, remote_id: str) -> None:
        """They change an order, where the connector says that it locks."""

    async def orders(self) -> list[Mapping[str, Any]]:
        """The orders that stand there: number, state (open or cancelled), quantity of the first line."""

    async def ddts(self) -> list[Mapping[str, Any]]:
        """The DDTs that stand there, where the connector writes some: state."""


def vat_number_of(n: int) -> str:
    """A valid one for each number."""
    digits = f"{n:07}015"
    doubled = [int(each) * (2 if position % 2 else 1) for position, each in enumerate(digits)]
    return f"{digits}{-sum(each - 9 if each > 9 else each for each in doubled) % 10}"


@contextmanager
def breaking(owner: Any, name: str, moment: Moment) -> Iterator[None]:
    """Meanwhile a function fails as if the process were killed, before or after it did its work."""
    works = getattr(owner, name)

    def broken(*arguments: Any, **named: Any) -> None:
        if moment == "after":
            works(*arguments, **named)
        raise OSError("killed")

    setattr(owner, name, broken)
    try:
        yield
    finally:
        setattr(owner, name, works)


class _Files:
    """What ERPs have alike that nobody calls."""

    proxy: FaultyProxy | None = None

    def interrupted(self, step: int, moment: Moment) -> AbstractContextManager[None]:
        """Files have one step: the rename."""
        return breaking(Path, "replace", moment) if step == 1 else nullcontext()

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        raise NotImplementedError

    async def change_order(self, remote_id: str) -> None:
        raise NotImplementedError


class _Called:
    """What ERPs have alike that are spoken with over HTTP."""

    proxy: FaultyProxy | None

    async def ddts(self) -> list[Mapping[str, Any]]:
        return []

    @contextmanager
    def interrupted(self, step: int, moment: Moment) -> Iterator[None]:
        assert self.proxy is not None
        self.proxy.cut(step, moment)
        try:
            yield
        finally:
            self.proxy.mend()


@dataclass
class FolderRemote(_Files):
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
        header = ["codice", "ragione_sociale", "partita_iva", "indirizzo", "cap", "comune", "provincia"]
        rows = [dict(zip(header, [*row, *_MILANO], strict=True)) for row in self.customers.values()]
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

    async def ddts(self) -> list[Mapping[str, Any]]:
        return [{"state": "done"} for _ in (self._folder / "out" / "ddt").glob("*.[cx]*")]


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
        parts = ("Address", "Postcode", "City", "Province")
        tags = [f"Customer{each}" for each in ("Code", "Name", "VatCode", *parts)]
        documents = "".join(
            "<Document>"
            + "".join(f"<{t}>{v}</{t}>" for t, v in zip(tags, [*row, *_MILANO], strict=True))
            + "</Document>"
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


@dataclass
class UblRemote(FolderRemote):
    """Public bodies that send an order each, and again when it changes; they are sent electronic DDTs."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.connector = Ubl(self.root, page=3)
        self.broken = (Ubl(self.root.parent / "occupied"), self.endpoint)
        self._sent: dict[str, list[str]] = {}

    def _export(self) -> None:
        incoming = self._folder / "in"
        incoming.mkdir(parents=True, exist_ok=True)
        for code, (_, name, vat_number) in self.customers.items():
            if self._sent.get(code) == [name, vat_number]:
                continue
            self._sent[code] = [name, vat_number]
            self.exported += 1
            file = incoming / f"ordine-{self.exported}.xml"
            text = ORDER.format(number=escape(code), name=escape(name), vat_number=vat_number)
            file.with_suffix(".new").write_text(text, "utf-8")
            os.utime(file.with_suffix(".new"), (self.exported, self.exported))
            file.with_suffix(".new").replace(file)

    async def orders(self) -> list[Mapping[str, Any]]:
        """The DDTs, which are of one order each."""
        files = sorted((self._folder / "out" / "ddt").glob("*.xml"))
        return [{"number": etree.parse(file).findtext("ID"), "state": "open"} for file in files]


ORDER = """<Order xmlns="urn:oasis:names:specification:ubl:schema:xsd:Order-2">
<ID>{number}</ID><IssueDate>2026-11-20</IssueDate><ValidityPeriod><EndDate>2027-03-31</EndDate></ValidityPeriod>
<BuyerCustomerParty><Party>
<EndpointID schemeID="0211">IT{vat_number}</EndpointID>
<PartyLegalEntity><RegistrationName>{name}</RegistrationName></PartyLegalEntity>
</Party></BuyerCustomerParty>
<SellerSupplierParty><Party>
<EndpointID schemeID="0211">IT01234560157</EndpointID>
</Party></SellerSupplierParty>
<OrderLine><LineItem>
<ID>1</ID><Quantity unitCode="H87">1</Quantity><Item><Name>Opuscolo</Name></Item>
</LineItem></OrderLine>
</Order>"""
"""The least that is one; tests/adapters holds whole ones against the official schema."""


class TrytonRemote(_Called):
    def __init__(self, server: TrytonServer, people: TrytonPeople, proxy: FaultyProxy | None = None) -> None:
        self._people = people
        self._server = server
        self.proxy = proxy
        # Tests share the server: each has customers of a category of its own.
        self.category = f"Clienti {uuid4().hex[:8]}"
        self._category_id: int | None = None
        self.connector = Tryton(EgressGuard([ip_network("127.0.0.0/8")]), page=3)
        settings = {
            "url": proxy.url if proxy is not None else server.url,
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
        if self._category_id is None:
            create = "party.category.create"
            (self._category_id,) = await self._people.do(create, [{"name": self.category}])
        return self._category_id

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        await self._people.do("party.party.write", [int(customer.remote_id)], {"name": name})

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        await self._people.do("party.party.write", [int(customer.remote_id)], {"active": False})

    async def change_order(self, remote_id: str) -> None:
        await self._people.do("sale.sale.draft", [int(remote_id)])

    def end_sessions(self) -> None:
        self._server.end_all_sessions()

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

    async def ddts(self) -> list[Mapping[str, Any]]:
        wanted = [["customer.categories", "=", self.category]]
        model = "stock.shipment.out.search_read"
        found: list[Mapping[str, Any]] = await self._people.do(model, wanted, 0, None, None, ["state"])
        return found


LOCAL = EgressGuard([ip_network("127.0.0.0/8")])


class OdooRemote(_Called):
    def __init__(self, double: OdooDouble, proxy: FaultyProxy) -> None:
        self.double = double
        self.proxy = proxy
        self.connector: Connector = Odoo(LOCAL, page=3)
        settings = {"url": proxy.url, "database": "aurora", "product": "LAV"}
        self.endpoint = Endpoint(TENANT, settings, {"api_key": double.KEY})
        self.broken = (self.connector, _elsewhere(self.endpoint))

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        number = self.double.add("res.partner", **self._party(code, name, vat_number), customer_rank=1)
        return RemoteCustomer(str(number), code)

    def _party(self, code: str, name: str, vat_number: str) -> dict[str, Any]:
        return {
            "ref": code,
            "name": name,
            "vat": f"IT{vat_number}",
            "active": True,
            "parent_id": False,
            "street": "Via Torino 2",
            "zip": "20123",
            "city": "Milano",
            "state_id": 1219,
            "country_id": 109,
        }

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        self._change("res.partner", customer.remote_id, name=name)

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        self._change("res.partner", customer.remote_id, active=False)

    async def change_order(self, remote_id: str) -> None:
        self._change("sale.order", remote_id, client_order_ref="a reference of theirs")

    def _change(self, model: str, remote_id: str, **values: Any) -> None:
        self.double.tick()
        written = f"{self.double.now:%Y-%m-%d %H:%M:%S}"
        self.double.tables[model][int(remote_id)] |= {**values, "write_date": written}

    def add_record(self, entity: Entity) -> None:
        """One that the contract's customers are not."""
        add = self.double.add
        match entity:
            case "supplier":
                party = self._party("F1", "Fornitore 1", "12345670587")
                add("res.partner", **party, supplier_rank=1, customer_rank=0)
            case "payment_term":
                add("account.payment.term", name="RB 60 gg FM", active=True)
            case "vat_rate":
                tax = {"amount": 22.0, "amount_type": "percent", "type_tax_use": "sale"}
                add("account.tax", name="22%", active=True, **tax)

    def lose_field(self) -> str:
        self.double.missing.add("vat")
        return "vat"

    def tamper(self) -> tuple[str, str, str]:
        """Of three orders the first goes, the second has 9 pieces, and there is one more like the third:
        their ids."""
        orders, lines = self.double.tables["sale.order"], self.double.tables["sale.order.line"]
        first, second, third = orders
        lines[orders[second]["order_line"][0]]["product_uom_qty"] = 9.0
        ours = {"origin": str(UUID(int=9)), "client_order_ref": "O-2026/9"}
        more = self.double.add("sale.order", **{**orders[third], **ours})
        del orders[first]
        return str(first), str(second), str(more)

    async def orders(self) -> list[Mapping[str, Any]]:
        lines = self.double.tables["sale.order.line"]
        return [
            {
                "number": each["client_order_ref"],
                "state": "cancelled" if each["state"] == "cancel" else "open",
                "quantity": lines[each["order_line"][0]]["product_uom_qty"],
            }
            for each in self.double.tables["sale.order"].values()
        ]


class BusinessCentralRemote(_Called):
    def __init__(self, double: BusinessCentralDouble, proxy: FaultyProxy) -> None:
        self.double = double
        self.proxy = proxy
        self.connector: Connector = BusinessCentral(LOCAL, page=3)
        settings = {
            "url": proxy.url,
            "sign_in_url": proxy.url,
            "directory": "a-directory",
            "environment": "production",
            "company": "Grafica Aurora",
            "client_id": "a-client",
            "product": "LAV",
        }
        self.endpoint = Endpoint(TENANT, settings, {"client_secret": double.SECRET})
        self.broken = (self.connector, _elsewhere(self.endpoint))
        self.end_sessions = double.end_sessions

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        row = self.double.add("customers", **self._party(code, name, vat_number))
        return RemoteCustomer(row["id"], code)

    def _party(self, code: str, name: str, vat_number: str) -> dict[str, Any]:
        return {
            "number": code,
            "displayName": name,
            "taxRegistrationNumber": vat_number,
            "blocked": " ",
            "addressLine1": "Via Torino 2",
            "postalCode": "20123",
            "city": "Milano",
            "state": "MI",
            "country": "IT",
            "paymentTermsId": str(UUID(int=0)),
        }

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        self._change("customers", customer.remote_id, displayName=name)

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        self._change("customers", customer.remote_id, blocked="All")

    async def change_order(self, remote_id: str) -> None:
        self._change("salesOrders", remote_id, requestedDeliveryDate="2026-12-24")

    def _change(self, kind: str, remote_id: str, **values: Any) -> None:
        self.double.tick()
        (row,) = [each for each in self.double.rows[kind] if each["id"] == remote_id]
        row |= values
        self.double.touch(row)

    def add_record(self, entity: Entity) -> None:
        match entity:
            case "supplier":
                self.double.add("vendors", **self._party("F1", "Fornitore 1", "12345670587"))
            case "payment_term":
                self.double.add("paymentTerms", code="60FM", displayName="RB 60 gg FM")

    def lose_field(self) -> str:
        self.double.missing.add("taxRegistrationNumber")
        return "taxRegistrationNumber"

    def tamper(self) -> tuple[str, str, str]:
        """Of three orders the first goes, the second has 9 pieces, and there is one more like the third:
        their ids."""
        orders = self.double.rows["salesOrders"]
        first, second, third = orders
        second["salesOrderLines"][0]["quantity"] = 9.0
        ours = {"number": "SO9999", "externalDocumentNumber": f"O-2026/9 {UUID(int=9).hex[-12:]}"}
        more = self.double.add("salesOrders", **{**third, **ours, "id": str(UUID(int=0xFFFF))})
        # The last two are nobody's here.
        for number, reference in (("SO99991", "Their order"), ("SO99992", "")):
            theirs = {"number": number, "externalDocumentNumber": reference, "id": number}
            self.double.add("salesOrders", **{**third, **theirs})
        orders.remove(first)
        return first["id"], second["id"], more["id"]

    async def orders(self) -> list[Mapping[str, Any]]:
        there, gone = self.double.rows["salesOrders"], self.double.deleted
        return [
            {
                "number": each["externalDocumentNumber"].partition(" ")[0],
                "state": "cancelled" if each in gone else "open",
                "quantity": each["salesOrderLines"][0]["quantity"],
            }
            for each in (*there, *gone)
        ]


class SapRemote(_Called):
    def __init__(self, double: SapDouble, proxy: FaultyProxy) -> None:
        self.double = double
        self.proxy = proxy
        self.connector: Connector = SapBusinessOne(LOCAL, page=3)
        settings = {"url": proxy.url, "database": "AURORA", "user": "manager", "product": "LAV"}
        self.endpoint = Endpoint(TENANT, settings, {"password": double.PASSWORD})
        self.broken = (self.connector, _elsewhere(self.endpoint))
        self.end_sessions = double.end_sessions

    async def add_customer(self, code: str, name: str, vat_number: str) -> RemoteCustomer:
        self.double.add("BusinessPartners", **self._party(code, name, vat_number), CardType="cCustomer")
        return RemoteCustomer(code, code)

    def _party(self, code: str, name: str, vat_number: str) -> dict[str, Any]:
        street = {"Street": "Via Torino 2", "ZipCode": "20123", "City": "Milano", "State": "MI"}
        return {
            "CardCode": code,
            "CardName": name,
            "FederalTaxID": f"IT{vat_number}",
            "AdditionalID": "",
            "PayTermsGrpCode": -1,
            "Frozen": "tNO",
            "BPAddresses": [{"AddressType": "bo_BillTo", "Country": "IT", **street}],
        }

    async def rename_customer(self, customer: RemoteCustomer, name: str) -> None:
        self._change(customer.remote_id, CardName=name)

    async def retire_customer(self, customer: RemoteCustomer) -> None:
        self._change(customer.remote_id, Frozen="tYES")

    def _change(self, code: str, **values: Any) -> None:
        self.double.tick()
        (row,) = [each for each in self.double.rows["BusinessPartners"] if each["CardCode"] == code]
        row |= values
        self.double.touch(row)

    async def change_order(self, remote_id: str) -> None:
        self.double.tick()
        (order,) = [each for each in self.double.rows["Orders"] if str(each["DocEntry"]) == remote_id]
        order["Comments"] = "Urgente!"
        self.double.touch(order)

    def add_record(self, entity: Entity) -> None:
        match entity:
            case "supplier":
                party = self._party("F1", "Fornitore 1", "12345670587")
                self.double.add("BusinessPartners", **party, CardType="cSupplier")
            case "agent":
                person = {"SalesEmployeeCode": 1, "SalesEmployeeName": "Bianchi", "Active": "tYES"}
                self.double.add("SalesPersons", **person)
            case "payment_term":
                self.double.add("PaymentTermsTypes", GroupNumber=1, PaymentTermsGroupName="RB 60 gg FM")

    def lose_field(self) -> str:
        self.double.missing.add("FederalTaxID")
        return "FederalTaxID"

    def tamper(self) -> tuple[str, str, str]:
        """Of three orders the first goes, the second has 9 pieces, and there is one more like the third:
        their ids."""
        orders = self.double.rows["Orders"]
        first, second, third = orders
        second["DocumentLines"][0] |= {"Quantity": 9.0, "LineTotal": 112.5}
        ours = {"DocEntry": 9999, "NumAtCard": f"O-2026/9 ({UUID(int=9)})"}
        self.double.add("Orders", **{**third, **ours})
        self.double.add("Orders", **{**third, "DocEntry": 10000, "NumAtCard": "Their (own)"})
        orders.remove(first)
        return str(first["DocEntry"]), str(second["DocEntry"]), "9999"

    async def orders(self) -> list[Mapping[str, Any]]:
        return [
            {
                "number": each["NumAtCard"].partition(" ")[0],
                "state": "cancelled" if each["Cancelled"] == "tYES" else "open",
                "quantity": each["DocumentLines"][0]["Quantity"],
            }
            for each in self.double.rows["Orders"]
        ]


def _elsewhere(endpoint: Endpoint) -> Endpoint:
    """Where nobody answers."""
    nowhere = {name: "http://127.0.0.1:9" for name in endpoint.settings if name.endswith("url")}
    return replace(endpoint, settings={**endpoint.settings, **nowhere})


Recorded = OdooRemote | BusinessCentralRemote | SapRemote


@asynccontextmanager
async def recorded(connector: str) -> AsyncIterator[Recorded]:
    """A double of that connector's ERP, with a proxy before it."""
    double: Any
    double, remote = {
        "odoo": (OdooDouble(), OdooRemote),
        "business-central": (BusinessCentralDouble(), BusinessCentralRemote),
        "sap-business-one": (SapDouble(), SapRemote),
    }[connector]
    async with served(double.handle) as url, faulty_proxy(url) as proxy:
        yield remote(double, proxy)
