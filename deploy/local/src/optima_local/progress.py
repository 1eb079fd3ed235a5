"""What a person sees while something happens, and the table at the end."""

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
    """Prints each step when it is done and keeps them for the table."""

    began: float = field(default_factory=time.monotonic)
    rows: list[tuple[str, float, str]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time the body as one step; what the body appends is shown beside it."""
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
        """The steps with their times, and how long it took altogether (steps overlap)."""
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
