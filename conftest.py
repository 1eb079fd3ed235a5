"""Every test of the workspace may ask for the kit's fixtures."""

import asyncio
import gc
import os
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping

import pytest
import structlog
import uvloop
from hypothesis import HealthCheck, settings

# Unless told otherwise, structlog lets rich draw each frame's variables where an exception is logged: seconds
# of computing, in which whatever the test waits for stands still.
_plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _plain])

pytest_plugins = ["optima_kit.testing"]

PROFILE = os.environ.get("OPTIMA_TEST_PROFILE", "whole")


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Services run on uvloop, so tests do."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collecting makes stays to the end, so the garbage collector does not look at it, now or later: it
    took a third of the time of collecting, and each of its full rounds a third of a second. Tests leave so
    few cycles that it need not come often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000)
        gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """One process runs all tests of a file, so that what they share is made once. Of large matrices a sample
    is taken where `optima_kit.testing.nights` says so."""
    from optima_kit.testing.nights import sampled

    matrices: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("sampled"):
            matrices[item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    for matrix in matrices.values():
        (one_in,) = matrix[0].get_closest_marker("sampled").args
        left_out.update(set(matrix) - set(sampled(matrix, one_in, lambda item: item.nodeid)))
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(item.location[0]))


# A machine that others use too is slow to make examples, which is no fault of the test. The same examples
# come each time, so that a change is refused for what it broke; nights look further.
settings.register_profile(
    "whole",
    suppress_health_check=[HealthCheck.too_slow],
    deadline=None,
    derandomize=True,
    max_examples=40,
    stateful_step_count=20,
)
settings.register_profile("nightly", settings.get_profile("whole"), derandomize=False, max_examples=1_000)
# `./optima test --fast` tries each property on a few examples, the whole run on many.
settings.register_profile("fast", settings.get_profile("whole"), max_examples=5)
settings.load_profile("fast" if os.environ.get("OPTIMA_TEST_FAST") else PROFILE)
