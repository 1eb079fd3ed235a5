"""The portal's pages as text, over HTTP and without a browser: what a person reads, and where links lead."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Final

import aiohttp

from optima_local.demonstration.client import Person
from portal.adapters.pages import pages

from .conftest import NO_PAGE

OF_EACH_KIND: Final = 2
"""So many pages of one kind are looked at: of all briefs, two."""
_AT_ONCE: Final = 4
_PLACES: Final = tuple(
    (route.path, re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(route.path))))
    for route in sorted(pages.items, key=lambda each: "{" in each.path)
    if route.method == "GET"
)
"""Every page's own path; fixed ones stand before those with placeholders."""
_VOID: Final = {"br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"}
_WITHIN_A_LINE: Final = {"a", "abbr", "b", "bdi", "em", "i", "kbd", "small", "span", "strong", "time"}
_UNREAD: Final = {"code", "script", "style", "textarea", "head"}
"""Conditions and documents are for who writes them."""


def kind_of(address: str) -> str:
    """The page that answers there, whatever it is asked about; the address itself, where none does."""
    path = address.partition("?")[0].partition("#")[0]
    return next((place for place, pattern in _PLACES if pattern.fullmatch(path)), path)


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it was answered."""

    address: str
    status: int
    html: str
    led_from: str

    @property
    def kind(self) -> str:
        return kind_of(self.address)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.lines: list[str] = [""]
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and (given.get("href") or "").startswith("/"):
            self.links.append(given["href"] or "")
        if tag not in _WITHIN_A_LINE:
            self.lines.append("")
        if tag not in _VOID:
            coded = "code" in (given.get("class") or "").split()
            unread = tag in _UNREAD or coded or "hidden" in given
            self._open.append((tag, unread or bool(self._open and self._open[-1][1])))

    def handle_endtag(self, tag: str) -> None:
        if tag not in _WITHIN_A_LINE:
            self.lines.append("")
        while any(tag == each for each, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            self.lines[-1] += data


def links_of(html: str) -> list[str]:
    """Addresses of the portal's own that a page leads to."""
    reader = _Reader()
    reader.feed(html)
    return reader.links


def lines_of(html: str) -> list[str]:
    """What people read of a page, line by line."""
    reader = _Reader()
    reader.feed(html)
    joined = (" ".join(line.split()) for line in reader.lines)
    return [line for line in joined if line]


@dataclass
class Walk:
    """To every address that can be reached by links from the start page, a few of each kind."""

    client: aiohttp.ClientSession
    readings: list[Reading] = field(default_factory=list)
    _kinds: Counter[str] = field(default_factory=Counter)

    async def go(self) -> list[Reading]:
        found = {"/": "", "/me": ""}
        asked: set[str] = set()
        while wave := [address for address in found if address not in asked and self._wanted(address)]:
            asked |= set(wave)
            for start in range(0, len(wave), _AT_ONCE):
                some = wave[start : start + _AT_ONCE]
                self.readings += await asyncio.gather(*(self._read(each, found[each]) for each in some))
                for reading in self.readings[-len(some) :]:
                    for link in links_of(reading.html):
                        if not NO_PAGE.search(link):
                            found.setdefault(link, reading.address)
        return self.readings

    def _wanted(self, address: str) -> bool:
        kind = kind_of(address)
        self._kinds[kind] += 1
        return self._kinds[kind] <= OF_EACH_KIND

    async def _read(self, address: str, led_from: str) -> Reading:
        async with self.client.get(address) as answer:
            return Reading(address, answer.status, await answer.text(), led_from)


async def walked_by(address: str, person: Person, tenant: str) -> list[Reading]:
    """The pages that links lead this person to."""
    headers = {"Cookie": await _session_cookie(address, person, tenant)}
    async with aiohttp.ClientSession(address, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client:
        return await Walk(client).go()


async def _session_cookie(address: str, person: Person, tenant: str) -> str:
    form = {"tenant": tenant, "email": person.email, "password": person.password, "next": ""}
    async with (
        aiohttp.ClientSession(address, cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.post("/sign-in", data=form, headers={"Origin": address}, allow_redirects=False) as answer,
    ):
        assert answer.status == 303, (answer.status, await answer.text())
        return "; ".join(f"{name}={each.value}" for name, each in answer.cookies.items())
