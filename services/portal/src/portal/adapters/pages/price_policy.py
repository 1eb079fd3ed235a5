"""How far the price of a job may differ from the one that was approved."""

from __future__ import annotations

from typing import Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..client import Refused
from ..fields import Field, in_fields, typed
from ..forms import NOTHING_SENT, Sent
from ..labels import N_

pages = Pages()

_FIELDS: Final = (
    Field(
        "tolerance_percent",
        N_("Tolerance"),
        "number",
        required=True,
        hint=N_("Per cent of the approved price, up or down"),
    ),
    Field(
        "process",
        N_("Process for other prices"),
        required=True,
        hint=N_("Key of the approval process that a price beyond the tolerance enters"),
    ),
)


@pages.get("/price-policy")
async def show_policy(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/price-policy")
async def change(call: PageCall) -> Answer:
    try:
        await call.session.services.send(
            "production", "PUT", "/v1/price-policy", typed(call, _FIELDS), version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, Sent("policy", call.form, refused))
    return SeeOther("/price-policy?saved=yes")


async def _page(call: PageCall, sent: Sent = NOTHING_SENT) -> Answer:
    policy = await call.session.services.get("production", "/v1/price-policy")
    context = {
        "policy": policy,
        "asked": _FIELDS,
        "given": in_fields(_FIELDS, policy, call.language),
        "saved": "saved" in call.query,
        "sent": sent,
    }
    return Shown("price_policy.html", context, sent.status)
