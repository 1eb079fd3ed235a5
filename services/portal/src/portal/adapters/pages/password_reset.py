"""Reset a forgotten password: ask for a link, and choose a new password with it."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import Refused
from ..sessions import as_stranger

pages = Pages()


@pages.get("/password-reset/request", public=True)
async def show_request(call: PageCall) -> Answer:
    return _page("request")


@pages.post("/password-reset/request", public=True)
async def ask(call: PageCall) -> Answer:
    body = {"tenant": call.text("tenant"), "email": call.text("email")}
    try:
        await as_stranger(call).send("identity", "POST", "/v1/password-resets", body)
    except Refused as refused:
        return _page("request", body, refused)
    return _page("requested")


@pages.get("/password-reset", public=True)
async def show_choice(call: PageCall) -> Answer:
    return _page("choose")


@pages.post("/password-reset", public=True)
async def choose(call: PageCall) -> Answer:
    body = {"token": call.text("token"), "password": call.text("password")}
    try:
        await as_stranger(call).send("identity", "POST", "/v1/password-resets/completion", body)
    except Refused as refused:
        return _page("choose", {"token": body["token"]}, refused)
    return _page("chosen")


def _page(stage: str, given: dict[str, str] | None = None, refused: Refused | None = None) -> Answer:
    given = dict.fromkeys(("tenant", "email", "token"), "") | (given or {})
    context = {"stage": stage, "given": given, "refused": refused}
    return TemplateAnswer("password_reset.html", context, refused.status if refused else 200)
