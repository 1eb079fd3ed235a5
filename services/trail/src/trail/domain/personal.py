"""Personal texts: what an entry says of a person in words, and can stop saying.

In an entry's data such a text is replaced by its ciphertext under a key of the person's own, so the hash
covers the ciphertext and stays true when the key is destroyed:

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
"""What is read in place of a text whose key was destroyed."""


class SealedText(NamedTuple):
    field: str
    person_id: UUID
    ciphertext: str
    """Base64."""


@dataclass(frozen=True, slots=True)
class OpenText:
    """A personal text with the key that opens it, and no other: anybody can hold it against the entry."""

    text: str
    key: bytes


def seal_mark(person_id: UUID, ciphertext: str) -> dict[str, str]:
    """What stands in the data in place of the text."""
    return {"person": str(person_id), "sealed": ciphertext}


def sealed_texts(data: str) -> Iterator[SealedText]:
    """The sealed texts in an entry's data (JSON text)."""
    if '"sealed":"' not in data:  # spares most entries the parsing
        return
    for field, value in json.loads(data).items():
        if isinstance(value, dict) and value.keys() == {"person", "sealed"}:
            yield SealedText(field, UUID(value["person"]), value["sealed"])


def with_texts(data: str, texts: Mapping[str, Any]) -> str:
    """The data (JSON text) with these fields in place of what stands there."""
    return canonical_json({**json.loads(data), **texts})


def readable(data: str, texts: Mapping[str, OpenText | None]) -> str:
    """The data with its personal texts in their places, or the word that they were erased."""
    if not texts:
        return data
    return with_texts(data, {field: ERASED if text is None else text.text for field, text in texts.items()})
