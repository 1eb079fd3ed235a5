"""Which pages a person is led to: those whose service would answer them. What they may do there, the services
say by their `actions`; a page asks for no privilege."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from optima_kit.actor import Actor

from .labels import N_


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    text: str
    """In English; the template translates it."""
    privilege: str | None
    """None: whoever is led to any other page, and to the settings whoever has some to change."""
    here: bool = False
    also: tuple[str, ...] = ()
    """Where pages beneath it begin."""


SETTINGS: Final = (
    Link("/company", N_("Company"), "directory.write"),
    Link("/service-accounts", N_("Service accounts"), "directory.write"),
    Link("/import-people", N_("Import of people"), "directory.write"),
    Link("/working-time", N_("Working time"), "process.write"),
    Link("/price-policy", N_("Tolerance of prices"), "job.economics.write"),
    Link("/tables/warehouses", N_("Warehouses"), "lookup.write"),
    Link("/tables/destinations", N_("Destinations"), "lookup.write"),
    Link("/tables/carriers", N_("Carriers"), "lookup.write"),
    Link("/tables/document-types", N_("Document types"), "lookup.write"),
    Link("/webhooks", N_("Webhooks"), "webhook.write"),
)
"""What is set up once, and changed seldom."""

LINKS: Final = (
    Link("/inbox", N_("To decide"), "approval.decide"),
    Link("/briefs", N_("Briefs"), "brief.read"),
    Link(
        "/quotation-requests",
        N_("Quotes"),
        "brief.price.read",
        also=("/catalogue-prices", "/new-catalogue-price", "/spend"),
    ),
    Link("/budgets", N_("Budgets"), "budget.read"),
    Link("/tasks", N_("My tasks"), "phase.work", also=("/own-ddts",)),
    Link("/quotations", N_("Requests for quotation"), "quotation.submit"),
    Link("/orders", N_("Orders"), "order.read"),
    Link("/production", N_("Production"), "phase.read"),
    Link("/shipments", N_("Shipments"), "shipment.read"),
    Link("/stock", N_("Stock"), "stock.read"),
    Link("/brief-types", N_("Brief types"), "brief_type.write"),
    Link("/processes", N_("Processes"), "process.read"),
    Link(
        "/people",
        N_("People"),
        "directory.read",
        also=("/new-person", "/units", "/new-unit", "/roles", "/new-role", "/sign-in-provider"),
    ),
    Link("/erp", N_("ERP"), "erp.read"),
    Link("/trail", N_("Trail"), "trail.read"),
    Link(
        "/settings",
        N_("Settings"),
        None,
        also=(*(link.address for link in SETTINGS), "/tables", "/new-entry", "/new-webhook"),
    ),
    Link("/search", N_("Search"), None),
)


REACHED: Final = {
    **{link.address: link.privilege for link in (*LINKS, *SETTINGS) if link.privilege},
    "/spend": "brief.read_all",
    "/catalogue-prices": "brief.read_all",
    "/articles": "lookup.read",
    "/locations": "lookup.read",
    "/package-numbers": "lookup.read",
    "/approvals": "approval.read_all",
    "/proofs": "brief.read",
    "/erp/conflicts": "customer.read",
    "/trail/verification": "trail.read_all",
    "/trail/export": "trail.export",
    "/people/erasure": "trail.erase",
    "/assignments": "phase.assign",
    "/delegations": "approval.delegate",
}
"""Pages, things of which each has a page, and parts of pages that others lead to, by what their service asks
for. What would be refused is not asked for: refusals are watched."""


NOWHERE: Final = "/me"
"""What is left to a person whom no service would answer."""


def navigation_of(actor: Actor, path: str) -> Sequence[Link]:
    if home_of(actor) == NOWHERE:
        return []
    return [
        replace(link, here=path.startswith((link.address, *link.also)))
        for link in LINKS
        if _leads(actor, link)
    ]


def leads_to(actor: Actor, address: str) -> bool:
    """Whether a link to a page of REACHED would be answered."""
    return actor.may(REACHED[address])


def settings_of(actor: Actor) -> Sequence[Link]:
    return [link for link in SETTINGS if link.privilege and actor.may(link.privilege)]


def _leads(actor: Actor, link: Link) -> bool:
    if link.address == "/settings":
        return bool(settings_of(actor))
    return link.privilege is None or actor.may(link.privilege)


def home_of(actor: Actor) -> str:
    """Where a person begins: what waits for them, or else the first page that they have."""
    return next((link.address for link in LINKS if link.privilege and actor.may(link.privilege)), NOWHERE)
