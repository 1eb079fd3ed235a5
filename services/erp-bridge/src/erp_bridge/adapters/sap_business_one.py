"""The connector to SAP Business One 10, over its Service Layer: it reads business partners, sales employees,
items and payment terms, and writes sales orders.

It was tested only with recorded answers, not with a live system. A sales order carries our number and our id
as the customer's reference.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from http.cookies import SimpleCookie
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from ..application.ports import Checkpoint, Endpoint, Page, Rejected, RemoteLink, Session, Unauthorised
from ..domain.connection import Description, Setting
from ..domain.documents import DocumentContent, OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from .capabilities import read_by_id, unmapped, written_by_id
from .odata import ODataSession, literal
from .record_session import RemoteDocument, SweptRecord, sweep, version_of
from .rest import Client, HttpConnector, NotFound, Rest, exchange, judged

_SETS: Final[dict[Entity, str]] = {
    "customer": "BusinessPartners",
    "supplier": "BusinessPartners",
    "agent": "SalesPersons",
    "product": "Items",
    "payment_term": "PaymentTermsTypes",
    "order": "Orders",
}
_TYPES: Final[dict[Entity, str]] = {
    "customer": "BusinessPartner",
    "supplier": "BusinessPartner",
    "agent": "SalesPerson",
    "product": "Item",
    "payment_term": "PaymentTermsType",
    "order": "Document",
}
_KEYS: Final[dict[Entity, str]] = {
    "customer": "CardCode",
    "supplier": "CardCode",
    "agent": "SalesEmployeeCode",
    "product": "ItemCode",
    "payment_term": "GroupNumber",
}
"""Each entity's key, by which a sweep is ordered."""
_KINDS: Final[dict[Entity, str]] = {
    "customer": "CardType eq 'cCustomer'",
    "supplier": "CardType eq 'cSupplier'",
}
_DATED: Final = frozenset({"customer", "supplier", "product"})
"""Entities whose records have the day of their last change. The other entities have few records, and all of
them are read each time."""
_PARTY: Final = (
    "CardCode",
    "CardName",
    "CardType",
    "FederalTaxID",
    "AdditionalID",
    "PayTermsGrpCode",
    "BPAddresses",
    "Frozen",
)
_READ: Final[dict[Entity, tuple[str, ...]]] = {
    "customer": _PARTY,
    "supplier": _PARTY,
    "agent": ("SalesEmployeeCode", "SalesEmployeeName", "Active"),
    "product": ("ItemCode", "ItemName", "SalesUnit", "Frozen"),
    "payment_term": ("GroupNumber", "PaymentTermsGroupName"),
}
_WRITTEN: Final = frozenset({"CardCode", "NumAtCard", "DocDueDate", "DocumentLines"})

_OURS: Final = re.compile(r".* \([0-9a-f-]{36}\)")
"""Matches a customer reference that we wrote."""

DESCRIPTION: Final = Description(
    key="sap-business-one",
    name="SAP Business One 10 (Service Layer)",
    proven="recorded",
    settings=(
        Setting("url"),
        Setting("database"),
        Setting("user"),
        Setting("password", secret=True),
        Setting("product"),
    ),
    capabilities=(
        read_by_id("customer", "vat_number", "fiscal_code", children=("BPAddresses",)),
        read_by_id("supplier", "vat_number", "fiscal_code", children=("BPAddresses",)),
        read_by_id("agent"),
        read_by_id("product"),
        read_by_id("payment_term", deletes="scan"),
        written_by_id(
            "order",
            "create",
            "change",
            "cancel",
            idempotency="our id in the order's customer reference",
            cannot_carry=(*unmapped("sap_business_one.yaml", "order"), "deliveries"),
            lists_written=True,
        ),
    ),
)


class SapBusinessOne(HttpConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "sap_business_one.yaml"

    def location(self, endpoint: Endpoint) -> str:
        return f"{endpoint.settings['url']}/b1s ({endpoint.settings['database']})"

    def _begin(self, http: aiohttp.ClientSession, endpoint: Endpoint) -> tuple[Client, Session]:
        base = f"{endpoint.settings['url']}/b1s/v2/"

        async def sign_in() -> Mapping[str, str]:
            return await _cookies(http, URL(f"{base}Login"), endpoint)

        rest = Rest(http, base, sign_in=sign_in, pace=endpoint.pace)
        return rest, SapSession(rest, endpoint.settings, self._page)


async def _cookies(http: Any, address: URL, endpoint: Endpoint) -> Mapping[str, str]:
    """Sign in and return the cookies of the session and of the server node that keeps it."""
    told = {
        "CompanyDB": endpoint.settings["database"],
        "UserName": endpoint.settings["user"],
        "Password": endpoint.secrets["password"],
    }
    answer = await exchange(
        http, "POST", address, content=orjson.dumps(told), headers={"Content-Type": "application/json"}
    )
    if answer.status == 400:
        raise Unauthorised("credentials_refused")
    session = judged(answer)
    cookies: SimpleCookie = SimpleCookie()
    for name, value in answer.headers.items():
        if name.casefold() == "set-cookie":
            cookies.load(value)
    kept = {name: cookie.value for name, cookie in cookies.items() if name in ("B1SESSION", "ROUTEID")}
    kept.setdefault("B1SESSION", str(session["SessionId"]))
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())}


class SapSession(ODataSession):
    """Implements `ports.Session`."""

    types, read, order_fields = _TYPES, _READ, _WRITTEN

    def __init__(self, rest: Rest, settings: Mapping[str, str], page: int) -> None:
        self._rest = rest
        self._settings = settings
        self._page = page

    async def probe(self) -> str:
        told = await self._rest.call("POST", "CompanyService_GetCompanyInfo")
        return f"SAP Business One {told['Version']}, {told['CompanyName']}"

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        key = _KEYS[entity]
        terms = await self._terms() if entity in ("customer", "supplier") else {}

        async def found(since: datetime | None, after: str | int | None) -> list[SweptRecord]:
            conditions = [_KINDS[entity]] if entity in _KINDS else []
            if since is not None and entity in _DATED:
                # The server's days follow its own clock, so one more day is read to miss nothing.
                conditions.append(f"UpdateDate ge '{_day_before(since)}'")
            if after is not None:
                conditions.append(f"{key} gt {literal(after) if isinstance(after, str) else after}")
            query = {"$orderby": key, "$top": str(self._page), "$select": ",".join(_READ[entity])}
            if conditions:
                query["$filter"] = " and ".join(conditions)
            headers = {"Prefer": f"odata.maxpagesize={self._page}"}
            told = await self._rest.call("GET", _SETS[entity], query=query, headers=headers)
            return [
                SweptRecord(each[key], _record(each, key, terms), _at_rest(each)) for each in told["value"]
            ]

        async for page in sweep(_SETS[entity], checkpoint, found, page=self._page, now=self._now):
            yield page

    async def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        after = 0
        while True:
            query = {
                "$filter": f"contains(NumAtCard,' (') and DocEntry gt {after}",
                "$orderby": "DocEntry",
                "$top": str(self._page),
                "$select": "DocEntry,NumAtCard,DocDueDate,Cancelled,DocumentLines",
            }
            headers = {"Prefer": f"odata.maxpagesize={self._page}"}
            found = (await self._rest.call("GET", _SETS[entity], query=query, headers=headers))["value"]
            for each in found:
                if _OURS.fullmatch(each["NumAtCard"]):
                    yield str(each["DocEntry"]), _content(each)
            if len(found) < self._page:
                return
            after = found[-1]["DocEntry"]

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        query = {"$filter": f"contains(NumAtCard,{literal(reference)})", "$select": "DocEntry", "$top": "1"}
        found = (await self._rest.call("GET", _SETS[entity], query=query))["value"]
        return RemoteLink(str(found[0]["DocEntry"])) if found else None

    async def _write(self, document: OutgoingDocument, before: RemoteDocument | None) -> str:
        if document.cancelled:
            order_id = before.remote_id if before is not None else await self._create(document)
            if before is None or before.values["Cancelled"] != "tYES":
                await self._rest.call("POST", f"Orders({order_id})/Cancel")
            return order_id
        if before is None:
            return await self._create(document)
        if before.values["DocumentStatus"] != "bost_Open":
            raise Rejected("sale_is_processed", number=before.number)
        lines = before.values["DocumentLines"]
        values = self._order(document)
        for position, line in enumerate(values["DocumentLines"][: len(lines)]):
            line["LineNum"] = lines[position]["LineNum"]
        # Without this header the server keeps lines that the request does not name.
        headers = {"B1S-ReplaceCollectionsOnPatch": "true"}
        await self._rest.call("PATCH", f"Orders({before.remote_id})", values, headers=headers)
        return before.remote_id

    async def _create(self, document: OutgoingDocument) -> str:
        made = await self._rest.call("POST", "Orders", self._order(document))
        return str(made["DocEntry"])

    def _order(self, document: OutgoingDocument) -> dict[str, Any]:
        if document.customer is None:
            raise Rejected("customer_missing")
        return {
            "CardCode": document.customer.remote_id,
            "NumAtCard": f"{document.number} ({document.internal_id})",
            # The server requires a due date.
            "DocDueDate": document.heading["DocDueDate"] or f"{self._rest.server_time:%Y-%m-%d}",
            "DocumentLines": [
                {
                    "ItemCode": self._settings["product"],
                    "ItemDescription": line["ItemDescription"][:100],
                    "FreeText": line["FreeText"],
                    "Quantity": float(line["Quantity"]),
                    "UnitPrice": float(Decimal(line["UnitPrice"] or "0")),
                }
                for line in document.lines
            ],
        }

    async def _present(self, remote_id: str) -> RemoteDocument | None:
        try:
            found = await self._rest.call("GET", f"Orders({int(remote_id)})")
        except NotFound:
            return None
        lines = [{name: line.get(name) for name in _OF_LINE} for line in found["DocumentLines"]]
        content = [{name: found.get(name) for name in _OF_ORDER}, lines]
        version = version_of(f"{found['UpdateDate']} {found['UpdateTime']}", content)
        return RemoteDocument(remote_id, str(found["DocNum"]), version, found)

    async def _terms(self) -> dict[int, str]:
        """Return the names of payment terms by number, because partners refer to terms by number."""
        headers = {"Prefer": "odata.maxpagesize=0"}
        query = {"$select": "GroupNumber,PaymentTermsGroupName"}
        told = await self._rest.call("GET", "PaymentTermsTypes", query=query, headers=headers)
        return {each["GroupNumber"]: each["PaymentTermsGroupName"] for each in told["value"]}


_OF_ORDER: Final = ("Cancelled", "DocumentStatus", "CardCode", "NumAtCard", "DocDueDate", "Comments")
_OF_LINE: Final = ("LineNum", "ItemCode", "ItemDescription", "FreeText", "Quantity", "UnitPrice")
"""The fields of an order's line that people change. Others, such as the delivered quantity, change without
them."""


def _content(found: Mapping[str, Any]) -> DocumentContent:
    lines = found["DocumentLines"] if found["Cancelled"] != "tYES" else []
    return DocumentContent(
        number=found["NumAtCard"].rpartition(" (")[0],
        day=date.fromisoformat(found["DocDueDate"][:10]),
        quantity=sum((Decimal(str(line["Quantity"])) for line in lines), Decimal()),
        amount=sum((Decimal(str(line["LineTotal"])) for line in lines), Decimal()),
    )


def _day_before(at: datetime) -> str:
    day = at.astimezone(UTC).date()
    return day.fromordinal(day.toordinal() - 1).isoformat()


def _at_rest(found: Mapping[str, Any]) -> bool:
    return found.get("Frozen") == "tYES" or found.get("Active") == "tNO"


def _record(found: Mapping[str, Any], key: str, terms: Mapping[int, str]) -> RemoteRecord:
    values = dict(found)
    if "BPAddresses" in values:
        addresses = values.pop("BPAddresses")
        billed = [each for each in addresses if each["AddressType"] == "bo_BillTo"] or addresses
        parts = ("Street", "ZipCode", "City", "State", "Country")
        values["address"] = {part: billed[0].get(part) if billed else None for part in parts}
        values["terms"] = terms.get(values["PayTermsGrpCode"])
    return RemoteRecord(values, remote_id=str(found[key]))
