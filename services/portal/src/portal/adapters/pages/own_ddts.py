"""The reader's own DDTs: for goods that were sent to the reader for work, and for goods that came back."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, TemplateAnswer

from ..client import part, with_parts

pages = Pages()


@pages.get("/own-ddts")
async def show_own_ddts(call: PageCall) -> Answer:
    cursor = call.query.get("cursor")
    ddts = await part(call.session.services.get("logistics", "/v1/own-ddts", limit=50, cursor=cursor))
    return TemplateAnswer("own_ddts.html", {"ddts": ddts})


@pages.get("/own-ddts/{shipment_id}")
async def show_own_ddt(call: PageCall, shipment_id: UUID) -> Answer:
    services = call.session.services
    cursor = call.query.get("cursor")
    ddt, returns = await with_parts(
        services.get("logistics", f"/v1/own-ddts/{shipment_id}"),
        services.get("logistics", f"/v1/own-ddts/{shipment_id}/returns", limit=50, cursor=cursor),
    )
    return TemplateAnswer("own_ddt.html", {"ddt": ddt, "returns": returns})


@pages.get("/own-ddts/{shipment_id}/ddt.pdf")
async def read_own_ddt(call: PageCall, shipment_id: UUID) -> Answer:
    file = await call.session.services.file("logistics", f"/v1/own-ddts/{shipment_id}/ddt.pdf")
    return RawAnswer(file.body, file.media_type, file.disposition)
