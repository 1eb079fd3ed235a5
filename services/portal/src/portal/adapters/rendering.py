"""Templates in the reader's language, with money, quantities and times as the reader writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_date, format_datetime
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal
from babel.support import NullTranslations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from optima_kit.ids import new_id

from .amounts import typed_number
from .client import GAP
from .devices import device_name
from .forms import ROME
from .labels import LABELS, label
from .navigation import leads_to, navigation_of

LANGUAGES: Final = ("it", "en")
_FOLDER: Final = files("portal.adapters")


class _Translations(NullTranslations):
    """A catalogue read from its .po file: nothing is compiled, and nothing can be stale. Of what was read the
    texts are kept and no more."""

    def __init__(self, catalogue: Catalog | None) -> None:
        super().__init__()
        messages = catalogue if catalogue is not None else ()
        self._texts: dict[str, str | Sequence[str]] = {
            each.id if isinstance(each.id, str) else each.id[0]: each.string
            for each in messages
            if each.id and each.string
        }

    def gettext(self, message: str) -> str:
        found = self._texts.get(message)
        return found if isinstance(found, str) else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        found = self._texts.get(msgid1)
        if found is not None and not isinstance(found, str):
            return str(found[0 if n == 1 else 1])
        return msgid1 if n == 1 else msgid2

    ugettext = gettext
    ungettext = ngettext


class Templates:
    """Every page's template, compiled for who first asks for it: all of them take seconds. Implements
    `optima_kit.http.html.Renderer`."""

    def __init__(self) -> None:
        self._environments = {language: environment_of(language) for language in LANGUAGES}

    def render(self, template: str, context: Mapping[str, Any]) -> str:
        call = context.get("call")
        language = call.language if call is not None else context["language"]
        session = call.signed_in if call is not None else None
        path = call.path if call is not None else ""
        whole = {
            **context,
            "language": language,
            "session": session,
            "navigation": navigation_of(session.actor, path) if session is not None else (),
            "leads_to": partial(leads_to, session.actor) if session is not None else None,
        }
        return self._environments[language].get_template(template).render(whole)


@cache
def translations_of(language: str) -> _Translations:
    """English is what the code says."""
    if language == "en":
        return _Translations(None)
    with _FOLDER.joinpath("locale", f"{language}.po").open("rb") as file:
        return _Translations(read_po(file, locale=language))


def _following(call: Any, cursor: str) -> str:
    """The query of the next page: the present one's, further on."""
    return urlencode({**call.query, "cursor": cursor})


def offers(found: Any, action: str) -> bool:
    """Whether a service says that the reader may do it: no list that is not there offers anything."""
    return bool(found) and action in found.get("actions", ())


def environment_of(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([str(_FOLDER.joinpath("pages")), str(_FOLDER.joinpath("parts"))]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    translations = translations_of(language)
    environment.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["new_key"] = lambda: str(new_id())
    environment.globals["labels"] = LABELS
    environment.tests["away"] = lambda value: value is GAP
    environment.tests["contains"] = lambda values, value: value in values
    environment.filters.update(_filters(language, translations.gettext))
    return environment


def _filters(language: str, translate: Callable[[str], str]) -> dict[str, Callable[..., Any]]:
    def money(value: Any) -> str:
        digits = max(2, -int(Decimal(str(value)).as_tuple().exponent))
        form = "#,##0." + "0" * digits + " ¤" if language == "it" else "¤#,##0." + "0" * digits
        return format_currency(
            Decimal(str(value)), "EUR", format=form, locale=language, currency_digits=False
        )

    def quantity(value: Any) -> str:
        return format_decimal(Decimal(str(value)), locale=language, decimal_quantization=False)

    def day(value: str) -> Markup:
        shown = format_date(date.fromisoformat(value[:10]), "d MMM y", locale=language)
        return Markup('<time datetime="{}">{}</time>').format(value[:10], shown)

    def moment(value: str) -> Markup:
        at = datetime.fromisoformat(value).astimezone(ROME)
        shown = format_datetime(at, "d MMM y, HH:mm", locale=language)
        return Markup('<time datetime="{}">{}</time>').format(value, shown)

    def size(value: int) -> str:
        return f"{format_decimal(round(value / 1024), locale=language)} kB"

    return {
        "money": money,
        "quantity": quantity,
        "day": day,
        "moment": moment,
        "size": size,
        "percent": lambda value: f"{Decimal(value) * 100:f}%",
        "device": device_name,
        "typed": typed_number,
        "overdue": lambda value: date.fromisoformat(value) < datetime.now(ROME).date(),
        "past": lambda value: datetime.fromisoformat(value) < datetime.now(ROME),
        "following": _following,
        "offers": offers,
        "label": lambda code, kind: translate(label(kind, code)),
        "labelled": lambda codes, kind: [(code, translate(label(kind, code))) for code in codes],
    }
