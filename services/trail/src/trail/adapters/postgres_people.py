"""Stores people's keys in PostgreSQL, and encrypts and decrypts personal texts with them."""

from __future__ import annotations

import base64
import hmac
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from optima_contracts.personal import PersonalText
from optima_kit.db import UnitOfWork
from optima_kit.sealing import SealBroken, Sealer
from optima_kit.sql import load_queries

from ..application.ports import Erasure
from ..domain.entry import Occurrence
from ..domain.personal import OpenText, seal_mark, sealed_texts, with_texts

QUERIES = load_queries(__package__)

_KEY = 32
_NONCE = 12


class PostgresPersonKeys:
    """Implements `ports.PersonKeys` on one transaction."""

    def __init__(self, work: UnitOfWork, sealer: Sealer) -> None:
        self._work = work
        self._sealer = sealer

    async def destroy(self, person_id: UUID, at: datetime) -> Erasure | None:
        erased_at = await self._work.fetchval(QUERIES.destroy_person_key, person_id=person_id, erased_at=at)
        if erased_at is not None:
            return Erasure(erased_at, fresh=True)
        earlier = await self._work.fetchval(QUERIES.find_erasure, person_id=person_id)
        return None if earlier is None else Erasure(earlier, fresh=False)

    async def sealed(self, told: Sequence[tuple[Occurrence, Sequence[PersonalText]]]) -> list[str]:
        """Return the data of each occurrence with its personal fields encrypted. Missing keys are created;
        the caller must hold the lock of the head, so that nobody else creates them at the same time. Texts
        about an erased person are encrypted under a key that is not stored."""
        people = sorted({text.person_id for _, texts in told for text in texts})
        if not people:
            return [occurrence.data for occurrence, _ in told]
        keys = await self._keys(people)
        fresh = {person_id: os.urandom(_KEY) for person_id in people if person_id not in keys}
        self._work.write_many(
            QUERIES.insert_person_key,
            (
                {"person_id": person_id, "sealed": self._sealer.sealed(key, str(person_id))}
                for person_id, key in fresh.items()
            ),
        )
        keys |= fresh
        return [_sealed(occurrence, texts, keys) for occurrence, texts in told]

    async def opened(self, entries: Iterable[Occurrence]) -> Mapping[UUID, dict[str, OpenText | None]]:
        """Return the decrypted personal texts by event and field, for the events that have any. The texts of
        an erased person are None."""
        found = {each.event_id: list(sealed_texts(each.data)) for each in entries}
        found = {event_id: texts for event_id, texts in found.items() if texts}
        if not found:
            return {}
        keys = await self._keys({text.person_id for texts in found.values() for text in texts})
        return {
            event_id: {
                text.field: _opened(keys.get(text.person_id), event_id, text.field, text.ciphertext)
                for text in texts
            }
            for event_id, texts in found.items()
        }

    async def _keys(self, people: Iterable[UUID]) -> dict[UUID, bytes | None]:
        """Return the keys of the people who have, or had, one. The key of an erased person is None."""
        rows = await self._work.fetch(QUERIES.list_person_keys, people=list(people))
        try:
            return {
                row["person_id"]: None
                if row["sealed"] is None
                else self._sealer.opened(row["sealed"], str(row["person_id"]))
                for row in rows
            }
        except SealBroken as broken:
            raise SealBroken(
                f"the key of person {broken} does not open with this OPTIMA_KEY_SECRET: restore the secret "
                "that it was made under, the same in every replica"
            ) from None


def _sealed(occurrence: Occurrence, texts: Sequence[PersonalText], keys: Mapping[UUID, bytes | None]) -> str:
    if not texts:
        return occurrence.data
    marks = {}
    for person_id, field, text in texts:
        key = _key_of_event(keys.get(person_id) or os.urandom(_KEY), occurrence.event_id)
        nonce = os.urandom(_NONCE)
        ciphertext = nonce + AESGCM(key).encrypt(nonce, text.encode(), field.encode())
        marks[field] = seal_mark(person_id, base64.b64encode(ciphertext).decode())
    return with_texts(occurrence.data, marks)


def _opened(person_key: bytes | None, event_id: UUID, field: str, ciphertext: str) -> OpenText | None:
    if person_key is None:
        return None
    key = _key_of_event(person_key, event_id)
    text = opened_text(key, field, ciphertext)
    if text is None:
        raise SealBroken(f"the {field} of event {event_id}")
    return OpenText(text, key)


def _key_of_event(person_key: bytes, event_id: UUID) -> bytes:
    """Derive the key of one event's texts. It can be handed out with these texts, since it decrypts no other
    text of the person."""
    return hmac.digest(person_key, event_id.bytes, "sha256")


def opened_text(key: bytes, field: str, ciphertext: str) -> str | None:
    """Decrypt a text. Return None if the key does not fit."""
    try:
        raw = base64.b64decode(ciphertext)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], field.encode()).decode()
    except (InvalidTag, ValueError):
        return None
