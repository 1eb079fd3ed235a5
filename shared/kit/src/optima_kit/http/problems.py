"""Builds problem responses (RFC 9457) in the language for which the client asked."""

from __future__ import annotations

import re
import string
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..refusals import Refusal, Term, Violations

if TYPE_CHECKING:
    from .requests import BadInput

LANGUAGES = ("it", "en")

_TITLES = {
    400: ("Richiesta non leggibile", "The request can't be read"),
    401: ("Accesso richiesto", "Sign-in required"),
    403: ("Privilegio mancante", "Missing privilege"),
    404: ("Non trovato", "Not found"),
    405: ("Metodo non ammesso", "Method not allowed"),
    409: ("Non possibile nello stato attuale", "Not possible in the present state"),
    412: ("Versione superata", "Stale version"),
    413: ("Contenuto troppo grande", "Content too large"),
    415: ("Formato non accettato", "Format not accepted"),
    422: ("Dati non validi", "Invalid data"),
    428: ("Intestazione richiesta", "Header required"),
    429: ("Troppe richieste", "Too many requests"),
    500: ("Errore interno", "Internal error"),
    503: ("Servizio momentaneamente non disponibile", "Service unavailable for the moment"),
}


class _Facts(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class _Plurals(string.Formatter):
    """A formatter with plurals: `{count:riga|righe}` becomes "1 riga" or "2 righe"."""

    def format_field(self, value: Any, spec: str) -> Any:
        one, bar, many = spec.partition("|")
        return f"{value} {one if value == 1 else many}" if bar else super().format_field(value, spec)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of refusals, by code and language."""

    texts: dict[str, dict[str, str]]

    def text(self, code: str, language: str, facts: dict[str, object]) -> str | None:
        entry = self.texts.get(code)
        if entry is None:
            return None
        written = {name: self._written(fact, language) for name, fact in facts.items()}
        return _Plurals().vformat(entry[language], (), _Facts(written))

    def _written(self, fact: object, language: str) -> object:
        """Write a fact as it is usual in the language."""
        if isinstance(fact, Term):
            return self.texts[fact][language]
        if isinstance(fact, Decimal) and fact.is_finite():
            number = f"{fact.normalize():f}"
            return number.replace(".", ",") if language == "it" else number
        if type(fact) is date:
            return f"{fact:%d/%m/%Y}" if language == "it" else fact.isoformat()
        return fact


@cache
def load_catalogue(package: str) -> Catalogue:
    """Load the kit's texts and those of `package`/adapters/refusals.toml.

    Raises ValueError if a code lacks a language, or if the service redefines one of the kit's codes.
    """
    texts = _read("optima_kit.http")
    own = _read(f"{package}.adapters")
    if doubled := texts.keys() & own.keys():
        raise ValueError(f"{package}: refusals.toml redefines {sorted(doubled)}")
    return Catalogue(texts | own)


def _read(package: str) -> dict[str, dict[str, str]]:
    path = files(package).joinpath("refusals.toml")
    if not path.is_file():
        return {}
    texts: dict[str, dict[str, str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    for code, entry in texts.items():
        if set(entry) != set(LANGUAGES):
            raise ValueError(f"{package}: the refusal {code} needs exactly the texts {LANGUAGES}")
    return texts


@lru_cache(maxsize=256)
def language_of(accept_language: str | None) -> str:
    """Return "en" if the client prefers English, otherwise "it"."""
    best, chosen = 0.0, "it"
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        weight = re.search(r"q=([01](?:\.\d{0,3})?)", parameters)
        quality = float(weight[1]) if weight else 1.0
        language = tag.strip().lower()[:2]
        if language in LANGUAGES and quality > best:
            best, chosen = quality, language
    return chosen


def problem_of(refusal: Refusal, catalogue: Catalogue, language: str, instance: str) -> dict[str, Any]:
    """Build the body of the answer to a refusal."""
    if isinstance(refusal, Violations):
        errors = [_error(each, catalogue, language) for each in refusal.refusals]
        detail = catalogue.text("violations", language, {"count": len(errors)})
        return body_of(refusal.status, refusal.code, detail or "", language, instance, errors)
    error = _error(refusal, catalogue, language)
    errors = [error] if refusal.field else []
    return body_of(refusal.status, refusal.code, error["detail"], language, instance, errors)


def _error(refusal: Refusal, catalogue: Catalogue, language: str) -> dict[str, Any]:
    text = catalogue.text(refusal.code, language, {"field": refusal.field or "", **refusal.facts})
    error: dict[str, Any] = {"code": refusal.code, "detail": text or refusal.code.replace("_", " ")}
    if "line" in refusal.facts:
        error["line"] = refusal.facts["line"]
    return {"field": refusal.field, **error} if refusal.field else error


def problem_of_validation(
    bad: BadInput, catalogue: Catalogue, language: str, instance: str
) -> dict[str, Any]:
    """Build the body of the answer to a request whose body or query string does not fit its model."""
    errors: dict[str, dict[str, Any]] = {}
    for fault in bad.error.errors(include_url=False, include_input=False)[:100]:
        place = _path(fault["loc"], bad.sent, missing=fault["type"] == "missing") or bad.where
        code = "unacceptable_value" if place in errors else fault["type"]  # it may be of several types
        facts: dict[str, object] = {k: v for k, v in fault.get("ctx", {}).items() if k != "error"}
        text = catalogue.text(code, language, facts)
        if text is None:
            text = catalogue.text("unacceptable_value", language, {}) if language == "it" else fault["msg"]
        errors[place] = {"field": place, "code": code, "detail": text}
    detail = catalogue.text("violations", language, {"count": len(errors)})
    return body_of(422, "violations", detail or "", language, instance, list(errors.values()))


def _path(location: tuple[str | int, ...], sent: Any, *, missing: bool) -> str:
    """As it stands in what was sent: of where the model's types differ, a location names the type as well."""
    path, here = "", sent
    for at, part in enumerate(location):
        if isinstance(here, list) and isinstance(part, int) and part < len(here):
            path, here = f"{path}[{part}]", here[part]
        elif isinstance(here, dict) and (part in here or (missing and at == len(location) - 1)):
            path, here = f"{path}.{part}" if path else str(part), here.get(part)
    return path


def body_of(
    status: int, code: str, detail: str, language: str, instance: str, errors: list[Any] | None = None
) -> dict[str, Any]:
    """Return a problem's members as named by RFC 9457, and in addition `code` and `errors`."""
    title = _TITLES.get(status, _TITLES[400])[LANGUAGES.index(language)]
    body: dict[str, Any] = {
        "type": f"urn:optima:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return body
