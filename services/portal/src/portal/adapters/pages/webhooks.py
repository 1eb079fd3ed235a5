"""Webhooks: which address gets which events, their deliveries, and their secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, with_parts
from ..forms import NOTHING_SENT, RefusedForm
from ..labels import LABELS, label
from ..rendering import translations_of

pages = Pages()

_BEGINNING: Final = "optima."


@pages.get("/webhooks")
async def show_webhooks(call: PageCall) -> Answer:
    found = await call.session.services.get(
        "trail", "/v1/webhooks", limit=50, cursor=call.query.get("cursor")
    )
    context = {"webhooks": found, "told_of": lambda webhook: _told_of(webhook["types"], call.language)}
    return TemplateAnswer("webhooks.html", context)


@pages.get("/new-webhook")
async def show_new(call: PageCall) -> Answer:
    return _form(call, NOTHING_SENT)


@pages.post("/new-webhook")
async def set_up(call: PageCall) -> Answer:
    body = _content(call)
    try:
        made = await call.session.services.send("trail", "POST", "/v1/webhooks", body)
    except Refused as refused:
        return _form(call, RefusedForm("webhook", body, refused))
    return TemplateAnswer(
        "webhook_secret.html", {"webhook_id": made["id"], "secret": made["secret"]["secret"]}
    )


@pages.get("/webhooks/{webhook_id}")
async def show_webhook(call: PageCall, webhook_id: UUID) -> Answer:
    return await _page(call, webhook_id)


@pages.post("/webhooks/{webhook_id}")
async def revise(call: PageCall, webhook_id: UUID) -> Answer:
    body = _content(call)
    try:
        await call.session.services.send(
            "trail", "PUT", f"/v1/webhooks/{webhook_id}", body, version=call.text("version")
        )
    except Refused as refused:
        return await _page(call, webhook_id, RefusedForm("webhook", body, refused))
    return SeeOther(f"/webhooks/{webhook_id}")


@pages.post("/webhooks/{webhook_id}/pause")
async def pause(call: PageCall, webhook_id: UUID) -> Answer:
    return await _do(call, webhook_id, "POST", f"/v1/webhooks/{webhook_id}/pause")


@pages.post("/webhooks/{webhook_id}/resumption")
async def resume(call: PageCall, webhook_id: UUID) -> Answer:
    return await _do(call, webhook_id, "POST", f"/v1/webhooks/{webhook_id}/resumption")


@pages.post("/webhooks/{webhook_id}/position")
async def move(call: PageCall, webhook_id: UUID) -> Answer:
    body = {"from_the_beginning": call.text("place") == "beginning"}
    return await _do(call, webhook_id, "POST", f"/v1/webhooks/{webhook_id}/position", body)


@pages.post("/webhooks/{webhook_id}/deletion")
async def delete(call: PageCall, webhook_id: UUID) -> Answer:
    return await _do(call, webhook_id, "DELETE", f"/v1/webhooks/{webhook_id}", leads_to="/webhooks")


@pages.post("/webhooks/{webhook_id}/secrets")
async def add_secret(call: PageCall, webhook_id: UUID) -> Answer:
    try:
        made = await call.session.services.send("trail", "POST", f"/v1/webhooks/{webhook_id}/secrets")
    except Refused as refused:
        return await _page(call, webhook_id, RefusedForm("secrets", {}, refused))
    return TemplateAnswer("webhook_secret.html", {"webhook_id": webhook_id, "secret": made["secret"]})


@pages.post("/webhooks/{webhook_id}/secrets/{secret_id}/removal")
async def remove_secret(call: PageCall, webhook_id: UUID, secret_id: UUID) -> Answer:
    return await _do(call, webhook_id, "DELETE", f"/v1/webhooks/{webhook_id}/secrets/{secret_id}")


@pages.post("/webhooks/{webhook_id}/attempts/{attempt_id}/replay")
async def send_again(call: PageCall, webhook_id: UUID, attempt_id: UUID) -> Answer:
    return await _do(call, webhook_id, "POST", f"/v1/webhooks/{webhook_id}/attempts/{attempt_id}/replay")


async def _do(
    call: PageCall,
    webhook_id: UUID,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    leads_to: str = "",
) -> Answer:
    try:
        await call.session.services.send("trail", method, path, body, key=call.text("once"))
    except Refused as refused:
        return await _page(call, webhook_id, RefusedForm("step", {}, refused))
    return SeeOther(leads_to or f"/webhooks/{webhook_id}")


def _content(call: PageCall) -> dict[str, Any]:
    types = chosen_types([str(each) for each in call.form.getall("types", [])])
    return {"url": call.text("url"), "description": call.text("description"), "types": types}


def chosen_types(chosen: Sequence[str]) -> list[str]:
    """Return the chosen event types without those that a chosen area already includes."""
    areas = tuple(each for each in chosen if each.endswith("."))
    return [each for each in chosen if each in areas or not each.startswith(areas)]


def _areas() -> dict[str, str]:
    """Return the names of the areas of events, by the beginning of their event types."""
    return {f"{_BEGINNING}{area}.": text for area, text in LABELS["event_area"].items()}


def _told_of(types: Sequence[str], language: str) -> str:
    """Return the names of the events that a webhook sends, in the reader's language; empty if it sends
    all."""
    translate = translations_of(language).gettext
    areas = _areas()
    return ", ".join(translate(areas.get(each) or label("event", each)) for each in types)


def _choices(webhook: Mapping[str, Any], sent: RefusedForm) -> dict[str, Any]:
    given = sent.values if sent.form == "webhook" else webhook
    areas = _areas()
    events = LABELS["event"]
    chosen = given.get("types", [])
    return {
        "areas": {
            beginning: (text, [each for each in events if each.startswith(beginning)])
            for beginning, text in areas.items()
        },
        "others": [each for each in chosen if each not in areas and each not in events],
        "given": {name: given.get(name, "") for name in ("url", "description")},
        "chosen": chosen,
    }


def _form(call: PageCall, sent: RefusedForm) -> Answer:
    return TemplateAnswer("webhook_form.html", {**_choices({}, sent), "sent": sent}, sent.status)


async def _page(call: PageCall, webhook_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    answer, attempts = await with_parts(
        services.answered("trail", f"/v1/webhooks/{webhook_id}"),
        services.get(
            "trail", f"/v1/webhooks/{webhook_id}/attempts", limit=20, cursor=call.query.get("cursor")
        ),
    )
    webhook = answer.body
    context = {
        **_choices(webhook, sent),
        "webhook": webhook,
        "version": answer.version or "",
        "told_of": _told_of(webhook["types"], call.language),
        "attempts": attempts,
        "sent": sent,
    }
    return TemplateAnswer("webhook.html", context, sent.status)
