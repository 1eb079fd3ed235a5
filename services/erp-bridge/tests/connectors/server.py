"""A real Tryton, from its packages: made ready once a machine, copied and started in seconds for the tests.

Its database is SQLite: what the connector speaks with is the server, and what SQLite does worse than
PostgreSQL (one writer at a time) is no part of what is tried.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from erp_bridge.adapters.tryton_rpc import TrytonRpc
from erp_bridge.application.ports import Fault
from optima_kit.testing import eventually
from optima_local.environments import environment_for
from optima_local.layout import PROGRAMS

LOCK = Path(__file__).with_name("requirements.txt")
HOME = PROGRAMS.parent / "tryton"
PASSWORD = "admin12345"
MODULES = ("sale", "account_eu", "bank", "commission")
PREPARED = 1
"""Raised when `_prepare` prepares something else."""


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """One running server with a database of its own."""

    port: int
    database: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end_all_sessions(self) -> None:
        """As an administrator does, or their time."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("DELETE FROM ir_session")

    @contextlib.asynccontextmanager
    async def people(self) -> AsyncIterator[TrytonPeople]:
        """Those who work with it."""
        async with aiohttp.ClientSession() as http:
            yield TrytonPeople(TrytonRpc(http, self.url, "tryton", "admin", PASSWORD))


@dataclass(frozen=True, slots=True)
class TrytonPeople:
    rpc: TrytonRpc

    async def do(self, method: str, *arguments: Any) -> Any:
        return await self.rpc.call(method, *arguments)

    async def party(self, code: str, name: str, vat_number: str, **values: Any) -> int:
        """Somebody adds a customer."""
        (country,) = await self.do("country.country.search", [["code", "=", "IT"]], 0, 1, None)
        (province,) = await self.do("country.subdivision.search", [["code", "=", "IT-MI"]], 0, 1, None)
        address = {
            "street_unstructured": "Via Torino 2",
            "postal_code": "20123",
            "city": "Milano",
            "country": country,
            "subdivision": province,
            "invoice": True,
            "delivery": True,
        }
        (party_id,) = await self.do(
            "party.party.create",
            [
                {
                    "code": code,
                    "name": name,
                    "addresses": [["create", [address]]],
                    "identifiers": [["create", [{"type": "it_vat", "code": vat_number}]]],
                    **values,
                }
            ],
        )
        return int(party_id)

    async def payment_term(self, name: str) -> int:
        (found,) = await self.do("account.invoice.payment_term.search", [["name", "=", name]], 0, 1, None)
        return int(found)


@contextlib.contextmanager
def tryton_server(folder: Path) -> Iterator[TrytonServer]:
    """A server on a copy of the prepared database."""
    shutil.copyfile(_template(), folder / "tryton.sqlite")
    with _started(folder) as server:
        yield server


def _template() -> Path:
    """The prepared database, made when it is first asked for."""
    HOME.mkdir(parents=True, exist_ok=True)
    state = hashlib.sha256(LOCK.read_bytes() + f"{MODULES}{PREPARED}".encode()).hexdigest()[:16]
    template = HOME / f"template-{state}.sqlite"
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not template.exists():
            making = HOME / "making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            _initialise(making)
            with _started(making) as server:
                asyncio.run(_prepare(server))
            # What the server has written may still stand beside the file.
            with contextlib.closing(sqlite3.connect(making / "tryton.sqlite")) as connection:
                connection.execute("VACUUM INTO ?", (str(making / "template"),))
            (making / "template").replace(template)
            shutil.rmtree(making)
    return template


def _configuration(folder: Path, port: int) -> Path:
    file = folder / "trytond.conf"
    file.write_text(
        f"[database]\nuri = sqlite://\npath = {folder}\n"
        f"[web]\nlisten = 127.0.0.1:{port}\n[queue]\nworker = False\n"
    )
    return file


def _initialise(folder: Path) -> None:
    (folder / "tryton.sqlite").touch()
    (folder / "password").write_text(PASSWORD)
    admin = [
        environment_for("tryton", LOCK) / "trytond-admin",
        "-c",
        _configuration(folder, 0),
        "-d",
        "tryton",
    ]
    environment = {"TRYTONPASSFILE": str(folder / "password")}
    for step in (["--all", "--email", "admin@tryton.example"], ["-u", *MODULES, "--activate-dependencies"]):
        subprocess.run([*admin, *step], env=environment, check=True, capture_output=True)


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[TrytonServer]:
    server = TrytonServer(_free_port(), folder / "tryton.sqlite")
    program = environment_for("tryton", LOCK) / "trytond"
    command = [program, "-c", _configuration(folder, server.port), "-d", "tryton"]
    with (
        (folder / "trytond.log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log) as running,
    ):
        try:
            asyncio.run(eventually(lambda: _answers(server), within=120, describe=lambda: running.poll()))
            yield server
        finally:
            running.kill()


async def _answers(server: TrytonServer) -> bool:
    async with server.people() as people:
        try:
            await people.rpc.sign_in()
        except Fault:
            return False
        return True


async def _prepare(server: TrytonServer) -> None:
    """A company that sells, as its people would have set it up."""
    async with server.people() as people:
        do = people.do
        (euro,) = await do(
            "currency.currency.create",
            [{"name": "Euro", "code": "EUR", "numeric_code": "978", "symbol": "€"}],
        )
        (party,) = await do("party.party.create", [{"name": "Grafica Aurora S.r.l.", "code": "AZIENDA"}])
        (company,) = await do("company.company.create", [{"party": party, "currency": euro}])
        await do("res.user.write", [1], {"companies": [["add", [company]]], "company": company})
        await people.rpc.sign_in()
        (italy,) = await do("country.country.create", [{"name": "Italia", "code": "IT"}])
        await do(
            "country.subdivision.create",
            [{"name": "Milano", "code": "IT-MI", "type": "province", "country": italy}],
        )
        await do("party.category.create", [{"name": "Clienti"}])
        (unit,) = await do("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)
        product = {
            "name": "Lavorazione",
            "code": "LAV",
            "type": "goods",
            "default_uom": unit,
            "salable": True,
            "sale_uom": unit,
            "list_price": Decimal("0"),
            "products": [["create", [{}]]],
        }
        await do("product.template.create", [product])
        for name, months in (("RB 60 gg FM", 2), ("BB 30 gg FM", 1)):
            delta = {"months": months, "day": 31}
            line = {"type": "remainder", "relativedeltas": [["create", [delta]]]}
            await do("account.invoice.payment_term.create", [{"name": name, "lines": [["create", [line]]]}])


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
