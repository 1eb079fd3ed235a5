"""A mail server for tests that stores what it gets."""

from __future__ import annotations

import asyncio
import email
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message


class Postbox:
    """A server with enough of SMTP to accept e-mails. With `starttls` it accepts them only over TLS."""

    def __init__(self, starttls: ssl.SSLContext | None = None) -> None:
        self._starttls = starttls
        self.letters: list[Message] = []
        self.url = ""
        """The server's address, for OPTIMA_MAIL_URL."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 postbox")
        secured = self._starttls is None
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            if word == "EHLO" and not secured:
                say("250-postbox")
                say("250 STARTTLS")
            elif word == "STARTTLS" and self._starttls is not None:
                say("220 go on")
                await writer.drain()
                try:
                    await writer.start_tls(self._starttls)
                except (ssl.SSLError, ConnectionError):
                    return
                secured = True
            elif not secured:
                say("530 not in the clear")
            elif word == "DATA":
                say("354 go on")
                letter = b""
                while (part := await reader.readline()) != b".\r\n":
                    letter += part
                self.letters.append(email.message_from_bytes(letter))
                say("250 taken")
            elif word == "QUIT":
                say("221 bye")
                break
            else:
                say("250 postbox")
            await writer.drain()
        await writer.drain()
        writer.close()


@asynccontextmanager
async def postbox_open(
    *, tls: ssl.SSLContext | None = None, starttls: ssl.SSLContext | None = None
) -> AsyncIterator[Postbox]:
    """Open a mail server without TLS, with `tls` from the first byte, or with `starttls` before the first
    e-mail."""
    box = Postbox(starttls)
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0, ssl=tls)
    box.url = f"smtp{'s' if tls else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield box
