"""Forms that are defined as a list of fields, shown by one macro and read by one function.

FIELDS = (Field("name", N_("Name"), required=True), Field("series", N_("Series")))
typed(call, FIELDS)                                 in the handler
{{ fields(asked, given, sent, 'entry') }}           in the template, from fields.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from optima_kit.http.html import PageCall

from .amounts import plain_number, typed_number
from .labels import N_


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    """The name of the service's field and of the form's control."""
    text: str
    """In English; the template translates it."""
    kind: Literal["text", "number", "whole", "date", "flag", "choice"] = "text"
    required: bool = False
    hint: str = ""
    labels: str = ""
    """The group of `LABELS` that names the codes of a choice."""
    codes: Sequence[str] = ()
    rows: int = 0
    """Number of lines of a multi-line text."""
    otherwise: str = ""
    """The initial value in the form for something new."""


ADDRESS: Final = (
    Field("name", N_("Name"), required=True),
    Field("street", N_("Street and number"), required=True),
    Field("postal_code", N_("Postal code"), required=True),
    Field("city", N_("Town"), required=True),
    Field("province", N_("Province"), hint=N_("In Italy two letters, such as MI")),
    Field("country", N_("Country"), required=True, hint=N_("Two letters, such as IT"), otherwise="IT"),
)
IDENTITY: Final = (
    *ADDRESS,
    Field("vat_number", N_("VAT number")),
    Field("fiscal_code", N_("Fiscal code")),
)
"""The fields by which documents name a company."""
RECIPIENT: Final = (
    *IDENTITY,
    Field("office_code", N_("Office code (IPA)"), hint=N_("Of a public body: six letters and digits")),
)


def typed(call: PageCall, asked: Sequence[Field]) -> dict[str, Any]:
    """Return the typed values as the service expects them. Empty texts are left out. Text that is not a
    number is passed on unchanged, so that the service's refusal shows it."""
    body: dict[str, Any] = {}
    for each in asked:
        text = call.text(each.name)
        if each.kind == "flag":
            body[each.name] = text == "yes"
        elif text:
            body[each.name] = _value(each, text, call.language)
    return body


def in_fields(asked: Sequence[Field], known: Mapping[str, Any], language: str) -> dict[str, str]:
    """Return a service's values as the form's controls hold them."""
    return {each.name: _shown(each, known.get(each.name), language) for each in asked}


def new_in_fields(asked: Sequence[Field]) -> dict[str, str]:
    """Return the initial values of the form's controls for something new."""
    return {each.name: each.otherwise for each in asked}


def _value(asked: Field, text: str, language: str) -> str | int:
    if asked.kind not in ("number", "whole"):
        return text
    plain = plain_number(text, language)
    return int(plain) if asked.kind == "whole" and plain.isdecimal() else plain


def _shown(asked: Field, value: Any, language: str) -> str:
    if value is None:
        return ""
    if asked.kind == "flag":
        return "yes" if value else ""
    return typed_number(str(value), language) if asked.kind in ("number", "whole") else str(value)
