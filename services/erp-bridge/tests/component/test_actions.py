"""An action offered succeeds for that reader in that state, and one that is not offered is refused."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, get_args
from uuid import UUID

import pytest

from erp_bridge.application.read import access
from optima_contracts.production import OrderConfirmed

from ..conftest import Bridge

pytestmark = pytest.mark.sampled(6)

GOOD = "AURORA-MI;Caffè Aurora Milano S.r.l.;07643520567;;{street};20123;Milano;MI;MP12;RB 60 gg FM\n"
ROW = GOOD.format(street="Via Torino 2")
ROWS = {
    "refused": "C-1;Dolci S.r.l.;123;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n",
    "question": ROW.replace("AURORA-MI", "AURORA-2"),
    "notice": ROW.replace("RB 60 gg FM", "come d'accordo"),
}
BOTH = {"customer": {"street": {"remote": "indirizzo", "owner": "both"}}}
SHUT = {"customer of the ERP's", "resolved conflict", "reconciliation"}
"""Things with which nobody can do anything."""
READERS = ("admin", "backoffice", "auditor", "marketing")
SETTINGS = {"connector": "drop-folder", "settings": {"folder": "acme"}}
CONNECTION = "/v1/connections/gestionale"

Attempt = tuple[str, str, dict[str, Any] | None]
"""Method, path and body."""


@dataclass(frozen=True)
class Thing:
    path: str
    attempts: dict[str, Attempt]
    items: bool = False
    """Whether what is read is a list with the thing as its only row."""


async def connection(bridge: Bridge) -> Thing:
    await bridge.connect()
    bridge.drop(ROW)
    return Thing(
        CONNECTION,
        {
            "configure": ("PUT", CONNECTION, SETTINGS),
            "change_mapping": ("PUT", f"{CONNECTION}/mapping", {"yaml": "customer: {name: ragione}"}),
            "check": ("POST", f"{CONNECTION}/check", None),
            "import": ("POST", f"{CONNECTION}/imports", {"entity": "customer"}),
            "reconcile": ("POST", f"{CONNECTION}/reconciliations", {"entity": "customer"}),
            "resend": (
                "POST",
                f"{CONNECTION}/resends",
                {"entity": "order", "since": "2026-01-01T00:00:00+01:00"},
            ),
        },
    )


async def mapping(bridge: Bridge) -> Thing:
    await bridge.connect()
    path = f"{CONNECTION}/mapping"
    return Thing(path, {"change": ("PUT", path, {"yaml": "customer: {name: ragione}"})})


async def run(bridge: Bridge) -> Thing:
    await bridge.connect()
    await bridge.import_customers()
    again = ("POST", f"{CONNECTION}/imports", {"entity": "customer"})
    return Thing("/v1/runs", {"import": again}, items=True)


def failure_after(*rows: str, header: str | None = None) -> Callable[[Any], Awaitable[Thing]]:
    async def made(bridge: Bridge) -> Thing:
        await bridge.connect()
        await bridge.import_customers()
        bridge.drop(*rows, name="clienti-2.csv", **({"header": header} if header else {}))
        await bridge.import_all()
        return await the_failure(bridge)

    return made


async def failure_of_a_waiting_document(bridge: Bridge) -> Thing:
    await bridge.connect()
    order = OrderConfirmed(
        order_id=UUID(int=7), number="O-7", brief_id=None, customer="NUOVO", deadline="2027-02-15", lines=[]
    )
    await bridge.tell(order, subject=order.order_id, correlation=order.order_id)
    await bridge.work()
    return await the_failure(bridge)


async def failure_of_an_outage(bridge: Bridge) -> Thing:
    await bridge.connect()
    await bridge.import_customers()
    (bridge.folder / "out").rmdir()
    (bridge.folder / "out").write_text("in the way")
    order = OrderConfirmed(
        order_id=UUID(int=7),
        number="O-7",
        brief_id=None,
        customer="AURORA-MI",
        deadline="2027-02-15",
        lines=[],
    )
    await bridge.tell(order, subject=order.order_id, correlation=order.order_id)
    await bridge.work()
    return await the_failure(bridge)


async def the_failure(bridge: Bridge) -> Thing:
    (failure,) = await bridge.failures()
    path = f"/v1/failures/{failure['id']}"
    return Thing(
        path,
        {
            "replay": ("POST", f"{path}/replay", None),
            "answer": ("POST", f"{path}/answer", {"answer": "another"}),
            "dismiss": ("POST", f"{path}/dismissal", {"reason": "Cliente cessato"}),
        },
    )


async def dismissed_failure(bridge: Bridge) -> Thing:
    thing = await failure_after(ROWS["refused"])(bridge)
    method, path, body = thing.attempts["dismiss"]
    await bridge.as_("backoffice").request(method, path, json=body)
    return thing


def group_of(make: Callable[[Any], Awaitable[Thing]]) -> Callable[[Any], Awaitable[Thing]]:
    async def made(bridge: Bridge) -> Thing:
        await make(bridge)
        wanted = {"connection": "gestionale"}
        return Thing(
            "/v1/failure-groups",
            {
                "replay": ("POST", "/v1/failure-replays", wanted),
                "dismiss": ("POST", "/v1/failure-dismissals", {**wanted, "reason": "Cliente cessato"}),
            },
            items=True,
        )

    return made


async def reconciliation(bridge: Bridge) -> Thing:
    """Of a folder, which can't tell that a record was deleted."""
    await bridge.connect()
    bridge.drop(ROW)
    wanted = {"entity": "customer"}
    _, told = await bridge.as_("backoffice").post(f"{CONNECTION}/reconciliations", json=wanted)
    delete = ("POST", f"{CONNECTION}/reconciliations", {**wanted, "delete_missing": True})
    return Thing(f"/v1/reconciliations/{told['id']}", {"delete_missing": delete})


async def customer(bridge: Bridge, mapping: dict[str, Any] | None = None) -> Thing:
    await bridge.connect(**({"mapping": mapping} if mapping else {}))
    await bridge.import_customers()
    _, listed = await bridge.as_("backoffice").get("/v1/customers")
    path = f"/v1/customers/{listed['items'][0]['id']}"
    return Thing(path, {"edit": ("PATCH", path, {"street": "Via Nuova 1"})})


async def shared_customer(bridge: Bridge) -> Thing:
    return await customer(bridge, BOTH)


async def open_conflict(bridge: Bridge) -> Thing:
    known = await shared_customer(bridge)
    await bridge.as_("backoffice").patch(
        known.path, json={"street": "Via Nuova 1"}, headers={"If-Match": '"1"'}
    )
    bridge.drop(GOOD.format(street="Via Vecchia 9"))
    await bridge.import_all()
    _, listed = await bridge.as_("backoffice").get("/v1/conflicts")
    path = f"/v1/conflicts/{listed['items'][0]['id']}"
    return Thing(path, {"resolve": ("POST", f"{path}/resolution", {"choice": "theirs"})})


async def resolved_conflict(bridge: Bridge) -> Thing:
    thing = await open_conflict(bridge)
    await bridge.as_("backoffice").post(f"{thing.path}/resolution", json={"choice": "ours"})
    return thing


STATES: dict[str, tuple[Any, Callable[[Any], Awaitable[Thing]]]] = {
    "connection": (access.ConnectionAction, connection),
    "mapping": (access.MappingAction, mapping),
    "run": (access.RunAction, run),
    **{f"failure: {name}": (access.FailureAction, failure_after(row)) for name, row in ROWS.items()},
    "failure: file": (access.FailureAction, failure_after("X\n", header="colonna\n")),
    "failure: waiting": (access.FailureAction, failure_of_a_waiting_document),
    "failure: outage": (access.FailureAction, failure_of_an_outage),
    "failure: dismissed": (access.FailureAction, dismissed_failure),
    **{
        f"failures: {name}": (access.FailureGroupAction, group_of(failure_after(row)))
        for name, row in ROWS.items()
    },
    "failures: file": (access.FailureGroupAction, group_of(failure_after("X\n", header="colonna\n"))),
    "failures: waiting": (access.FailureGroupAction, group_of(failure_of_a_waiting_document)),
    "failures: outage": (access.FailureGroupAction, group_of(failure_of_an_outage)),
    "reconciliation": (access.ReconciliationAction, reconciliation),
    "customer of the ERP's": (access.CustomerAction, customer),
    "shared customer": (access.CustomerAction, shared_customer),
    "open conflict": (access.ConflictAction, open_conflict),
    "resolved conflict": (access.ConflictAction, resolved_conflict),
}


async def attempt(bridge: Bridge, reader: str, thing: Thing, action: str) -> int:
    method, path, body = thing.attempts[action]
    client = bridge.as_(reader)
    headers = {}
    if method in ("PUT", "PATCH"):
        response, _ = await bridge.as_("admin").get(path)
        headers = {"If-Match": response.headers["ETag"]}
    asked = {"json": body} if body is not None else {}
    response, _ = await client.request(method, path, headers=headers, **asked)
    return int(response.status)


async def offered(bridge: Bridge, reader: str, thing: Thing) -> list[str]:
    response, seen = await bridge.as_(reader).get(thing.path)
    if response.status != 200:
        return []
    (view,) = seen["items"] if thing.items else [seen]
    actions: list[str] = view["actions"]
    return actions


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("reader", READERS)
async def test_what_is_offered_succeeds_and_nothing_else_does(
    bridge: Bridge, again: Any, reader: str, state: str
) -> None:
    kind, make = STATES[state]
    thing = await make(bridge)
    possible = await offered(bridge, reader, thing)
    if reader == "admin":
        assert bool(possible) == (state not in SHUT)
    for action in get_args(kind):
        if action not in possible:
            assert await attempt(bridge, reader, thing, action) in (403, 404, 409, 422), action
    for action in possible:
        fresh = await again(make)
        assert await attempt(bridge, reader, fresh, action) in (200, 202), action
