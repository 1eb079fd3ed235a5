"""The start page: for whom it is, and what it asks the services."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from approval.adapters.http import routes as approval
from brief.adapters.http import routes as brief
from erp_bridge.adapters.http import routes as erp_bridge
from logistics.adapters.http_figures import routes as logistics
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from portal.adapters.navigation import TODAY, home_of, navigation_of, work_of
from portal.adapters.waiting import WORK, Work
from production.adapters.http import routes as production

ROUTES = {
    (service, route.path): route.privilege
    for service, routes in (
        ("approval", approval),
        ("brief", brief),
        ("production", production),
        ("logistics", logistics),
        ("erp-bridge", erp_bridge),
    )
    for route in routes.items
    if route.method == "GET"
}
MOST_QUESTIONS = 8


def reader(*privileges: str) -> Actor:
    return Actor(new_id(), new_id(), "Elena", "internal", frozenset(), frozenset(privileges))


@pytest.mark.parametrize("work", WORK, ids=lambda work: work.title)
def test_who_is_asked_for_work_may_read_the_list_of_it(work: Work) -> None:
    assert ROUTES[work.service, work.path] in work.privileges


def test_a_page_asks_few_questions_even_of_who_may_do_everything() -> None:
    everything = {privilege for work in WORK for privilege in work.privileges}
    assert len(work_of(reader(*everything))) == len(WORK) <= MOST_QUESTIONS


@pytest.mark.parametrize(
    ("privileges", "home"),
    [
        (("approval.decide", "brief.read", "brief.create"), TODAY),
        (("approval.decide", "brief.read"), "/inbox"),
        (("phase.work", "quotation.submit"), "/tasks"),
        (("brief.read", "trail.read"), "/briefs"),
        ((), "/me"),
    ],
)
def test_who_does_work_of_several_kinds_begins_with_all_of_it(privileges: Sequence[str], home: str) -> None:
    person = reader(*privileges)
    assert home_of(person) == home
    assert (TODAY in [link.address for link in navigation_of(person, "/")]) == (home == TODAY)


def test_what_is_put_off_to_a_later_day_does_not_wait() -> None:
    inbox = next(work for work in WORK if work.key == "approvals")
    assert inbox.query(date(2026, 12, 1))["back_by"] == "2026-12-01"


def test_groups_of_the_menu_are_set_apart_once_each() -> None:
    links = navigation_of(reader("brief.read", "order.read", "stock.read", "trail.read"), "/")
    assert [link.address for link in links if link.apart] == ["/orders", "/trail"]
