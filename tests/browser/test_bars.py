"""What every page keeps to, for whoever looks at it: accessibility and small screens."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import NO_PAGE, Portal, addresses_in

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROLES = ("marketing", "purchasing", "direttore", "admin", "backoffice", "auditor", "tipografia")


def addresses_of(page: Page) -> list[str]:
    """The pages that this reader is led to, one link deep."""
    page.goto("/")
    main = addresses_in(page, ".sidebar nav a")
    deeper: list[str] = []
    for address in main:
        page.goto(address)
        links = addresses_in(page, "main a[href^='/']")
        deeper += [link for link in links if link not in main][:3]
    return list(dict.fromkeys([*main, "/me", *deeper]))


@pytest.mark.parametrize("role", ROLES)
def test_every_page_keeps_the_bars(portal: Portal, axe: str, role: str) -> None:
    portal.errors.clear()
    page = portal.as_(role)
    for address in addresses_of(page):
        if NO_PAGE.search(address):
            continue
        for width, scheme in ((1280, "light"), (390, "dark")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            response = page.goto(address)
            assert response is not None
            assert response.status == 200, address
            assert page.evaluate("document.documentElement.scrollWidth") == width, address
            page.evaluate(axe)
            found: dict[str, Any] = page.evaluate(
                "tags => axe.run({runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
            )
            faults = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
            assert not faults, (address, width, faults)
    assert not portal.errors
    page.close()
