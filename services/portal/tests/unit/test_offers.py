"""A page offers a command to whom, and in the states in which, its service takes it: every state is tried."""

from __future__ import annotations

from itertools import product
from typing import Any, Final
from uuid import uuid4

import pytest

from logistics.adapters.http_shipments import routes as logistics_shipments
from logistics.adapters.http_stock import routes as logistics_stock
from optima_contracts.privileges import privileges_of
from optima_kit.actor import Actor
from portal.adapters.navigation import LINKS
from portal.adapters.pages.order import phase_actions
from production.adapters.http import routes as production
from production.domain.machine import Action, JobState, OrderState, PhaseState, Refused, outcome

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


def test_a_link_stands_for_whom_its_list_is_open() -> None:
    lists = {
        route.path.removeprefix("/v1"): route.privilege
        for route in (*production.items, *logistics_shipments.items, *logistics_stock.items)
        if route.method == "GET"
    }
    links = {link.address: link.privilege for link in LINKS if link.address in lists}
    assert links.keys() == {"/tasks", "/orders", "/shipments", "/stock"}
    assert all(lists[address] == privilege for address, privilege in links.items())
