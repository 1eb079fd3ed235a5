"""Acts as the people who work with a Tryton server: sets it up, and does what its users do."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import inspect
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp

from erp_bridge.adapters.tryton_rpc import TrytonRpc

from . import tryton
from .layout import CACHE
from .ports import free_port
from .processes import Program

MODULES = ("sale", "account_eu", "bank", "commission")
PORT_TAKEN = "Address already in use"
UNUSED_SECONDS = 30 * 86400.0
"""After so long without use a prepared database of another release, or another state of this code, is
deleted."""


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """A running server with its own database."""

    port: int
    database: Path

    @property
    def url(self) -> str:
        return tryton.address(self.port)

    def end_all_sessions(self) -> None:
        """End all sessions, as an administrator or their expiry would."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("DELETE FROM ir_session")

    def people(self) -> contextlib.AbstractAsyncContextManager[TrytonPeople]:
        return people_of(self.url)


@contextlib.asynccontextmanager
async def people_of(url: str) -> AsyncIterator[TrytonPeople]:
    """Yield the people who work with the server at that address."""
    async with aiohttp.ClientSession() as http:
        yield TrytonPeople(TrytonRpc(http, url, tryton.DATABASE, tryton.USER, tryton.PASSWORD))


@dataclass(frozen=True, slots=True)
class TrytonPeople:
    rpc: TrytonRpc
    _place: dict[str, Any] = field(default_factory=dict)
    """Fields of every address that these people add."""

    async def do(self, method: str, *arguments: Any) -> Any:
        return await self.rpc.call(method, *arguments)

    async def first(self, model: str, *wanted: Sequence[Any]) -> int | None:
        """The id of a record that there is."""
        found = await self.do(f"{model}.search", list(wanted), 0, 1, None)
        return int(found[0]) if found else None

    async def the(self, model: str, *wanted: Sequence[Any]) -> int:
        found = await self.first(model, *wanted)
        assert found is not None, f"no {model} with {wanted}"
        return found

    async def party(self, code: str, name: str, vat_number: str, **values: Any) -> int:
        """Add a customer. `address` in `values` holds the fields of its address that differ from the
        default."""
        if not self._place:
            told = await self.do("party.address.fields_get", ["street_unstructured"])  # not in 7.0
            self._place.update(
                {
                    "street_unstructured" if told else "street": "Via Torino 2",
                    "country": await self.the("country.country", ["code", "=", "IT"]),
                    "subdivision": await self.the("country.subdivision", ["code", "=", "IT-MI"]),
                }
            )
        old = "street" in self._place
        number = (
            {"type": "eu_vat", "code": f"IT{vat_number}"} if old else {"type": "it_vat", "code": vat_number}
        )
        address = {
            **self._place,
            "postal_code": "20123",
            "city": "Milano",
            "invoice": True,
            "delivery": True,
            **values.pop("address", {}),
        }
        (party_id,) = await self.do(
            "party.party.create",
            [
                {
                    "code": code,
                    "name": name,
                    "addresses": [["create", [address]]],
                    "identifiers": [["create", [number]]],
                    **values,
                }
            ],
        )
        return int(party_id)

    async def payment_term(self, name: str) -> int:
        return await self.the("account.invoice.payment_term", ["name", "=", name])

    async def open_books(self, party: int, product: str, mark: str) -> None:
        """Set up what is needed to invoice this product to this customer: accounts of their own, and a fiscal
        year."""
        receivable = await self._account(f"Crediti {mark}", statement="balance", assets=True, receivable=True)
        revenue = await self._account(f"Ricavi {mark}", statement="income", revenue=True)
        await self.do("party.party.write", [party], {"account_receivable": receivable})
        category = {"name": mark, "accounting": True, "account_revenue": revenue}
        (category_id,) = await self.do("product.category.create", [category])
        template = await self.the("product.template", ["code", "=", product])
        await self.do("product.template.write", [template], {"account_category": category_id})
        await self._open_year()

    async def _account(self, name: str, **kind: Any) -> int:
        (type_id,) = await self.do("account.account.type.create", [{"name": name, **kind}])
        party = {"party_required": True, "reconcile": True} if "receivable" in kind else {}
        (account,) = await self.do("account.account.create", [{"name": name, "type": type_id, **party}])
        return int(account)

    async def _open_year(self) -> None:
        year = self.rpc.server_time.year
        if await self.first("account.fiscalyear", ["name", "=", str(year)]):
            return

        async def sequence(kind: str, prefix: str, model: str = "ir.sequence.strict") -> int:
            type_id = await self.the("ir.sequence.type", ["name", "=", kind])
            values = {"name": f"{kind} {year}", "sequence_type": type_id, "prefix": prefix}
            (made,) = await self.do(f"{model}.create", [values])
            return int(made)

        invoices = await sequence("Invoice", f"FT-{year}-")
        kinds = ("in_invoice", "out_invoice", "in_credit_note", "out_credit_note")
        # Up to release 7.0, entries are numbered when they are posted, in a sequence that may have gaps.
        new = await self.do("account.fiscalyear.fields_get", ["move_sequence"])
        field, model = (
            ("move_sequence", "ir.sequence.strict") if new else ("post_move_sequence", "ir.sequence")
        )
        values = {
            "name": str(year),
            "start_date": date(year, 1, 1),
            "end_date": date(year, 12, 31),
            field: await sequence("Account Move", "", model),
            "invoice_sequences": [["create", [{f"{kind}_sequence": invoices for kind in kinds}]]],
        }
        (year_id,) = await self.do("account.fiscalyear.create", [values])
        await self.do("account.fiscalyear.create_period", [year_id])

    async def invoice(self, sale_id: int) -> int:
        """Post the newest invoice of the sale and return its id. This is a credit note if invoiced goods came
        back."""
        await self.do("sale.sale.process", [sale_id])
        (sale,) = await self.do("sale.sale.read", [sale_id], ["invoices"])
        invoice = max(sale["invoices"])
        await self.do("account.invoice.write", [invoice], {"invoice_date": self.rpc.server_time.date()})
        await self.do("account.invoice.post", [invoice])
        return int(invoice)

    async def credit(self, invoice: int, *, quantity: float | None = None) -> str:
        """Credit an invoice and return the credit note's number. Without `quantity`, the whole invoice is
        credited; otherwise this quantity of its only line."""
        wizard, today = "account.invoice.credit", self.rpc.server_time.date()
        session, *_ = await self.rpc.call(f"{wizard}.create", of="wizard")
        start = {"with_refund": quantity is None, "with_refund_allowed": True, "invoice_date": today}
        if await self.do(f"{wizard}.start.fields_get", ["with_agent"]):  # in 7.0
            start["with_agent"] = False
        chosen = {"active_model": "account.invoice", "active_id": invoice, "active_ids": [invoice]}
        await self.rpc.call(
            f"{wizard}.execute", session, {"start": start}, "credit", context=chosen, of="wizard"
        )
        note = max(await self.do("account.invoice.search", [["type", "=", "out"]], 0, None, None))
        if quantity is not None:
            (made,) = await self.do("account.invoice.read", [note], ["lines"])
            await self.do("account.invoice.line.write", made["lines"], {"quantity": -quantity})
            await self.do("account.invoice.post", [note])
        (made,) = await self.do("account.invoice.read", [note], ["number"])
        return str(made["number"])


@contextlib.contextmanager
def tryton_server(folder: Path, release: tryton.Release = tryton.CURRENT) -> Iterator[TrytonServer]:
    """Run a server on a copy of the prepared database."""
    tryton.copy_template(template(release), folder)
    with _started(folder, release) as server:
        yield server


def template(release: tryton.Release = tryton.CURRENT) -> Path:
    """Return the prepared database. It is made when this machine first needs it, which takes a minute of CPU
    time."""
    home = CACHE / "tryton"
    home.mkdir(parents=True, exist_ok=True)
    prepared = home / f"{release.name}-{_state_of(release)}.sqlite"
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not prepared.exists():
            _drop_unused(home)
            making = home / "making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            _initialise(making, release)
            with _started(making, release) as server:
                asyncio.run(_prepare(server))
            # What the server wrote last may still be in SQLite's journal and not in the file.
            with contextlib.closing(sqlite3.connect(tryton.database_in(making))) as connection:
                connection.execute("VACUUM INTO ?", (str(making / "template"),))
            (making / "template").replace(prepared)
            shutil.rmtree(making)
        os.utime(prepared)
    return prepared


def _state_of(release: tryton.Release) -> str:
    """Return a hash that changes if the packages change or something else is prepared."""
    made_by = (_initialise, _prepare, TrytonPeople.the, TrytonPeople.first)
    told = [release.lock.read_text(), *MODULES, *(inspect.getsource(each) for each in made_by)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _drop_unused(home: Path) -> None:
    for file in home.glob("*.sqlite"):
        if time.time() - file.stat().st_mtime > UNUSED_SECONDS:
            file.unlink()


def _initialise(folder: Path, release: tryton.Release) -> None:
    tryton.database_in(folder).touch()
    (folder / "password").write_text(tryton.PASSWORD)
    admin = [release.command("trytond-admin"), *tryton.arguments(folder, 0)]
    environment = {"TRYTONPASSFILE": str(folder / "password")}
    for step in (["--all", "--email", "admin@tryton.example"], ["-u", *MODULES, "--activate-dependencies"]):
        subprocess.run([*admin, *step], env=environment, check=True, capture_output=True)


@contextlib.contextmanager
def _started(folder: Path, release: tryton.Release) -> Iterator[TrytonServer]:
    wanted, running = _start(folder, release)
    deadline = time.monotonic() + 120
    try:
        while running.poll() is not None or not wanted.ready():
            told = (folder / "trytond.log").read_text()
            if running.poll() is not None and PORT_TAKEN in told:  # by another process that was faster
                wanted, running = _start(folder, release)
            elif running.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Tryton does not start:\n{told[-2000:]}")
            time.sleep(0.05)
        assert wanted.port is not None
        yield TrytonServer(wanted.port, tryton.database_in(folder))
    finally:
        running.kill()
        running.wait()


def _start(folder: Path, release: tryton.Release) -> tuple[Program, subprocess.Popen[bytes]]:
    wanted = tryton.program(folder, free_port(), release)
    with (folder / "trytond.log").open("wb") as log:
        return wanted, subprocess.Popen([*_sparing(release), *wanted.command], stdout=log, stderr=log)


def _sparing(release: tryton.Release) -> list[str]:
    """Return the command that starts trytond so that tests take less time."""
    return [release.command("python"), "-P", str(Path(__file__).with_name("tryton_for_tests.py"))]


async def _prepare(server: TrytonServer) -> None:
    """A company that sells, as its people would have set it up."""
    async with server.people() as people:
        do = people.do
        (euro,) = await do(
            "currency.currency.create",
            [{"name": "Euro", "code": "EUR", "numeric_code": "978", "symbol": "€"}],
        )
        (party,) = await do("party.party.create", [{"name": "Grafica Aurora S.r.l.", "code": "AZIENDA"}])
        # In a day of another place a DDT of today may be tomorrow's, which the server does not take.
        values = {"party": party, "currency": euro, "timezone": "Europe/Rome"}
        (company,) = await do("company.company.create", [values])
        await do("res.user.write", [1], {"companies": [["add", [company]]], "company": company})
        await people.rpc.sign_in()
        (italy,) = await do("country.country.create", [{"name": "Italia", "code": "IT"}])
        provinces = [("Milano", "IT-MI"), ("Roma", "IT-RM")]
        await do(
            "country.subdivision.create",
            [{"name": name, "code": code, "type": "province", "country": italy} for name, code in provinces],
        )
        await do("party.category.create", [{"name": "Clienti"}])
        unit = await people.the("product.uom", ["symbol", "=", "u"])
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
