"""The briefs that the reader may see."""

from __future__ import annotations

from urllib.parse import urlencode

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import part, with_parts
from ..labels import LABELS

pages = Pages()

_FILTERS = ("unit_id", "type", "deadline_from", "deadline_to", "priced", "late", "requester")
_STATES = [state for state in LABELS["brief"] if state != "changes_requested"]
"""The states in which a brief can stay; from `changes_requested` it becomes a draft at once."""


@pages.get("/briefs")
async def show_briefs(call: PageCall) -> Answer:
    states = call.request.query.getall("state", [])
    if len(states) > 1:
        # Join the states into one parameter, which the next page's address and a bookmark can contain.
        return SeeOther(f"/briefs?{urlencode({**call.query, 'state': ','.join(states)}, safe=',')}")
    services = call.session.services
    filters = {name: call.query.get(name) for name in _FILTERS}
    paging = {name: call.query.get(name) for name in ("text", "state", "sort", "cursor")}
    found, counts, units, types = await with_parts(
        part(services.get("brief", "/v1/briefs", limit=50, **filters, **paging)),
        services.get("brief", "/v1/brief-counts", **filters),
        services.every("identity", "/v1/units"),
        services.every("brief", "/v1/brief-types"),
    )
    context = {
        "briefs": found,
        "counts": {each["state"]: each for each in counts["states"]} if counts else {},
        "units": [(unit["id"], unit["name"]) for unit in units["items"]] if units else [],
        "types": [(each["key"], each["name"][call.language]) for each in types["items"]] if types else [],
        "given": {name: value or "" for name, value in {**filters, **paging}.items()},
        "chosen": (paging["state"] or "").split(","),
        "filtered": any(filters.values()) or paging["text"] or paging["state"],
        "states": _STATES,
    }
    return TemplateAnswer("briefs.html", context)
