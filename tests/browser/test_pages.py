"""What every page keeps to for whoever is led to it: accessible, as wide as the screen, in their language.

Words, ids and statuses are read over HTTP for every role; a browser looks at a page of each kind, for the
first role that is led to it, and at night at all that each role is led to, in both languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import product
from typing import Any, Final
from zlib import crc32

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Page

from optima_kit.testing.nights import AT_NIGHT, SAMPLING, sampled
from optima_local.layout import ROOT

from .conftest import ROLES, Portal
from .reading import Reading

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(600),
]

MACHINE: Final = {
    "an id": re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"),
    "a timestamp or an ISO date": re.compile(r"\b\d{4}-\d{2}-\d{2}(?!\d)"),
    "a code or a key of an API": re.compile(r"\b[a-z]+_[a-z_]+\b"),
    "a type of event": re.compile(r"\boptima\.[a-z]+\.[a-z_]+"),
    "a value of Python's": re.compile(r"\b(None|True|False|Undefined)\b"),
}
A_WORD_IN_ENGLISH: Final = "None"
"""Where it is a value of Python's, the same page shows it in Italian."""
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
WIDTHS: Final = (390, 1280)
SCHEMES: Final = ("light", "dark")
LOOKS: Final = tuple(product(WIDTHS, SCHEMES)) if AT_NIGHT else ((1280, "light"), (390, "dark"))
LANGUAGES: Final = ("it", "en") if AT_NIGHT else ("it",)
MOST_ON_A_TELEPHONE: Final = 5

WITHOUT_CODE: Final = """() => {
    const body = document.body.cloneNode(true);
    body.querySelectorAll("code, ol.code, textarea.code").forEach(each => each.remove());
    document.body.replaceWith(body);
    return body.innerText;
}"""


@cache
def texts_of_another(language: str) -> set[str]:
    """The portal's texts in the other language, where they read otherwise in this one."""
    folder = ROOT / "services/portal/src/portal/adapters/locale"
    with (folder / "it.po").open("rb") as file:
        catalogue = read_po(file)
    return {
        str(each.id if language == "it" else each.string)
        for each in catalogue
        if each.id and isinstance(each.id, str) and each.id != each.string and " " in each.id
    }


@pytest.mark.parametrize("role", ROLES)
def test_every_page_reads_well(walks: dict[str, list[Reading]], role: str) -> None:
    for reading in walks[role]:
        assert reading.status == 200, (reading.address, reading.status, reading.led_from)
        reads_well(reading.address, reading.lines)
    kinds = {reading.kind for reading in walks[role]}
    assert len(kinds) >= 8, kinds


def reads_well(address: str, lines: list[str], language: str = "it") -> None:
    text = "\n".join(lines)
    if language == "en":
        text = re.sub(rf"\b{A_WORD_IN_ENGLISH}\b", "", text)
    for what, pattern in MACHINE.items():
        found = pattern.search(text)
        assert not found, (address, what, text[text.rfind("\n", 0, found.start()) + 1 :].partition("\n")[0])
    others = texts_of_another(language) & set(lines)
    assert not others, (address, others)


HELD: Final[set[str]] = set()
"""Kinds of pages that a browser has looked at: by day each for the first role that is led there."""
UNFOLD: Final = "document.querySelectorAll('main details').forEach(each => { each.open = true; })"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("role", ROLES)
def test_every_page_keeps_the_bars(
    portal: Portal, walks: dict[str, list[Reading]], axe: str, role: str, language: str
) -> None:
    page = portal.as_(role)
    chosen = sampled({each.kind for reading in walks.values() for each in reading}, 6)
    with read_in(page, language):
        for reading in walks[role]:
            if AT_NIGHT or (reading.kind in chosen and reading.kind not in HELD):
                HELD.add(reading.kind)
                keeps_its_shape(page, axe, reading, language)
    assert not portal.errors


@contextmanager
def read_in(page: Page, language: str) -> Iterator[None]:
    """Whoever's page it is chooses another language meanwhile."""
    if language == "it":
        yield
        return
    choose(page, language)
    try:
        yield
    finally:
        choose(page, "it")


def choose(page: Page, language: str) -> None:
    page.goto("/me")
    page.locator(f'button[name="language"][value="{language}"]').click()
    page.locator(f'html[lang="{language}"]').wait_for(state="attached")


def keeps_its_shape(page: Page, axe: str, reading: Reading, language: str = "it") -> None:
    """Folded and unfolded; of a sample, axe looks at each page in one width and scheme."""
    address = reading.address
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    places = page.locator(".sidebar nav > ul > li, .sidebar .others").count()
    assert places <= MOST_ON_A_TELEPHONE, (address, places)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") == width, (address, width)
    page.evaluate(UNFOLD)
    page.evaluate(axe)
    for width, scheme in one_of(LOOKS, reading.kind):
        is_as_wide_and_accessible(page, address, width, scheme)
    reads_well(address, lines_shown(page), language)


TOUCHED: Final = """([controls, least]) => {
    const small = [];
    for (const each of document.querySelectorAll(controls)) {
        const heights = [each, each.closest("label")].map(one => one?.getBoundingClientRect().height ?? 0);
        if (each.matches(".list input")) heights.push(heights[0] + 20);  // it reaches beyond what is seen
        if (heights[0] && Math.max(...heights) < least) small.push(each.outerHTML.slice(0, 120));
    }
    return small;
}"""
CONTROLS: Final = (
    "button, input:not([type=hidden]), select, textarea, summary, .button, "
    ":is(.tabs, .views, .sidebar, .links, .tools) a"
)
TOUCH_HEIGHT: Final = 44
BY_DAY: Final = 16
"""One page of so many."""


@pytest.mark.sampled(8)
@pytest.mark.parametrize("role", ROLES)
def test_what_a_finger_touches_is_high_enough(
    portal: Portal, walks: dict[str, list[Reading]], role: str
) -> None:
    cookies = portal.as_(role).context.cookies()
    context = portal.browser.new_context(
        base_url=portal.address, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    context.add_cookies(cookies)  # type: ignore[arg-type]
    page = context.new_page()
    for reading in walks[role][:: 1 if AT_NIGHT else BY_DAY]:
        page.goto(reading.address)
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth") == 390, reading.address
        assert not page.evaluate(TOUCHED, [CONTROLS, TOUCH_HEIGHT - 0.5]), reading.address
    context.close()


def lines_shown(page: Page) -> list[str]:
    """What people read once scripts have run. The page is no longer whole afterwards."""
    return [line.strip() for line in page.evaluate(WITHOUT_CODE).splitlines()]


def one_of(looks: tuple[tuple[int, str], ...], kind: str) -> tuple[tuple[int, str], ...]:
    """By lot, the same each time."""
    return (looks[crc32(kind.encode()) % len(looks)],) if SAMPLING else looks


def is_as_wide_and_accessible(page: Page, address: str, width: int, scheme: str) -> None:
    """axe has been loaded."""
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    assert page.evaluate("document.documentElement.scrollWidth") == width, (address, width)
    is_accessible(page, f"{address} at {width}, {scheme}", WCAG)


def is_accessible(page: Page, where: str, rules: list[str]) -> None:
    """`rules`: tags or names of them."""
    found: dict[str, Any] = page.evaluate(
        "rules => axe.run({runOnly: rules, resultTypes: ['violations']})", rules
    )
    faults = [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]]
    assert not faults, (where, faults)
