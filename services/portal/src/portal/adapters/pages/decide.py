"""The page to which a mail to an approver leads: the approver sees the subject and decides without signing
in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import Refused
from ..sessions import as_stranger
from ..subject_facts import facts_of

pages = Pages()

_AMENDMENT: Final = {"number", "description", "quantity", "unit", "reason", "kind"}
"""The facts shown about a changed price of an order's line; prices are added if the step shows them."""


@pages.get("/decide", public=True)
async def show_decide(call: PageCall) -> Answer:
    return _page()


@pages.post("/decide", public=True)
async def look(call: PageCall) -> Answer:
    """Show what is to be decided. This is a POST, so that the code appears in no address and so in no log. It
    decides nothing."""
    token = call.text("token")
    try:
        return _page(token=token, linked=await _linked(call, token))
    except Refused as refused:
        return _page(token=token, refused=refused)


@pages.post("/decide/decision", public=True)
async def decide(call: PageCall) -> Answer:
    token, reason = call.text("token"), call.text("reason")
    body = {"outcome": call.text("outcome"), "content_hash": call.text("content_hash")}
    body |= {"reason": reason} if reason else {}
    try:
        decided = await as_stranger(call).send("approval", "POST", _address(token), body)
    except Refused as refused:
        try:
            linked = await _linked(call, token)
        except Refused:
            linked = None
        return _page(token=token, linked=linked, reason=reason, refused=refused)
    return _page(decided=decided | {"outcome": body["outcome"]})


def _address(token: str) -> str:
    return f"/v1/decision-links/{quote(token, safe='') or '-'}"


async def _linked(call: PageCall, token: str) -> Any:
    return await as_stranger(call).get("approval", _address(token))


def _page(
    *,
    token: str = "",
    linked: Mapping[str, Any] | None = None,
    decided: Mapping[str, Any] | None = None,
    reason: str = "",
    refused: Refused | None = None,
) -> Answer:
    context = {
        "token": token,
        "linked": linked,
        "brief": _brief(linked) if linked else None,
        "amendment": linked is not None and linked["content"].keys() >= _AMENDMENT,
        "other_facts": facts_of(linked["content"]) if linked else [],
        "decided": decided,
        "reason": reason,
        "refused": refused,
    }
    return TemplateAnswer("decide.html", context, refused.status if refused else 200)


def _brief(linked: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the subject in the form in which pages show a brief, or None if it is of another type."""
    content = linked["content"]
    if not {"number", "items"} <= content.keys():
        return None
    brief = {"purpose": ""} | {name: value for name, value in content.items() if value is not None}
    brief["requester"] = linked["requester"]
    if {"quote_total", "quote_lines"} <= brief.keys():
        brief["prices"] = {"total": brief["quote_total"], "lines": brief["quote_lines"]}
    return brief
