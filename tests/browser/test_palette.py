"""To a page or a search from the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import Portal
from .test_pages import LOOKS, is_as_wide_and_accessible

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(120),
]


def test_a_page_is_opened_by_the_beginning_of_its_name_and_the_rest_searched(
    portal: Portal, axe: str
) -> None:
    page = portal.as_("backoffice")
    page.goto("/shipments")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("searchbox", name="Vai a una pagina, o cerca")).to_be_focused()
    page.evaluate(axe)
    for width, scheme in LOOKS:
        is_as_wide_and_accessible(page, "the palette", width, scheme)
    page.keyboard.type("ord")
    expect(page.locator("#palette li:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/orders")
    page.keyboard.press("Control+k")
    page.keyboard.type("O-2026-0001")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?text=O-2026-0001")
    assert not portal.errors
    page.close()
