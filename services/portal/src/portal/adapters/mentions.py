"""People mentioned in a comment on a brief: chosen from those who may see it, or typed by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from optima_kit.http.html import PageCall

from .choosing import people_of, person_named
from .client import LISTED, part
from .navigation import leads_to

OFFERED: Final = 40
"""How many people the list offers at most; if there are more, names are typed."""
_MOST: Final = 20
"""How many people one comment may mention. One more is looked up, so that the service can refuse them."""


async def directory_of(call: PageCall) -> tuple[Any, Any]:
    """Return people and roles, or None for both if the reader has no access to them."""
    if not leads_to(call.session.actor, "/people"):
        return None, None
    services = call.session.services
    people, roles = await asyncio.gather(
        part(services.get("identity", "/v1/people", limit=LISTED)),
        part(services.every("identity", "/v1/roles")),
    )
    return people, roles


def mentionable(people: Any, roles: Any, brief: Mapping[str, Any], *, but: UUID) -> Any:
    """Return the people who may see the brief, as `people_of` does: its requester and, once it was submitted,
    people whose roles may read all briefs. Return None if that isn't known, or if there is nobody else."""
    if not people or not roles or "comment" not in brief["actions"]:
        return None
    submitted = "submitted_at" in brief or brief["revision"] > 1
    readers = {each["key"] for each in roles["items"] if "brief.read_all" in each["privileges"]}
    requester = brief["requester"]["id"]
    found = people_of(
        people,
        but=but,
        keep=lambda each: each["id"] == requester or (submitted and not readers.isdisjoint(each["roles"])),
    )
    if not found.options and not found.more:
        return None
    return replace(found, more=found.more or len(found.options) > OFFERED)


async def mentioned_in(call: PageCall) -> list[str]:
    """Return the ids of the people chosen from the list and of those typed, one per line or separated by
    commas. Raises Refused if nobody or more than one person has a typed name."""
    typed = [each.strip() for each in re.split(r"[\n,;]", call.text("mentioned_named"))]
    names = [each for each in typed if each][: _MOST + 1]
    return [
        *map(str, call.form.getall("mentioned", [])),
        *[await person_named(call, name) for name in names],
    ]
