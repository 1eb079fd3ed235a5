"""Sets up the demonstration's customer: people by invitation, places, kinds of work, processes, the ERP.

Each finished part is recorded, so that a second run continues where the first stopped. Parts that were done
with other data, such as those of an earlier release, are done again; each part replaces what it finds."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from .. import tryton
from .client import Api, Person, StepFailed, until

_AT_ONCE = 4
"""How many invitations are accepted at the same time. They are few, because each costs the server a password
hash."""


class DemoData:
    """The files of `deploy/demo/`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.customer = self._read("customer.yaml")
        self.production = self._read("production.yaml")
        self.logistics = self._read("logistics.yaml")
        self.briefs = self._read("briefs.yaml")
        self.erp = self._read("erp.yaml")
        self.processes = self._read_all("processes")
        self.brief_types = self._read_all("brief-types")

    def _read_all(self, subfolder: str) -> list[Any]:
        return [
            yaml.safe_load(path.read_text(encoding="utf-8"))
            for path in sorted((self.folder / subfolder).glob("*.yaml"))
        ]

    def _read(self, name: str) -> Any:
        return yaml.safe_load((self.folder / name).read_text(encoding="utf-8"))

    @property
    def digest(self) -> str:
        read = (self.customer, self.production, self.logistics, self.erp, self.processes, self.brief_types)
        return hashlib.sha256(json.dumps(read, sort_keys=True, default=str).encode()).hexdigest()

    def document(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()


class Progress:
    """The finished parts of the set-up and the people's passwords, in a file that only its owner may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.state: dict[str, Any] = {"done": {}, "people": {}}
        if path.exists():
            self.state = json.loads(path.read_text(encoding="utf-8"))
            if isinstance(self.state["done"], list):  # written by a release that did not record the data
                self.state["done"] = dict.fromkeys(self.state["done"], "")

    def save(self) -> None:
        written = self._path.with_suffix(".new")
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self.state, file, indent=2, ensure_ascii=False)
        written.replace(self._path)

    def is_done(self, part: str, data: str) -> bool:
        return bool(self.state["done"].get(part) == data)

    def done(self, part: str, data: str) -> None:
        self.state["done"][part] = data
        self.save()


class Customer:
    """The demonstration's customer: its people by key, and what the services know about it."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        addresses: dict[str, str],
        platform: tuple[str, str],
        data: DemoData,
        progress: Progress,
        patience: float = 0.0,
        tryton: str | None = None,
    ) -> None:
        self.data = data
        self.api = Api(session, addresses, data.customer["tenant"]["slug"], patience)
        self.people: dict[str, Person] = {}
        self._platform = platform
        self._tryton = tryton
        self._progress = progress
        for key, known in progress.state["people"].items():
            self.people[key] = Person(key, known["name"], known["email"], known["password"], known["id"])

    async def set_up(self, say: Callable[[str], None]) -> None:
        """Do the parts that are not done yet with the present data. The tenant is registered only once."""
        data = self.data.digest
        parts: list[tuple[str, Callable[[], Awaitable[None]], str]] = [
            ("the tenant and its admin", self._register, ""),
            ("units and roles", self._units_and_roles, data),
            ("people, by invitation", self._people, data),
            ("managers", self._managers, data),
            ("kinds of work", self._kinds, data),
            ("warehouses, destinations, carriers, articles", self._places, data),
            ("locations", self._locations, data),
            ("approval processes", self._processes, data),
            ("types of briefs", self._brief_types, data),
            ("budgets", self._budgets, data),
            ("the ERP connection", self._erp, data),
        ]
        for part, do, wanted in parts:
            if not self._progress.is_done(part, wanted):
                await do()
                self._progress.done(part, wanted)
                say(part)
        if self._tryton is not None:
            await self._connect_tryton(self._tryton)

    async def join(self, wanted: dict[str, Any]) -> Person:
        """Invite a person, accept in their name, and return the person, who can now sign in."""
        known = self.people.get(wanted["key"])
        if known is not None:
            return known
        body = {
            "email": wanted["email"],
            "name": wanted["name"],
            "kind": wanted.get("kind", "internal"),
            "roles": wanted["roles"],
            "unit": wanted.get("unit"),
            "company": wanted.get("company"),
        }
        body = {name: value for name, value in body.items() if value is not None}
        try:
            invited = (await self.as_admin("POST", "identity", "/v1/invitations", json=body)).body
        except StepFailed:
            invited = await self._invited_before(wanted["email"])
        return await self._accept(wanted, invited["token"])

    async def as_admin(self, method: str, service: str, path: str, **options: Any) -> Any:
        return await self.api.as_(self.people["admin"], method, service, path, **options)

    async def _invited_before(self, email: str) -> Any:
        """Renew an invitation, because an earlier run may have stopped between the invitation and its
        acceptance."""
        found = (await self.as_admin("GET", "identity", f"/v1/people?text={email}")).body["items"]
        if not found or found[0]["joined"]:
            raise StepFailed(f"{email} can't be invited; start afresh with ./optima reset")
        path = f"/v1/people/{found[0]['id']}/invitation"
        return (await self.as_admin("POST", "identity", path)).body

    async def _accept(self, wanted: dict[str, Any], token: str) -> Person:
        password = secrets.token_urlsafe(18)
        joined = await self.api.anonymous(
            "POST", "identity", "/v1/invitations/acceptance", json={"token": token, "password": password}
        )
        person = Person(wanted["key"], wanted["name"], wanted["email"], password, joined.body["person"]["id"])
        self.people[person.key] = person
        self._progress.state["people"][person.key] = {
            "id": person.person_id,
            "name": person.name,
            "email": person.email,
            "password": password,
        }
        self._progress.save()
        return person

    async def _register(self) -> None:
        client_id, secret = self._platform
        body = {"grant": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = (await self.api.anonymous("POST", "identity", "/v1/tokens", json=body)).body["access_token"]
        admin = self.data.customer["admin"]
        wanted = {**self.data.customer["tenant"], "admin": {"name": admin["name"], "email": admin["email"]}}
        registered = await self.api.with_token(token, "POST", "identity", "/v1/tenants", json=wanted)
        await self._accept(admin, registered.body["invitation"]["token"])

    async def _units_and_roles(self) -> None:
        for unit in self.data.customer["units"]:
            body = {name: value for name, value in unit.items() if name != "key"}
            await self._replace("identity", f"/v1/units/{unit['key']}", body)
        for role in self.data.customer["roles"]:
            body = {name: value for name, value in role.items() if name != "key"}
            await self._replace("identity", f"/v1/roles/{role['key']}", body)

    async def _people(self) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(wanted: dict[str, Any]) -> None:
            async with gate:
                await self.join(wanted)

        await asyncio.gather(*(one(wanted) for wanted in self.data.customer["people"]))

    async def _managers(self) -> None:
        for wanted in self.data.customer["people"]:
            if "manager" not in wanted:
                continue
            path = f"/v1/people/{self.people[wanted['key']].person_id}"
            read = await self.as_admin("GET", "identity", path)
            body = {"manager": self.people[wanted["manager"]].person_id}
            await self.as_admin("PATCH", "identity", path, json=body, headers={"If-Match": read.etag})
        for unit, manager in self.data.customer["units_managers"].items():
            read = await self.as_admin("GET", "identity", f"/v1/units/{unit}")
            parent = next(u.get("parent") for u in self.data.customer["units"] if u["key"] == unit)
            body = {"name": read.body["name"], "manager": self.people[manager].person_id}
            if parent is not None:
                body["parent"] = parent
            await self.as_admin(
                "PUT", "identity", f"/v1/units/{unit}", json=body, headers={"If-Match": read.etag}
            )

    async def _kinds(self) -> None:
        for kind in self.data.production["kinds"]:
            body = {name: value for name, value in kind.items() if name != "key"}
            await self._replace("production", f"/v1/kinds/{kind['key']}", body)

    async def _places(self) -> None:
        logistics = self.data.logistics
        for folder in ("warehouses", "destinations", "carriers", "articles"):
            for place in logistics[folder]:
                body = {name: value for name, value in place.items() if name != "code"}
                await self._replace("logistics", f"/v1/{folder}/{place['code']}", body)
        await self.as_admin("PUT", "logistics", "/v1/gs1-prefix", json={"prefix": logistics["gs1_prefix"]})

    async def _locations(self) -> None:
        logistics = self.data.logistics
        warehouse, codes = logistics["warehouses"][0]["code"], logistics["locations"]
        named = {"warehouse": warehouse, "codes": codes}
        await self.as_admin("POST", "logistics", "/v1/locations", json=named)
        await self.as_admin("PUT", "logistics", f"/v1/put-away/{warehouse}", json={"location": codes[0]})

    async def _brief_types(self) -> None:
        for brief_type in self.data.brief_types:
            body = {name: value for name, value in brief_type.items() if name != "key"}
            await self._replace("brief", f"/v1/brief-types/{brief_type['key']}", body)

    async def _budgets(self) -> None:
        """Plan budgets of this year and the next, because a brief counts for the year of its deadline."""
        units = (await self.as_admin("GET", "identity", "/v1/units?limit=200")).body["items"]
        ids = {unit["key"]: unit["id"] for unit in units}
        known = (await self.as_admin("GET", "brief", "/v1/budgets?limit=200")).body["items"]
        names = {budget["name"] for budget in known}
        this_year = datetime.now(UTC).year
        for wanted in self.data.customer["budgets"]:
            for year in (this_year, this_year + 1):
                body = {name: value for name, value in wanted.items() if name != "unit"}
                body["name"] = f"{wanted['name']} {year}"
                body |= {"period_from": f"{year}-01-01", "period_to": f"{year}-12-31"}
                if "unit" in wanted:
                    body["unit_id"] = ids[wanted["unit"]]
                if body["name"] not in names:
                    await self.as_admin("POST", "brief", "/v1/budgets", json=body)

    async def _processes(self) -> None:
        for process in self.data.processes:
            path = f"/v1/processes/{process['key']}"
            await self._replace("approval", path, process)
            await until(partial(self._published, f"{path}/publication"), f"{process['key']} to be published")

    async def _published(self, path: str) -> bool:
        """Publish a process. Return False if approval refuses it because it does not know its roles and
        people yet."""
        try:
            await self.as_admin("POST", "approval", path, json={})
        except StepFailed as refused:
            if ": 422 " in str(refused):
                return False
            raise
        return True

    async def _erp(self) -> None:
        if self._tryton is not None:
            return
        connection = self.data.erp["connection"]
        body = {name: value for name, value in connection.items() if name != "key"}
        await self._replace("erp-bridge", f"/v1/connections/{connection['key']}", body)

    async def _connect_tryton(self, url: str) -> None:
        """Connect Tryton. This is done at each run, because Tryton may have another port."""
        settings = {"url": url, "database": tryton.DATABASE, "user": tryton.USER, "password": tryton.PASSWORD}
        wanted = self.data.erp["tryton"]
        own = {name: value for name, value in wanted.items() if name != "key"}
        body = {"connector": "tryton", "settings": {**settings, **own}}
        await self._replace("erp-bridge", f"/v1/connections/{wanted['key']}", body)

    async def _replace(self, service: str, path: str, body: Any) -> None:
        """Put a thing. If an earlier run made it already, name its present version."""
        try:
            read = await self.as_admin("GET", service, path)
        except StepFailed:
            await self.as_admin("PUT", service, path, json=body)
        else:
            await self.as_admin("PUT", service, path, json=body, headers={"If-Match": read.etag})
