"""What is told of a brief is read whole; where a service cannot tell it yet, the brief isn't absent."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from portal.adapters.client import AsPerson, Refused, ServiceAway, ServiceResponse
from portal.adapters.pages.brief import LISTS, story_of

PATIENCE = 5


class Telling:
    """A brief service whose lists each have a second answer, given once all were asked for."""

    def __init__(self) -> None:
        self.all_asked = asyncio.Barrier(len(LISTS))

    async def ask(
        self, _service: str, _method: str, path: str, _headers: Any, *, params: dict[str, str]
    ) -> ServiceResponse:
        if path.endswith("/story"):
            first = {name: {"items": [name], "next_cursor": "1"} for name in LISTS}
            return ServiceResponse({"brief": {}, **first}, "application/json", "inline")
        assert params["cursor"] == "1"
        await self.all_asked.wait()
        return ServiceResponse({"items": [f"more {path.rpartition('/')[2]}"]}, "application/json", "inline")


class Refusing:
    def __init__(self, code: str) -> None:
        self.refused = Refused(404, {"code": code})

    async def ask(self, *_: Any, **__: Any) -> ServiceResponse:
        raise self.refused


async def told_by(service: Any) -> Any:
    async with asyncio.timeout(PATIENCE):
        return await story_of(AsPerson(service, {}), uuid4())


async def test_its_lists_are_read_on_at_once() -> None:
    story = await told_by(Telling())
    assert {name: story[name]["items"] for name in LISTS} == {name: [name, f"more {name}"] for name in LISTS}
    assert story["brief"] == {}


async def test_a_service_of_an_earlier_release_is_away() -> None:
    with pytest.raises(ServiceAway):
        await told_by(Refusing("no_such_address"))


async def test_a_brief_that_is_absent_is_refused() -> None:
    with pytest.raises(Refused):
        await told_by(Refusing("brief_absent"))
