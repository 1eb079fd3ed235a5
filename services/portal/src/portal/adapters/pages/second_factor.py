"""The reader's second factor: set up with a QR code, confirmed, proved if a role requires it, and removed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/second-factor")
async def show(call: PageCall) -> Answer:
    return await _start(call)


@pages.post("/second-factor")
async def set_up(call: PageCall) -> Answer:
    try:
        setup = await call.session.services.send("identity", "POST", "/v1/me/second-factor")
    except Refused as refused:
        return await _start(call, RefusedForm("setup", {}, refused))
    return _scan(call, setup)


@pages.post("/second-factor/confirmation")
async def confirm(call: PageCall) -> Answer:
    setup = call.resources.carried.opened("second factor", call.text("setup"), call.now)
    if setup is None:
        return SeeOther("/second-factor")
    try:
        confirmed = await call.session.services.send(
            "identity", "POST", "/v1/me/second-factor/confirmation", {"code": call.text("code")}
        )
    except Refused as refused:
        return _scan(call, setup, refused)
    await call.resources.sessions.renew(call.session)
    return TemplateAnswer("second_factor.html", {"codes": confirmed["recovery_codes"], "refused": None})


@pages.post("/second-factor/proof")
async def prove(call: PageCall) -> Answer:
    """Prove the second factor after a sign-in without it."""
    try:
        await call.session.services.send("identity", "POST", "/v1/me/proof", {"code": call.text("code")})
    except Refused as refused:
        return await _start(call, RefusedForm("proof", {}, refused))
    await call.resources.sessions.renew(call.session)
    return SeeOther("/")


@pages.post("/second-factor/removal")
async def remove(call: PageCall) -> Answer:
    body = {"code": call.text("code")}
    try:
        await call.session.services.send("identity", "POST", "/v1/me/second-factor/removal", body)
    except Refused as refused:
        return await _start(call, RefusedForm("removal", {}, refused))
    await call.resources.sessions.renew(call.session)
    return SeeOther("/second-factor")


async def _start(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    me = await call.session.services.get("identity", "/v1/me")
    context = {"actions": me["actions"], "refused": sent.refused, "form": sent.form}
    return TemplateAnswer("second_factor.html", context, sent.status)


def _scan(call: PageCall, setup: Mapping[str, Any], refused: Refused | None = None) -> Answer:
    import segno  # imported here because it takes a megabyte, and this page is seldom requested

    carried = {name: setup[name] for name in ("secret", "uri")}
    context = {
        "secret": setup["secret"],
        "picture": segno.make(setup["uri"], error="m").svg_data_uri(scale=5, light="#fff"),
        "setup": call.resources.carried.sealed("second factor", carried, call.now),
        "refused": refused,
    }
    return TemplateAnswer("second_factor.html", context, refused.status if refused else 200)
