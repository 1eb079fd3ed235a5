"""Who should read a comment is chosen of those who see the brief, and hears of it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.stack import Stack

from .conftest import Portal
from .test_journey import at, reload_until
from .test_live import submitted_brief
from .test_pages import LOOKS, is_as_wide_and_accessible, one_of

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]


@pytest.fixture(scope="module")
def brief(stack: Stack, people: object) -> str:
    """The address of a brief that was submitted."""
    return submitted_brief(stack, "A voce")


def test_who_is_mentioned_is_told(portal: Portal, axe: str, brief: str) -> None:
    requester, buyer = portal.people["marketing"], portal.people["purchasing"]
    page = at(portal.as_("marketing", javascript=False), brief)
    page.locator("summary", has_text="Chi deve leggerlo").click()
    choices = page.locator("#comments fieldset")
    expect(choices).not_to_contain_text(requester.name)
    choices.get_by_label(buyer.name).check()
    page.locator("#comments").get_by_label("Commento").fill("Va bene la carta riciclata?")
    page.locator("#comments").get_by_role("button", name="Invia").click()
    expect(page.locator("#comments .timeline")).to_contain_text(f"per {buyer.name}")
    page.close()

    told = at(portal.as_("purchasing", javascript=False), "/notices")
    reload_until(told, "Sei menzionato in un commento")
    told.close()

    looking = at(portal.as_("purchasing"), brief)
    looking.locator("summary", has_text="Chi deve leggerlo").click()
    looking.evaluate(axe)
    for width, scheme in one_of(LOOKS, "mentions"):
        is_as_wide_and_accessible(looking, "mentions", width, scheme)
    looking.close()
