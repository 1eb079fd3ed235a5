"""The papers of one or many shipments in one PDF, and the company's GS1 prefix for numbering packages."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()

_ASKED: Final = frozenset({"paper", "shipment_id", "first_package", "last_package"})


@pages.get("/papers.pdf")
async def print_papers(call: PageCall) -> Answer:
    named = [(name, value) for name, value in call.query.items() if name in _ASKED]
    file = await call.session.services.file("logistics", f"/v1/papers.pdf?{urlencode(named)}")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.get("/package-numbers")
async def show_prefix(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/package-numbers")
async def keep_prefix(call: PageCall) -> Answer:
    body = {"prefix": call.text("prefix").replace(" ", "")}
    try:
        await call.session.services.send("logistics", "PUT", "/v1/gs1-prefix", body)
    except Refused as refused:
        return await _page(call, RefusedForm("prefix", call.form, refused))
    return SeeOther("/package-numbers")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    kept = await call.session.services.get("logistics", "/v1/gs1-prefix")
    return TemplateAnswer("package_numbers.html", {"kept": kept, "sent": sent}, sent.status)
