"""Nobody takes more than their share, and nobody takes another's."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

pytestmark = pytest.mark.servers

PROXIES = (ip_network("127.0.0.0/8"), ip_network("10.0.0.0/8"))


async def test_a_person_has_a_share_of_their_own(serve_board):
    board = await serve_board(rate_per_second=0.01)
    bruno = board.app.as_(board.app.people.person("marketing", tenant_id=board.tenant_id))
    anna = board.client
    assert (await anna.get("/v1/notes"))[0].status == 200
    response, body = await anna.get("/v1/notes")
    assert (response.status, body["code"]) == (429, "too_many")
    assert int(response.headers["Retry-After"]) > 0
    assert (await bruno.get("/v1/notes"))[0].status == 200


@pytest.mark.parametrize(
    ("proxies", "first", "second", "shared"),
    [
        ((), "203.0.113.1", "203.0.113.2", True),
        (PROXIES, "203.0.113.1", "203.0.113.2", False),
        (PROXIES, "203.0.113.1, 10.1.1.1", "203.0.113.1", True),
        (PROXIES, "198.51.100.1, 203.0.113.1", "198.51.100.2, 203.0.113.1", True),
        (PROXIES, "2001:db8::1", "2001:db8::2", False),
        (PROXIES, "203.0.113.1:4711", "203.0.113.1:4712", True),
        (PROXIES, "[2001:db8::1]:4711", "[2001:db8::1]:4712", True),
        (PROXIES, "who knows", "who else", True),
    ],
)
async def test_addresses_behind_proxies_have_their_shares(serve_board, proxies, first, second, shared):
    board = await serve_board(rate_per_second=0.01, proxies=proxies)
    nobody = board.app.as_(None)
    assert (await nobody.get("/v1/board", headers={"X-Forwarded-For": first}))[0].status == 200
    again, _ = await nobody.get("/v1/board", headers={"X-Forwarded-For": second})
    assert again.status == (429 if shared else 200)
