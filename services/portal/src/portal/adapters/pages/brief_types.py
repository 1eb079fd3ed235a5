"""The types of briefs, and the YAML document of each for people who prefer it to the form."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, part
from ..documents import definition_in, document_of, flaws_in
from ..labels import N_
from ..rendering import translations_of

pages = Pages()

_NO_CODE: Final = N_("Give the type a code: small letters, digits and dashes.")

_BEGINNING = """name: {it: Stampati, en: Printed matter}
process: materiali-pop
kinds: [locandina]
form:
  type: object
  x-sections:
    - {key: stampa, label: {it: Stampa, en: Print}}
  required: [formato]
  properties:
    formato:
      type: string
      enum: [A5, A4, A3]
      x-section: stampa
      x-label: {it: Formato, en: Format}
"""


@pages.get("/brief-types")
async def show_types(call: PageCall) -> Answer:
    cursor = call.query.get("cursor")
    found = await part(call.session.services.get("brief", "/v1/brief-types", limit=50, cursor=cursor))
    return TemplateAnswer("brief_types.html", {"types": found})


@pages.get("/new-brief-type/yaml")
async def show_new(call: PageCall) -> Answer:
    return _editor("", _BEGINNING)


@pages.post("/new-brief-type/yaml")
async def define_new(call: PageCall) -> Answer:
    return await _define(call, call.text("key"), new=True)


@pages.get("/brief-types/{key}/yaml")
async def show_type(call: PageCall, key: str) -> Answer:
    found = await call.session.services.get("brief", _address(key))
    written = {name: found[name] for name in ("name", "process", "kinds", "offered", "form") if name in found}
    if "purchasing_owner" in found:
        written["purchasing_owner_id"] = found["purchasing_owner"]["id"]
    return _editor(key, document_of(written), version=str(found["version"]), actions=found["actions"])


@pages.post("/brief-types/{key}/yaml")
async def define(call: PageCall, key: str) -> Answer:
    return await _define(call, key, new=False)


async def _define(call: PageCall, key: str, *, new: bool) -> Answer:
    document, version = call.text("document"), call.text("version")
    try:
        # A text that is not a document is sent as an empty one, so that the service says what is missing.
        await call.session.services.send(
            "brief", "PUT", address_of_type(call, key), definition_in(document), version=version
        )
    except Refused as refused:
        return _editor("" if new else key, document, typed_key=key, version=version, refused=refused)
    return SeeOther("/brief-types")


def address_of_type(call: PageCall, key: str) -> str:
    """Return the type's address in the service. Raises Refused if no key was typed."""
    if not key:
        detail = translations_of(call.language).gettext(_NO_CODE)
        raise Refused(422, {"code": "code_missing", "detail": detail})
    return _address(key)


def _address(key: str) -> str:
    return f"/v1/brief-types/{quote(key, safe='') or '-'}"


def _editor(
    key: str,
    document: str,
    *,
    typed_key: str = "",
    version: str = "",
    actions: list[str] | None = None,
    refused: Refused | None = None,
) -> Answer:
    context: dict[str, Any] = {
        "key": key,
        "typed_key": typed_key,
        "document": document,
        "version": version,
        "may_define": actions is None or "define" in actions,
        "flaws": flaws_in(refused.errors, document) if refused else {},
        "refused": refused,
    }
    return TemplateAnswer("brief_type.html", context, refused.status if refused else 200)
