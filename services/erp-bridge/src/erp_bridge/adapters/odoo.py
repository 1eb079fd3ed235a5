"""The connector to Odoo 19 and later, over its JSON-2 interface: it reads partners and lookup tables, and
writes sales orders.

It was tested only with recorded answers, not with a live system. All work is sold as one product of the
tenant, which the settings name. A sales order carries our number as the customer's reference and our id as
its source document.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import aiohttp

from ..application.ports import Checkpoint, Endpoint, Page, Rejected, RemoteLink, Session
from ..domain.connection import Description, Setting
from ..domain.documents import DocumentContent, OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.schema import RemoteSchema
from .capabilities import read_by_id, unmapped, written_by_id
from .record_session import DocumentSession, RemoteDocument, SweptRecord, sweep, version_of
from .rest import Client, HttpConnector, NotFound, Rest

_MODELS: Final[dict[Entity, str]] = {
    "customer": "res.partner",
    "supplier": "res.partner",
    "product": "product.product",
    "payment_term": "account.payment.term",
    "vat_rate": "account.tax",
    "order": "sale.order",
}
_WANTED: Final[dict[Entity, list[Any]]] = {
    "customer": [["parent_id", "=", False], ["customer_rank", ">", 0]],
    "supplier": [["parent_id", "=", False], ["supplier_rank", ">", 0]],
    "product": [["sale_ok", "=", True]],
    "payment_term": [],
    "vat_rate": [["type_tax_use", "=", "sale"], ["amount_type", "=", "percent"]],
}
_PARTY: Final[dict[str, Any]] = {
    **{
        key: {} for key in ("ref", "name", "vat", "l10n_it_codice_fiscale", "street", "zip", "city", "active")
    },
    "state_id": {"fields": {"code": {}}},
    "country_id": {"fields": {"code": {}}},
}
_NAMED: Final[dict[str, Any]] = {"fields": {"name": {}}}
_READ: Final[dict[Entity, dict[str, Any]]] = {
    "customer": {**_PARTY, "property_payment_term_id": _NAMED},
    "supplier": {**_PARTY, "property_supplier_payment_term_id": _NAMED},
    "product": {"default_code": {}, "name": {}, "active": {}, "uom_id": _NAMED},
    "payment_term": {"name": {}, "active": {}},
    "vat_rate": {"name": {}, "active": {}, "amount": {}},
}
"""The fields that are read of each entity, including those of linked records, in the form of Odoo's
request."""
_IN_SOME: Final = frozenset({"l10n_it_codice_fiscale"})
"""Fields that belong to optional modules, so that some Odoo servers lack them."""
_WRITTEN: Final = frozenset({"partner_id", "client_order_ref", "origin", "commitment_date", "order_line"})

DESCRIPTION: Final = Description(
    key="odoo",
    name="Odoo 19 (JSON-2)",
    proven="recorded",
    settings=(
        Setting("url"),
        Setting("database"),
        Setting("api_key", secret=True),
        Setting("product"),
        Setting("sale_step", required=False, choices=("draft", "confirmed")),
    ),
    capabilities=(
        read_by_id("customer", "vat_number", "fiscal_code"),
        read_by_id("supplier", "vat_number", "fiscal_code"),
        read_by_id("product"),
        read_by_id("payment_term"),
        read_by_id("vat_rate"),
        written_by_id(
            "order",
            "create",
            "change",
            "cancel",
            idempotency="our id in the order's source document",
            cannot_carry=(*unmapped("odoo.yaml", "order"), "deliveries"),
            lists_written=True,
        ),
    ),
)


class Odoo(HttpConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "odoo.yaml"

    def location(self, endpoint: Endpoint) -> str:
        return f"{endpoint.settings['url']}/odoo ({endpoint.settings['database']})"

    def _begin(self, http: aiohttp.ClientSession, endpoint: Endpoint) -> tuple[Client, Session]:
        settings = endpoint.settings

        async def sign_in() -> Mapping[str, str]:
            """Return the headers with the API key. Odoo has no session to begin."""
            return {
                "Authorization": f"bearer {endpoint.secrets['api_key']}",
                "X-Odoo-Database": settings["database"],
            }

        rest = Rest(http, f"{settings['url']}/json/2/", sign_in=sign_in, pace=endpoint.pace)
        return rest, OdooSession(rest, settings, self._page)


class OdooSession(DocumentSession):
    """Implements `ports.Session`."""

    def __init__(self, rest: Rest, settings: Mapping[str, str], page: int) -> None:
        self._rest = rest
        self._settings = settings
        self._page = page

    async def probe(self) -> str:
        (company,) = (await self._read("res.company", [], {"name": {}}, limit=1)) or ({"name": ""},)
        return f"Odoo, {company['name'] or self._settings['database']}"

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        told = await self._fields(entity)
        fields = {
            name: bool(each.get("required")) and not each.get("readonly") for name, each in told.items()
        }
        if entity == "order":
            return RemoteSchema(fields, written=_WRITTEN)
        return RemoteSchema(fields, read=frozenset(_READ[entity]) - (_IN_SOME - fields.keys()))

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        there = await self._fields(entity)
        wanted = {name: each for name, each in _READ[entity].items() if name in there}

        async def found(since: datetime | None, after: int | None) -> list[SweptRecord]:
            domain = [*_WANTED[entity], ["id", ">", after or 0]]
            if since is not None:
                domain.append(["write_date", ">=", _moment(since)])
            records = await self._read(
                _MODELS[entity], domain, {**wanted, "write_date": {}}, limit=self._page, at_rest=True
            )
            return [SweptRecord(each["id"], _record(each), not each.get("active", True)) for each in records]

        async for page in sweep(_MODELS[entity], checkpoint, found, page=self._page, now=self._now):
            yield page

    async def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        heading = ("client_order_ref", "state", "commitment_date", "create_date", "amount_untaxed")
        asked: dict[str, Any] = {
            **{name: {} for name in heading},
            "order_line": {"fields": {"product_uom_qty": {}}},
        }
        after = 0
        while True:
            domain = [["origin", "=like", _OUR_ID], ["id", ">", after]]
            found = await self._read(_MODELS[entity], domain, asked, limit=self._page)
            for each in found:
                stands = each["state"] != "cancel"
                lines = each["order_line"] if stands else []
                yield (
                    str(each["id"]),
                    DocumentContent(
                        number=each["client_order_ref"] or "",
                        day=date.fromisoformat((each["commitment_date"] or each["create_date"])[:10]),
                        quantity=sum((Decimal(str(line["product_uom_qty"])) for line in lines), Decimal()),
                        amount=Decimal(str(each["amount_untaxed"] or 0)) if stands else Decimal(),
                    ),
                )
            if len(found) < self._page:
                return
            after = found[-1]["id"]

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        found = await self._read(_MODELS[entity], [["origin", "=", reference]], {"origin": {}}, limit=1)
        return RemoteLink(str(found[0]["id"])) if found else None

    async def _write(self, document: OutgoingDocument, before: RemoteDocument | None) -> str:
        state = before.values["state"] if before is not None else "draft"
        if document.cancelled:
            order_id = int(before.remote_id) if before is not None else await self._create(document)
            if state != "cancel":
                await self._call("sale.order", "action_cancel", ids=[order_id])
            return str(order_id)
        if before is None:
            order_id = await self._create(document)
        else:
            order_id = int(before.remote_id)
            if before.values["locked"]:
                raise Rejected("sale_is_processed", number=before.number)
            if state == "cancel":
                await self._call("sale.order", "action_draft", ids=[order_id])
                state = "draft"
            values = await self._order(document, [each["id"] for each in before.values["order_line"]], state)
            await self._call("sale.order", "write", ids=[order_id], vals=values)
        # An order is not confirmed before all its lines have prices.
        confirmed = (self._settings.get("sale_step") or "confirmed") == "confirmed"
        if confirmed and state in ("draft", "sent") and all(line["price_unit"] for line in document.lines):
            await self._call("sale.order", "action_confirm", ids=[order_id])
        return str(order_id)

    async def _create(self, document: OutgoingDocument) -> int:
        values = await self._order(document, [], "draft")
        (order_id,) = await self._call("sale.order", "create", vals_list=[values])
        return int(order_id)

    async def _order(self, document: OutgoingDocument, lines: list[int], state: str) -> dict[str, Any]:
        """Build the order's values. `lines` holds the ids of the lines that the order already has."""
        if document.customer is None:
            raise Rejected("customer_missing")
        code = self._settings["product"]
        found = await self._read("product.product", [["default_code", "=", code]], {"name": {}}, limit=1)
        if not found:
            raise Rejected("product_not_in_erp", product=code)
        commands: list[list[Any]] = []
        for position, line in enumerate(document.lines):
            values = {
                "sequence": position + 1,
                "product_id": found[0]["id"],
                "name": line["name"],
                "product_uom_qty": float(line["product_uom_qty"]),
                "price_unit": float(line["price_unit"] or 0),
            }
            known = lines[position] if position < len(lines) else None
            commands.append([0, 0, values] if known is None else [1, known, values])
        # A line of a confirmed order can't be deleted, so its quantity is set to zero.
        for gone in lines[len(document.lines) :]:
            commands.append([2, gone, 0] if state == "draft" else [1, gone, {"product_uom_qty": 0}])
        due = document.heading["commitment_date"]
        return {
            "partner_id": int(document.customer.remote_id),
            "client_order_ref": document.number,
            "origin": str(document.internal_id),
            "commitment_date": f"{due} 12:00:00" if due else False,
            "order_line": commands,
        }

    async def _present(self, remote_id: str) -> RemoteDocument | None:
        asked = {
            "name": {},
            "state": {},
            "locked": {},
            "write_date": {},
            **{each: {} for each in ("partner_id", "client_order_ref", "origin", "commitment_date")},
            "order_line": {
                "fields": {
                    each: {} for each in ("write_date", "product_id", "name", "product_uom_qty", "price_unit")
                },
                "order": "sequence, id",
            },
        }
        found = await self._read("sale.order", [["id", "=", int(remote_id)]], asked, limit=1)
        if not found:
            return None
        order = found[0]
        # A change of a line alone does not change the order's own time.
        time = max(order["write_date"], *(each["write_date"] for each in order["order_line"]), "")
        return RemoteDocument(remote_id, order["name"], version_of(time, order), order)

    async def _fields(self, entity: Entity) -> dict[str, Any]:
        """Return the fields of the entity's model; none if its module is not installed."""
        try:
            told = await self._call(_MODELS[entity], "fields_get", attributes=["required", "readonly"])
        except NotFound:
            return {}
        return dict(told)

    async def _read(
        self, model: str, domain: list[Any], wanted: dict[str, Any], *, limit: int, at_rest: bool = False
    ) -> list[dict[str, Any]]:
        found = await self._call(
            model,
            "web_search_read",
            domain=domain,
            specification=wanted,
            limit=limit,
            order="id",
            context={"active_test": not at_rest},
        )
        return [_plain(each, wanted) for each in found["records"]]

    async def _call(self, model: str, method: str, **arguments: Any) -> Any:
        return await self._rest.call("POST", f"{model}/{method}", arguments)


_OUR_ID: Final = "________-____-____-____-____________"
"""A pattern for LIKE in which each underscore stands for any character."""


def _plain(record: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with None for empty values, for which Odoo sends False, even for linked records."""
    plain: dict[str, Any] = {"id": record["id"]}
    for name, each in wanted.items():
        value = record.get(name, False)
        if value is False and name not in ("active", "locked"):
            value = dict.fromkeys(each.get("fields", {})) if "fields" in each else None
        plain[name] = value
    return plain


def _record(found: Mapping[str, Any]) -> RemoteRecord:
    values = dict(found)
    if "ref" in values:
        # Few companies give their partners codes; the partner's id in Odoo never changes.
        values["code"] = values["ref"] or str(found["id"])
    if "state_id" in values and (values["country_id"]["code"] or "IT") != "IT":
        values["state_id"] = {"code": None}
    if "default_code" in values:
        values["default_code"] = values["default_code"] or str(found["id"])
    return RemoteRecord(values, remote_id=str(found["id"]), version=found["write_date"])


def _moment(at: datetime) -> str:
    """Format a time for Odoo, whose times are in UTC without a mark."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
