"""Personal texts in entries, which can be erased.

In an entry's data, a personal text is replaced by its ciphertext under a key that only this person has. So
the entry's hash covers the ciphertext and stays valid when the key is destroyed:

{"name": {"person": "019ab4…", "sealed": "q8Zk…"}}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from .entry import canonical_json

ERASED = "cancellato su richiesta"
"""The text that readers see in place of a text whose key was destroyed."""


class SealedText(NamedTuple):
    field: str
    person_id: UUID
    ciphertext: str
    """Base64."""


@dataclass(frozen=True, slots=True)
class OpenText:
    """A personal text with the key that decrypts it and nothing else, so that anybody can check it against
    the entry."""

    text: str
    key: bytes


def seal_mark(person_id: UUID, ciphertext: str) -> dict[str, str]:
    """Return what replaces a personal text in the data."""
    return {"person": str(person_id), "sealed": ciphertext}


def sealed_texts(data: str) -> Iterator[SealedText]:
    """Yield the sealed texts in an entry's data (JSON text)."""
    if '"sealed":"' not in data:  # most entries need not be parsed
        return
    for field, value in json.loads(data).items():
        if isinstance(value, dict) and value.keys() == {"person", "sealed"}:
            yield SealedText(field, UUID(value["person"]), value["sealed"])


def with_texts(data: str, texts: Mapping[str, Any]) -> str:
    """Return the data (JSON text) with these fields replaced."""
    return canonical_json({**json.loads(data), **texts})


def readable(data: str, texts: Mapping[str, OpenText | None]) -> str:
    """Return the data with its personal texts in clear, or with `ERASED` in place of erased texts."""
    if not texts:
        return data
    return with_texts(data, {field: ERASED if text is None else text.text for field, text in texts.items()})
