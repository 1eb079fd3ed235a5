"""Show who would approve a draft, and why, before it is submitted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from optima_kit.http.html import PageCall

from .client import Refused, part


async def foreseen_of(
    call: PageCall, brief: Mapping[str, Any], owner: Any, process: Mapping[str, Any]
) -> Any:
    """Return the approvers that a published process would ask for the draft. The draft has no price yet, so
    its budget is taken as its cost. Return None if the simulation isn't possible. `owner` is the person in
    purchasing who is responsible for the draft's type, if there is one."""
    services = call.session.services
    subject = await part(services.get("approval", "/v1/subject-types/brief"))
    if not subject:
        return subject
    declared = subject["definition"]["fields"]
    content = {name: brief[name] for name in declared if name in brief and name != "requester"}
    if owner and "purchasing_owner" in declared:
        content["purchasing_owner"] = owner["id"]
    if "quote_total" in declared:
        content["quote_total"] = brief["budget"]
    return await _simulated(call, process, brief["requester"]["id"], content)


async def _simulated(
    call: PageCall, process: Mapping[str, Any], requester_id: str, content: Mapping[str, Any]
) -> Any:
    """Simulate the process. A process knows the fields that briefs had when it was published, so fields that
    it refuses as unknown are left out at a second attempt."""
    path = f"/v1/processes/{quote(process['key'], safe='')}/simulation"
    for _ in range(2):
        body = {"requester_id": requester_id, "content": content, "version": process["published"]}
        try:
            return await part(call.session.services.send("approval", "POST", path, body))
        except Refused as refused:
            content = known_to(content, refused.errors)
    return None


def known_to(content: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the content without the fields and form answers that were refused as unknown."""
    unknown = {
        str(each.get("field", "")).removeprefix("content.")
        for each in errors
        if each.get("code") == "content_unknown"
    }
    kept = {name: value for name, value in content.items() if name not in unknown}
    if "form" in kept:
        kept["form"] = {key: value for key, value in kept["form"].items() if f"form.{key}" not in unknown}
    return kept


async def names_of_groups(call: PageCall) -> dict[str, dict[str, str]]:
    """Return the names of roles and units by key, if the reader may see them."""
    services = call.session.services
    roles, units = await asyncio.gather(
        part(services.every("identity", "/v1/roles")), part(services.every("identity", "/v1/units"))
    )
    return {
        kind: {each["key"]: each["name"] for each in (found["items"] if found else ()) if "key" in each}
        for kind, found in (("role", roles), ("unit", units))
    }
