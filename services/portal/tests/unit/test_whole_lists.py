"""A list that a form offers is read to its end, however the service cuts it."""

from __future__ import annotations

from typing import Any

from portal.adapters.client import AsPerson, ServiceResponse


class Listing:
    """A service that answers with a few of its things at a time."""

    def __init__(self, many: int) -> None:
        self.many = many
        self.asked: list[dict[str, str]] = []

    async def ask(
        self, _service: str, _method: str, _path: str, _headers: Any, *, params: dict[str, str]
    ) -> ServiceResponse:
        self.asked.append(params)
        at, limit = int(params.get("cursor", "0")), int(params["limit"])
        after = at + limit
        more = {"next_cursor": str(after)} if after < self.many else {}
        items = [{"key": str(number)} for number in range(at, min(after, self.many))]
        return ServiceResponse({"items": items, **more}, "application/json", "inline")


async def whole(service: Any) -> Any:
    return await AsPerson(service, {}).every("identity", "/v1/units", text="a")


async def test_a_short_list_is_asked_for_once() -> None:
    service = Listing(3)
    assert [each["key"] for each in (await whole(service))["items"]] == ["0", "1", "2"]
    assert service.asked == [{"text": "a", "limit": "200"}]


async def test_a_long_list_is_read_on_to_its_end() -> None:
    service = Listing(401)
    found = await whole(service)
    assert [each["key"] for each in found["items"]] == [str(number) for number in range(401)]
    assert ("next_cursor" in found, len(service.asked)) == (False, 3)
    assert all(asked["text"] == "a" for asked in service.asked)


async def test_a_list_longer_than_a_page_can_show_says_so() -> None:
    service = Listing(2_001)
    found = await whole(service)
    assert (len(found["items"]), found["next_cursor"]) == (2_000, "2000")
