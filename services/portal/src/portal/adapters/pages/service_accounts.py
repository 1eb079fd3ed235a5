"""Accounts of other programs: their privileges and secrets."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()


@pages.get("/service-accounts")
async def show_accounts(call: PageCall) -> Answer:
    return await _page(call)


@pages.post("/service-accounts")
async def open_account(call: PageCall) -> Answer:
    body: dict[str, Any] = {"name": call.text("name"), "scopes": call.form.getall("scopes", [])}
    try:
        opened = await call.session.services.send("identity", "POST", "/v1/service-accounts", body)
    except Refused as refused:
        return await _page(call, RefusedForm("account", body, refused))
    return TemplateAnswer("service_account_secret.html", {"account": opened})


@pages.post("/service-accounts/{account_id}/secret")
async def renew(call: PageCall, account_id: UUID) -> Answer:
    try:
        renewed = await call.session.services.send(
            "identity", "POST", f"/v1/service-accounts/{account_id}/secret"
        )
    except Refused as refused:
        return await _page(call, RefusedForm("secret", {}, refused))
    return TemplateAnswer("service_account_secret.html", {"account": renewed})


@pages.post("/service-accounts/{account_id}/closure")
async def close(call: PageCall, account_id: UUID) -> Answer:
    try:
        await call.session.services.send("identity", "DELETE", f"/v1/service-accounts/{account_id}")
    except Refused as refused:
        return await _page(call, RefusedForm("closure", {}, refused))
    return SeeOther("/service-accounts")


async def _page(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    accounts, privileges = await asyncio.gather(
        services.get("identity", "/v1/service-accounts", limit=50, cursor=call.query.get("cursor")),
        services.get("identity", "/v1/privileges"),
    )
    named = {
        each["key"]: each["italian" if call.language == "it" else "english"]
        for each in privileges["privileges"]
    }
    context = {
        "accounts": accounts,
        "privileges": named,
        "chosen": sent.values.get("scopes", []),
        "sent": sent,
    }
    return TemplateAnswer("service_accounts.html", context, sent.status)
