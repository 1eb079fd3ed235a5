"""Endpoints of the lookup tables: warehouses, destinations, transport reasons, carriers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from optima_kit.http import (
    Call,
    Code,
    Command,
    Flag,
    Page,
    PageQuery,
    Reply,
    Routes,
    Text,
    View,
    page_of,
)
from optima_kit.refusals import Absent, Invalid

from ..application.keep_lookup import keep_lookup
from ..application.ports import Ports
from ..domain.lookups import Carrier, Destination, Lookup, TransportReason, Warehouse
from .parties import AddressFields, IdentityFields, PartyView, party_view

routes = Routes()

L = TypeVar("L", bound=Lookup)
V = TypeVar("V", bound=BaseModel)

_CODE: TypeAdapter[str] = TypeAdapter(Code)


class DestinationFields(Command):
    recipient: IdentityFields
    """Cessionario: who the goods belong to from then on, or who holds them."""
    address: AddressFields
    """Where they are delivered."""


class TransportReasonFields(Command):
    text: Annotated[str, Text(100)]
    """As the document prints it."""
    sale: Flag


class WarehouseView(View):
    code: str
    address: PartyView


class DestinationView(View):
    code: str
    recipient: PartyView
    address: PartyView


class TransportReasonView(View):
    code: str
    text: str
    sale: bool
    built_in: bool
    """It came with the product and has not been rewritten."""


class CarrierView(View):
    code: str
    identity: PartyView


def _warehouse(lookup: Warehouse) -> WarehouseView:
    return WarehouseView(code=lookup.code, address=party_view(lookup.address))


def _destination(lookup: Destination) -> DestinationView:
    return DestinationView(
        code=lookup.code, recipient=party_view(lookup.recipient), address=party_view(lookup.address)
    )


def _transport_reason(lookup: TransportReason) -> TransportReasonView:
    return TransportReasonView(
        code=lookup.code, text=lookup.text, sale=lookup.sale, built_in=lookup.version == 0
    )


def _carrier(lookup: Carrier) -> CarrierView:
    return CarrierView(code=lookup.code, identity=party_view(lookup.identity))


@routes.put("/v1/warehouses/{code}", privilege="lookup.write", summary="Keep a warehouse")
async def keep_warehouse(call: Call[Ports], code: str, body: AddressFields) -> Reply[WarehouseView]:
    return await _keep(call, Warehouse(_checked(code), body.party()), _warehouse)


@routes.get("/v1/warehouses/{code}", privilege="lookup.read", summary="Read a warehouse")
async def read_warehouse(call: Call[Ports], code: str) -> Reply[WarehouseView]:
    return await _read(call, Warehouse, code, _warehouse)


@routes.get("/v1/warehouses", privilege="lookup.read", summary="List warehouses")
async def list_warehouses(call: Call[Ports], query: PageQuery) -> Page[WarehouseView]:
    return await _list(call, Warehouse, query, _warehouse)


@routes.put("/v1/destinations/{code}", privilege="lookup.write", summary="Keep a destination")
async def keep_destination(call: Call[Ports], code: str, body: DestinationFields) -> Reply[DestinationView]:
    destination = Destination(_checked(code), body.recipient.party(), body.address.party())
    return await _keep(call, destination, _destination)


@routes.get("/v1/destinations/{code}", privilege="lookup.read", summary="Read a destination")
async def read_destination(call: Call[Ports], code: str) -> Reply[DestinationView]:
    return await _read(call, Destination, code, _destination)


@routes.get("/v1/destinations", privilege="lookup.read", summary="List destinations")
async def list_destinations(call: Call[Ports], query: PageQuery) -> Page[DestinationView]:
    return await _list(call, Destination, query, _destination)


@routes.put("/v1/transport-reasons/{code}", privilege="lookup.write", summary="Keep a causale")
async def keep_transport_reason(
    call: Call[Ports], code: str, body: TransportReasonFields
) -> Reply[TransportReasonView]:
    return await _keep(call, TransportReason(_checked(code), body.text, body.sale), _transport_reason)


@routes.get("/v1/transport-reasons/{code}", privilege="lookup.read", summary="Read a causale")
async def read_transport_reason(call: Call[Ports], code: str) -> Reply[TransportReasonView]:
    return await _read(call, TransportReason, code, _transport_reason)


@routes.get("/v1/transport-reasons", privilege="lookup.read", summary="List causali")
async def list_transport_reasons(call: Call[Ports], query: PageQuery) -> Page[TransportReasonView]:
    """Those that come with the product, and the tenant's own."""
    return await _list(call, TransportReason, query, _transport_reason)


@routes.put("/v1/carriers/{code}", privilege="lookup.write", summary="Keep a carrier")
async def keep_carrier(call: Call[Ports], code: str, body: IdentityFields) -> Reply[CarrierView]:
    return await _keep(call, Carrier(_checked(code), body.party()), _carrier)


@routes.get("/v1/carriers/{code}", privilege="lookup.read", summary="Read a carrier")
async def read_carrier(call: Call[Ports], code: str) -> Reply[CarrierView]:
    return await _read(call, Carrier, code, _carrier)


@routes.get("/v1/carriers", privilege="lookup.read", summary="List carriers")
async def list_carriers(call: Call[Ports], query: PageQuery) -> Page[CarrierView]:
    return await _list(call, Carrier, query, _carrier)


def _checked(code: str) -> str:
    """A code may be looked up in any spelling, but only a well-formed one is kept."""
    try:
        return _CODE.validate_python(code)
    except ValidationError:
        raise Invalid("code_format", field="code") from None


async def _keep(call: Call[Ports], lookup: L, view: Callable[[L], V]) -> Reply[V]:
    kept = await keep_lookup(call.ports, lookup, call.expected_version)
    return Reply(view(kept), version=kept.version)


async def _read(call: Call[Ports], kind: type[L], code: str, view: Callable[[L], V]) -> Reply[V]:
    lookup = await call.ports.lookups.find(kind, code)
    if lookup is None:
        raise Absent("lookup_unknown")
    return Reply(view(lookup), version=lookup.version)


async def _list(call: Call[Ports], kind: type[L], query: PageQuery, view: Callable[[L], V]) -> Page[V]:
    lookups = await call.ports.lookups.page(kind, after=query.after(str), limit=query.rows)
    return page_of(query, lookups, view, lambda lookup: lookup.code)
