"""Endpoints of the papers of shipments: pick lists, packing lists, labels, and documents to be printed."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http import Call, Content, Routes

from ..application.label_packages import label_packages
from ..application.ports import Ports
from ..application.read.papers import read_prefix, read_printable, with_picks
from ..application.read.views import Gs1PrefixView, PackagesView, PackageView
from .postgres import ports
from .printer import TITLES
from .requests import MOST_PACKAGES, KeepGs1Prefix, PapersQuery

routes = Routes()


@routes.get("/v1/papers.pdf", privilege="shipment.read", transaction=False)
async def print_papers(call: Call[Ports], query: PapersQuery) -> Content:
    """Print a paper of up to 50 shipments in one PDF

    The paper is a DDT, a pick list, a packing list, or a label for each package: 100 × 150 mm, with a QR code
    and, if the packages were labelled, the package's number (SSCC) as GS1-128.
    """
    tenant_id = call.actor.tenant_id
    async with call.database.reading(tenant_id, now=call.now) as work:
        found = await read_printable(ports(work), query.shipment_id)
        if query.paper == "pick_list":
            found = await with_picks(ports(work), found)
    packages = range(query.first_package, (query.last_package or MOST_PACKAGES) + 1)
    pdf = await call.resources.print_papers(tenant_id, query.paper, found, call.now, packages)
    return Content(pdf, "application/pdf", f"{TITLES[query.paper]}.pdf", inline=True)


@routes.post("/v1/shipments/{shipment_id}/labels", privilege="shipment.write")
async def label(call: Call[Ports], shipment_id: UUID) -> PackagesView:
    """Give each package of a shipment its number (SSCC)

    Numbers are taken under the tenant's GS1 company prefix; without one, packages have only their position. A
    package keeps its number, and no other package ever gets it.
    """
    numbers, packages = await label_packages(call.ports, shipment_id)
    return PackagesView(
        packages=[
            PackageView(position=place, sscc=numbers[place - 1] if place <= len(numbers) else None)
            for place in range(1, packages + 1)
        ]
    )


@routes.put("/v1/gs1-prefix", privilege="lookup.write")
async def keep_prefix(call: Call[Ports], body: KeepGs1Prefix) -> Gs1PrefixView:
    """Set the company prefix that GS1 assigned

    Packages that are labelled from now on are numbered under it.
    """
    call.ports.packages.save_prefix(body.prefix)
    view = await read_prefix(call.ports, call.actor)
    return view.model_copy(update={"prefix": body.prefix})


@routes.get("/v1/gs1-prefix", privilege="lookup.read")
async def show_prefix(call: Call[Ports]) -> Gs1PrefixView:
    """Read the company prefix that GS1 assigned"""
    return await read_prefix(call.ports, call.actor)
