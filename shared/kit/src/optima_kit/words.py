"""Stores digests of the words that events carry, by person, so that the words can be found in a service's
tables when the person is erased."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from optima_contracts.envelope import EventData
from optima_contracts.personal import personal_texts

from .sql import Statement

INSERT_WORDS: Final = Statement.parse(
    "INSERT INTO words_of_people (person_id, digest) VALUES (:person_id, :digest)"
)


def words_of(
    type_: str, subject: UUID, actor_id: UUID | None, data: EventData | Mapping[str, Any]
) -> Iterator[tuple[UUID, bytes]]:
    """Yield each person whose words the event carries, with the digest of the words. Events of identity are
    left out: the directory itself knows where it stores names and addresses."""
    if type_.startswith("optima.identity."):
        return
    for person_id, _, text in personal_texts(type_, subject, actor_id, data):
        if text:
            yield person_id, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
