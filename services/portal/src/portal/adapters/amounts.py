"""Numbers as people type them: with a decimal comma in Italian, a point in English."""

from __future__ import annotations

import re


def plain_number(typed: str, language: str) -> str:
    """Return a typed number as services expect it: in Italian, `1.250,50` and `1250,5` become `1250.50` and
    `1250.5`. Text that is not a number is passed on unchanged, so that the service's refusal shows it."""
    text = re.sub(r"[\s\u00a0€]", "", typed)
    decimal, group = (",", ".") if language == "it" else (".", ",")
    if re.fullmatch(rf"\d{{1,3}}(?:\{group}\d{{3}})+(?:\{decimal}\d+)?", text):
        text = text.replace(group, "")
    return text.replace(decimal, ".") if decimal == "," else text


def typed_number(plain: str, language: str) -> str:
    """Return a service's number as a person would type it."""
    return plain.replace(".", ",") if language == "it" else plain
