"""Which pages a person is led to: those whose service would answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from optima_kit.actor import Actor

from .labels import N_


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    text: str
    """In English; the template translates it."""
    privilege: str | None
    """None: whoever is led to any other page."""
    here: bool = False


LINKS: Final = (
    Link("/inbox", N_("To decide"), "approval.decide"),
    Link("/briefs", N_("Briefs"), "brief.read"),
    Link("/quotation-requests", N_("Quotes"), "brief.price.read"),
    Link("/budgets", N_("Budgets"), "budget.read"),
    Link("/tasks", N_("My tasks"), "phase.work"),
    Link("/quotations", N_("Requests for quotation"), "quotation.submit"),
    Link("/orders", N_("Orders"), "order.read"),
    Link("/production", N_("Production"), "phase.read"),
    Link("/shipments", N_("Shipments"), "shipment.read"),
    Link("/stock", N_("Stock"), "stock.read"),
    Link("/brief-types", N_("Brief types"), "brief_type.write"),
    Link("/processes", N_("Processes"), "process.read"),
    Link("/people", N_("People"), "directory.read"),
    Link("/erp", N_("ERP"), "erp.read"),
    Link("/trail", N_("Trail"), "trail.read"),
    Link("/search", N_("Search"), None),
)


NOWHERE: Final = "/me"
"""What is left to a person whom no service would answer."""


def navigation_of(actor: Actor, path: str) -> Sequence[Link]:
    if home_of(actor) == NOWHERE:
        return []
    return [
        Link(link.address, link.text, link.privilege, path.startswith(link.address))
        for link in LINKS
        if link.privilege is None or actor.may(link.privilege)
    ]


def home_of(actor: Actor) -> str:
    """Where a person begins: what waits for them, or else the first page that they have."""
    return next((link.address for link in LINKS if link.privilege and actor.may(link.privilege)), NOWHERE)
