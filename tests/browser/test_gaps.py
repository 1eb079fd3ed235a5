"""A service that stands still costs its part of a page, and nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from optima_local.demonstration.show import customer_of
from tests.stack import Stack

from .conftest import ORDER, Portal
from .test_live import BRIEF, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
    pytest.mark.sampled(3),
]

GAP = re.compile("non disponibile", re.IGNORECASE)
DEADLINE_MS = 15_000
"""The portal waits four seconds for a service; a page that needs two of them after each other, twice that."""


@pytest.fixture(scope="module")
def brief(stack: Stack) -> str:
    async def write() -> str:
        async with customer_of(stack.stage, patience=30) as customer:
            who = customer.people["marketing"]
            answer = await customer.api.as_(who, "POST", "brief", "/v1/briefs", json=BRIEF)
            return str(answer.body["id"])

    return str(done(write()))


@pytest.mark.parametrize(
    ("frozen", "who", "address", "stays"),
    [
        ("production", "marketing", "/briefs/{brief}", BRIEF["title"]),
        ("logistics", "marketing", "/briefs/{brief}", BRIEF["title"]),
        ("approval", "marketing", "/briefs/{brief}", BRIEF["title"]),
        ("logistics", "backoffice", "/orders/{order}", ORDER["title"]),
        ("identity", "lead", "/me", "Lingua"),
        ("trail", "admin", "/orders/{order}", ORDER["title"]),
    ],
)
def test_a_page_shows_the_rest(
    portal: Portal,
    stack: Stack,
    brief: str,
    order: dict[str, Any],
    frozen: str,
    who: str,
    address: str,
    stays: str,
) -> None:
    page = portal.as_(who, javascript=False)
    with stack.standing_still(frozen):
        answer = page.goto(address.format(brief=brief, order=order["id"]), timeout=DEADLINE_MS)
        assert answer is not None
        assert answer.status == 200
        expect(page.get_by_text(stays).first).to_be_visible()
        gaps = page.get_by_text(GAP).count()
        assert gaps or frozen == "trail", page.locator("main").inner_text()
    page.close()


@pytest.mark.parametrize(
    ("frozen", "who", "address"),
    [
        ("approval", "direttore", "/inbox"),
        ("brief", "marketing", "/briefs"),
        ("production", "backoffice", "/orders"),
        ("logistics", "backoffice", "/shipments"),
        ("identity", "admin", "/people"),
        ("trail", "auditor", "/trail"),
    ],
)
def test_a_page_of_that_service_says_that_it_is_away(
    portal: Portal, stack: Stack, frozen: str, who: str, address: str
) -> None:
    page = portal.as_(who, javascript=False)
    with stack.standing_still(frozen):
        page.goto(address, timeout=DEADLINE_MS)
        expect(page.locator("main")).to_contain_text(GAP)
        expect(page.locator(".sidebar nav a").first).to_be_visible()
    page.close()


def test_a_search_shows_what_the_others_found(portal: Portal, stack: Stack, order: dict[str, Any]) -> None:
    page = portal.as_("backoffice", javascript=False)
    with stack.standing_still("brief"):
        page.goto(f"/search?text={order['number']}", timeout=DEADLINE_MS)
        expect(page.get_by_role("link", name=str(ORDER["title"]))).to_be_visible()
        expect(page.locator("main")).to_contain_text(GAP)
    page.close()
