"""The catalogue of articles kept in stock without an order. A scanned code leads straight to its article."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..places import destination_of, destinations_of

pages = Pages()

_CONVERSIONS = 2
"""How many other units a form offers beside those that an article has."""


@pages.get("/articles")
async def show_articles(call: PageCall) -> Answer:
    text = call.query.get("text", "").strip()
    if text and not call.query.get("cursor"):
        found = await call.session.services.get("logistics", "/v1/articles", text=text, limit=2)
        if len(found["items"]) == 1 and text in _codes_of(found["items"][0]):
            return SeeOther(_address(found["items"][0]["code"]))
    return await _list(call, text)


@pages.post("/articles")
async def keep_new_article(call: PageCall) -> Answer:
    code = call.text("code")
    try:
        await _keep(call, code, version="0")
    except Refused as refused:
        return await _list(call, "", RefusedForm("article", call.form, refused))
    return SeeOther(_address(code))


@pages.get("/articles/{code}")
async def show_article(call: PageCall, code: str) -> Answer:
    return await _page(call, code)


@pages.post("/articles/{code}")
async def keep_article(call: PageCall, code: str) -> Answer:
    try:
        await _keep(call, code, version=call.text("version"))
    except Refused as refused:
        return await _page(call, code, RefusedForm("article", call.form, refused))
    return SeeOther(_address(code))


async def _keep(call: PageCall, code: str, *, version: str) -> None:
    names = ("description", "description_en", "unit", "barcode", "customer_code")
    body: dict[str, Any] = filled(**{name: call.text(name) for name in names})
    body |= filled(owner=await destination_of(call, "owner"))
    body |= filled(weight_kg=plain_number(call.text("weight_kg"), call.language))
    body["tracked_by_lot"] = call.text("tracked_by_lot") == "yes"
    body["conversions"] = [
        {
            "unit": call.text(name),
            "holds": plain_number(call.text(name.replace("unit", "holds")), call.language),
        }
        for name in call.form
        if name.startswith("unit-") and call.text(name)
    ]
    path = f"/v1/articles/{quote(code, safe='')}"
    await call.session.services.send("logistics", "PUT", path, body, version=version)


async def _list(call: PageCall, text: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    articles, destinations = await with_parts(
        part(services.get("logistics", "/v1/articles", text=text, cursor=call.query.get("cursor"))),
        services.get("logistics", "/v1/destinations", limit=LISTED),
    )
    context = {
        "articles": articles,
        "text": text,
        "owners": destinations_of(destinations),
        "given": {},
        "conversions": _conversions((), call.language),
        "sent": sent,
    }
    return TemplateAnswer("articles.html", context, sent.status)


async def _page(call: PageCall, code: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    article = await services.get("logistics", f"/v1/articles/{quote(code, safe='')}")
    stock, destinations = await with_parts(
        part(services.every("logistics", "/v1/stock", job_id=article["id"])),
        services.get("logistics", "/v1/destinations", limit=LISTED),
    )
    context = {
        "article": article,
        "stock": stock,
        "owners": destinations_of(destinations),
        "given": {**article, "weight_kg": typed_number(article.get("weight_kg", ""), call.language)},
        "conversions": _conversions(article["conversions"], call.language),
        "sent": sent,
    }
    return TemplateAnswer("article.html", context, sent.status)


def _conversions(known: Any, language: str) -> list[tuple[str, str]]:
    """Return unit and content of each conversion as rows of the form, and some empty rows for others."""
    filled_in = [(each["unit"], typed_number(each["holds"], language)) for each in known]
    return filled_in + [("", "")] * _CONVERSIONS


def _codes_of(article: Mapping[str, Any]) -> set[str]:
    return {article[name] for name in ("code", "barcode", "customer_code") if name in article}


def _address(code: str) -> str:
    return f"/articles/{quote(code, safe='')}"
