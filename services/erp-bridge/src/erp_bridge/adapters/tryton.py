"""The connector to Tryton 8.2 and 7.0: it reads parties and lookup tables, and writes sales, outgoing
shipments and customer returns.

All work is sold as one product of the tenant, which the settings name. A sale's line describes the job, and
the line's note holds the job's id. Sales and shipments carry our id in their reference.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final

import aiohttp

from optima_kit.refusals import Invalid

from ..application.ports import (
    Checkpoint,
    Conflict,
    Endpoint,
    Gone,
    Page,
    Rejected,
    RemoteLink,
    Session,
    WriteResult,
)
from ..domain.connection import Description, Setting
from ..domain.documents import GOODS_BACK, DocumentContent, OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.schema import RemoteSchema
from .capabilities import read_by_id, unmapped, written_by_id
from .record_session import SweptRecord, is_another, sweep, version_of
from .rest import Client, HttpConnector
from .tryton_rpc import TrytonRpc

_SALE_STEPS: Final = {"draft": (), "quotation": ("quote",), "confirmed": ("quote", "confirm")}
_SHIPMENT_STEPS: Final = {
    "draft": "wait",
    "waiting": "assign_force",
    "assigned": "pick",
    "picked": "pack",
    "packed": "ship",
    "shipped": "do",
}
"""The button that moves a shipment on from each state."""
_PACKED_IS_DONE: Final = {"packed": "done"}
"""The different step of releases up to 7.0, where a shipment has no state "shipped" before "done"."""
_RETURN: Final = "stock.shipment.out.return"
_RETURN_STEPS: Final = {"draft": "receive", "received": "do"}
_RECEIVED_IS_DONE: Final = {"received": "done"}
"""The different step of releases up to 7.0, as for shipments."""


_PARTS_OF_PARTY: Final = ("addresses", "identifiers")

DESCRIPTION: Final = Description(
    key="tryton",
    name="Tryton 8.2, 7.0",
    proven="live",
    settings=(
        Setting("url"),
        Setting("database"),
        Setting("user"),
        Setting("password", secret=True),
        Setting("product"),
        Setting("customer_category", required=False),
        Setting("supplier_category", required=False),
        Setting("sale_step", required=False, choices=tuple(_SALE_STEPS)),
        Setting("shipment_step", required=False, choices=(*_SHIPMENT_STEPS, "done")),
        Setting("orders_since", required=False),
    ),
    capabilities=(
        read_by_id("customer", "vat_number", "fiscal_code", children=_PARTS_OF_PARTY),
        read_by_id("supplier", "vat_number", "fiscal_code", children=_PARTS_OF_PARTY),
        read_by_id("agent", children=("party",)),
        read_by_id("product", children=("template",)),
        read_by_id("bank", children=("party",), deletes="scan"),
        read_by_id("payment_term"),
        read_by_id("vat_rate"),
        read_by_id("received_order", children=("lines",), deletes="none"),
        read_by_id("ddt_invoice", children=("moves",)),
        written_by_id(
            "order",
            "create",
            "change",
            "cancel",
            idempotency="our id in the sale's reference",
            cannot_carry=(*unmapped("tryton.yaml", "order"), "deliveries"),
            lists_written=True,
        ),
        written_by_id(
            "ddt",
            "create",
            "change",
            "cancel",
            idempotency="our id in the shipment's reference",
            children=("outgoing_moves",),
            follows=("order",),
            cannot_carry=unmapped("tryton.yaml", "ddt"),
            lists_written=True,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class _Sold:
    """The data of a sale that its DDTs need."""

    currency: int
    lines: Mapping[str, Mapping[str, Any]]
    """The sale's lines by job."""


class Tryton(HttpConnector):
    """Implements `ports.Connector`."""

    description = DESCRIPTION
    mapping_file = "tryton.yaml"

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        if since := settings.get("orders_since"):
            try:
                date.fromisoformat(since)
            except ValueError:
                raise Invalid("day_malformed", field="settings.orders_since") from None
        return super().check(settings)

    def location(self, endpoint: Endpoint) -> str:
        return f"{endpoint.settings['url']}/#{endpoint.settings['database']}"

    def _begin(self, http: aiohttp.ClientSession, endpoint: Endpoint) -> tuple[Client, Session]:
        settings = endpoint.settings
        rpc = TrytonRpc(
            http,
            settings["url"],
            settings["database"],
            settings["user"],
            endpoint.secrets["password"],
            pace=endpoint.pace,
        )
        return rpc, TrytonSession(rpc, settings, self._page)


class TrytonSession:
    """Implements `ports.Session`."""

    def __init__(self, rpc: TrytonRpc, settings: Mapping[str, str], page: int) -> None:
        self._rpc = rpc
        self._settings = settings
        self._page = page
        self._fields: dict[str, Mapping[str, Any]] = {}

    async def _fields_of(self, model: str) -> Mapping[str, Any]:
        """Return the fields that the server has for a model, because releases differ. The server is asked
        once per session."""
        if model not in self._fields:
            self._fields[model] = await self._rpc.call(f"{model}.fields_get", [])
        return self._fields[model]

    async def probe(self) -> str:
        version = await self._rpc.version()
        company = await self._rpc.call("res.user.get_preferences", True)
        return f"Tryton {version}, {company.get('company.rec_name') or self._settings['database']}"

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        """Return the fields of the entity's own model; none if its module is not activated."""
        model = _MODELS[entity]
        # Up to 7.0, `name` is the label for people and `model` the technical name.
        name = "model" if await self._rpc.call("ir.model.fields_get", ["model"]) else "name"
        there = await self._rpc.call("ir.model.search", [[name, "=", model]], 0, 1, None)
        told = await self._fields_of(model) if there else {}
        fields = {
            # A field that is read-only, or has a default, needs no value from us.
            name: bool(each.get("required")) and not each.get("readonly")
            for name, each in told.items()
        }
        if entity in _WRITTEN:
            return RemoteSchema(fields, written=_WRITTEN[entity])
        read = frozenset(each.partition(".")[0] for each in _FIELDS[entity])
        return RemoteSchema(fields, read=read - (_IN_SOME - fields.keys()))

    async def changes(self, entity: Entity, checkpoint: Checkpoint | None) -> AsyncIterator[Page]:
        credited: list[Any] | None = None

        async def found(since: datetime | None, after: int | None) -> list[SweptRecord]:
            nonlocal credited
            if credited is None:
                looks = entity == "ddt_invoice" and since is not None
                credited = await self._credited_since(since) if looks and since is not None else []
            wanted = [*self._wanted(entity), *_changed_since(entity, since, credited)]
            records = await self._found(entity, [*wanted, ["id", ">", after or 0]])
            return [SweptRecord(each["id"], _record(each), _at_rest(each)) for each in records]

        async def now() -> datetime:
            await self._rpc.call("res.user.get_preferences", True)
            return self._rpc.server_time

        async for page in sweep(_MODELS[entity], checkpoint, found, page=self._page, now=now):
            yield page

    async def written(self, entity: Entity) -> AsyncIterator[tuple[str, DocumentContent]]:
        party = "party" if entity == "order" else "customer"
        wanted: list[Any] = [["reference", "ilike", _OUR_REFERENCE]]
        if category := self._settings.get("customer_category"):
            wanted.append([f"{party}.categories", "=", category])
        after = 0
        while True:
            found = await self._search_read(
                _MODELS[entity], [*wanted, ["id", ">", after]], _CONTENT[entity], limit=self._page
            )
            for each in found:
                yield str(each["id"]), self._content(entity, each)
            if len(found) < self._page:
                return
            after = found[-1]["id"]

    def _content(self, entity: Entity, found: Mapping[str, Any]) -> DocumentContent:
        if entity == "order":
            lines = [each["quantity"] for each in found["lines"] if each["type"] == "line"]
            day, amount = found["shipping_date"] or found["sale_date"], found["untaxed_amount"]
        else:
            lines = [each["quantity"] for each in found["outgoing_moves"]]
            day, amount = found["effective_date"], None
        stands = found["state"] != "cancelled"
        return DocumentContent(
            number=found["reference"].rpartition(" (")[0],
            day=_day(day or "") or self._rpc.server_time.date(),
            quantity=sum((Decimal(str(each)) for each in lines), Decimal()) if stands else Decimal(),
            amount=None if amount is None else Decimal(amount) if stands else Decimal(),
        )

    async def settle(self, page: Page, *, refused: bool) -> None:
        """Do nothing: the server keeps its records, so there is nothing to put away."""

    async def find(self, entity: Entity, reference: str) -> RemoteLink | None:
        found = await self._search_read(
            _MODELS[entity], [["reference", "ilike", f"%{reference}%"]], ["_timestamp"]
        )
        return RemoteLink(str(found[0]["id"])) if found else None

    async def put(self, document: OutgoingDocument, link: RemoteLink | None) -> WriteResult:
        remote_id = int(link.remote_id) if link is not None else None
        before = await self._present(document.entity, remote_id) if remote_id is not None else None
        if document.cancelled and before is not None and before["state"] == "cancelled":
            return WriteResult(str(before["id"]), before["number"], _version(before))  # whoever cancelled it
        if link is not None and before is not None and is_another(link.version, _version(before)):
            raise Conflict(_version(before))
        put = self._put_sale if document.entity == "order" else self._put_shipment
        remote_id = await put(document, before)
        after = await self._present(document.entity, remote_id)
        return WriteResult(str(remote_id), after["number"], _version(after))

    async def _put_sale(self, document: OutgoingDocument, before: Mapping[str, Any] | None) -> int:
        heading = document.heading
        if before is not None and before["state"] in ("processing", "done"):
            raise Rejected("sale_is_processed", number=str(before["number"]))
        if heading["state"] == "cancelled":
            if before is None:
                before = await self._present("order", await self._create_sale(document))
            if before["state"] in ("quotation", "confirmed"):
                await self._rpc.call("sale.sale.draft", [before["id"]])
            if before["state"] != "cancelled":
                await self._rpc.call("sale.sale.cancel", [before["id"]])
            return int(before["id"])
        if before is None:
            sale_id = await self._create_sale(document)
        else:
            sale_id = before["id"]
            if before["state"] != "draft":
                await self._rpc.call("sale.sale.draft", [sale_id])
                before = await self._present("order", sale_id)
            values = await self._sale(document, {_job_of(each): each["id"] for each in before["lines"]})
            lock = {"_timestamp": {f"sale.sale,{sale_id}": before["_timestamp"]}}
            await self._rpc.call("sale.sale.write", [sale_id], values, context=lock)
        # A sale is not confirmed before all its lines have prices.
        if all(line["unit_price"] for line in document.lines):
            for button in _SALE_STEPS[self._settings.get("sale_step") or "confirmed"]:
                await self._rpc.call(f"sale.sale.{button}", [sale_id])
        return int(sale_id)

    async def _create_sale(self, document: OutgoingDocument) -> int:
        (sale_id,) = await self._rpc.call("sale.sale.create", [await self._sale(document, {})])
        return int(sale_id)

    async def _sale(self, document: OutgoingDocument, lines: Mapping[str, int]) -> dict[str, Any]:
        """Build the sale's values. `lines` holds the ids of the lines that the sale already has, by job."""
        party = await self._party(document)
        product = await self._product()
        due = _day(document.heading["shipping_date"])
        kept: list[tuple[int, dict[str, Any]]] = []
        made: list[dict[str, Any]] = []
        for position, line in enumerate(document.lines, 1):
            values = {
                "sequence": position,
                "type": "line",
                "product": product,
                "description": line["description"],
                "note": line["job"],
                "quantity": float(line["quantity"]),
                "unit": await self._unit(line["unit"]),
                "unit_price": Decimal(line["unit_price"] or "0"),
            }
            if (known := lines.get(line["job"])) is not None:
                kept.append((known, values))
            else:
                made.append(values)
        gone = sorted(set(lines.values()) - {known for known, _ in kept})
        return {
            "party": party["id"],
            "reference": _reference(document),
            # The server refuses a day in the past.
            "shipping_date": due if due is not None and due >= self._rpc.server_time.date() else None,
            "invoice_address": _address(party, "invoice"),
            "shipment_address": _address(party, "delivery"),
            "payment_term": party["customer_payment_term"],
            # Our logistics service ships, so the server must not create shipments of its own.
            "shipment_method": "manual",
            "lines": [
                *(["write", [known], values] for known, values in kept),
                *([["create", made]] if made else []),
                *([["delete", gone]] if gone else []),
            ],
        }

    async def _put_shipment(self, document: OutgoingDocument, before: Mapping[str, Any] | None) -> int:
        if document.heading["state"] == "voided":
            if before is None:
                before = await self._present("ddt", await self._create_shipment(document))
            if before["state"] != "cancelled":
                await self._rpc.call("stock.shipment.out.cancel", [before["id"]])
            return int(before["id"])
        shipment_id = before["id"] if before is not None else await self._create_shipment(document)
        state = before["state"] if before is not None else "draft"
        last = self._settings.get("shipment_step") or "done"
        steps = await self._shipment_steps()
        while state != last and state in steps:
            await self._rpc.call(f"stock.shipment.out.{steps[state]}", [shipment_id])
            state = (await self._present("ddt", shipment_id))["state"]
        await self._take_back(document, done=state == "done")
        return int(shipment_id)

    async def _take_back(self, document: OutgoingDocument, *, done: bool) -> None:
        """Write the goods that the recipient refused or sent back as a customer return. Its moves originate
        from the sale's lines, as the shipment's do, so that a sale invoiced by shipment does not invoice
        them. Each new return holds only what earlier returns lack. `done` tells whether the shipment is done;
        if it is not, the return waits for people, too."""
        back = _goods_back(document)
        if not any(back.values()):
            return
        there = await self._search_read(
            _RETURN,
            [["reference", "ilike", f"%{document.internal_id}%"], ["state", "!=", "cancelled"]],
            ["state", "incoming_moves.quantity", "incoming_moves.origin"],
        )
        sold = await self._sold(document)
        for move in [move for each in there for move in each["incoming_moves"]]:
            for job, line in sold.lines.items():
                if job in back and _line_of(move) == line["id"]:
                    back[job] -= Decimal(str(move["quantity"]))
        if any(quantity > 0 for quantity in back.values()):
            there.append(await self._create_return(document, sold, back))
        steps = _RETURN_STEPS if await self._ships() else {**_RETURN_STEPS, **_RECEIVED_IS_DONE}
        for each in there:
            state = each["state"]
            while done and state in steps:
                # The server counts returned goods as shipped a second time, and warns if that exceeds the
                # quantity sold.
                await self._rpc.insist(f"{_RETURN}.{steps[state]}", [each["id"]])
                (now,) = await self._search_read(_RETURN, [["id", "=", each["id"]]], ["state"])
                state = now["state"]

    async def _create_return(
        self, document: OutgoingDocument, sold: _Sold, back: Mapping[str, Decimal]
    ) -> dict[str, Any]:
        party, places = await self._party(document), await self._places()
        moves = [
            {
                **await self._move(sold, line, back[line["job"]]),
                "from_location": places["customers"],
                "to_location": places["input_location"],
            }
            for line in _each_job_once(document)
            if back[line["job"]] > 0
        ]
        values = {
            "customer": party["id"],
            "contact_address": _address(party, "delivery"),
            "reference": _reference(document),
            "warehouse": places["id"],
            "warehouse_input": places["input_location"],
            "warehouse_storage": places["storage_location"],
            "incoming_moves": [["create", moves]],
        }
        (return_id,) = await self._rpc.call(f"{_RETURN}.create", [values])
        return {"id": return_id, "state": "draft"}

    async def _shipment_steps(self) -> Mapping[str, str]:
        return _SHIPMENT_STEPS if await self._ships() else {**_SHIPMENT_STEPS, **_PACKED_IS_DONE}

    async def _ships(self) -> bool:
        """Tell whether the server's shipments have the state "shipped" before "done"."""
        states = (await self._fields_of(_MODELS["ddt"]))["state"]["selection"]
        return any(each[0] == "shipped" for each in states)

    async def _create_shipment(self, document: OutgoingDocument) -> int:
        party, sold, places = await self._party(document), await self._sold(document), await self._places()
        moves = [
            {
                **await self._move(sold, line, Decimal(line["quantity"])),
                "from_location": places["output_location"],
                "to_location": places["customers"],
            }
            for line in document.lines
        ]
        values = {
            "customer": party["id"],
            "delivery_address": _address(party, "delivery"),
            "reference": _reference(document),
            "effective_date": _day(document.heading["effective_date"]),
            "warehouse": places["id"],
            "warehouse_output": places["output_location"],
            "warehouse_storage": places["storage_location"],
            "outgoing_moves": [["create", moves]],
        }
        (shipment_id,) = await self._rpc.call("stock.shipment.out.create", [values])
        return int(shipment_id)

    async def _sold(self, document: OutgoingDocument) -> _Sold:
        """Return the sale of a DDT. Raises Rejected if it can't be found."""
        sale_id = document.order_remote_id
        if sale_id is None and not document.heading["order"]:
            raise Rejected("sale_without_order", number=document.number)
        if sale_id is None:
            sale = await self.find("order", document.heading["order"])
            sale_id = sale.remote_id if sale is not None else None
        if sale_id is None:
            raise Rejected("order_not_in_erp")
        sold = await self._present("order", int(sale_id))
        # A sale that was created in Tryton names no jobs: its lines correspond to the order's, in sequence.
        born_there = zip_longest(
            (each for each in sold["lines"] if each["type"] == "line"), document.order_jobs
        )
        lines = {_job_of(each) or job: each for each, job in born_there if each is not None}
        return _Sold(sold["currency"], lines)

    async def _places(self) -> dict[str, Any]:
        """Return the warehouse with its locations, and the location of customers."""
        (warehouse,) = await self._search_read(
            "stock.location",
            [["type", "=", "warehouse"]],
            ["output_location", "storage_location", "input_location"],
            limit=1,
        )
        (customers,) = await self._search_read("stock.location", [["type", "=", "customer"]], [], limit=1)
        return {**warehouse, "customers": customers["id"]}

    async def _move(self, sold: _Sold, line: Mapping[str, str], quantity: Decimal) -> dict[str, Any]:
        """Build the move of a quantity of a line, without its two locations."""
        origin = sold.lines.get(line["job"])
        if origin is None:
            raise Rejected("line_not_in_erp", position=line["position"])
        return {
            "product": origin["product"],
            "quantity": float(quantity),
            "unit": await self._unit(line["unit"]),
            "origin": f"sale.line,{origin['id']}",
            "unit_price": Decimal(origin["unit_price"]),
            "currency": sold.currency,
        }

    async def _present(self, entity: Entity, remote_id: int) -> dict[str, Any]:
        fields = ["_timestamp", *_PRESENT[entity]]
        found = await self._search_read(_MODELS[entity], [["id", "=", remote_id]], fields)
        if not found:
            raise Gone(str(remote_id))
        return found[0]

    async def _party(self, document: OutgoingDocument) -> dict[str, Any]:
        if document.customer is None:
            raise Rejected("customer_missing")
        found = await self._search_read(
            "party.party",
            [["id", "=", int(document.customer.remote_id)]],
            ["customer_payment_term", "addresses.invoice", "addresses.delivery"],
        )
        if not found:
            raise Rejected("customer_not_in_erp", customer=document.customer.code)
        return found[0]

    async def _product(self) -> int:
        code = self._settings["product"]
        found = await self._search_read("product.product", [["code", "=", code]], [], limit=1)
        if not found:
            raise Rejected("product_not_in_erp", product=code)
        return int(found[0]["id"])

    async def _unit(self, symbol: str) -> int:
        found = await self._search_read("product.uom", [["symbol", "=", symbol]], [], limit=1)
        if not found:
            raise Rejected("unit_not_in_erp", unit=symbol)
        return int(found[0]["id"])

    def _wanted(self, entity: Entity) -> list[Any]:
        """Return the search conditions for the records of an entity that are imported."""
        wanted: list[Any] = []
        if entity in ("customer", "supplier") and (category := self._settings.get(f"{entity}_category")):
            wanted.append(["categories", "=", category])
        elif entity == "received_order":
            return self._received()
        elif entity == "ddt_invoice":
            wanted.append(["reference", "ilike", _OUR_REFERENCE])
        elif entity == "agent":
            # Records of type "principal" are the parties for which the company itself is an agent.
            wanted.append(["type_", "=", "agent"])
        elif entity == "supplier":
            # Payment terms for suppliers are the only sign that a party is a supplier.
            wanted.append(["payment_terms.supplier_payment_term", "!=", None])
        return wanted

    def _received(self) -> list[Any]:
        """Return the conditions for sales that were created in Tryton since the day in the connection's
        settings; no sale matches if that day is not set."""
        since = self._settings.get("orders_since")
        return [
            ["state", "in", ["confirmed", "processing", "done", "cancelled"]],
            ["sale_date", ">=", date.fromisoformat(since)] if since else ["id", "=", 0],
            ["OR", ["reference", "=", None], ["reference", "not ilike", _OUR_REFERENCE]],
        ]

    async def _found(self, entity: Entity, wanted: list[Any]) -> list[dict[str, Any]]:
        there = await self._fields_of(_MODELS[entity])
        fields = ["_timestamp", *(each for each in _FIELDS[entity] if each not in _IN_SOME or each in there)]
        found = await self._search_read(
            _MODELS[entity], wanted, fields, limit=self._page, context={"active_test": False}
        )
        if entity == "ddt_invoice":
            await self._add_invoices(found)
        return found

    async def _add_invoices(self, shipments: Sequence[dict[str, Any]]) -> None:
        """Add invoices to shipments. A shipment is invoiced once each of its moves is: by the move's own
        invoice, or by the sale line's if the sale is invoiced by order."""
        sold = {each["id"]: _line_of(each) for shipment in shipments for each in shipment["moves"]}
        lines = {
            each["id"]: each
            for each in await self._search_read(
                "sale.line",
                [["id", "in", sorted({each for each in sold.values() if each is not None})]],
                ["sale.invoice_method", *_INVOICE],
            )
        }
        moves = [each for shipment in shipments for each in shipment["moves"]]
        invoiced = [line for each in (*moves, *lines.values()) for line in each["invoice_lines"]]
        credits_of = await self._credits_of({each["id"] for each in invoiced})
        returned = await self._returned({key for key, each in lines.items() if _is_credited(each)})
        for shipment in shipments:
            shipment_id = _our_id_in(shipment["reference"])
            found = []
            for move in shipment["moves"]:
                if (line := lines.get(sold[move["id"]])) is not None:
                    told = _invoicing(move, credits_of)
                    if not told.invoices and line["sale"]["invoice_method"] in ("order", "manual"):
                        told = _invoicing(line, credits_of)
                    if (shipment_id, line["id"]) in returned:
                        told = _less_returns(told, line)
                    found.append(told)
            stands = bool(found) and all(each.invoices for each in found)
            invoices = _together(each.invoices for each in found) if stands else {}
            notes = _together(each.notes if stands else {**each.notes, **each.taken_back} for each in found)
            shipment |= {
                "active": bool(invoices or notes),
                "shipment_id": shipment_id,
                "invoice_number": ", ".join(sorted(invoices)),
                "invoice_date": max(invoices.values(), default=None),
                "credit_note_number": ", ".join(sorted(notes)),
                "credit_note_date": max(notes.values(), default=None),
            }
            del shipment["moves"]

    async def _credits_of(self, line_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
        """Return the lines of valid credit notes by the invoice line that they credit."""
        origins = [f"{_INVOICE_LINE},{each}" for each in sorted(line_ids)]
        fields = ["origin", *(each.removeprefix("invoice_lines.") for each in _INVOICE)]
        found: dict[int, list[dict[str, Any]]] = {}
        for each in await self._search_read(_INVOICE_LINE, [["origin", "in", origins]], fields):
            if each["invoice"] and each["invoice"]["state"] in _STANDS:
                found.setdefault(int(each["origin"].partition(",")[2]), []).append(each)
        return found

    async def _returned(self, line_ids: set[int]) -> set[tuple[str, int]]:
        """Return for which of our shipments, and for which of these sale lines, goods came back. The server
        credits them on the sale's next invoice, with a line that names no shipment."""
        if not line_ids:
            return set()
        found = await self._search_read(
            _RETURN,
            [
                ["reference", "ilike", _OUR_REFERENCE],
                ["state", "in", ["received", "done"]],
                ["moves.origin.id", "in", sorted(line_ids), "sale.line"],
            ],
            ["reference", "incoming_moves.origin"],
        )
        return {
            (_our_id_in(each["reference"]), line)
            for each in found
            for move in each["incoming_moves"]
            if (line := _line_of(move)) is not None
        }

    async def _credited_since(self, since: datetime) -> list[Any]:
        """Return the conditions for shipments whose invoice was credited since then. A credit note does not
        change the shipment or the invoice, so their own times don't show it."""
        changed = [[f"invoice.{column}", ">=", since] for column in ("write_date", "create_date")]
        wanted = [["origin", "like", f"{_INVOICE_LINE},%"], ["OR", *changed]]
        found = await self._search_read(_INVOICE_LINE, wanted, ["origin"])
        lines = sorted({int(each["origin"].partition(",")[2]) for each in found})
        return [
            ["moves.invoice_lines.id", "in", lines],
            ["moves.origin.invoice_lines.id", "in", lines, "sale.line"],
        ]

    async def _search_read(
        self,
        model: str,
        wanted: list[Any],
        fields: Sequence[str],
        *,
        limit: int | None = None,
        context: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        found: list[Any] = await self._rpc.call(
            f"{model}.search_read", wanted, 0, limit, [["id", "ASC"]], list(fields), context=context
        )
        return [_nested(each) for each in found]


_MODELS: Final[dict[Entity, str]] = {
    "customer": "party.party",
    "supplier": "party.party",
    "agent": "commission.agent",
    "product": "product.product",
    "bank": "bank",
    "payment_term": "account.invoice.payment_term",
    "vat_rate": "account.tax",
    "received_order": "sale.sale",
    "ddt_invoice": "stock.shipment.out",
    "order": "sale.sale",
    "ddt": "stock.shipment.out",
}
_PARTS: Final[dict[Entity, tuple[str, ...]]] = {
    "customer": (*_PARTS_OF_PARTY, "payment_terms"),
    "supplier": (*_PARTS_OF_PARTY, "payment_terms"),
    "agent": ("party",),
    "product": ("template",),
    "bank": ("party",),
    "payment_term": ("lines",),
    "vat_rate": (),
    "received_order": ("lines",),
    "ddt_invoice": ("moves.invoice_lines.invoice", "moves.origin.invoice_lines.invoice:sale.line"),
}
"""The parts of each entity's records. Behind a colon is the model of a part, if the field may refer to
several models."""
_INVOICE: Final = (
    "invoice_lines.quantity",
    *(f"invoice_lines.invoice.{part}" for part in ("number", "state", "invoice_date")),
)
_INVOICE_LINE: Final = "account.invoice.line"
_STANDS: Final = ("posted", "paid")


_WRITTEN: Final[dict[Entity, frozenset[str]]] = {
    "order": frozenset(
        {
            "party",
            "reference",
            "shipping_date",
            "invoice_address",
            "shipment_address",
            "payment_term",
            "shipment_method",
            "lines",
        }
    ),
    "ddt": frozenset({"customer", "reference", "delivery_address", "outgoing_moves"}),
}
"""The fields of each model to which we write a value."""
_IN_SOME: Final = frozenset({"active"})
"""Fields that some releases lack: up to 7.0, agents can't be deactivated."""
_OF_PARTY: Final = (
    "name",
    "code",
    "identifiers.type",
    "identifiers.code",
    *(f"addresses.{part}" for part in ("street", "postal_code", "city", "invoice", "active")),
    "addresses.subdivision.code",
    "addresses.country.code",
)
_FIELDS: Final[dict[Entity, tuple[str, ...]]] = {
    "customer": ("active", *_OF_PARTY, "customer_payment_term.name"),
    "supplier": ("active", *_OF_PARTY, "supplier_payment_term.name"),
    "agent": ("active", "party.name", "party.code"),
    "product": ("active", "template.active", "code", "name", "default_uom.symbol"),
    "bank": ("bic", "party.name", "party.code"),
    "payment_term": (
        "active",
        "name",
    ),
    "vat_rate": ("active", "name", "rate"),
    "received_order": (
        "number",
        "state",
        "party",
        "shipping_date",
        "sale_date",
        "lines.type",
        "lines.product.code",
        "lines.description",
        "lines.quantity",
        "lines.unit.symbol",
    ),
    "ddt_invoice": ("reference", "moves.origin", *(f"moves.{part}" for part in _INVOICE)),
}


_CONTENT: Final[dict[Entity, tuple[str, ...]]] = {
    "order": (
        "reference",
        "state",
        "sale_date",
        "shipping_date",
        "untaxed_amount",
        "lines.type",
        "lines.quantity",
    ),
    "ddt": ("reference", "state", "effective_date", "outgoing_moves.quantity"),
}
"""The fields from which a document's totals are computed."""
_PRESENT: Final[dict[Entity, tuple[str, ...]]] = {
    "order": (
        "number",
        "state",
        "party",
        "reference",
        "description",
        "comment",
        "currency",
        "shipping_date",
        "invoice_address",
        "shipment_address",
        "payment_term",
        *(
            f"lines.{each}"
            for each in ("type", "note", "product", "description", "quantity", "unit", "unit_price")
        ),
    ),
    "ddt": (
        "number",
        "state",
        "customer",
        "reference",
        "delivery_address",
        *(f"outgoing_moves.{each}" for each in ("product", "quantity", "unit", "origin")),
    ),
}
"""The fields that are read of a document before and after it is written."""


_OUR_REFERENCE: Final = "%(________-____-____-____-____________)"
"""A pattern for LIKE in which each underscore stands for any character of our id."""


def _changed_since(entity: Entity, since: datetime | None, others: Sequence[Any]) -> list[Any]:
    """Return the conditions for records that changed since then: the record itself, or one of its parts,
    whose changes don't show in the record's own time, or a record that matches `others`."""
    if since is None:
        return []
    columns = ("write_date", "create_date")
    times = [[column, ">=", since] for column in columns]
    for each in _PARTS[entity]:
        part, _, model = each.partition(":")
        times += [[f"{part}.{column}", ">=", since, *([model] if model else [])] for column in columns]
    return [["OR", *times, *others]]


def _nested(record: Any) -> Any:
    """Return the record with its parts in place of their ids. The server sends a part under the field's name
    followed by a dot, beside the bare id."""
    if isinstance(record, list):
        return [_nested(each) for each in record]
    if not isinstance(record, dict):
        return record
    plain = {key: value for key, value in record.items() if not key.endswith(".")}
    return plain | {key[:-1]: _nested(value) for key, value in record.items() if key.endswith(".")}


def _at_rest(found: Mapping[str, Any]) -> bool:
    """Tell whether a record is inactive. A product is inactive if its template is."""
    return not (found.get("active", True) and (found.get("template") or {}).get("active", True))


def _record(found: dict[str, Any]) -> RemoteRecord:
    values = dict(found)
    if "addresses" in values:
        numbers = {each["type"]: each["code"] for each in values["identifiers"]}
        addresses = [each for each in values["addresses"] if each["active"]]
        values["identifiers"] = {"it_codicefiscale": numbers.get("it_codicefiscale")}
        values["vat_number"] = numbers.get("it_vat") or numbers.get("eu_vat")
        first = next((each for each in addresses if each["invoice"]), addresses[0] if addresses else {})
        values["address"] = {
            **{part: first.get(part) for part in ("street", "postal_code", "city")},
            "country": (first.get("country") or {}).get("code"),
            # "IT-MI" → "MI"
            "province": ((first.get("subdivision") or {}).get("code") or "").rpartition("-")[2],
        }
    if values.get("rate"):
        values["rate"] = f"{(Decimal(values['rate']) * 100).normalize():f}"
    if "sale_date" in values:
        values["title"] = f"Tryton {values['number']}"
        values["deadline"] = values["shipping_date"] or values["sale_date"]
        values["lines"] = [each for each in values["lines"] if each["type"] == "line"]
    for term in ("customer_payment_term", "supplier_payment_term"):
        if term in values:
            values[term] = values[term] or {"name": None}
    return RemoteRecord(values, remote_id=str(found["id"]), version=found["_timestamp"])


def _version(present: Mapping[str, Any]) -> str:
    """Return a version that includes the content. The time alone isn't enough: a server up to 7.0 on SQLite
    counts whole seconds, and a change of a line alone never changes its sale's time."""
    content = {key: value for key, value in present.items() if key != "_timestamp"}
    return version_of(present["_timestamp"], content)


def _reference(document: OutgoingDocument) -> str:
    """Return our reference: the number for people, and the id by which we find the record again."""
    return f"{document.number} ({document.internal_id})"


def _our_id_in(reference: str) -> str:
    return reference.rpartition("(")[2].removesuffix(")")


def _each_job_once(document: OutgoingDocument) -> list[dict[str, str]]:
    """Return the first line of each job, in the document's sequence."""
    return list({line["job"]: line for line in reversed(document.lines)}.values())[::-1]


def _goods_back(document: OutgoingDocument) -> dict[str, Decimal]:
    """Return the quantities of a DDT that came back, by job."""
    found: dict[str, Decimal] = {}
    for line in document.lines:
        came_back = sum(Decimal(line.get(each) or 0) for each in GOODS_BACK)
        found[line["job"]] = came_back + found.get(line["job"], Decimal())
    return found


def _line_of(move: Mapping[str, Any]) -> int | None:
    """Return the id of the sale line from which a move originates, if there is one."""
    model, _, number = (move["origin"] or "").partition(",")
    return int(number) if model == "sale.line" else None


@dataclass(frozen=True, slots=True)
class _Invoicing:
    """Invoices and credit notes of a shipment's line; each dictionary holds dates by number."""

    invoices: dict[str, str]
    """Invoices that are not fully credited."""
    notes: dict[str, str]
    """Credit notes that credit a part of these invoices."""
    taken_back: dict[str, str]
    """Credit notes that have credited other invoices fully."""


def _invoicing(
    invoiced: Mapping[str, Any], credits_of: Mapping[int, Sequence[Mapping[str, Any]]]
) -> _Invoicing:
    found = _Invoicing({}, {}, {})
    for line in invoiced["invoice_lines"]:
        invoice = line["invoice"]
        if not invoice or line["quantity"] <= 0:
            continue  # this is a credit note's own line
        notes = credits_of.get(line["id"], ())
        stands = (
            invoice["state"] in _STANDS and line["quantity"] + sum(each["quantity"] for each in notes) > 0
        )
        if stands:
            found.invoices[invoice["number"]] = invoice["invoice_date"]
        into = found.notes if stands else found.taken_back
        into.update({each["invoice"]["number"]: each["invoice"]["invoice_date"] for each in notes})
    return found


def _standing(line: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in line["invoice_lines"] if each["invoice"] and each["invoice"]["state"] in _STANDS]


def _is_credited(line: Mapping[str, Any]) -> bool:
    """Tell whether the sale has invoiced a negative quantity of the line, because goods came back."""
    return any(each["quantity"] < 0 for each in _standing(line))


def _less_returns(told: _Invoicing, line: Mapping[str, Any]) -> _Invoicing:
    """Add the credit notes by which the sale has credited the returned goods of its line."""
    standing = _standing(line)
    notes = {
        each["invoice"]["number"]: each["invoice"]["invoice_date"]
        for each in standing
        if each["quantity"] < 0
    }
    if sum(each["quantity"] for each in standing) > 0:
        return replace(told, notes={**told.notes, **notes})
    return _Invoicing({}, {}, {**told.notes, **told.taken_back, **notes})


def _together(several: Iterable[Mapping[str, str]]) -> dict[str, str]:
    return {number: day for each in several for number, day in each.items()}


def _job_of(line: Mapping[str, Any]) -> str:
    return line["note"] or ""


def _address(party: Mapping[str, Any], use: str) -> int | None:
    addresses = party["addresses"]
    found = next((each for each in addresses if each[use]), addresses[0] if addresses else None)
    return int(found["id"]) if found else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
