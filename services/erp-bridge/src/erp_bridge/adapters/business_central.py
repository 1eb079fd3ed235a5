"""The connector to Microsoft Dynamics 365 Business Central, over its API v2.0: it reads customers, vendors,
items and payment terms, and writes sales orders.

It was tested only with recorded answers, not with a live system. A sales order carries our number and the end
of our id as its external document number, which has at most 35 characters. Business Central has no cancelled
orders: an order that is cancelled here is deleted there. It also deletes orders that are fully invoiced, so a
comparison reports them as missing there.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from ..application.ports import (
    Checkpoint,
    Endpoint,
    Page,
    Rejected,
    RemoteLink,
    Session,
    Unauthorised,
    Unreachable,
)
from ..domain.connection import Description, Setting
from ..domain.documents import DocumentContent, OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from .capabilities import read_by_id, unmapped, written_by_id
from .odata import ODataSession, literal
from .record_session import RemoteDocument, SweptRecord, sweep
from .rest import Client, HttpConnector, NotFound, Rest, exchange, http_session, judged

ADDRESS: Final = "https://api.businesscentral.dynamics.com"
SIGN_IN: Final = "https://login.microsoftonline.com"
_SCOPE: Final = "https://api.businesscentral.dynamics.com/.default"

_SETS: Final[dict[Entity, str]] = {
    "customer": "customers",
    "supplier": "vendors",
    "product": "items",
    "payment_term": "paymentTerms",
    "order": "salesOrders",
}
_TYPES: Final[dict[Entity, str]] = {
    "customer": "customer",
    "supplier": "vendor",
    "product": "item",
    "payment_term": "paymentTerm",
    "order": "salesOrder",
}
_KEYS: Final[dict[Entity, str]] = {
    "customer": "number",
    "supplier": "number",
    "product": "number",
    "payment_term": "code",
}
"""The unique key by which a sweep is ordered."""
_PARTY: Final = (
    "number",
    "displayName",
    "taxRegistrationNumber",
    "addressLine1",
    "postalCode",
    "city",
    "state",
    "country",
    "paymentTermsId",
    "blocked",
)
_READ: Final[dict[Entity, tuple[str, ...]]] = {
    "customer": _PARTY,
    "supplier": _PARTY,
    "product": ("number", "displayName", "baseUnitOfMeasureCode", "blocked"),
    "payment_term": ("code", "displayName"),
}
_WRITTEN: Final = frozenset(
    {"externalDocumentNumber", "customerId", "requestedDeliveryDate", "salesOrderLines"}
)

_NO_DAY: Final = "0001-01-01"
"""The date by which the API says that there is none."""
_OURS: Final = re.compile(r".* [0-9a-f]{12}")
"""Matches an external document number that we wrote."""

DESCRIPTION: Final = Description(
    key="business-central",
    name="Microsoft Dynamics 365 Business Central (API v2.0)",
    proven="recorded",
    settings=(
        Setting("directory"),
        Setting("environment"),
        Setting("company"),
        Setting("client_id"),
        Setting("client_secret", secret=True),
        Setting("product"),
        Setting("url", required=False),
        Setting("sign_in_url", required=False),
    ),
    capabilities=(
        read_by_id("customer", "vat_number"),
        read_by_id("supplier", "vat_number"),
        read_by_id("product"),
        read_by_id("payment_term", deletes="scan"),
        written_by_id(
            "order",
            "create",
            "change",
            "cancel",
            idempotency="our number and the end of our id in the order's external document number",
            cannot_carry=(*unmapped("business_central.yaml", "order"), "deliveries"),
            lists_written=True,
        ),
    ),
)


class BusinessCentral(HttpConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "business_central.yaml"

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        addresses = {"url": ADDRESS, "sign_in_url": SIGN_IN}
        checked = {
            name: self._guard.check(settings.get(name) or usual, field=f"settings.{name}")
            for name, usual in addresses.items()
        }
        return {**settings, **checked}

    def location(self, endpoint: Endpoint) -> str:
        return f"{endpoint.settings['environment']}: {endpoint.settings['company']}"

    def _begin(self, http: aiohttp.ClientSession, endpoint: Endpoint) -> tuple[Client, Session]:
        settings = endpoint.settings
        place = f"/v2.0/{quote(settings['directory'], safe='')}/{quote(settings['environment'], safe='')}"

        async def sign_in() -> Mapping[str, str]:
            """Get a token with the application's own credentials (OAuth 2.0 client credentials)."""
            async with http_session(self._guard, settings["sign_in_url"]) as its_own:
                return await _token(its_own, endpoint)

        base = f"{settings['url']}{place}/api/v2.0/"
        rest = Rest(http, base, sign_in=sign_in, pace=endpoint.pace)
        return rest, BusinessCentralSession(rest, settings["company"], settings["product"], self._page)


async def _token(http: Any, endpoint: Endpoint) -> Mapping[str, str]:
    settings = endpoint.settings
    address = URL(settings["sign_in_url"]) / settings["directory"] / "oauth2" / "v2.0" / "token"
    told = {
        "grant_type": "client_credentials",
        "client_id": settings["client_id"],
        "client_secret": endpoint.secrets["client_secret"],
        "scope": _SCOPE,
    }
    answer = await exchange(
        http,
        "POST",
        address,
        content=urlencode(told).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    if answer.status == 400:  # the sign-in service answers 400 to unknown clients
        raise Unauthorised("credentials_refused")
    token = judged(answer)
    if not isinstance(token, dict) or "access_token" not in token:
        raise Unreachable("remote_unreachable", error="answer")
    return {"Authorization": f"Bearer {token['access_token']}"}


class BusinessCentralSession(ODataSession):
    """Implements `ports.Session`."""

    types, read, order_fields = _TYPES, _READ, _WRITTEN

    def __init__(self, rest: Rest, company: str, product: str, page: int) -> None:
        self._rest = rest
        self._company = company
        self._company_id: str | None = None
        self._product = product
        self._page = page

    async def probe(self) -> str:
        await self._below_company("")
        return f"Business Central, {self._company}"

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        key = _KEYS[entity]

        async def found(since: datetime | None, after: str | None) -> list[SweptRecord]:
            conditions = []
            if since is not None:
                conditions.append(f"lastModifiedDateTime ge {since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}")
            if after is not None:
                conditions.append(f"{key} gt {literal(after)}")
            query = {"$orderby": key, "$top": str(self._page)}
            if conditions:
                query["$filter"] = " and ".join(conditions)
            if entity in ("customer", "supplier"):
                query["$expand"] = "paymentTerm"
            records = (await self._call("GET", _SETS[entity], query=query))["value"]
            return [SweptRecord(each[key], _record(each), _at_rest(each)) for each in records]

        async for page in sweep(_SETS[entity], checkpoint, found, page=self._page, now=self._now):
            yield page

    async def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        after = ""
        while True:
            query = {
                "$filter": f"contains(externalDocumentNumber,' ') and number gt {literal(after)}",
                "$orderby": "number",
                "$top": str(self._page),
                "$expand": "salesOrderLines",
            }
            found = (await self._call("GET", _SETS[entity], query=query))["value"]
            for each in found:
                if _OURS.fullmatch(each["externalDocumentNumber"]):
                    yield each["id"], _content(each)
            if len(found) < self._page:
                return
            after = found[-1]["number"]

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        wanted = f"endswith(externalDocumentNumber,{literal(_end(reference))})"
        found = (await self._call("GET", _SETS[entity], query={"$filter": wanted, "$top": "1"}))["value"]
        return RemoteLink(found[0]["id"]) if found else None

    async def _write(self, document: OutgoingDocument, before: RemoteDocument | None) -> str:
        if document.cancelled:
            order_id = before.remote_id if before is not None else await self._create(document)
            await self._call("DELETE", f"salesOrders({order_id})")
            return order_id
        if before is None:
            return await self._create(document)
        if before.values["status"] not in ("Draft", "Open"):
            raise Rejected("sale_is_processed", number=before.number)
        address, heading = f"salesOrders({before.remote_id})", _heading(document)
        locked = {"If-Match": before.values["@odata.etag"]}
        await self._call("PATCH", address, heading, headers=locked)
        lines = before.values["salesOrderLines"]
        for position, line in enumerate(await self._lines(document)):
            if position < len(lines):
                await self._line("PATCH", lines[position], line)
            else:
                await self._call("POST", f"{address}/salesOrderLines", line)
        for gone in lines[len(document.lines) :]:
            await self._line("DELETE", gone)
        return before.remote_id

    async def _create(self, document: OutgoingDocument) -> str:
        values = {**_heading(document), "salesOrderLines": await self._lines(document)}
        made = await self._call("POST", "salesOrders", values)
        return str(made["id"])

    async def _line(self, method: str, line: Mapping[str, Any], values: Any = None) -> None:
        address = f"salesOrderLines({line['id']})"
        await self._call(method, address, values, headers={"If-Match": line["@odata.etag"]})

    async def _lines(self, document: OutgoingDocument) -> list[dict[str, Any]]:
        wanted = {"$filter": f"number eq {literal(self._product)}", "$top": "1"}
        found = (await self._call("GET", "items", query=wanted))["value"]
        if not found:
            raise Rejected("product_not_in_erp", product=self._product)
        return [
            {
                "lineType": "Item",
                "lineObjectNumber": self._product,
                "description": line["description"][:100],
                "quantity": float(line["quantity"]),
                "unitOfMeasureCode": line["unitOfMeasureCode"],
                "unitPrice": float(Decimal(line["unitPrice"] or "0")),
            }
            for line in document.lines
        ]

    async def _present(self, remote_id: str) -> RemoteDocument | None:
        try:
            found = await self._call("GET", f"salesOrders({remote_id})", query={"$expand": "salesOrderLines"})
        except NotFound:
            return None
        # A change of a line alone does not change the order's own tag.
        tags = [found["@odata.etag"], *(each["@odata.etag"] for each in found["salesOrderLines"])]
        return RemoteDocument(remote_id, found["number"], " ".join(tags), found)

    async def _call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        return await self._rest.call(
            method, await self._below_company(path), body, query=query, headers=headers
        )

    async def _below_company(self, path: str) -> str:
        """Return the path below the company, which is addressed by id but configured by name."""
        if self._company_id is None:
            query = {"$filter": f"name eq {literal(self._company)}"}
            found = (await self._rest.call("GET", "companies", query=query))["value"]
            if not found:
                raise Rejected("company_not_in_erp", company=self._company)
            self._company_id = found[0]["id"]
        return f"companies({self._company_id})/{path}"


def _heading(document: OutgoingDocument) -> dict[str, Any]:
    if document.customer is None:
        raise Rejected("customer_missing")
    return {
        "externalDocumentNumber": f"{document.number[:22]} {_end(document.internal_id.hex)}",
        "customerId": document.customer.remote_id,
        "requestedDeliveryDate": document.heading["requestedDeliveryDate"] or _NO_DAY,
    }


def _content(found: Mapping[str, Any]) -> DocumentContent:
    delivered = found["requestedDeliveryDate"]
    return DocumentContent(
        number=found["externalDocumentNumber"].rpartition(" ")[0],
        day=date.fromisoformat(found["orderDate"] if delivered == _NO_DAY else delivered),
        quantity=sum((Decimal(str(line["quantity"])) for line in found["salesOrderLines"]), Decimal()),
        amount=Decimal(str(found["totalAmountExcludingTax"])),
    )


def _end(reference: str) -> str:
    """Return the end of an id, which is unique and short enough; folders use it, too."""
    return reference[-12:]


def _at_rest(found: Mapping[str, Any]) -> bool:
    return found.get("blocked") in ("All", True)


def _record(found: Mapping[str, Any]) -> RemoteRecord:
    values = {**found, "paymentTerm": found.get("paymentTerm") or {"code": None}}
    return RemoteRecord(values, remote_id=found["id"], version=found["@odata.etag"])
