"""Whoever sends nothing, or drop by drop, holds a connection for its time and no longer."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import uuid4

import pytest

pytestmark = pytest.mark.servers

HEAD = b"POST /v1/notes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: k\r\n"
QUICKLY = {"idle_seconds": 0.3, "body_seconds": 0.3}


@pytest.fixture
async def connect(serve_board):
    board = await serve_board(**QUICKLY)
    opened = []

    async def connected():
        reader, writer = await asyncio.open_connection("127.0.0.1", board.app.http.port)
        opened.append(writer)
        return reader, writer

    connected.board = board
    yield connected
    for writer in opened:
        writer.close()


async def answered(reader):
    """All that comes until the server has closed the connection: what drips on then resets it."""
    told = b""
    with contextlib.suppress(ConnectionResetError):
        while some := await asyncio.wait_for(reader.read(65536), 10):
            told += some
    return told


async def dripped(writer, what):
    with contextlib.suppress(ConnectionError, RuntimeError):  # what uvloop says of one that is closed here
        for byte in what:
            writer.write(bytes((byte,)))
            await writer.drain()
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.1\r\nHost: x\r\nX-A: "])
async def test_a_half_open_connection_is_closed(connect, sent):
    reader, writer = await connect()
    writer.write(sent)
    assert await answered(reader) == b""


async def test_three_hundred_of_them_are_closed(connect):
    readers = [(await connect())[0] for _ in range(300)]
    assert await asyncio.gather(*map(answered, readers)) == [b""] * 300
    assert (await connect.board.app.http.get("/livez")).status == 200


async def test_a_head_that_drips_is_not_waited_for(connect):
    reader, writer = await connect()
    dripping = asyncio.create_task(dripped(writer, b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 1000))
    assert await answered(reader) == b""
    dripping.cancel()


async def test_a_connection_that_is_kept_without_use_is_closed(connect):
    reader, writer = await connect()
    writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (await answered(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_body_that_drips_is_refused_and_says_why(connect):
    board = connect.board
    token = board.app.people.token(board.app.person(privileges={"brief.create"}, tenant_id=board.tenant_id))
    reader, writer = await connect()
    writer.write(HEAD + f"Authorization: Bearer {token}\r\nContent-Length: 1000\r\n\r\n".encode())
    dripping = asyncio.create_task(dripped(writer, b" " * 1000))
    told = await answered(reader)
    dripping.cancel()
    assert told.startswith(b"HTTP/1.1 408 ")
    assert b"body_too_slow" in told


async def test_too_much_in_the_same_write_as_its_head_is_refused(connect):
    board = connect.board
    token = board.app.people.token(board.app.person(privileges={"brief.create"}, tenant_id=board.tenant_id))
    reader, writer = await connect()
    head = f"POST /v1/notes/{uuid4()}/scans HTTP/1.1\r\nHost: x\r\nContent-Type: application/pdf\r\n"
    head += f"Idempotency-Key: k\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n"
    writer.write(head.encode() + body)
    told = await answered(reader)
    assert told.startswith(b"HTTP/1.1 413 ")
    assert b"too_large" in told


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(connect):
    board = connect.board
    token = board.app.people.token(board.app.person(privileges={"brief.create"}, tenant_id=board.tenant_id))
    reader, writer = await connect()
    head = HEAD + f"Authorization: Bearer {token}\r\nExpect: 100-continue\r\n".encode()
    writer.write(head + b"Content-Length: 16\r\n\r\n")
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(b'{"text": "Ciao"}')
    assert (await answered(reader)).startswith(b"HTTP/1.1 201 ")


async def test_whoever_is_refused_is_not_asked_for_a_body(connect):
    reader, writer = await connect()
    writer.write(HEAD + b"Expect: 100-continue\r\nContent-Length: 16\r\n\r\n")
    assert (await answered(reader)).startswith(b"HTTP/1.1 401 ")


async def test_a_head_that_cant_be_read_tells_nothing_of_the_server(connect):
    reader, writer = await connect()
    writer.write(b"\x16\x03\x01 nonsense\r\n\r\n")
    told = await answered(reader)
    assert b" 400 Bad Request\r\n" in told
    assert b"aiohttp" not in told.lower()
    assert b"python" not in told.lower()


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 2",
        b"Content-Length: 2\r\nContent-Length: 3",
        b"Content-Length: +2",
        b"Transfer-Encoding: chunked, identity",
    ],
)
async def test_a_request_whose_end_is_unclear_is_refused(connect, lengths):
    reader, writer = await connect()
    writer.write(HEAD + lengths + b"\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
    told = await answered(reader)
    assert b" 400 Bad Request\r\n" in told
    assert b" 200 " not in told
