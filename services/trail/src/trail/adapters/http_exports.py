"""Endpoints that export the trail as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Literal

from pydantic import Field

from optima_kit.http import Call, Content, Query, Routes

from ..application.export_entries import export_entries
from ..application.ports import Ports
from ..application.print_entries import print_entries
from .http import EntryFilter
from .printout_sheet import sheet_of

export_routes = Routes()

MOST_EXPORTED = 1_000_000
"""The most entries in one export. They take about a gigabyte, of which the service has two megabytes in
memory at a time."""


class ExportQuery(Query):
    format: Literal["jsonl", "csv"] = "jsonl"
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    """The number of the last entry that the caller already has."""
    limit: Annotated[int, Field(ge=1, le=MOST_EXPORTED)] = MOST_EXPORTED


@export_routes.get("/v1/exports", privilege="trail.export", transaction=False)
async def export(call: Call[Ports], query: ExportQuery) -> Content:
    """Export the trail as a file: JSON lines, which can be verified offline, or CSV.

    For more entries, request another export with `after` set to the last number.
    """

    data = await export_entries(
        _reading(call), call.actor, form=query.format, after=query.after, limit=query.limit
    )
    media_type = "application/x-ndjson" if query.format == "jsonl" else "text/csv"
    return Content(data, media_type, filename=f"trail-{query.after + 1}.{query.format}")


@export_routes.get("/v1/exports/pdf", privilege="trail.export", transaction=False)
async def printout(call: Call[Ports], query: EntryFilter) -> Content:
    """Print up to a thousand entries, with the head of the chain at that time.

    A printout is meant for reading. For verification, export JSON lines.
    """
    async with _reading(call)() as ports:
        found = await print_entries(ports, call.actor, query.selection())
    pdf = await call.resources.printouts.typeset(call.actor.tenant_id, sheet_of(found, call.language))
    return Content(pdf, "application/pdf", filename=f"trail-{found.head.number}.pdf")


def _reading(call: Call[Ports]) -> Callable[[], AbstractAsyncContextManager[Ports]]:
    @asynccontextmanager
    async def reading() -> AsyncIterator[Ports]:
        async with call.database.reading(call.actor.tenant_id) as work:
            yield call.resources.ports(work)

    return reading
