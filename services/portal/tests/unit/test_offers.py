"""A page offers a command to whom, and in the states in which, its service takes it: every state is tried."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from itertools import product
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from logistics.adapters.http_shipments import routes as logistics_shipments
from logistics.adapters.http_stock import routes as logistics_stock
from logistics.domain.shipments import Shipment, Transport
from logistics.domain.shipments import State as ShipmentState
from optima_contracts.privileges import privileges_of
from optima_kit.actor import Actor
from optima_kit.refusals import WrongState
from portal.adapters.forms import ROME
from portal.adapters.navigation import LINKS
from portal.adapters.pages.order import phase_actions
from portal.adapters.pages.shipment import TAKEN
from production.adapters.http import routes as production
from production.domain.machine import Action, JobState, OrderState, PhaseState, Refused, outcome

NOW: Final = datetime(2026, 11, 29, tzinfo=UTC)
ACTIONS: Final = (Action.ASSIGN, Action.SKIP, Action.ACCEPT, Action.REJECT)


def actor_as(role: str) -> Actor:
    return Actor(
        person_id=uuid4(),
        tenant_id=uuid4(),
        name="Anna Rossi",
        kind="internal",
        roles=frozenset({role}),
        privileges=frozenset(privileges_of(role)),
    )


def phase_in(state: str, **more: Any) -> dict[str, Any]:
    return {"key": "stampa", "after": [], "state": state, "skippable": True, **more}


def offered(role: str, order: str, job: str, phase: dict[str, Any], *others: dict[str, Any]) -> set[str]:
    return phase_actions(actor_as(role), {"state": order}, {"state": job, "phases": [phase, *others]}, phase)


@pytest.mark.parametrize(
    ("order", "job", "phase"),
    [
        (order, job, phase)
        for order, job, phase in product(OrderState, JobState, PhaseState)
        # A job is done once each of its phases is.
        if job is not JobState.DONE or phase in (PhaseState.DONE, PhaseState.SKIPPED)
    ],
)
def test_a_phase_is_offered_what_production_takes(
    order: OrderState, job: JobState, phase: PhaseState
) -> None:
    taken = {each.value for each in ACTIONS if not isinstance(outcome(each, phase, job, order), Refused)}
    assert offered("admin", order, job, phase_in(phase)) == taken


def test_nobody_accepts_their_own_work() -> None:
    actor = actor_as("admin")
    phase = phase_in("to_inspect", assignee={"id": str(actor.person_id)})
    assert phase_actions(
        actor, {"state": "in_production"}, {"state": "running", "phases": [phase]}, phase
    ) == {"reject"}


def test_work_that_others_built_upon_is_not_sent_back() -> None:
    later = {"key": "taglio", "after": ["stampa"], "state": "in_progress"}
    assert offered("admin", "in_production", "running", phase_in("done"), later) == set()


def test_only_a_skippable_phase_is_left_out() -> None:
    phase = phase_in("ready", skippable=False)
    assert offered("admin", "in_production", "running", phase) == {"assign"}


@pytest.mark.parametrize(
    ("role", "offers"), [("backoffice", {"accept", "reject"}), ("auditor", set()), ("supplier", set())]
)
def test_who_may_not_is_offered_nothing(role: str, offers: set[str]) -> None:
    assert offered(role, "in_production", "running", phase_in("to_inspect")) == offers
    assert offered(role, "in_production", "running", phase_in("ready")) == set()


COMMANDS: Final[Mapping[str, Callable[[Shipment], Shipment]]] = {
    "transport": lambda shipment: shipment.arrange(Transport()),
    "picking": lambda shipment: shipment.pick(),
    "issue": lambda shipment: shipment.issue(),
    "departure": lambda shipment: shipment.depart(NOW, now=NOW, issue_date=NOW.date(), zone=ROME),
    "delivery": lambda shipment: shipment.deliver("Anna", NOW, now=NOW),
    "refusal": lambda shipment: shipment.refuse("chiuso"),
    "void": lambda shipment: shipment.void("errore", None),
    "cancellation": lambda shipment: shipment.cancel("non serve"),
}


def takes(command: Callable[[Shipment], Shipment], state: ShipmentState) -> bool:
    shipment = Shipment(UUID(int=1), UUID(int=2), None, "BO1", "MI-DUOMO", (), Transport(), state)
    try:
        command(shipment)
    except WrongState:
        return False
    return True


@pytest.mark.parametrize("state", ShipmentState)
def test_a_shipment_is_offered_what_logistics_takes(state: ShipmentState) -> None:
    taken = {name for name, command in COMMANDS.items() if takes(command, state)}
    assert {name for name, (_, states) in TAKEN.items() if state in states} == taken


def test_a_shipments_commands_need_the_privileges_that_logistics_demands() -> None:
    demanded = {
        route.path.rpartition("/")[2]: route.privilege
        for route in logistics_shipments.items
        if route.method != "GET" and "{shipment_id}/" in route.path
    }
    assert {name: privilege for name, (privilege, _) in TAKEN.items()} == demanded


def test_a_link_stands_for_whom_its_list_is_open() -> None:
    lists = {
        route.path.removeprefix("/v1"): route.privilege
        for route in (*production.items, *logistics_shipments.items, *logistics_stock.items)
        if route.method == "GET"
    }
    links = {link.address: link.privilege for link in LINKS if link.address in lists}
    assert links.keys() == {"/tasks", "/orders", "/shipments", "/stock"}
    assert all(lists[address] == privilege for address, privilege in links.items())
