"""The systems that connectors are tried against: folders, doubles, and a real Tryton, started when a test
asks for it; at night one of its long-term release, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from optima_kit.testing.nights import NIGHTLY
from optima_local.tryton import CURRENT, LONG_TERM
from optima_local.tryton_people import TrytonServer, tryton_server

from .example import ExampleRemote
from .proxy import faulty_proxy
from .systems import EasyfattRemote, FolderRemote, Remote, TrytonRemote, UblRemote, recorded

DOUBLES: Final = ("odoo", "business-central", "sap-business-one")
TRYTONS: Final = (
    pytest.param("tryton", marks=pytest.mark.xdist_group("tryton")),
    pytest.param("tryton-7.0", marks=[NIGHTLY, pytest.mark.xdist_group("tryton-7.0")]),
)
"""One process has all tests of a server, so that it is started once."""
OTHERS: Final = ("files", "easyfatt", "ubl", "example", *DOUBLES)
TRYTON_BY_NIGHT: Final = pytest.mark.parametrize(
    "server",
    [*OTHERS, pytest.param("tryton", marks=[NIGHTLY, pytest.mark.xdist_group("tryton")]), TRYTONS[1]],
    indirect=True,
)
"""Of a test that a real server takes long for, and that by day the others do."""
_STARTED_BY: Final = {"tryton": "tryton", "tryton-7.0": "tryton_long_term"}
"""The fixture that starts each."""


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with tryton_server(tmp_path_factory.mktemp("tryton"), CURRENT) as server:
        yield server


@pytest.fixture(scope="session")
def tryton_long_term(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with tryton_server(tmp_path_factory.mktemp("tryton-7.0"), LONG_TERM) as server:
        yield server


@pytest.fixture(params=TRYTONS)
def erp(request: pytest.FixtureRequest) -> TrytonServer:
    """A real Tryton of each release that is tried."""
    started: TrytonServer = request.getfixturevalue(_STARTED_BY[request.param])
    return started


@pytest.fixture(params=[*OTHERS, *TRYTONS])
def server(request: pytest.FixtureRequest) -> TrytonServer | str:
    """The server where there is one, the connector's name where there is none."""
    found: str = request.param
    if (fixture := _STARTED_BY.get(found)) is None:
        return found
    started: TrytonServer = request.getfixturevalue(fixture)
    return started


@pytest.fixture
async def remote(server: TrytonServer | str, tmp_path: Path) -> AsyncIterator[Remote]:
    if server == "files":
        yield FolderRemote(tmp_path / "drop")
    elif server == "easyfatt":
        yield EasyfattRemote(tmp_path / "drop")
    elif server == "ubl":
        yield UblRemote(tmp_path / "drop")
    elif server == "example":
        yield ExampleRemote(tmp_path / "erp.json")
    elif isinstance(server, str):
        async with recorded(server) as double:
            yield double
    else:
        async with server.people() as people, faulty_proxy(server.url) as proxy:
            yield TrytonRemote(server, people, proxy)
