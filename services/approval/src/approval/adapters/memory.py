"""What a process keeps in memory between transactions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from ..domain.directory import Directory
from ..domain.process import Process
from .cel import CelConditions

K = TypeVar("K", bound=Hashable)

V = TypeVar("V")


class LruCache(Generic[K, V]):
    """A cache of the most recently used values, at most `most` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> V:
        self._values[key] = value
        self._values.move_to_end(key)
        while len(self._values) > self._most:
            self._values.popitem(last=False)
        return value


class Memory:
    """What a process keeps beyond a transaction: what never changes (published versions) and what rarely
    changes (each tenant's directory, recognised by its stamp)."""

    def __init__(self, *, mails_links: bool = False) -> None:
        self.mails_links = mails_links
        self.conditions = CelConditions()
        self.versions: LruCache[tuple[UUID, str, int], Process] = LruCache(2000)
        self.directories: LruCache[UUID, tuple[UUID, datetime, Directory]] = LruCache(200)
