"""Signatures that prove which service published an event. The signature is the last member of the envelope,
and consumers check it before they handle the event.

    {"specversion": …, "data": {…},"signature":"<base64url: 64 bytes of Ed25519, then 32 for each step>"}

The signed text is the event without that member. A relay signs up to 32 events together, because one Ed25519
signature costs as much as handling an event: it signs the root of the events' Merkle tree, and each event
carries the path of hashes from its own hash to the root. A consumer checks each root only once for all its
events.

Needs `cryptography`: the extra `optima-contracts[signatures]`.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .publishers import publishers_of

TOGETHER: Final = 32
"""The most events under one signature: each of them then carries 5 hashes, which are 214 characters."""

_MEMBER: Final = b',"signature":"'
_END: Final = b'"}'
_PURPOSE: Final = b"optima events"
_SIGNATURE, _HASH = 64, 32
_LONGEST_WAY = 16


class Forged(Exception):
    """Raised for an event that its source has not published. The message says why, and quotes only the source
    and the type from the event."""


class EventSigner:
    """Signs one service's events with a key derived from OPTIMA_EVENT_SECRET."""

    def __init__(self, secret: str) -> None:
        seed = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret.encode())
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> str:
        """The public key in the form that OPTIMA_EVENT_KEYS holds."""
        return _text(self._key.public_key().public_bytes_raw())

    def signed(self, events: Sequence[bytes]) -> list[bytes]:
        """Return the events in the same order, each with its signature. They are JSON objects as an outbox
        holds them."""
        return [
            text
            for start in range(0, len(events), TOGETHER)
            for text in self._signed_together(events[start : start + TOGETHER])
        ]

    def _signed_together(self, events: Sequence[bytes]) -> list[bytes]:
        root, ways = _tree([_leaf(event) for event in events])
        signature = self._key.sign(_PURPOSE + root)
        return [
            event[:-1] + _MEMBER + _text(signature + way).encode() + _END
            for event, way in zip(events, ways, strict=True)
        ]


class EventKeys:
    """The public keys of the services that publish events. A service may have several keys: everybody knows
    the next key before the service signs with it, and the previous key until nobody reads its events any
    more."""

    def __init__(self, keys: Iterable[str], *, unsigned: bool = False) -> None:
        """`keys` are texts such as "brief=<base64url>", which OPTIMA_EVENT_KEYS separates by commas. If
        `unsigned` is true, events without a signature pass."""
        self._keys: dict[str, list[Ed25519PublicKey]] = {}
        for service, key in map(read_key, keys):
            self._keys.setdefault(service, []).append(Ed25519PublicKey.from_public_bytes(key))
        self._unsigned = unsigned
        self._signed_root = lru_cache(maxsize=1024)(self._check_root)

    def check(self, event: bytes, source: str, type_: str) -> None:
        """Raise Forged unless the service that `source` names has signed the event and may publish the
        type."""
        service = source.removeprefix("/optima/")
        content, member, tag = event.rpartition(_MEMBER)
        proof = _bytes(tag.removesuffix(_END)) if member and tag.endswith(_END) else None
        if proof is None:
            if self._unsigned:
                return
            raise Forged("it carries no signature")
        if service not in publishers_of(type_):
            raise Forged(f"{service} does not publish {type_}")
        signature, way = proof[:_SIGNATURE], proof[_SIGNATURE:]
        if len(signature) < _SIGNATURE or len(way) % _HASH or len(way) > _LONGEST_WAY * _HASH:
            raise Forged("its signature has another form")
        node = _leaf(content + b"}")
        for start in range(0, len(way), _HASH):
            node = _parent(node, way[start : start + _HASH])
        self._signed_root(service, node, signature)

    def _check_root(self, service: str, root: bytes, signature: bytes) -> None:
        for key in self._keys.get(service, ()):
            try:
                key.verify(signature, _PURPOSE + root)
            except InvalidSignature:
                continue
            return
        raise Forged(f"no key of {service} has signed it")


def read_key(text: str) -> tuple[str, bytes]:
    """Return the service and its public key from "service=key". Raises ValueError that says what is wrong."""
    service, equals, key = text.partition("=")
    found = _bytes(key.encode())
    if not (service and equals) or found is None or len(found) != _HASH:
        raise ValueError(f"{service or 'a key'}: an Ed25519 public key is 43 characters of base64url")
    return service, found


def _tree(level: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the root over the leaves, and each leaf's path to it: the hash of its neighbour on every level
    that has one."""
    ways = [b""] * len(level)
    below = [[leaf] for leaf in range(len(level))]
    while len(level) > 1:
        for left in range(0, len(level) - 1, 2):
            for leaf in below[left]:
                ways[leaf] += level[left + 1]
            for leaf in below[left + 1]:
                ways[leaf] += level[left]
        pairs = range(0, len(level), 2)
        below = [[leaf for leaves in below[left : left + 2] for leaf in leaves] for left in pairs]
        level = [_parent(*level[left : left + 2]) if left + 1 < len(level) else level[left] for left in pairs]
    return level[0], ways


def _leaf(event: bytes) -> bytes:
    return sha256(b"\0" + event).digest()


def _parent(one: bytes, other: bytes) -> bytes:
    return sha256(b"\1" + min(one, other) + max(one, other)).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: bytes) -> bytes | None:
    """Decode base64url without padding. Return None if the text is not base64url."""
    try:
        return b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
    except ValueError:
        return None
