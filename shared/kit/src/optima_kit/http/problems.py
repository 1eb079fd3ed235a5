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
from typing import TYPE_CHECKING, Any, Final

from ..refusals import Refusal, Term, Violations

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

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
    faults: dict[str, list[ErrorDetails]] = {}
    for fault in bad.error.errors(include_url=False)[:100]:
        faults.setdefault(_path(fault, bad.sent) or bad.where, []).append(fault)
    errors = []
    for place, found in faults.items():
        code, text = _told(found, catalogue, language)
        errors.append({"field": place, "code": code, "detail": text})
    detail = catalogue.text("violations", language, {"count": len(errors)})
    return body_of(422, "violations", detail or "", language, instance, errors)


_OF_THE_TYPE: Final = ("_type", "_parsing", "_parsing_size", "_from_float", "_text")
"""The ends of codes that say only that a value is not of a type."""


def _told(faults: list[ErrorDetails], catalogue: Catalogue, language: str) -> tuple[str, str | None]:
    """Return the code and the text for a value. A value that may have several types has a fault for each; the
    one that is told is that of the type which the value has."""
    if len(faults) > 1:
        faults = [fault for fault in faults if not fault["type"].endswith(_OF_THE_TYPE)]
    if len(faults) != 1:
        return "unacceptable_value", catalogue.text("unacceptable_value", language, {})
    (fault,) = faults
    facts: dict[str, object] = {k: v for k, v in fault.get("ctx", {}).items() if k != "error"}
    text = catalogue.text(fault["type"], language, facts)
    if text is None:
        text = catalogue.text("unacceptable_value", language, {}) if language == "it" else fault["msg"]
    return fault["type"], text


def _path(fault: ErrorDetails, sent: Any) -> str:
    """Return the path as it stands in what was sent. Where a value may have several types, pydantic's
    location also names the type; that part is left out."""
    path, here = "", sent
    for at, part in enumerate(fault["loc"]):
        further = fault["loc"][at + 1 :]
        if isinstance(here, list) and isinstance(part, int) and part < len(here):
            path, here = f"{path}[{part}]", here[part]
        elif isinstance(here, dict) and _is_key(part, further, here, fault):
            path, here = f"{path}.{part}" if path else str(part), here.get(part)
    return path


def _is_key(
    part: str | int, further: tuple[str | int, ...], here: dict[Any, Any], fault: ErrorDetails
) -> bool:
    """Tell whether a part of a location is a key of `here`, rather than the name of a type. A type may be
    called like a key; then nothing is inside the key's value, and the next part is a key of `here` too, under
    which is what was found at fault."""
    is_missing = fault["type"] == "missing"
    if here is fault["input"]:  # the fault is here, or is that the last part is not
        return is_missing and not further
    if not further:
        return part in here or is_missing
    if len(further) == 1 and _holds(here, further[0], fault["input"]):
        return _holds(here.get(part), further[0], fault["input"])
    if part not in here or isinstance(here[part], dict | list) or here[part] is fault["input"]:
        return part in here
    return further[0] not in here and not (is_missing and len(further) == 1)


def _holds(sent: Any, key: str | int, value: Any) -> bool:
    return isinstance(sent, dict) and key in sent and sent[key] is value


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
