"""`python -m <service>`: help and wrong words are answered by a service that is not configured."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ("brief --help", 0, "http | relay | consume | work | all | migrate | parked list"),
        ("brief parked --help", 0, "parked list | parked replay ID… | parked replay all"),
        ("identity --help", 0, "rotate-keys"),
        ("brief", 2, "parked list"),
        ("brief nonsense", 2, "parked list"),
        ("brief http now", 2, "http |"),
        ("brief parked", 2, "parked replay all"),
        ("brief parked replay", 2, "parked replay all"),
        ("brief republish 2026-01-31T09:00", 2, "republish 2026-01-31T09:00+01:00"),
        ("brief parked list", 2, "configuration: OPTIMA_DATABASE_URL: Field required"),
    ],
)
def test_words_are_judged_before_the_configuration(words: str, status: int, told: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPTIMA_")}
    command = [sys.executable, "-m", *words.split()]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == status
    assert told in (ended.stderr if status else ended.stdout)
