"""The demonstration, done once for all who look at what it leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import io

import pytest

from optima_local.demonstration.journey import Step
from optima_local.demonstration.show import run_demonstration
from tests.stack import Stack


@pytest.fixture(scope="session")
def demonstration(stack: Stack) -> tuple[list[Step], str]:
    """The steps that were done, and what was printed of them."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        steps = asyncio.run(run_demonstration(stack.stage))
    return steps, told.getvalue()
