"""Refusals of tokens and privileges leave a line: who, what, from where, and not one each."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import structlog
from structlog.testing import LogCapture

from optima_kit.http import security_log
from optima_kit.http.security_log import SecurityLog
from optima_kit.refusals import Forbidden
from optima_kit.tracing import tenant_mark


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is logged, also where another test has configured the process's loggers."""
    captured = LogCapture()
    monkeypatch.setattr(
        security_log,
        "log",
        structlog.wrap_logger(None, processors=[captured], wrapper_class=structlog.BoundLogger),
    )
    return captured.entries


def refused(lines: list[Any]) -> list[Any]:
    return [line for line in lines if line["event"] == "access refused"]


@pytest.mark.servers
async def test_who_was_refused_what_and_from_where(serve_board, lines):
    board = await serve_board()
    powerless = board.app.people.person(tenant_id=board.tenant_id, privileges=set())
    for client in (board.app.as_(powerless), board.app.with_token("forged")):
        for _ in range(3):
            response, _ = await client.get("/v1/notes")
            assert response.status in (401, 403)
    assert (await board.client.get("/v1/notes"))[0].status == 200
    privilege, token = refused(lines)
    assert privilege["code"] == "missing_privilege"
    whose = tenant_mark(board.tenant_id)
    assert (privilege["person"], privilege["tenant"]) == (str(powerless.person_id), whose)
    assert (privilege["method"], privilege["route"], privilege["address"]) == (
        "GET",
        "/v1/notes",
        "127.0.0.1",
    )
    assert privilege["privilege"]
    assert token["code"] == "token_signature"
    assert "person" not in token
    assert "forged" not in str(token)


@pytest.mark.servers
async def test_who_asked_too_often(serve_board, lines):
    board = await serve_board(rate_per_second=0.01)
    anna = board.client
    statuses = [(await anna.get("/v1/notes"))[0].status for _ in range(3)]
    assert statuses == [200, 429, 429]
    (line,) = refused(lines)
    assert (line["code"], line["address"], line["route"]) == ("too_many", "127.0.0.1", "/v1/notes")


def test_what_was_not_written_is_counted(lines):
    security = SecurityLog(per_second=1_000, of_one_per_second=1_000)
    rare = SecurityLog(per_second=1_000, of_one_per_second=1e-9)
    address = "192.0.2.1"
    for _ in range(3):
        security.note(Forbidden("missing_privilege", privilege="x"), None, address, "GET", "/v1/notes")
        rare.note(Forbidden("missing_privilege", privilege="x"), None, address, "GET", "/v1/notes")
    rare.note(Forbidden("another"), None, address, "GET", "/v1/notes")
    rare.note(Forbidden("missing_privilege"), None, "192.0.2.2", "GET", "/v1/notes")
    assert [line["unwritten"] for line in refused(lines)] == [0] * 6
    assert rare._unwritten == {(address, "missing_privilege"): 2}


def test_all_together_write_no_more_than_a_process_can_bear(lines):
    security = SecurityLog(per_second=5)
    for _ in range(1_000):
        security.note(Forbidden("missing_privilege"), None, str(uuid4()), "GET", "/v1/notes")
    assert 10 <= len(refused(lines)) <= 20
