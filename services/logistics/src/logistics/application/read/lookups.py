"""Look up warehouses, destinations, document types and carriers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.document_types import DocumentType
from ...domain.lookups import Carrier, Destination, Lookup, Warehouse
from ...domain.parties import Party
from ..ports import FoundLookups, Ports
from .access import actions_on_lookup
from .views import (
    CarrierView,
    DestinationPeopleView,
    DestinationView,
    DocumentTypeView,
    NamedCodeView,
    PartyView,
    WarehouseView,
)

L = TypeVar("L", bound=Lookup)
V = TypeVar("V")


async def find_lookup(ports: Ports, kind: type[L], code: str) -> L:
    """Find an entry. Raises Absent if there is none with this code."""
    lookup = await ports.lookups.find(kind, code)
    if lookup is None:
        raise Absent("lookup_absent")
    return lookup


async def show_people(ports: Ports, destination: str) -> DestinationPeopleView:
    """List the people of a destination by name. Raises Absent if the destination is unknown."""
    await find_lookup(ports, Destination, destination)
    found = await ports.lookups.list_people(destination)
    names = await ports.directory.names(found)
    people = [PersonView(id=each, name=names.get(each)) for each in found]
    return DestinationPeopleView(people=sorted(people, key=lambda each: each.name or ""))


async def list_lookups(
    ports: Ports,
    actor: Actor,
    kind: type[L],
    show: Callable[[Actor, L], V],
    query: PageQuery,
    text: str | None = None,
) -> Page[V]:
    """List entries by code."""
    found = await ports.lookups.list_lookups(kind, text, after=query.after(str), limit=query.rows)
    return page_of(query, found, lambda lookup: show(actor, lookup), lambda lookup: lookup.code)


def show_warehouse(actor: Actor, warehouse: Warehouse) -> WarehouseView:
    return WarehouseView(
        code=warehouse.code, address=_party(warehouse.address), actions=actions_on_lookup(actor)
    )


def show_destination(actor: Actor, destination: Destination) -> DestinationView:
    return DestinationView(
        code=destination.code,
        recipient=_party(destination.recipient),
        address=_party(destination.address),
        actions=actions_on_lookup(actor),
    )


def show_document_type(actor: Actor, kind: DocumentType) -> DocumentTypeView:
    facts = asdict(kind)
    return DocumentTypeView(
        **{name: facts[name] for name in facts if name != "version"},
        built_in=kind.version == 0,
        actions=actions_on_lookup(actor),
    )


def show_carrier(actor: Actor, carrier: Carrier) -> CarrierView:
    return CarrierView(code=carrier.code, identity=_party(carrier.identity), actions=actions_on_lookup(actor))


def named(found: FoundLookups, kind: type[Lookup], code: str) -> NamedCodeView:
    """Return a code with the name that its entry has now, if there is one."""
    match found.get(kind, code):
        case Warehouse(address=place) | Destination(address=place):
            return NamedCodeView(code=code, name=place.name, city=place.city)
        case DocumentType(text=text):
            return NamedCodeView(code=code, name=text)
        case Carrier(identity=company):
            return NamedCodeView(code=code, name=company.name)
        case _:
            return NamedCodeView(code=code)


def _party(party: Party) -> PartyView:
    return PartyView(**asdict(party))
