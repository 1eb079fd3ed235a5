"""One request for a quote to the reader, and the reader's answer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/quotations/{quotation_id}")
async def show_quotation(call: PageCall, quotation_id: UUID) -> Answer:
    return await _page(call, quotation_id)


@pages.post("/quotations/{quotation_id}/quote")
async def quote(call: PageCall, quotation_id: UUID) -> Answer:
    """Send the quote. Items without a typed price are not offered."""
    items = [
        name.removeprefix("price-") for name in call.form if name.startswith("price-") and call.text(name)
    ]
    body = {
        "lines": [
            {"item_id": item, "breaks": _breaks(call, item), "lead_time_days": call.text(f"days-{item}")}
            for item in items
        ],
        "valid_until": call.text("valid_until"),
        "note": call.text("note"),
    }
    return await _command(call, quotation_id, "PUT", "quote", body)


@pages.post("/quotations/{quotation_id}/decline")
async def decline(call: PageCall, quotation_id: UUID) -> Answer:
    return await _command(call, quotation_id, "POST", "decline", {"reason": call.text("reason")})


@pages.post("/quotations/{quotation_id}/attachments", max_bytes=11 << 20)
async def send_file(call: PageCall, quotation_id: UUID) -> Answer:
    file = call.form.get("file")
    if isinstance(file, FileField) and file.filename:
        name = file.filename.replace("\\", "/").rpartition("/")[2]
        path = f"/v1/quotations/{quotation_id}/files"
        try:
            await call.session.services.upload("brief", path, name, file.content_type, file.file.read())
        except Refused as refused:
            return await _page(call, quotation_id, RefusedForm("file", call.form, refused))
    return SeeOther(f"/quotations/{quotation_id}")


@pages.get("/quotations/{quotation_id}/attachments/{file_id}")
async def download(call: PageCall, quotation_id: UUID, file_id: UUID) -> Answer:
    file = await call.session.services.file("brief", f"/v1/quotations/{quotation_id}/files/{file_id}")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.post("/quotations/{quotation_id}/attachments/{file_id}/removal")
async def take_back(call: PageCall, quotation_id: UUID, file_id: UUID) -> Answer:
    return await _command(call, quotation_id, "DELETE", f"files/{file_id}", {})


def _breaks(call: PageCall, item: str) -> list[dict[str, str]]:
    """Return an item's typed prices: the price, and those of larger quantities, one per line such as
    `1000: 0,085`."""
    lines = [line.partition(":") for line in call.text(f"breaks-{item}").splitlines() if line.strip()]
    typed = [(call.text(f"minimum-{item}"), call.text(f"price-{item}"))]
    typed += [(quantity, price) for quantity, _, price in lines]
    return [
        {
            "from_quantity": plain_number(quantity, call.language),
            "unit_price": plain_number(price, call.language),
        }
        for quantity, price in typed
    ]


async def _command(
    call: PageCall, quotation_id: UUID, method: str, what: str, body: dict[str, Any]
) -> Answer:
    path = f"/v1/quotations/{quotation_id}/{what}"
    version, key = call.text("version"), call.text("once")
    try:
        await call.session.services.send("brief", method, path, body, version=version, key=key)
    except Refused as refused:
        return await _page(call, quotation_id, RefusedForm(what, call.form, refused))
    return SeeOther(f"/quotations/{quotation_id}")


async def _page(call: PageCall, quotation_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    quotation = await call.session.services.get("brief", f"/v1/quotations/{quotation_id}")
    context = {"quotation": quotation, "given": _given(quotation, call.language), "sent": sent}
    return TemplateAnswer("quotation.html", context, sent.status)


def _given(quotation: Any, language: str) -> dict[str, dict[str, str]]:
    """Return the present quote by item, as a person would type it."""
    lines = quotation.get("quote", {"lines": []})["lines"]
    given = {}
    for line in lines:
        breaks = [
            (typed_number(each["from_quantity"], language), typed_number(each["unit_price"], language))
            for each in line["breaks"]
        ]
        given[line["item_id"]] = {
            "minimum": breaks[0][0],
            "price": breaks[0][1],
            "days": str(line["lead_time_days"]),
            "breaks": "\n".join(f"{quantity}: {price}" for quantity, price in breaks[1:]),
        }
    return given
