"""What every page keeps to for whoever is led to it: accessible, as wide as the screen, in their language.

Words, ids and statuses are read over HTTP for every role; a browser looks at a page of each kind, for the
first role that is led to it, and at night at all that each role is led to.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from typing import Any, Final

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from optima_kit.testing.nights import AT_NIGHT, sampled
from optima_local.demonstration.client import Person
from optima_local.layout import ROOT
from tests.stack import Stack

from .conftest import Portal
from .reading import Reading, lines_of, walked_by
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
WIDTHS: Final = (390, 1280)
SCHEMES: Final = ("light", "dark")
LOOKS: Final = tuple(product(WIDTHS, SCHEMES)) if AT_NIGHT else ((1280, "light"), (390, "dark"))
OF_A_LOOK: Final = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
"""Rules whose outcome depends on width and colours. By day the others are held in the first look."""

MOST_ON_A_TELEPHONE: Final = 5

WITHOUT_CODE: Final = """() => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("code, ol.code, textarea.code").forEach(each => each.remove());
    document.body.replaceWith(body);
    return body.innerText;
}"""
"""What people read once scripts have run. The page is no longer whole afterwards."""


@pytest.fixture(scope="module")
def walks(stack: Stack, people: dict[str, Person], demonstration: Any) -> dict[str, list[Reading]]:
    """What each role is led to, after a brief has gone all the way, so that no page is empty."""
    address = stack.addresses["services"]["portal"]
    return {role: done(walked_by(address, people[role], "caffe-aurora")) for role in ROLES}


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


@pytest.mark.parametrize("role", ROLES)
def test_every_page_reads_well(walks: dict[str, list[Reading]], role: str) -> None:
    for reading in walks[role]:
        assert reading.status == 200, (reading.address, reading.status, reading.led_from)
        reads_well(reading.address, lines_of(reading.html))
    kinds = {reading.kind for reading in walks[role]}
    assert len(kinds) >= 8, kinds


def reads_well(address: str, lines: list[str]) -> None:
    for line, (what, pattern) in product(lines, MACHINE.items()):
        assert not pattern.search(line), (address, what, line)
    assert not english() & set(lines), (address, english() & set(lines))


HELD: Final[set[str]] = set()
"""Kinds of pages that a browser has looked at: by day each for the first role that is led there."""


@pytest.mark.parametrize("role", ROLES)
def test_every_page_keeps_the_bars(
    portal: Portal, walks: dict[str, list[Reading]], axe: str, role: str
) -> None:
    portal.errors.clear()
    page = portal.as_(role)
    chosen = sampled({each.kind for reading in walks.values() for each in reading}, 3)
    for reading in walks[role]:
        if AT_NIGHT or (reading.kind in chosen and reading.kind not in HELD):
            HELD.add(reading.kind)
            keeps_its_shape(page, axe, reading.address)
    assert not portal.errors
    page.close()


def keeps_its_shape(page: Page, axe: str, address: str) -> None:
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    places = page.locator(".sidebar nav > ul > li, .sidebar .others").count()
    assert places <= MOST_ON_A_TELEPHONE, (address, places)
    page.evaluate(axe)
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") == width, (address, width)
        rules = WCAG if AT_NIGHT or (width, scheme) == LOOKS[0] else OF_A_LOOK
        is_accessible(page, f"{address} at {width}, {scheme}", rules)
    reads_well(address, [line.strip() for line in page.evaluate(WITHOUT_CODE).splitlines()])


def is_accessible(page: Page, where: str, rules: list[str]) -> None:
    """`rules`: tags or names of them."""
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules
    )
    faults = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert not faults, (where, faults)
