"""Whose words an event carries: remembered by their digest, so that they are found in a service's tables once
that person is erased."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from optima_contracts.personal import PERSONAL_FIELDS

from .sql import Statement

INSERT_WORDS: Final = Statement.parse(
    "INSERT INTO words_of_people (person_id, digest) VALUES (:person_id, :digest)"
)
_WORDS: Final = {
    type_: rule for type_, rule in PERSONAL_FIELDS.items() if not type_.startswith("optima.identity.")
}
"""Names and addresses are the directory's, which knows where it keeps them."""


def words_of(type_: str, subject: UUID, actor_id: UUID | None, data: object) -> Iterator[tuple[UUID, bytes]]:
    """Each person whose words the event carries, with the words' digest. `data`: the event's, as a model or a
    mapping."""
    if type_ not in _WORDS:
        return
    whose, fields = _WORDS[type_]
    person_id = subject if whose == "subject" else actor_id
    if person_id is None:  # the system's own words
        return
    for name in fields:
        text: Any = data.get(name) if isinstance(data, Mapping) else getattr(data, name, None)
        if isinstance(text, str) and text:
            yield person_id, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
