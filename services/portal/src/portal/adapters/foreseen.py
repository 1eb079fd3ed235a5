"""Who would approve a draft, and why, before it is submitted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from optima_kit.http.html import PageCall

from .client import Refused, part


@dataclass(frozen=True, slots=True)
class Foreseen:
    steps: list[Mapping[str, Any]]
    at_budget: bool
    """Whether it was supposed that everything costs what is budgeted: who approves depends on the price."""


async def foreseen_of(
    call: PageCall, brief: Mapping[str, Any], owner: Any, process: Mapping[str, Any]
) -> Any:
    """What a published process foresees for the draft; None where it can't be told. `owner`: who of
    purchasing looks after its type, if anybody."""
    services = call.session.services
    subject = await part(services.get("approval", "/v1/subject-types/brief"))
    if not subject:
        return subject
    declared = subject["definition"]["fields"]
    content = {name: brief[name] for name in declared if name in brief and name != "requester"}
    if owner and "purchasing_owner" in declared:
        content["purchasing_owner"] = owner["id"]
    supposed = {**content, "quote_total": brief["budget"]}
    for each, at_budget in ((content, False), (supposed, True)):
        body = {
            "requester_id": brief["requester"]["id"],
            "content": each,
            "version": process["published"],
        }
        path = f"/v1/processes/{quote(process['key'], safe='')}/simulation"
        try:
            found = await part(services.send("approval", "POST", path, body))
        except Refused:
            continue
        return Foreseen(found["steps"], at_budget) if found else found
    return None


async def names_of_groups(call: PageCall) -> dict[str, dict[str, str]]:
    """Roles and units by key, where the reader may see them."""
    services = call.session.services
    roles, units = await asyncio.gather(
        part(services.every("identity", "/v1/roles")), part(services.every("identity", "/v1/units"))
    )
    return {
        kind: {each["key"]: each["name"] for each in (found["items"] if found else ()) if "key" in each}
        for kind, found in (("role", roles), ("unit", units))
    }
