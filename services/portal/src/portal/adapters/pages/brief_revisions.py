"""One revision of a brief beside another: what changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part, with_parts
from ..kinds import names_of_kinds
from ..revision_changes import Comparison, compared

pages = Pages()


@pages.get("/briefs/{brief_id}/revisions")
async def show_revisions(call: PageCall, brief_id: UUID) -> Answer:
    """Compare the last two revisions, or the two that the query names in any order."""
    services = call.session.services
    brief, submitted, kinds = await with_parts(
        services.get("brief", f"/v1/briefs/{brief_id}"),
        services.every("brief", f"/v1/briefs/{brief_id}/revisions"),
        services.every("production", "/v1/kinds"),
    )
    revisions = _with_draft(submitted["items"] if submitted else [], brief)
    chosen = _chosen(revisions, call.query)
    comparison = compared(*chosen) if chosen else None
    context = {
        "brief": brief,
        "submitted": submitted,
        "numbers": [(each["revision"], each["revision"]) for each in revisions],
        "comparison": comparison,
        "kinds": names_of_kinds(kinds),
        "type": await _type(call, brief, comparison),
    }
    return TemplateAnswer("brief_revisions.html", context)


def _with_draft(submitted: Sequence[Mapping[str, Any]], brief: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the submitted revisions, oldest first, followed by the one that the requester is drafting."""
    drafted = not submitted or brief["revision"] > submitted[-1]["revision"]
    return [*submitted, brief] if drafted else [*submitted]


def _chosen(
    revisions: Sequence[Mapping[str, Any]], query: Mapping[str, str]
) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """Return the two revisions to compare, or None if there is only one. A number that no revision has counts
    as missing, so that one of the last two is taken."""
    if len(revisions) < 2:
        return None
    by_number = {str(each["revision"]): each for each in revisions}
    before = by_number.get(query.get("from", ""), revisions[-2])
    after = by_number.get(query.get("to", ""), revisions[-1])
    return (before, after) if before["revision"] <= after["revision"] else (after, before)


async def _type(call: PageCall, brief: Mapping[str, Any], comparison: Comparison | None) -> Any:
    """Return the brief's type, which names the form's fields, if answers changed."""
    if comparison is None or not comparison.answers or "type_key" not in brief:
        return None
    path = f"/v1/brief-types/{quote(brief['type_key'], safe='')}"
    return await part(call.session.services.get("brief", path, version=brief["type_version"]))
