"""Endpoints that give the trail as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from pydantic import Field

from optima_kit.http import Call, Content, Query, Routes

from ..application.export_entries import export_entries
from ..application.ports import Ports

export_routes = Routes()

MOST_EXPORTED = 1_000_000
"""Entries in one export: about a gigabyte, of which the service holds two megabytes at a time."""


class ExportQuery(Query):
    format: Literal["jsonl", "csv"] = "jsonl"
    after: Annotated[int, Field(ge=0, le=2**62)] = 0
    """The number of the last entry that one has already."""
    limit: Annotated[int, Field(ge=1, le=MOST_EXPORTED)] = MOST_EXPORTED


@export_routes.get("/v1/exports", privilege="trail.export", transaction=False)
async def export(call: Call[Ports], query: ExportQuery) -> Content:
    """The trail as a file: JSON lines, verifiable offline, or CSV.

    Ask again `after` the last number for more.
    """

    @asynccontextmanager
    async def reading() -> AsyncIterator[Ports]:
        async with call.database.reading(call.actor.tenant_id) as work:
            yield call.resources.ports(work)

    data = await export_entries(reading, call.actor, form=query.format, after=query.after, limit=query.limit)
    media_type = "application/x-ndjson" if query.format == "jsonl" else "text/csv"
    return Content(data, media_type, filename=f"trail-{query.after + 1}.{query.format}")
