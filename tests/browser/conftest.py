"""A real Chromium, and the demonstration's people at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from optima_local.demonstration.client import Person
from optima_local.layout import HOME
from optima_local.npm import NpmMissing, npm_packages
from tests.stack import Stack

from .reading import Reading, walked_by
from .world import customer_of, done, forget

ROLES = (
    "marketing",
    "lead",
    "purchasing",
    "direttore",
    "admin",
    "backoffice",
    "auditor",
    "tipografia",
)

NO_ANSWER = "Failed to load resource"

# Playwright's own 5 s are too few on a busy machine. Whoever expects what comes waits no longer than that.
expect.set_options(timeout=20_000)


def addresses_in(page: Page, links: str) -> list[str]:
    """Where the links of a page lead to, in one question to the browser."""
    found: list[str] = page.eval_on_selector_all(links, "all => all.map(each => each.getAttribute('href'))")
    return found


def missing(what: str) -> None:
    (pytest.fail if os.environ.get("CI") else pytest.skip)(what)


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which finds what the rules of WCAG forbid."""
    try:
        source = npm_packages("axe") / "node_modules" / "axe-core" / "axe.min.js"
        return source.read_text(encoding="utf-8")
    except NpmMissing as error:
        missing(str(error))
        raise


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # For these tests alone: while it runs, its thread has an event loop that others' tests can't have too.
    chromium = shutil.which("chromium-headless-shell")
    if chromium is None:
        missing("Chromium is needed: apt-get install chromium-headless-shell")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def people(stack: Stack) -> dict[str, Person]:
    """The demonstration customer's people, by key."""

    async def set_up() -> dict[str, Person]:
        async with customer_of(stack.stage) as customer:
            return dict(customer.people)

    return done(set_up())


Who = tuple[str, bool]
"""Somebody, with or without JavaScript."""


@dataclass
class Portal:
    """The portal, and who is signed in where. Errors of the console are kept: there should be none."""

    browser: Browser
    address: str
    people: dict[str, Person]
    errors: list[str] = field(default_factory=list)
    contexts: dict[Who, BrowserContext] = field(default_factory=dict)
    _cookies: dict[str, Any] = field(default_factory=dict)
    _module: str = ""
    _proven: set[Who] = field(default_factory=set)
    """Who was found to be signed in since this module's tests began: others' end sessions too."""

    def as_(self, key: str, *, javascript: bool = True) -> Page:
        """A page of that person's browser, signed in."""
        who = (key, javascript)
        if who not in self.contexts or not (who in self._proven or _is_signed_in(self.contexts[who])):
            self._sign_in(who)
        self._proven.add(who)
        return self._page(self.contexts[who])

    def begin(self, module: str) -> None:
        """A test begins."""
        if module != self._module:
            self._module = module
            self._proven.clear()
        self.errors.clear()

    def close_pages(self) -> None:
        """Each has a stream, and a browser few connections for one address."""
        for context in self.contexts.values():
            for page in context.pages:
                page.close()

    def _sign_in(self, who: Who) -> None:
        key, javascript = who
        if who in self.contexts:
            self.contexts.pop(who).close()
        context = self.browser.new_context(
            base_url=self.address, locale="it-IT", java_script_enabled=javascript
        )
        self.contexts[who] = context
        if key in self._cookies:
            context.add_cookies(self._cookies[key])
            if _is_signed_in(context):
                return
        page = self._page(context)
        page.goto("/sign-in")
        person = self.people[key]
        page.get_by_label("Codice azienda").fill("caffe-aurora")
        page.get_by_label("E-mail").fill(person.email)
        page.get_by_label("Password", exact=True).fill(person.password)
        page.get_by_role("button", name="Accedi", exact=True).click()
        page.get_by_role("button", name="Esci").wait_for()
        page.close()
        self._cookies[key] = context.cookies()

    def _page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        page.on("console", lambda told: self.errors.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page


def _is_signed_in(context: BrowserContext) -> bool:
    return context.request.get("/live/notices", max_redirects=0).status == 200


@pytest.fixture(scope="package")
def portal(stack: Stack, browser: Browser, people: dict[str, Person]) -> Iterator[Portal]:
    portal = Portal(browser, stack.addresses["services"]["portal"], people)
    yield portal
    for context in portal.contexts.values():
        context.close()


@pytest.fixture(scope="package")
def walks(stack: Stack, people: dict[str, Person], demonstration: object) -> dict[str, list[Reading]]:
    """What each role is led to, after a brief has gone all the way, so that no page is empty."""
    address, found = stack.addresses["services"]["portal"], dict[str, list[Reading]]()
    for role in ROLES:
        known = frozenset(each.kind for readings in found.values() for each in readings)
        found[role] = done(walked_by(address, people[role], "caffe-aurora", known))
    return found


@pytest.fixture(autouse=True)
def _only_its_own_pages(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test finds no errors and no pages of those before it. In none does a page say anything on the console
    but that an answer was a refusal."""
    if "portal" not in request.fixturenames:
        yield
        return
    portal: Portal = request.getfixturevalue("portal")
    portal.begin(request.node.module.__name__)
    yield
    portal.close_pages()
    assert not [each for each in portal.errors if not each.startswith(NO_ANSWER)]


@pytest.fixture(scope="session", autouse=True)
def _world() -> Iterator[None]:
    yield
    forget()


@dataclass
class Pictures:
    """What a journey looked like, in the order in which it was seen, for people to look at afterwards."""

    folder: Path
    taken: int = 0

    def take(self, page: Page, name: str) -> None:
        self.keep(f"{name}.jpeg", page.screenshot(full_page=True, type="jpeg", quality=70))

    def keep(self, name: str, content: bytes) -> None:
        self.taken += 1
        (self.folder / f"{self.taken:02} {name}").write_bytes(content)


@pytest.fixture
def pictures() -> Pictures:
    """Kept in `.optima/pictures` until the next run."""
    folder = HOME / "pictures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return Pictures(folder)


KIND = {
    "name": "Vetrofania",
    "phases": [
        {"key": "stampa", "name": "Stampa", "quality_check": True},
        {"key": "finitura", "name": "Finitura", "after": ["stampa"], "skippable": True},
    ],
}
ORDER = {
    "title": "Vetrofanie d'inverno",
    "deadline": "2099-12-31",
    "items": [
        {
            "kind": "vetrofania",
            "description": "Vetrofania 50×50",
            "quantity": "100",
            "deliveries": [{"destination": "MI-DUOMO", "quantity": "100"}],
        }
    ],
}


ECONOMICS = {"cost": "1000.50", "unit_price": "12.50", "materials": "", "technical_sheet": "Pantone 485 C"}


async def _written(stack: Stack, *, valued: bool = False) -> dict[str, Any]:
    async with customer_of(stack.stage) as customer:
        people, as_ = customer.people, customer.api.as_
        read = await as_(people["admin"], "GET", "production", "/v1/kinds")
        if KIND["name"] not in [kind["name"] for kind in read.body["items"]]:
            await as_(people["admin"], "PUT", "production", "/v1/kinds/vetrofania", json=KIND)
        order = dict((await as_(people["backoffice"], "POST", "production", "/v1/orders", json=ORDER)).body)
        if valued:
            job = order["jobs"][0]
            path, version = f"/v1/jobs/{job['id']}/economics", {"If-Match": f'"{job["version"]}"'}
            await as_(people["admin"], "PUT", "production", path, json=ECONOMICS, headers=version)
        return order


@pytest.fixture(scope="session")
def order(stack: Stack) -> dict[str, Any]:
    """An order with one job: a phase that is inspected, and one that may be left out."""
    return done(_written(stack))


@pytest.fixture
def another_order(stack: Stack) -> dict[str, Any]:
    """Of the same, with its economics."""
    return done(_written(stack, valued=True))
