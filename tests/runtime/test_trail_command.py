"""`./optima trail verify` needs no stack, finds files where it was called, and tells by its exit status."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from optima_local.layout import ROOT
from trail.domain.chain import BEGINNING, extend
from trail.domain.entry import Occurrence

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def export() -> str:
    one = UUID(int=1)
    occurrence = Occurrence(
        one, "/optima/brief", "optima.brief.closed.v1", one, 1, one, None, None, None, AT, '{"note":"a"}'
    )
    (sealed,) = extend(BEGINNING, [occurrence], tenant_id=one, recorded_at=AT)
    hashes = f'"hash":"{sealed.hash}","previous_hash":"{BEGINNING.hash}"'
    return f"{sealed.entry.canonical()[:-1]},{hashes}}}\n"


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("text", "status", "told"),
    [
        (export(), 0, "intact: 1 entries"),
        (export().replace('"note":"a"', '"note":"b"'), 1, "broken: entry 1"),
        ("nothing\n", 2, "not verifiable"),
        (None, 2, "not verifiable"),
    ],
)
def test_it_verifies_a_file_of_the_callers_folder(
    tmp_path: Path, text: str | None, status: int, told: str
) -> None:
    if text is not None:
        (tmp_path / "export.jsonl").write_text(text)
    # As ./optima hands over, without its look at what is installed.
    environment = os.environ | {"OPTIMA_CALLED_FROM": str(tmp_path)}
    command = [sys.executable, "-m", "optima_local", "trail", "verify", "export.jsonl"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == status, ended.stderr
    assert told in (ended.stdout if status < 2 else ended.stderr)


def test_without_words_it_says_how_it_is_used(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "optima_local", "trail"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (2, "usage: ./optima trail verify FILE…\n")
