"""Show customers, suppliers and the entries of lookup tables in the state last agreed with the ERPs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Invalid

from ...domain.entities import Entity
from ...domain.party import editable_fields
from ...domain.payment_terms import parse_payment_terms
from ...domain.record import Record
from ..ports import Ports, RecordLink
from .access import actions_on_customer
from .views import (
    CustomerDetailView,
    InstalmentView,
    LinkView,
    LookupRecordView,
    PartyDetailView,
    PartyView,
    PaymentView,
)

V = TypeVar("V")

_PARTY = ("name", "vat_number", "fiscal_code", "street", "postal_code", "city", "province", "country")


async def list_parties(ports: Ports, entity: Entity, query: PageQuery, code: str | None) -> Page[PartyView]:
    """List customers or suppliers by name."""
    return await _list(ports, entity, query, code, lambda each: PartyView(**_party(each)))


async def list_lookup_records(
    ports: Ports, entity: Entity, query: PageQuery, code: str | None
) -> Page[LookupRecordView]:
    """List the entries of a lookup table by name."""
    return await _list(ports, entity, query, code, _lookup_record)


async def read_customer(ports: Ports, actor: Actor, customer_id: UUID) -> CustomerDetailView:
    """Read one customer. Raises Absent if there is none with this id."""
    return await show_customer(ports, actor, await ports.records.get_record("customer", customer_id))


async def show_customer(ports: Ports, actor: Actor, customer: Record) -> CustomerDetailView:
    """Build the view of a customer that was already read."""
    links = await ports.records.list_links(customer.record_id)
    linked = {each.connection for each in links if each.state == "linked"}
    connections = [each for each in await ports.connections.list_connections() if each.key in linked]
    editable = editable_fields(each.mapping.of("customer") for each in connections)
    return CustomerDetailView(
        **_party(customer),
        version=customer.version,
        links=_links(links),
        editable=sorted(editable),
        actions=actions_on_customer(actor, editable),
    )


async def read_supplier(ports: Ports, supplier_id: UUID) -> PartyDetailView:
    """Read one supplier. Raises Absent if there is none with this id."""
    supplier = await ports.records.get_record("supplier", supplier_id)
    return PartyDetailView(**_party(supplier), links=_links(await ports.records.list_links(supplier_id)))


async def _list(
    ports: Ports, entity: Entity, query: PageQuery, code: str | None, view: Callable[[Record], V]
) -> Page[V]:
    found = await ports.records.list_records(
        entity, code=code, after=query.after(str, UUID), limit=query.rows
    )
    return page_of(query, found, view, lambda each: (each.fields["name"] or "", each.record_id))


def _links(links: list[RecordLink]) -> list[LinkView]:
    return [LinkView(connection=each.connection, code=each.code, state=each.state) for each in links]


def _party(party: Record) -> dict[str, Any]:
    fields = party.fields
    return {
        "id": party.record_id,
        "code": party.code,
        **{name: fields[name] for name in _PARTY},
        "payment": PaymentView(
            method=fields["payment_method"],
            terms=fields["payment_terms"],
            instalments=_instalments(fields["payment_terms"]),
        ),
        "active": party.active,
        "updated_at": party.updated_at,
    }


def _instalments(terms: str | None) -> list[InstalmentView]:
    """Return the instalments of payment terms, or an empty list if the terms are free text."""
    try:
        read = parse_payment_terms(terms) if terms else None
    except Invalid:
        read = None
    return [
        InstalmentView(
            share=f"{each.share:.2f}", months=each.months, days=each.days, start=each.start, day=each.day
        )
        for each in (read.instalments if read else ())
    ]


_OF_DESTINATION: Final = ("customer", "street", "postal_code", "city", "province", "country")


def _lookup_record(record: Record) -> LookupRecordView:
    return LookupRecordView(
        id=record.record_id,
        code=record.code,
        name=record.fields["name"] or record.code,
        rate=record.fields.get("rate"),
        unit=record.fields.get("unit"),
        bic=record.fields.get("bic"),
        iban=record.fields.get("iban"),
        **{name: record.fields.get(name) for name in _OF_DESTINATION},
        active=record.active,
    )
