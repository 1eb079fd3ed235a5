"""Typesetting beside the service: bounded, replaced, and no tenant waits for another's sheet."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from optima_kit import typesetting
from optima_kit.testing import eventually
from optima_kit.typesetting import Template, Typesetter, TypesettingFailed

ONE, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)
SHEET = """
#let sheet = json(bytes(sys.inputs.sheet))
#let spin(most) = { let last = 0; for i in range(most) { for j in range(100000) { last = j } }; last }
#sheet.text
#if "turns" in sheet [#spin(sheet.turns)]
#if "cells" in sheet [#range(sheet.cells).map(it => (it, str(it))).len()]
"""
SLOW = {"text": "slow", "turns": 100_000}


def environment_of(pid: int) -> bytes:
    return Path(f"/proc/{pid}/environ").read_bytes()


def children() -> set[int]:
    """Processes of ours that typeset."""
    found = set()
    for each in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, each.read_text().split()):
            if b"optima_kit.typesetting" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


@pytest.fixture
async def typesetter(tmp_path: Path) -> AsyncIterator[Typesetter]:
    (tmp_path / "sheet.typ").write_text(SHEET, encoding="utf-8")
    made = Typesetter(Template(file=str(tmp_path / "sheet.typ"), seconds=30.0))
    yield made
    made.close()
    assert children() == set()


def limited(typesetter: Typesetter, **limits: Any) -> Typesetter:
    template = typesetter._template
    return Typesetter(Template(file=template.file, **{"seconds": template.seconds, **limits}))


async def test_a_process_serves_ten_sheets_and_ends(typesetter: Typesetter) -> None:
    seen: list[int] = []
    for number in range(11):
        assert (await typesetter.typeset(ONE, {"text": f"sheet {number}"})).startswith(b"%PDF")
        seen += children() - set(seen)
    assert len(seen) == 2


async def test_a_process_that_idles_ends(typesetter: Typesetter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typesetting, "SECONDS_IDLE", 0.05)
    await typesetter.typeset(ONE, {"text": "one"})
    await eventually(lambda: children() == set())
    await typesetter.typeset(ONE, {"text": "and another"})


async def test_a_process_killed_while_it_idles_is_replaced(typesetter: Typesetter) -> None:
    first = await typesetter.typeset(ONE, {"text": "same"}, dated=0)
    (pid,) = children()
    os.kill(pid, signal.SIGKILL)
    assert await typesetter.typeset(ONE, {"text": "same"}, dated=0) == first


async def test_a_sheet_that_takes_too_long_is_given_up(typesetter: Typesetter) -> None:
    with pytest.raises(TimeoutError):
        await limited(typesetter, seconds=1.0).typeset(ONE, SLOW)
    assert children() == set()


async def test_whoever_stops_waiting_leaves_no_process(typesetter: Typesetter) -> None:
    asking = asyncio.create_task(typesetter.typeset(ONE, SLOW))
    await eventually(lambda: len(children()) == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert children() == set()


async def test_a_sheet_that_needs_too_much_memory_fails_alone(typesetter: Typesetter) -> None:
    small = limited(typesetter, memory_bytes=100_000_000)
    with pytest.raises(TypesettingFailed):
        await small.typeset(ONE, {"text": "large", "cells": 5_000_000})
    await small.typeset(ONE, {"text": "small"})
    small.close()


async def test_a_refused_sheet_fails_alone(typesetter: Typesetter) -> None:
    with pytest.raises(TypesettingFailed):
        await typesetter.typeset(ONE, {"no": "text"})
    await typesetter.typeset(ONE, {"text": "one"})


async def test_a_slow_tenant_holds_up_no_other(typesetter: Typesetter) -> None:
    slow = [asyncio.create_task(typesetter.typeset(ONE, SLOW)) for _ in range(3)]
    await eventually(lambda: len(children()) == 1)
    for tenant in (OTHER, THIRD):
        await typesetter.typeset(tenant, {"text": "quick"})
    assert not any(task.done() for task in slow)
    assert len(children()) <= typesetting.PROCESSES
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_a_process_knows_no_secret(typesetter: Typesetter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTIMA_DATABASE_URL", "postgresql://brief_rw:secret@db/brief")
    await typesetter.typeset(ONE, {"text": "one"})
    (pid,) = children()
    assert b"secret" not in environment_of(pid)
