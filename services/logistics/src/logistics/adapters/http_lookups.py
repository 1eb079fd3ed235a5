"""Endpoints of the lookup tables: warehouses, destinations, document types, carriers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from optima_kit.actor import Actor
from optima_kit.http import Call, Code, Page, PageQuery, Reply, Routes
from optima_kit.refusals import Invalid

from ..application.keep_lookup import keep_lookup
from ..application.name_people import forget_person, name_person
from ..application.ports import Ports
from ..application.read import lookups
from ..application.read.views import (
    CarrierView,
    DestinationPeopleView,
    DestinationView,
    DocumentTypeView,
    WarehouseView,
)
from ..domain.document_types import DocumentType
from ..domain.lookups import Carrier, Destination, Lookup, Warehouse
from .parties import AddressBody, IdentityBody
from .requests import DestinationsQuery, KeepDestination, KeepDocumentType

routes = Routes()

L = TypeVar("L", bound=Lookup)
V = TypeVar("V", bound=BaseModel)

_CODE: TypeAdapter[str] = TypeAdapter(Code)


@routes.put("/v1/warehouses/{code}", privilege="lookup.write", if_match="optional")
async def keep_warehouse(call: Call[Ports], code: str, body: AddressBody) -> Reply[WarehouseView]:
    """Create or change a warehouse; documents already issued stay as they are"""
    return await _keep(call, Warehouse(checked(code), body.party()), lookups.show_warehouse)


@routes.get("/v1/warehouses/{code}", privilege="lookup.read")
async def read_warehouse(call: Call[Ports], code: str) -> Reply[WarehouseView]:
    """Read a warehouse"""
    return await _read(call, Warehouse, code, lookups.show_warehouse)


@routes.get("/v1/warehouses", privilege="lookup.read")
async def list_warehouses(call: Call[Ports], query: PageQuery) -> Page[WarehouseView]:
    """List warehouses by code"""
    return await _list(call, Warehouse, query, lookups.show_warehouse)


@routes.put("/v1/destinations/{code}", privilege="lookup.write", if_match="optional")
async def keep_destination(call: Call[Ports], code: str, body: KeepDestination) -> Reply[DestinationView]:
    """Create or change a destination; documents already issued stay as they are"""
    destination = Destination(checked(code), body.recipient.party(), body.address.party())
    return await _keep(call, destination, lookups.show_destination)


@routes.get("/v1/destinations/{code}", privilege="lookup.read")
async def read_destination(call: Call[Ports], code: str) -> Reply[DestinationView]:
    """Read a destination"""
    return await _read(call, Destination, code, lookups.show_destination)


@routes.get("/v1/destinations", privilege="lookup.read")
async def list_destinations(call: Call[Ports], query: DestinationsQuery) -> Page[DestinationView]:
    """List destinations by code; part of a name or town finds some, too"""
    return await lookups.list_lookups(
        call.ports, call.actor, Destination, lookups.show_destination, query, query.text
    )


@routes.get("/v1/destinations/{code}/people", privilege="lookup.read")
async def read_people(call: Call[Ports], code: str) -> DestinationPeopleView:
    """List the people outside the company who work at a destination"""
    return await lookups.show_people(call.ports, code)


@routes.put("/v1/destinations/{code}/people/{person_id}", privilege="lookup.write")
async def add_person(call: Call[Ports], code: str, person_id: UUID) -> DestinationPeopleView:
    """Record that somebody outside works at a destination

    Among their own transport documents, they then see those of all goods sent there, also earlier ones.
    Their role must let them work on phases.
    """
    await name_person(call.ports, code, person_id)
    return await lookups.show_people(call.ports, code)


@routes.delete("/v1/destinations/{code}/people/{person_id}", privilege="lookup.write")
async def remove_person(call: Call[Ports], code: str, person_id: UUID) -> None:
    """Record that somebody no longer works at a destination"""
    await forget_person(call.ports, code, person_id)


@routes.put("/v1/document-types/{code}", privilege="lookup.write", if_match="optional")
async def keep_document_type(call: Call[Ports], code: str, body: KeepDocumentType) -> Reply[DocumentTypeView]:
    """Create or change a document type (causale); documents already issued stay as they are

    Its effect on goods and order lines can never change: use another code for another effect.
    """
    return await _keep(call, DocumentType(checked(code), **body.model_dump()), lookups.show_document_type)


@routes.get("/v1/document-types/{code}", privilege="lookup.read")
async def read_document_type(call: Call[Ports], code: str) -> Reply[DocumentTypeView]:
    """Read a document type (causale)"""
    return await _read(call, DocumentType, code, lookups.show_document_type)


@routes.get("/v1/document-types", privilege="lookup.read")
async def list_document_types(call: Call[Ports], query: PageQuery) -> Page[DocumentTypeView]:
    """List document types (causali) by code: those that come with the product, and the tenant's own"""
    return await _list(call, DocumentType, query, lookups.show_document_type)


@routes.put("/v1/carriers/{code}", privilege="lookup.write", if_match="optional")
async def keep_carrier(call: Call[Ports], code: str, body: IdentityBody) -> Reply[CarrierView]:
    """Create or change a carrier (vettore); documents already issued stay as they are"""
    return await _keep(call, Carrier(checked(code), body.party()), lookups.show_carrier)


@routes.get("/v1/carriers/{code}", privilege="lookup.read")
async def read_carrier(call: Call[Ports], code: str) -> Reply[CarrierView]:
    """Read a carrier (vettore)"""
    return await _read(call, Carrier, code, lookups.show_carrier)


@routes.get("/v1/carriers", privilege="lookup.read")
async def list_carriers(call: Call[Ports], query: PageQuery) -> Page[CarrierView]:
    """List carriers (vettori) by code"""
    return await _list(call, Carrier, query, lookups.show_carrier)


def checked(code: str) -> str:
    """Return a code that is to be stored. Any spelling may be looked up, but only a well-formed code is
    stored."""
    try:
        return _CODE.validate_python(code)
    except ValidationError:
        raise Invalid("code_format", field="code") from None


async def _keep(call: Call[Ports], lookup: L, show: Callable[[Actor, L], V]) -> Reply[V]:
    kept = await keep_lookup(call.ports, lookup, call.expected_version)
    return Reply(show(call.actor, kept), version=kept.version)


async def _read(call: Call[Ports], kind: type[L], code: str, show: Callable[[Actor, L], V]) -> Reply[V]:
    lookup = await lookups.find_lookup(call.ports, kind, code)
    return Reply(show(call.actor, lookup), version=lookup.version)


async def _list(call: Call[Ports], kind: type[L], query: PageQuery, show: Callable[[Actor, L], V]) -> Page[V]:
    return await lookups.list_lookups(call.ports, call.actor, kind, show, query)
