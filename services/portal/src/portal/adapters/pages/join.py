"""The page to which an invitation leads: the person chooses a password and is signed in."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import Refused
from ..sessions import as_stranger

pages = Pages()


@pages.get("/join", public=True)
async def show_join(call: PageCall) -> Answer:
    return TemplateAnswer("join.html", {"token": "", "joined": None, "refused": None})


@pages.post("/join", public=True)
async def join(call: PageCall) -> Answer:
    body = {"token": call.text("token"), "password": call.text("password")}
    try:
        joined = await as_stranger(call).send("identity", "POST", "/v1/invitations/acceptance", body)
    except Refused as refused:
        context = {"token": body["token"], "joined": None, "refused": refused}
        return TemplateAnswer("join.html", context, refused.status)
    return TemplateAnswer("join.html", {"joined": joined})
