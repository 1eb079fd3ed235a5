"""The company itself: the data by which documents name it, and the language and time zone of its people."""

from __future__ import annotations

from typing import Final

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused
from ..fields import IDENTITY, Field, in_fields, typed
from ..forms import NOTHING_SENT, RefusedForm
from ..labels import N_

pages = Pages()

_COUNTS: Final = (
    Field("language", N_("Language"), "choice", required=True, labels="language", codes=("it", "en")),
    Field("time_zone", N_("Time zone"), required=True, hint=N_("As Europe/Rome")),
)


@pages.get("/company")
async def show_company(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/company")
async def change(call: PageCall) -> Answer:
    body = {**typed(call, _COUNTS), "legal": typed(call, IDENTITY)}
    try:
        await call.session.services.send("identity", "PUT", "/v1/tenant", body, version=call.text("version"))
    except Refused as refused:
        return await _page(call, RefusedForm("company", call.form, refused))
    return SeeOther("/company?saved=yes")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    company = await call.session.services.get("identity", "/v1/tenant")
    legal = in_fields(IDENTITY, company["legal"], call.language)
    context = {
        "company": company,
        "asked": _COUNTS,
        "legal_asked": IDENTITY,
        "given": {**legal, **in_fields(_COUNTS, company, call.language)},
        "saved": "saved" in call.query,
        "sent": sent,
    }
    return TemplateAnswer("company.html", context, sent.status)
