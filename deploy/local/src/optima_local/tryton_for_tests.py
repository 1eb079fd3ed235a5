"""Starts trytond for tests, with the Python of its own environment: `python -P tryton_for_tests.py TRYTOND
…`.

A request has three transactions, and each opens a connection to SQLite, which reads the whole schema again.
This script keeps the connections open, as Tryton does with PostgreSQL, and hashes passwords as cheaply as
possible."""

import functools
import runpy
import sqlite3
import sys
from collections import defaultdict
from typing import Any

sqlite3.connect = functools.partial(sqlite3.connect, check_same_thread=False)  # type: ignore[assignment]

from trytond.backend.sqlite.database import Database  # type: ignore[import-not-found]  # noqa: E402

_idle: defaultdict[str, list[sqlite3.Connection]] = defaultdict(list)
"""Idle connections by database."""
_connect = Database.connect


def connect(self: Any) -> Any:
    if self._conn is None and _idle[self.name]:
        self._conn = _idle[self.name].pop()
    return _connect(self)


def put_connection(self: Any, *_: Any) -> None:
    """Keep the connection for reuse, after its transaction was committed or rolled back."""
    if self._conn is not None:
        _idle[self.name].append(self._conn)
        self._conn = None


Database.connect, Database.put_connection = connect, put_connection

try:
    from pwdlib.hashers import argon2  # type: ignore[import-not-found]
except ImportError:
    pass  # Tryton 7.0 has another library
else:
    argon2.Argon2Hasher = functools.partial(argon2.Argon2Hasher, time_cost=1, memory_cost=8, parallelism=1)

del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
