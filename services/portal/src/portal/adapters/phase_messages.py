"""Messages about a phase between its assignee and the people who assign work."""

from __future__ import annotations

from typing import Any

from aiohttp.web import FileField

from optima_kit.http.html import PageCall


async def send_message(call: PageCall, path: str, **more: Any) -> None:
    """Send the chosen file and the typed text. Raises Refused, also if there is neither."""
    file = call.form.get("file")
    chosen = file if isinstance(file, FileField) and file.filename else None
    if chosen is not None:
        name = chosen.filename.replace("\\", "/").rpartition("/")[2]
        data = chosen.file.read()
        await call.session.services.upload("production", f"{path}/files", name, chosen.content_type, data)
    if call.text("text") or chosen is None:
        body = {"text": call.text("text"), **more}
        await call.session.services.send(
            "production", "POST", f"{path}/messages", body, key=call.text("once")
        )
