"""Links go out by mail where it is set up, and their tokens are in clear nowhere on the way."""

from __future__ import annotations

import asyncio
import email
import email.policy
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest

from identity.adapters.jobs import send_link
from identity.adapters.mail import SendLink
from identity.bootstrap import service
from optima_kit.db import Database
from optima_kit.jobs import JobRun
from optima_kit.testing import ServiceHarness

from ..conftest import Identity


class MailServer:
    """As much of SMTP as a delivery on the loopback needs."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.refusing = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := await reader.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                message: Any = email.message_from_bytes(data[:-3], policy=email.policy.default)
                self.received.append(message)
                writer.write(b"250 taken\r\n")
            elif word == b"RCPT" and self.refusing:
                writer.write(b"451 later\r\n")
            elif word == b"QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                writer.write(b"250 ok\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def mail() -> AsyncIterator[tuple[MailServer, str]]:
    server = MailServer()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    yield server, f"smtp://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    listening.close()


async def leased(database: Any, opened: Database, built: Any) -> tuple[JobRun[Any], SendLink]:
    """The one job that sends a link, as a worker holds it."""
    (row,) = await database.fetch(
        "UPDATE jobs SET locked_until = now() + interval '1 minute' WHERE kind = 'identity.send_link'"
        " RETURNING *"
    )
    run: JobRun[Any] = JobRun(
        built.ports, built.resources, opened, row["id"], row["tenant_id"], row, row["locked_until"]
    )
    return run, SendLink.model_validate_json(row["payload"])


async def test_a_reset_goes_to_the_mailbox(identity: Identity, mail: Any, settings_for: Any) -> None:
    await identity.register()
    server, url = mail
    more = {"mail_url": url, "portal_url": "https://portale.example/"}
    built = service(settings_for(identity.database, **more))
    built = replace(built, resources=replace(built.resources, refusals_take=0.01))
    body = {"tenant": "aurora", "email": "Paola@aurora.example"}
    async with ServiceHarness.serve(built, identity.database, clock=identity.clock) as app:
        for _ in range(3):  # asked for at once, it is sent once
            response, _ = await app.as_(None).post("/v1/password-resets", body)
            assert response.status == 202

        run, job = await leased(identity.database, app.database, built)
        server.refusing = True
        with pytest.raises(OSError, match="later"):
            await send_link(run, job)
        assert not run.finished
        server.refusing = False
        await send_link(run, job)
        assert run.finished

        (message,) = server.received
        assert (message["To"], message["Subject"]) == (
            "paola@aurora.example",
            "Nuova password per Linea OPTIMA",
        )
        assert re.search(r"entro il \d+ nov 2026, \d\d:\d\d\.", message.get_content())
        found = re.search(r"https://portale.example/password-reset#(\S+)", message.get_content())
        assert found is not None
        token = found[1]
        (row,) = await identity.database.fetch(
            "SELECT payload, state FROM jobs WHERE kind = 'identity.send_link'"
        )
        assert row["state"] == "done"
        assert token.partition(".")[2] not in row["payload"]
        done, _ = await app.as_(None).post(
            "/v1/password-resets/completion", {"token": token, "password": "cinque oche nel laghetto"}
        )
        assert done.status == 204
    built.close_resources()


async def test_without_a_mail_server_nothing_is_owed(identity: Identity) -> None:
    admin = await identity.register()
    await admin.post("/v1/invitations", {"email": "e@aurora.example", "name": "E", "roles": ["marketing"]})
    jobs = await identity.database.fetch("SELECT 1 FROM jobs WHERE kind = 'identity.send_link'")
    assert jobs == []
