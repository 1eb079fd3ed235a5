"""Whose words an event carries: remembered by their digest, so that they are found in a service's tables once
that person is erased."""

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
    """Each person whose words the event carries, with the words' digest. Names and addresses are the
    directory's, which knows where it keeps them."""
    if type_.startswith("optima.identity."):
        return
    for person_id, _, text in personal_texts(type_, subject, actor_id, data):
        if text:
            yield person_id, hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
