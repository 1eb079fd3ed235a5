"""Writes whose result is not needed: they are collected during a transaction and sent together before the
next read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sql import Statement

if TYPE_CHECKING:
    from .postgres import Connection


class StateWrites:
    """The collected writes of one transaction, in the order in which they were made.

    Writes that only add rows may overtake such writes of other commands, so that sixteen drafts take two
    statements instead of thirty-two. Within a command, and around any other write, the order is kept.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[object, Statement, list[Any]]] = []
        self._sent = 0

    def add(self, command: object, statement: Statement, arguments: list[Any]) -> None:
        self._pending.append((command, statement, arguments))

    def mark(self) -> int:
        """Return a mark of the present state for `rewind` and `sent_since`."""
        return self._sent + len(self._pending)

    def rewind(self, mark: int) -> None:
        """Drop the writes that were added since `mark` and have not been sent yet."""
        del self._pending[max(0, mark - self._sent) :]

    def sent_since(self, mark: int) -> bool:
        """Tell whether a write that was added since `mark` has been sent."""
        return self._sent > mark

    async def flush(self, connection: Connection) -> None:
        """Send the writes, with one round trip for each run of the same statement."""
        pending, self._pending = self._pending, []
        self._sent += len(pending)
        for statement, rows in in_runs(pending):
            if len(rows) == 1:
                await connection.execute(statement.sql, *rows[0])
            else:
                await connection.executemany(statement.sql, rows)


def in_runs(
    writes: list[tuple[object, Statement, list[Any]]],
) -> list[tuple[Statement, list[list[Any]]]]:
    """Group the writes into runs of the same statement. Each write is put into the earliest run that comes
    after the previous write of its own command and after every write that does more than add rows."""
    runs: list[tuple[Statement, list[list[Any]]]] = []
    fence = 0
    reached: dict[object, int] = {}
    for command, statement, arguments in writes:
        if not statement.appends:
            if not runs or runs[-1][0] is not statement:
                runs.append((statement, []))
            runs[-1][1].append(arguments)
            fence = len(runs)
            continue
        first = max(fence, reached.get(command, 0))
        place = next((at for at in range(first, len(runs)) if runs[at][0] is statement), len(runs))
        if place == len(runs):
            runs.append((statement, []))
        runs[place][1].append(arguments)
        reached[command] = place
    return runs
