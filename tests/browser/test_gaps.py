"""A service that stands still costs its part of a page, and nothing else."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import ORDER, Portal
from .test_live import BRIEF
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

GAP = re.compile("non disponibile", re.IGNORECASE)
A_PAGE_SECONDS = 3.9
"""At rest it is one (`benchmarks/pages.py`); a service that lives is waited for four."""
DEADLINE_MS = 15_000
MENU = ".sidebar nav a"


@pytest.fixture(scope="module")
def brief(stack: Stack) -> str:
    async def write() -> str:
        async with customer_of(stack.stage) as customer:
            who = customer.people["marketing"]
            answer = await customer.api.as_(who, "POST", "brief", "/v1/briefs", json=BRIEF)
            return str(answer.body["id"])

    return str(done(write()))


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("frozen", "pages"),
    [
        ("approval", [("marketing", "/briefs/{brief}", BRIEF["title"]), ("direttore", "/inbox", MENU)]),
        ("brief", [("marketing", "/briefs", MENU), ("backoffice", "/search?text={number}", ORDER["title"])]),
        (
            "production",
            [
                ("marketing", "/briefs/{brief}", BRIEF["title"]),
                ("admin", "/today", MENU),
                ("backoffice", "/orders", MENU),
            ],
        ),
        (
            "logistics",
            [
                ("marketing", "/briefs/{brief}", BRIEF["title"]),
                ("backoffice", "/orders/{order}", ORDER["title"]),
                ("backoffice", "/shipments", MENU),
            ],
        ),
        ("identity", [("lead", "/me", "Lingua"), ("admin", "/people", MENU)]),
        ("trail", [("auditor", "/trail", MENU), ("admin", "/orders/{order}", ORDER["title"])]),
    ],
)
def test_a_page_shows_the_rest_and_what_was_missing_once_it_is_there(
    portal: Portal,
    stack: Stack,
    brief: str,
    order: dict[str, Any],
    frozen: str,
    pages: list[tuple[str, str, str]],
) -> None:
    known = {"brief": brief, "order": order["id"], "number": order["number"]}
    opened = [(portal.as_(who), address.format(**known), stays) for who, address, stays in pages]
    with stack.standing_still(frozen):
        for page, address, stays in opened:
            began = time.monotonic()
            answer = page.goto(address, timeout=DEADLINE_MS, wait_until="domcontentloaded")
            assert answer is not None
            assert answer.status in (200, 503)
            assert time.monotonic() - began < A_PAGE_SECONDS, "nobody waits for what stands still"
            shown = page.locator(MENU) if stays == MENU else page.get_by_text(stays)
            expect(shown.first).to_be_visible()
            # A story of the trail is left out of a page that has much else.
            if (frozen, address) != ("trail", f"/orders/{order['id']}"):
                expect(page.locator("main")).to_contain_text(GAP)
        last, _, _ = opened[-1]
    expect(last.locator("main")).not_to_contain_text(GAP, timeout=DEADLINE_MS)
