"""The pages to which a person finds links: those whose service would answer. What a person may do on a page
is stated by the service's `actions`; no page checks a privilege."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final, Literal

from optima_kit.actor import Actor

from .labels import N_
from .waiting import WORK, Work

Group = Literal["to do", "supply", "set up"]
"""Links of the menu that belong together: daily work, how goods are made and shipped, set-up and records."""


@dataclass(frozen=True, slots=True)
class Link:
    address: str
    text: str
    """In English; the template translates it."""
    privilege: str | tuple[str, ...] | None
    """The privilege that the page's service requires; if there are several, all of them. None means everybody
    who has a link to any other page; but TODAY is only for people for whom several kinds of work may wait,
    and the settings are only for people who may change some."""
    here: bool = False
    also: tuple[str, ...] = ()
    """Pages that belong below this one although their addresses don't show it."""
    group: Group = "to do"
    apart: bool = False
    """Whether the link begins a group that is separated from the one above."""

    def holds(self, path: str) -> bool:
        return any(path == each or path.startswith(f"{each}/") for each in (self.address, *self.also))


SETTINGS: Final = (
    Link("/readiness", N_("What is set up, and what is missing"), "directory.write"),
    Link("/company", N_("Company"), "directory.write"),
    Link("/service-accounts", N_("Service accounts"), "directory.write"),
    Link("/sign-in-provider", N_("Sign-in provider"), "directory.write"),
    Link("/import-people", N_("Import of people"), "directory.write"),
    Link("/working-time", N_("Working time"), "process.write"),
    Link("/package-numbers", N_("Package numbers"), "lookup.write"),
    Link("/price-policy", N_("Tolerance of prices"), "job.economics.write"),
    Link("/tables/warehouses", N_("Warehouses"), "lookup.write"),
    Link("/tables/destinations", N_("Destinations"), "lookup.write"),
    Link("/tables/carriers", N_("Carriers"), "lookup.write"),
    Link("/tables/document-types", N_("Document types"), "lookup.write"),
    Link("/webhooks", N_("Webhooks"), "webhook.write"),
)
"""Pages for settings that are made once and changed seldom."""

TODAY: Final = "/today"
"""The page with all kinds of work that wait for a person."""

LINKS: Final = (
    Link(TODAY, N_("Today"), None),
    Link("/inbox", N_("To decide"), "approval.decide", also=("/approvals",)),
    Link("/briefs", N_("Briefs"), "brief.read", also=("/new-brief", "/proofs")),
    Link(
        "/quotation-requests",
        N_("Quotes"),
        "brief.price.read",
        also=("/catalogue-prices", "/new-catalogue-price", "/spend"),
    ),
    Link("/budgets", N_("Budgets"), ("budget.read", "brief.price.read"), also=("/new-budget",)),
    Link("/tasks", N_("My tasks"), "phase.work", also=("/own-ddts",)),
    Link("/quotations", N_("Requests for quotation"), "quotation.submit"),
    Link("/orders", N_("Orders"), "order.read", also=("/new-order",), group="supply"),
    Link("/production", N_("Production"), "phase.read", also=("/new-kind",), group="supply"),
    Link(
        "/shipments",
        N_("Shipments"),
        "shipment.read",
        also=("/to-be-invoiced", "/third-parties", "/expected-returns", "/shipments-figures"),
        group="supply",
    ),
    Link(
        "/stock",
        N_("Stock"),
        "stock.read",
        also=("/articles", "/supplier-receipts", "/locations", "/counts", "/call-off"),
        group="supply",
    ),
    Link("/brief-types", N_("Brief types"), "brief_type.write", also=("/new-brief-type",), group="set up"),
    Link(
        "/processes",
        N_("Processes"),
        "process.read",
        also=("/new-process", "/replays", "/moves"),
        group="set up",
    ),
    Link(
        "/people",
        N_("People"),
        "directory.read",
        also=("/new-person", "/units", "/new-unit", "/roles", "/new-role"),
        group="set up",
    ),
    Link("/erp", N_("ERP"), "erp.read", group="set up"),
    Link("/trail", N_("Trail"), "trail.read", group="set up"),
    Link(
        "/settings",
        N_("Settings"),
        None,
        also=(*(link.address for link in SETTINGS), "/tables", "/new-entry", "/new-webhook"),
        group="set up",
    ),
    Link("/search", N_("Search"), None, group="set up"),
)


REACHED: Final = {
    **{link.address: link.privilege for link in (*LINKS, *SETTINGS) if link.privilege},
    "/spend": ("brief.read_all", "brief.price.read"),
    "/catalogue-prices": ("brief.read_all", "brief.price.read"),
    "/articles": "lookup.read",
    "/locations": "lookup.read",
    "/approvals": "approval.read_all",
    "/proofs": "brief.read",
    "/erp/conflicts": "customer.read",
    "/trail/verification": "trail.read_all",
    "/trail/export": "trail.export",
    "/people/erasure": "trail.erase",
    "/assignments": "phase.assign",
    "/delegations": "approval.delegate",
}
"""The privileges that services require for pages, for things with pages of their own, and for parts of pages.
The portal does not request what would be refused, because refusals are monitored."""


NOWHERE: Final = "/me"
"""The only page of a person whom no service would answer."""


def navigation_of(actor: Actor, path: str) -> Sequence[Link]:
    if home_of(actor) == NOWHERE:
        return []
    links = [replace(link, here=link.holds(path)) for link in LINKS if _leads(actor, link)]
    return links[:1] + [replace(link, apart=link.group != above.group) for above, link in pairwise(links)]


def leads_to(actor: Actor, address: str) -> bool:
    """Tell whether a service would answer the person on this page of REACHED."""
    return _may(actor, REACHED[address])


def settings_of(actor: Actor) -> Sequence[Link]:
    return [link for link in SETTINGS if link.privilege and _may(actor, link.privilege)]


def work_of(actor: Actor) -> Sequence[Work]:
    """Return the kinds of work that may wait for the person."""
    return [work for work in WORK if _may(actor, work.privileges)]


def _leads(actor: Actor, link: Link) -> bool:
    if link.address == TODAY:
        return len(work_of(actor)) > 1
    if link.address == "/settings":
        return bool(settings_of(actor))
    return link.privilege is None or _may(actor, link.privilege)


def _may(actor: Actor, privilege: str | tuple[str, ...]) -> bool:
    needed = (privilege,) if isinstance(privilege, str) else privilege
    return all(actor.may(each) for each in needed)


def home_of(actor: Actor) -> str:
    """Return the person's start page: the page of waiting work, or else the first page that they have."""
    beginnings = (link for link in LINKS if link.address == TODAY or link.privilege)
    return next((link.address for link in beginnings if _leads(actor, link)), NOWHERE)
