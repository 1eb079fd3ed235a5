"""Every test of the workspace may ask for the kit's fixtures."""

import asyncio
import os
from collections.abc import Callable, Mapping

import structlog
import uvloop
from hypothesis import HealthCheck, settings

# Unless told otherwise, structlog lets rich draw each frame's variables where an exception is logged: seconds
# of computing, in which whatever the test waits for stands still.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

pytest_plugins = ["optima_kit.testing"]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Services run on uvloop, so tests do."""
    return {"uvloop": uvloop.new_event_loop}


# A machine that others use too is slow to make examples, which is no fault of the test.
settings.register_profile("whole", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("whole")
# `./optima test --fast` tries each property on a few examples, the whole run on many.
settings.register_profile("fast", settings.get_profile("whole"), max_examples=5, stateful_step_count=20)
if os.environ.get("OPTIMA_TEST_FAST"):
    settings.load_profile("fast")
