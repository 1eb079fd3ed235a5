"""The limits within which the price of a job may differ from the approved price."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, with_parts
from ..fields import Field, in_fields, typed
from ..forms import NOTHING_SENT, RefusedForm
from ..labels import N_
from ..navigation import leads_to

pages = Pages()

_FIELDS: Final = (
    Field(
        "tolerance_percent",
        N_("Tolerance"),
        "number",
        required=True,
        hint=N_("Per cent of the approved price, up or down"),
    ),
)
_PROCESS: Final = Field("process", N_("Process for other prices"), required=True)
"""The process is chosen by name, or typed as a key by a person who may not see the processes."""
_SUBJECT: Final = "order_amendment"


@pages.get("/price-policy")
async def show_policy(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/price-policy")
async def change(call: PageCall) -> Answer:
    try:
        await call.session.services.send(
            "production",
            "PUT",
            "/v1/price-policy",
            typed(call, (*_FIELDS, _PROCESS)),
            version=call.text("version"),
        )
    except Refused as refused:
        return await _page(call, RefusedForm("policy", call.form, refused))
    return SeeOther("/price-policy?saved=yes")


async def _processes(call: PageCall) -> Any:
    """Return the processes, or None if the reader may not see them."""
    if not leads_to(call.session.actor, "/processes"):
        return None
    return await call.session.services.every("approval", "/v1/processes")


def fitting_processes(found: Any) -> list[Mapping[str, Any]]:
    """Return the published processes that can approve a changed price of an order's line."""
    return [
        each
        for each in (found["items"] if found else ())
        if each["subject"] == _SUBJECT and "published" in each
    ]


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    policy, processes = await with_parts(services.get("production", "/v1/price-policy"), _processes(call))
    named = {each["key"]: each["name"] for each in fitting_processes(processes)}
    context = {
        "policy": policy,
        "asked": _FIELDS if named else (*_FIELDS, _PROCESS),
        "processes": [*named.items()]
        if policy["process"] in named
        else [(policy["process"],) * 2, *named.items()],
        "named": named,
        "given": in_fields((*_FIELDS, _PROCESS), policy, call.language),
        "saved": "saved" in call.query,
        "sent": sent,
    }
    return TemplateAnswer("price_policy.html", context, sent.status)
