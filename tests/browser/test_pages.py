"""What every page keeps to for whoever is led to it: accessible, as wide as the screen, in their language."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import Any, Final

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from optima_local.demonstration.show import run_demonstration
from optima_local.layout import ROOT
from tests.nightly import PROFILE
from tests.stack import Stack

from .conftest import NO_PAGE, Portal, addresses_in
from .test_live import done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(600),
]

ROLES: Final = (
    "marketing",
    "lead",
    "purchasing",
    "direttore",
    "admin",
    "backoffice",
    "auditor",
    "tipografia",
)
MACHINE: Final = {
    "an id": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    "a timestamp or an ISO date": re.compile(r"\b\d{4}-\d{2}-\d{2}(?!\d)"),
    "a code or a key of an API": re.compile(r"\b[a-z]+_[a-z_]+\b"),
    "a type of event": re.compile(r"\boptima\.[a-z]+\.[a-z_]+"),
    "a value of Python's": re.compile(r"\b(None|True|False|Undefined)\b"),
}
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
OF_EACH_KIND: Final = 2
"""So many pages of one kind are looked at: of all briefs, two."""
UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
WITHOUT_CODE: Final = """() => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("code, ol.code, textarea.code").forEach(each => each.remove());
    document.body.replaceWith(body);
    return body.innerText;
}"""
"""What people read: conditions and documents of processes are for who writes them."""


@pytest.fixture(scope="module")
def delivered(stack: Stack) -> None:
    """A brief that has gone all the way, so that no page is empty."""
    done(run_demonstration(stack.stage))


@cache
def english() -> set[str]:
    """The portal's English texts that read otherwise in Italian."""
    folder = ROOT / "services/portal/src/portal/adapters/locale"
    with (folder / "it.po").open("rb") as file:
        catalogue = read_po(file)
    return {
        str(each.id)
        for each in catalogue
        if each.id and isinstance(each.id, str) and each.id != each.string and " " in each.id
    }


def kind_of(address: str) -> str:
    return UUID.sub("{id}", address.partition("?")[0])


HELD_TO_AXE: Final[set[str]] = set()
"""Kinds of pages: each is for the first role that gets there, at night for every role."""


def walk(page: Page, axe: str, at_night: bool) -> int:
    """To every address that can be reached by links from the start page, a few of each kind; how many."""
    found, kinds = ["/", "/me"], Counter[str]()
    led_from: dict[str, str] = {}
    for address in found:
        if kinds[kind_of(address)] >= OF_EACH_KIND:
            continue
        kinds[kind_of(address)] += 1
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, (address, answer.status, led_from.get(address))
        links = addresses_in(page, "a[href^='/']")
        new = [link for link in links if link not in found and not NO_PAGE.search(link)]
        led_from |= dict.fromkeys(new, address)
        found += new
        whole = at_night or kind_of(address) not in HELD_TO_AXE
        HELD_TO_AXE.add(kind_of(address))
        if whole:
            page.evaluate(axe)
        for width, scheme in ((390, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert page.evaluate("document.documentElement.scrollWidth") == width, (address, width)
            if whole:
                is_accessible(page, f"{address} at {width}")
        reads_well(page, address)
    return kinds.total()


def is_accessible(page: Page, where: str) -> None:
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run({runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})", WCAG
    )
    faults = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert not faults, (where, faults)


def reads_well(page: Page, address: str) -> None:
    """The page is no longer whole afterwards."""
    text = page.evaluate(WITHOUT_CODE)
    for what, pattern in MACHINE.items():
        assert not pattern.search(text), (address, what, pattern.search(text))
    lines = {line.strip() for line in text.splitlines()}
    assert not lines & english(), (address, lines & english())


@pytest.mark.parametrize("role", ROLES)
def test_every_page_keeps_the_bars(portal: Portal, delivered: None, axe: str, role: str) -> None:
    portal.errors.clear()
    page = portal.as_(role)
    assert walk(page, axe, PROFILE == "nightly") > len(page.locator(".sidebar nav a").all())
    assert not portal.errors
    page.close()
