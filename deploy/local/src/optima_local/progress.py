"""Prints the progress of a command, and a table of its steps at the end."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

GREEN, RED, DIM, PLAIN = (
    ("\033[32m", "\033[31m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "", "")
)


@dataclass(slots=True)
class Progress:
    """Prints each step when it is done, and collects the steps for the table."""

    began: float = field(default_factory=time.monotonic)
    rows: list[tuple[str, float, str]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time the body as one step. Texts that the body appends to the list are shown beside the step."""
        began = time.monotonic()
        detail: list[str] = []
        try:
            yield detail
        except BaseException:
            print(f"{RED}✗{PLAIN} {name}", flush=True)
            raise
        self.done(name, time.monotonic() - began, ", ".join(detail))

    def done(self, name: str, seconds: float, detail: str = "") -> None:
        self.rows.append((name, seconds, detail))
        print(f"{GREEN}✓{PLAIN} {name:<44} {seconds:6.2f} s  {DIM}{detail}{PLAIN}".rstrip(), flush=True)

    def note(self, text: str) -> None:
        print(f"  {text}", flush=True)

    def table(self) -> None:
        """Print the steps with their times, and the total time, which is less than the sum because steps
        overlap."""
        width = max((len(name) for name, _, _ in self.rows), default=0)
        print(f"\n{'step':<{width}}  {'seconds':>8}")
        for name, seconds, _ in self.rows:
            print(f"{name:<{width}}  {seconds:8.2f}")
        print(f"{'altogether':<{width}}  {time.monotonic() - self.began:8.2f}", flush=True)


def print_table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    sys.stdout.flush()
