"""A mail server that keeps what it is given."""

from __future__ import annotations

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message


class Postbox:
    """Enough of SMTP to take letters."""

    def __init__(self) -> None:
        self.letters: list[Message] = []
        self.url = ""
        """As OPTIMA_MAIL_URL."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 postbox")
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            if word == "DATA":
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
async def postbox_open() -> AsyncIterator[Postbox]:
    box = Postbox()
    server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
    box.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield box
