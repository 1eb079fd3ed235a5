"""External people who may be asked for a quote or for other work."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from optima_kit.http.html import PageCall

from .client import LISTED


def by_item(offers: Iterable[Mapping[str, Any]]) -> Mapping[str, list[Mapping[str, Any]]]:
    """Group catalogue offers by item in the order in which they come, which is the cheapest of an item
    first."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in offers:
        found.setdefault(each["item_id"], []).append(each)
    return found


async def suppliers_for(
    call: PageCall, without: Collection[str] = (), *, who: str = "quotation.submit"
) -> Mapping[str, Any]:
    """Return id and text of each active external person in a role with the privilege `who` (by default, to
    quote), and whether there may be more people than were examined. If the page's query has a `who`, only
    people with that name are returned."""
    services = call.session.services
    people, roles = await asyncio.gather(
        services.get("identity", "/v1/people", limit=LISTED, text=call.query.get("who")),
        services.every("identity", "/v1/roles"),
    )
    quoting = {role["key"] for role in roles["items"] if who in role["privileges"]}
    options = [
        (person["id"], f"{person['name']}, {person['company']}" if "company" in person else person["name"])
        for person in people["items"]
        if person["active"]
        and person["kind"] == "external"
        and quoting & set(person["roles"])
        and person["id"] not in without
    ]
    return {"options": options, "more": "next_cursor" in people, "who": call.query.get("who", "")}
