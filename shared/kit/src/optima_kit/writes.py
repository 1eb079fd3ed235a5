"""Writes that nobody waits for: gathered during a transaction, sent together before the next read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .sql import Statement

if TYPE_CHECKING:
    from .postgres import Connection


class StateWrites:
    """The gathered writes of one transaction, in the order in which they were made.

    Rows that are only added may pass other such writes of other commands, so that sixteen drafts are two
    statements and not thirty-two; within a command, and around anything else, the order stays.
    """

    def __init__(self) -> None:
        self._pending: list[tuple[object, Statement, list[Any]]] = []
        self._sent = 0

    def add(self, command: object, statement: Statement, arguments: list[Any]) -> None:
        self._pending.append((command, statement, arguments))

    def mark(self) -> int:
        """Remembers what was added so far, for `rewind` and `sent_since`."""
        return self._sent + len(self._pending)

    def rewind(self, mark: int) -> None:
        """Forgets what was added since `mark` and is not sent yet."""
        del self._pending[max(0, mark - self._sent) :]

    def sent_since(self, mark: int) -> bool:
        """Whether something that was added since `mark` has been sent."""
        return self._sent > mark

    async def flush(self, connection: Connection) -> None:
        """Sends them: a round trip for each run of one statement."""
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
    """The writes by statement, each in the earliest run that keeps its place behind its own command's last
    one and behind whatever does more than add rows."""
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
