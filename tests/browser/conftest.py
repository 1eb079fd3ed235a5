"""A real Chromium, and the demonstration's people at it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from optima_local.demonstration.client import Person
from optima_local.demonstration.show import customer_of
from optima_local.layout import HOME
from optima_local.npm import NpmMissing, npm_package
from tests.stack import Stack

AXE_VERSION = "4.11.2"
NO_PAGE = re.compile(
    r"\.(csv|pdf|xml)(\?|$)|/attachments/|/print|^/trail/export|/document(s/|\?|$)|/report$|/versions/\d+/(file|pages/)"
)
"""Addresses that lead to a file."""


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
        return (npm_package("axe-core", AXE_VERSION) / "axe.min.js").read_text(encoding="utf-8")
    except NpmMissing as error:
        missing(str(error))
        raise


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # For a module alone: while it runs, its thread has an event loop that others' tests can't have too.
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
        async with customer_of(stack.stage, patience=30) as customer:
            return dict(customer.people)

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, set_up()).result()


@dataclass
class Portal:
    """The portal, and who is signed in where. Errors of the console are kept: there should be none."""

    browser: Browser
    address: str
    people: dict[str, Person]
    known: dict[str, Any]
    """Cookies of who has signed in before: in another module, or without JavaScript."""
    errors: list[str] = field(default_factory=list)
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def as_(self, key: str, *, javascript: bool = True) -> Page:
        """A page of that person's browser, signed in."""
        name = f"{key} {javascript}"
        if name not in self.contexts:
            self.contexts[name] = self.browser.new_context(
                base_url=self.address, locale="it-IT", java_script_enabled=javascript
            )
            if self._is_known(name, key):
                return self._page(name)
            page = self._page(name)
            page.goto("/sign-in")
            person = self.people[key]
            page.get_by_label("Codice azienda").fill("caffe-aurora")
            page.get_by_label("E-mail").fill(person.email)
            page.get_by_label("Password", exact=True).fill(person.password)
            page.get_by_role("button", name="Accedi", exact=True).click()
            page.get_by_role("button", name="Esci").wait_for()
            self.known[key] = self.contexts[name].cookies()
            return page
        return self._page(name)

    def _is_known(self, name: str, key: str) -> bool:
        """Whether their session lives on; then the browser has its cookies."""
        if key not in self.known:
            return False
        self.contexts[name].add_cookies(self.known[key])
        return self.contexts[name].request.get("/live/notices", max_redirects=0).status == 200

    def _page(self, name: str) -> Page:
        page = self.contexts[name].new_page()
        page.on("console", lambda told: self.errors.append(told.text) if told.type == "error" else None)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        return page


@pytest.fixture(scope="session")
def known() -> dict[str, Any]:
    """Cookies of who signed in, for all modules: each has a browser of its own."""
    return {}


@pytest.fixture(scope="module")
def portal(
    stack: Stack, browser: Browser, people: dict[str, Person], known: dict[str, Any]
) -> Iterator[Portal]:
    portal = Portal(browser, stack.addresses["services"]["portal"], people, known)
    yield portal
    for context in portal.contexts.values():
        context.close()


@dataclass
class Pictures:
    """What a journey looked like, in the order in which it was seen, for people to look at afterwards."""

    folder: Path
    taken: int = 0

    def take(self, page: Page, name: str) -> None:
        self.keep(f"{name}.png", page.screenshot(full_page=True))

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
    async with customer_of(stack.stage, patience=30) as customer:
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
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _written(stack)).result()


@pytest.fixture
def another_order(stack: Stack) -> dict[str, Any]:
    """Of the same, with its economics."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _written(stack, valued=True)).result()
