"""Render templates in the reader's language, with money, quantities and times in the reader's format."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from gettext import NullTranslations
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.ext import do, i18n
from jinja2.runtime import Context
from markupsafe import Markup

from optima_kit.ids import new_id
from optima_kit.written import written_day, written_moment, written_month

from .amounts import typed_number
from .client import GAP
from .devices import device_name
from .forms import ROME
from .labels import LABELS, label
from .navigation import leads_to, navigation_of
from .written import written_amount, written_number

LANGUAGES: Final = ("it", "en")
_FOLDER: Final = files("portal.adapters")


class _Translations(NullTranslations):
    """A catalogue read directly from its .po file, so that no compiled file can be out of date."""

    def __init__(self, texts: Mapping[str, Sequence[str]]) -> None:
        super().__init__()
        self._texts = texts

    def gettext(self, message: str) -> str:
        found = self._texts.get(message)
        return found[0] if found else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self._texts.get(msgid1)
        if found and len(found) > 1:
            return found[0 if n == 1 else 1]
        return msgid1 if n == 1 else msgid2


class Templates:
    """Implements `optima_kit.http.html.Renderer`. A template is compiled at its first use, because compiling
    all of them takes seconds."""

    def __init__(self) -> None:
        self._environments = {language: environment_of(language) for language in LANGUAGES}

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        call = context.get("call")
        language = call.language if call is not None else context["language"]
        session = call.signed_in if call is not None else None
        path = call.path if call is not None else ""
        common = {
            "session": session,
            "navigation": navigation_of(session.actor, path) if session is not None else (),
            "leads_to": partial(leads_to, session.actor) if session is not None else None,
        }
        if taken := common.keys() & context.keys():
            raise ValueError(f"{template}: every page has {', '.join(sorted(taken))} already")
        whole = {**context, **common, "language": language}
        return self._environments[language].get_template(template).render(whole)


@cache
def translations_of(language: str) -> _Translations:
    """Return a language's translations; none for English, because the code's texts are English."""
    if language == "en":
        return _Translations({})
    with _FOLDER.joinpath("locale", f"{language}.po").open(encoding="utf-8") as catalogue:
        return _Translations(texts_of(catalogue))


def texts_of(catalogue: Iterable[str]) -> dict[str, list[str]]:
    """Read the translations in a .po file, by English text: one text, or one for each plural form. Babel's
    reader isn't used, because it needs megabytes for data that pages don't need."""
    entries: list[tuple[list[str], list[list[str]]]] = []
    part: list[str] = []
    for line in catalogue:
        word, quote, text = line.partition('"')
        if word.startswith("#"):
            continue
        if word == "msgid ":
            part = []
            entries.append((part, []))
        elif word.startswith("msg"):  # plural texts are found by their singular
            part = []
            if word.startswith("msgstr"):
                entries[-1][1].append(part)
        if quote:
            part.append(json.loads(quote + text.rstrip()))
    texts = {"".join(said): ["".join(each) for each in meant] for said, meant in entries}
    return {said: meant for said, meant in texts.items() if said and all(meant)}


def _following(call: Any, cursor: str) -> str:
    """Return the query of the next page: the present query with the next cursor."""
    return urlencode({**call.query, "cursor": cursor})


def offers(found: Any, action: str) -> bool:
    """Tell whether a service's answer offers the action to the reader. A missing answer offers none."""
    return bool(found) and action in found.get("actions", ())


class _Compiled(BytecodeCache):
    """Shares compiled templates between languages. That is possible because templates look texts up in their
    environment when they are rendered."""

    def __init__(self) -> None:
        self._codes: dict[str, Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.code


_COMPILED: Final = _Compiled()
_WRITTEN_IN_CONDITIONS: Final = re.compile(r"(has\([\w.]+\)(?: &&)?|\b[a-z]+(?:[._][a-z]+)+\b)")


def environment_of(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([str(_FOLDER.joinpath("pages")), str(_FOLDER.joinpath("parts"))]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=[i18n, do],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        optimized=False,  # otherwise Jinja would evaluate filters on constants once, in one language
        bytecode_cache=_COMPILED,
    )
    translations = translations_of(language)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["new_key"] = lambda: str(new_id())
    environment.globals["labels"] = LABELS
    environment.tests["away"] = lambda value: value is GAP
    environment.tests["contains"] = lambda values, value: value in values
    filters = _filters(language, translations.gettext)
    environment.filters.update({name: _when_shown(each) for name, each in filters.items()})
    return environment


def _coded(text: str) -> Markup:
    """Mark the names of conditions' fields and functions in a sentence as code."""
    code, parts = Markup("<code>{}</code>"), _WRITTEN_IN_CONDITIONS.split(text)
    return Markup("").join(code.format(each) if place % 2 else each for place, each in enumerate(parts))


def _when_shown(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Make a filter depend on the context. Jinja evaluates other filters on constants once, when it compiles
    the template, so that all readers would get the first reader's language."""

    @pass_context
    def shown(_context: Context, *values: Any, **named: Any) -> Any:
        return answer(*values, **named)

    return shown


def _filters(language: str, translate: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    def money(value: Any) -> str:
        return written_amount(Decimal(str(value)), language)

    def quantity(value: Any) -> str:
        return written_number(Decimal(str(value)), language)

    def day(value: str) -> Markup:
        shown = written_day(date.fromisoformat(value[:10]), language)
        return Markup('<time datetime="{}">{}</time>').format(value[:10], shown)

    def month(value: str) -> str:
        return written_month(date.fromisoformat(f"{value}-01"), language)

    def moment(value: str) -> Markup:
        shown = written_moment(datetime.fromisoformat(value).astimezone(ROME), language)
        return Markup('<time datetime="{}">{}</time>').format(value, shown)

    def size(value: int) -> str:
        return f"{written_number(Decimal(round(value / 1024)), language)} kB"

    return {
        "money": money,
        "quantity": quantity,
        "day": day,
        "month": month,
        "moment": moment,
        "size": size,
        "percent": lambda value: f"{Decimal(value) * 100:f}%",
        "coded": _coded,
        "device": device_name,
        "typed": typed_number,
        "overdue": lambda value: date.fromisoformat(value) < datetime.now(ROME).date(),
        "past": lambda value: datetime.fromisoformat(value) < datetime.now(ROME),
        "following": _following,
        "offers": offers,
        "label": lambda code, kind: translate(label(kind, code)),
        "labelled": lambda codes, kind: [(code, translate(label(kind, code))) for code in codes],
    }
