"""What tests of the consumers' users share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .own_broker import OwnBroker


@pytest.fixture(scope="session")
def own_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnBroker]:
    made = OwnBroker(tmp_path_factory.mktemp("broker"))
    try:
        made.start()
        yield made
    finally:
        made.stop()
