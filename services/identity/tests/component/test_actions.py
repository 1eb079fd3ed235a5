"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest

from identity.application.read import access
from identity.domain.second_factor import code_at, step_of

from ..conftest import Identity, Serve

pytestmark = pytest.mark.sampled(6)

READERS = {
    "admin": ("admin",),
    "auditor": ("auditor",),
    "hr": ("hr", "marketing"),
    "hr_without_marketing": ("hr",),
    "inviter": ("inviter", "marketing"),
}
HR = ["directory.read", "directory.write", "person.invite"]
NEW_PASSWORD = "sette nani nel bosco verde"


@dataclass
class House:
    """A tenant with a reader of each kind, and things in every state."""

    identity: Identity
    admin: Any
    clients: dict[str, Any] = field(default_factory=dict)
    made: int = 0

    async def reader(self, kind: str) -> Any:
        if kind not in self.clients:
            if kind != "admin":
                await self.identity.invite(self.admin, f"{kind}@aurora.example", *READERS[kind])
            self.clients[kind] = (
                self.admin if kind == "admin" else await self.identity.client(f"{kind}@aurora.example")
            )
        return self.clients[kind]

    def email(self) -> str:
        self.made += 1
        return f"p{self.made}@aurora.example"

    async def person(self, state: str) -> str:
        if state == "last admin":
            _, me = await self.admin.get("/v1/me")
            return str(me["id"])
        email = self.email()
        body = {"email": email, "name": "Ugo Neri", "roles": ["marketing"]}
        if state in ("invited", "withdrawn"):
            _, invited = await self.admin.post("/v1/invitations", body)
            if state == "withdrawn":
                await self.admin.delete(f"/v1/people/{invited['person']['id']}/invitation")
            return str(invited["person"]["id"])
        role = "admin" if state == "another admin" else "marketing"
        person = str(await self.identity.invite(self.admin, email, role))
        if state == "suspended":
            await self.admin.patch(
                f"/v1/people/{person}", {"active": False}, headers={"If-Match": await self.version(person)}
            )
        if state == "with a factor":
            await (await self.identity.client(email)).post("/v1/me/second-factor")
        return person

    async def version(self, person: str) -> str:
        _, shown = await self.admin.get(f"/v1/people/{person}")
        return f'"{shown["version"]}"'


@pytest.fixture
async def house(identity: Identity) -> House:
    admin = await identity.register()
    for key, privileges in (("hr", HR), ("inviter", ["directory.read", "person.invite"])):
        await admin.put(f"/v1/roles/{key}", {"name": f"Ruolo {key}", "privileges": privileges})
    return House(identity, admin)


async def on_person(house: House, client: Any, person: str, action: str) -> int:
    path, match = f"/v1/people/{person}", {"If-Match": await house.version(person)}
    if action in ("revise", "suspend", "activate"):
        _, before = await house.admin.get(path)
        change = {"revise": {"name": "Ugo Blu"}, "suspend": {"active": False}, "activate": {"active": True}}
        response, after = await client.patch(path, change[action], headers=match)
        if response.status == 200 and action != "revise" and after["active"] == before["active"]:
            return 409  # Said again, it changes nothing.
    elif action == "depart":
        successor = await house.person("active")
        response, _ = await client.post(f"{path}/departure", {"successor": successor})
    else:
        method, suffix = {
            "renew_invitation": ("POST", "invitation"),
            "withdraw_invitation": ("DELETE", "invitation"),
            "reset_password": ("POST", "password-reset"),
            "remove_second_factor": ("DELETE", "second-factor"),
            "end_sessions": ("DELETE", "sessions"),
        }[action]
        response, _ = await client.request(method, f"{path}/{suffix}")
    return int(response.status)


async def every_action_is_as_offered(
    make: Callable[[], Awaitable[Any]],
    read: Callable[[Any], Awaitable[list[str]]],
    attempt: Callable[[Any, str], Awaitable[int]],
    actions: Any,
) -> None:
    thing = await make()
    offered = await read(thing)
    for action in get_args(actions):
        if action not in offered:
            assert await attempt(thing, action) in (403, 404, 409, 422), action
    for action in offered:
        assert await attempt(await make(), action) in (200, 201, 204), action


@pytest.mark.parametrize(
    "state",
    ["invited", "withdrawn", "active", "with a factor", "suspended", "another admin", "last admin"],
)
@pytest.mark.parametrize("reader", READERS)
async def test_people(house: House, reader: str, state: str) -> None:
    client = await house.reader(reader)

    async def read(person: str) -> list[str]:
        response, shown = await client.get(f"/v1/people/{person}")
        assert response.status == 200
        return shown["actions"]  # type: ignore[no-any-return]

    async def attempt(person: str, action: str) -> int:
        return await on_person(house, client, person, action)

    await every_action_is_as_offered(lambda: house.person(state), read, attempt, access.PersonAction)


@pytest.mark.parametrize("reader", READERS)
async def test_sessions_of_others(house: House, reader: str) -> None:
    client = await house.reader(reader)

    async def make() -> tuple[str, str]:
        email = house.email()
        person = str(await house.identity.invite(house.admin, email, "marketing"))
        session = (await house.identity.actor(email)).session_id
        return person, str(session)

    async def read(made: tuple[str, str]) -> list[str]:
        response, page = await client.get(f"/v1/people/{made[0]}/sessions")
        return page["items"][0]["actions"] if response.status == 200 else []

    async def attempt(made: tuple[str, str], _: str) -> int:
        response, _body = await client.delete(f"/v1/people/{made[0]}/sessions/{made[1]}")
        return int(response.status)

    await every_action_is_as_offered(make, read, attempt, access.SessionAction)


@pytest.mark.parametrize("privileges", [["brief.read"], ["order.write"], None])
@pytest.mark.parametrize("reader", READERS)
async def test_roles(house: House, reader: str, privileges: list[str] | None) -> None:
    """`None`: one of the product's own."""
    client = await house.reader(reader)

    async def make() -> str:
        if privileges is None:
            return "auditor"
        house.made += 1
        key = f"ruolo{house.made}"
        response, _ = await house.admin.put(f"/v1/roles/{key}", {"name": "Uno", "privileges": privileges})
        assert response.status == 200
        return key

    async def read(key: str) -> list[str]:
        _, role = await client.get(f"/v1/roles/{key}")
        return role["actions"]  # type: ignore[no-any-return]

    async def attempt(key: str, _: str) -> int:
        _, role = await house.admin.get(f"/v1/roles/{key}")
        match = {"If-Match": f'"{role["version"]}"'}
        body = {"name": "Due", "privileges": role["privileges"][:1]}
        response, _body = await client.put(f"/v1/roles/{key}", body, headers=match)
        return int(response.status)

    await every_action_is_as_offered(make, read, attempt, access.RoleAction)


@pytest.mark.parametrize("reader", READERS)
async def test_units(house: House, reader: str) -> None:
    client = await house.reader(reader)

    async def make() -> str:
        house.made += 1
        await house.admin.put(f"/v1/units/u{house.made}", {"name": "Uno"})
        return f"/v1/units/u{house.made}"

    async def read(unit: str) -> list[str]:
        return (await client.get(unit))[1]["actions"]  # type: ignore[no-any-return]

    async def attempt(unit: str, _: str) -> int:
        response, _body = await client.put(unit, {"name": "Due"}, headers={"If-Match": '"1"'})
        return int(response.status)

    await every_action_is_as_offered(make, read, attempt, access.UnitAction)


@pytest.mark.parametrize("reader", READERS)
async def test_the_tenant(house: House, reader: str) -> None:
    client = await house.reader(reader)

    async def make() -> Any:
        return (await house.admin.get("/v1/tenant"))[1]

    async def read(_: Any) -> list[str]:
        return (await client.get("/v1/tenant"))[1]["actions"]  # type: ignore[no-any-return]

    async def attempt(tenant: Any, action: str) -> int:
        body = {name: tenant[name] for name in ("legal", "language", "time_zone")}
        if action == "revise_legal_identity":
            body["legal"] = tenant["legal"] | {"street": "Via Nuova 1"}
        match = {"If-Match": f'"{tenant["version"]}"'}
        response, _ = await client.put("/v1/tenant", body, headers=match)
        return int(response.status)

    await every_action_is_as_offered(make, read, attempt, access.TenantAction)


@pytest.mark.parametrize("reader", READERS)
async def test_the_sign_in_provider(serve: Serve, reader: str) -> None:
    identity = await serve(oidc_issuers=("https://accounts.example.it",))
    admin = await identity.register()
    for key, privileges in (("hr", HR), ("inviter", ["directory.read", "person.invite"])):
        await admin.put(f"/v1/roles/{key}", {"name": f"Ruolo {key}", "privileges": privileges})
    house = House(identity, admin)
    client, path = await house.reader(reader), "/v1/sign-in-provider"
    body = {"issuer": "https://accounts.example.it", "client_id": "optima"}

    async def make() -> str:
        response, known = await admin.get(path)
        if response.status == 404:
            response, known = await admin.put(path, body)
            assert response.status == 200, known
        return f'"{known["version"]}"'

    async def read(_: str) -> list[str]:
        response, shown = await client.get(path)
        return shown["actions"] if response.status == 200 else []

    async def attempt(version: str, action: str) -> int:
        if action == "remove":
            return int((await client.delete(path))[0].status)
        response, _ = await client.put(path, body | {"client_id": "altro"}, headers={"If-Match": version})
        return int(response.status)

    await every_action_is_as_offered(make, read, attempt, access.ProviderAction)


@pytest.mark.parametrize("state", ["open", "closed"])
@pytest.mark.parametrize("scope", ["brief.read", "order.write"])
@pytest.mark.parametrize("reader", READERS)
async def test_service_accounts(house: House, reader: str, scope: str, state: str) -> None:
    client = await house.reader(reader)

    async def make() -> str:
        house.made += 1
        _, opened = await house.admin.post(
            "/v1/service-accounts", {"name": f"macchina{house.made}", "scopes": [scope]}
        )
        if state == "closed":
            await house.admin.delete(f"/v1/service-accounts/{opened['id']}")
        return str(opened["id"])

    async def read(account: str) -> list[str]:
        response, page = await client.get("/v1/service-accounts")
        if response.status != 200:
            return []
        return next(each["actions"] for each in page["items"] if each["id"] == account)  # type: ignore[no-any-return]

    async def attempt(account: str, action: str) -> int:
        path = f"/v1/service-accounts/{account}"
        if action == "close":
            return int((await client.delete(path))[0].status)
        return int((await client.post(f"{path}/secret"))[0].status)

    await every_action_is_as_offered(make, read, attempt, access.AccountAction)


@pytest.mark.parametrize("state", ["without", "unconfirmed", "confirmed"])
async def test_oneself(house: House, state: str) -> None:
    clock = house.identity.clock

    async def make() -> tuple[Any, bytes, str]:
        email = house.email()
        await house.identity.invite(house.admin, email, "marketing")
        client, secret = await house.identity.client(email), b""
        if state != "without":
            _, setup = await client.post("/v1/me/second-factor")
            secret = base64.b32decode(setup["secret"])
        if state == "confirmed":
            code = code_at(secret, step_of(clock.now()) - 1)
            confirmed, _ = await client.post("/v1/me/second-factor/confirmation", {"code": code})
            assert confirmed.status == 201
        return client, secret, email

    async def read(made: tuple[Any, bytes, str]) -> list[str]:
        _, me = await made[0].get("/v1/me")
        assert me.get("second_factor", "without") == state
        _, page = await made[0].get("/v1/me/sessions")
        assert [each["actions"] for each in page["items"]] == [["end"]]
        return me["actions"]  # type: ignore[no-any-return]

    async def attempt(made: tuple[Any, bytes, str], action: str) -> int:
        client, secret, _ = made
        code = code_at(secret, step_of(clock.now())) if secret else "000000"
        if action == "choose_language":
            return int((await client.patch("/v1/me", {"language": "en"}))[0].status)
        if action == "change_password":
            body = {"current": "tre gatti sul tetto rosso", "new": NEW_PASSWORD}
            return int((await client.put("/v1/me/password", body))[0].status)
        path, body = {
            "set_up_second_factor": ("", {}),
            "confirm_second_factor": ("/confirmation", {"code": code}),
            "remove_second_factor": ("/removal", {"code": code}),
        }[action]
        sent = {"json": body} if body else {}
        return int((await client.request("POST", f"/v1/me/second-factor{path}", **sent))[0].status)

    await every_action_is_as_offered(make, read, attempt, access.OwnAction)
