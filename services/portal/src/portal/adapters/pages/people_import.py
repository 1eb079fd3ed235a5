"""Import many people from a table: it is tried first, and then imported as a whole."""

from __future__ import annotations

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()

_BYTES = 1 << 20


@pages.get("/import-people")
async def show_import(call: PageCall) -> Answer:
    return TemplateAnswer("people_import.html", {"result": None, "table": "", "sent": NOTHING_SENT})


@pages.post("/import-people", max_bytes=3 * _BYTES)
async def import_people(call: PageCall) -> Answer:
    """Try the table or, once it was tried, import it."""
    file = call.form.get("file")
    table = call.text("table")
    if isinstance(file, FileField) and file.filename:
        table = file.file.read().decode("utf-8-sig", errors="replace")
    taking_over = call.text("doing") == "take_over"
    try:
        answered = await call.session.services.send_document(
            "identity",
            "POST",
            f"/v1/people/imports?dry_run={'false' if taking_over else 'true'}",
            "text/csv",
            table,
        )
    except Refused as refused:
        context = {"result": None, "table": table, "sent": RefusedForm("table", {"table": table}, refused)}
        return TemplateAnswer("people_import.html", context, refused.status)
    return TemplateAnswer(
        "people_import.html", {"result": answered.body, "table": table, "sent": NOTHING_SENT}
    )
