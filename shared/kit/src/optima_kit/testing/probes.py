"""What tests look at: with deadlines instead of sleeping, past the API where they must."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest

from ..db import Database
from ..http.problems import load_catalogue

T = TypeVar("T")


async def eventually(
    check: Callable[[], Awaitable[T] | T], *, within: float = 5.0, describe: Callable[[], Any] | str = ""
) -> T:
    """Polls until `check` answers something true, and returns that. Fails after `within` seconds."""
    deadline = time.monotonic() + within
    pause = 0.005
    while True:
        answer = check()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if time.monotonic() > deadline:
            what = describe() if callable(describe) else describe
            what = await what if inspect.isawaitable(what) else what
            pytest.fail(f"not within {within} s: {what or check}; last seen: {seen!r}")
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, 0.1)


@contextlib.contextmanager
def round_trips(database: Database) -> Iterator[list[str]]:
    """The statements that `database` is asked meanwhile, each a round trip; what asyncpg asks once a
    connection to know a type is left out."""
    asked: list[str] = []
    connection = database.connection

    def note(query: asyncpg.connection.LoggedQuery) -> None:
        if "typeinfo_tree" not in query.query and "set_config('jit'" not in query.query:
            asked.append(query.query)

    @contextlib.asynccontextmanager
    async def listened_to() -> AsyncIterator[Any]:
        async with connection() as open_:
            with open_.query_logger(note):
                yield open_

    database.connection = listened_to  # type: ignore[method-assign]
    try:
        yield asked
    finally:
        del database.connection


def undocumented_refusals(package: str, source: Path) -> set[str]:
    """Codes that are raised in the Python files below `source` and have no text in `package`'s catalogue."""
    names = {
        "Refusal",
        "Malformed",
        "Unauthenticated",
        "Forbidden",
        "Absent",
        "WrongState",
        "Stale",
        "TooLarge",
        "TooSlow",
    }
    names |= {"UnsupportedMedia", "Invalid", "PreconditionRequired", "TooMany", "PydanticCustomError"}
    codes = set()
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0]
            if called in names and isinstance(first, ast.Constant) and isinstance(first.value, str):
                codes.add(first.value)
    return codes - load_catalogue(package).texts.keys()
