"""A real Tryton, started when a test asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from optima_local.tryton_people import TrytonServer, tryton_server


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with tryton_server(tmp_path_factory.mktemp("tryton")) as server:
        yield server
