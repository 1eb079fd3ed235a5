"""The portal's pages as text, over HTTP and without a browser: what a person reads, and where links lead."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from html.parser import HTMLParser
from typing import Final

import aiohttp

from optima_kit.testing.nights import SAMPLING
from optima_local.demonstration.client import Person
from portal.adapters.pages import pages

NO_PAGE: Final = re.compile(
    r"\.(csv|pdf|xml)(\?|$)|/attachments/|/print|^/trail/export|/document(s/|\?|$)|/report$|/versions/\d+/(file|pages/)"
)
"""Addresses that lead to a file."""
OF_EACH_KIND: Final = 2
"""So many pages of one kind are looked at: of all briefs, two."""
_AT_ONCE: Final = 4
_PLACES: Final = tuple(
    (route.path, re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(route.path))))
    for route in sorted(pages.items, key=lambda each: "{" in each.path)
    if route.method == "GET"
)
"""Every page's own path; fixed ones stand before those with placeholders."""
_SENT_TO: Final = tuple(
    (route.path, re.compile(re.sub(r"\\{[a-z_]+\\}", "[^/]+", re.escape(route.path))))
    for route in sorted(pages.items, key=lambda each: "{" in each.path)
    if route.method == "POST"
)
_VOID: Final = {"br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"}
_WITHIN_A_LINE: Final = {"a", "abbr", "b", "bdi", "em", "i", "kbd", "small", "span", "strong", "time"}
_FIELDS: Final = {"input", "select", "textarea"}
_CHOSEN: Final = {"hidden", "checkbox", "radio", "file", "submit"}
_STRICT: Final = {"date", "datetime-local", "time", "number"}
_NUMBERED: Final = re.compile(r"-(?:\d+|[0-9a-f-]{36})$")
_UNREAD: Final = {"code", "script", "style", "textarea", "head"}
"""Conditions and documents are for who writes them."""


def kind_of(address: str) -> str:
    """The page that answers there, whatever it is asked about; the address itself, where none does."""
    return _kind_of(address.partition("?")[0].partition("#")[0])


@cache
def _kind_of(path: str) -> str:
    return next((place for place, pattern in _PLACES if pattern.fullmatch(path)), path)


@dataclass(frozen=True, slots=True)
class Form:
    """A form of a page that sends something."""

    place: int
    """Among the forms of its page that do, the first is 0."""
    action: str
    names: frozenset[str]
    """Of its fields."""
    can_be_wrong: bool
    """Whether it has a field that must not be empty, or does not take every text."""

    @property
    def kind(self) -> str:
        path = self.action.partition("?")[0].partition("#")[0]
        place = next((place for place, pattern in _SENT_TO if pattern.fullmatch(path)), path)
        return f"{place} {' '.join(sorted(_NUMBERED.sub('', name) for name in self.names))}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A page as it was answered."""

    address: str
    kind: str
    status: int
    lines: list[str]
    """What people read, line by line."""
    links: list[str]
    """Addresses of the portal's own."""
    forms: list[Form]
    led_from: str


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.lines: list[str] = [""]
        self.forms: list[Form] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and given.get("method") == "post" and given.get("action") != "/sign-out":
            self.forms.append(Form(len(self.forms), given.get("action") or "", frozenset(), False))
        if tag in _FIELDS and given.get("name") and any(each == "form" for each, _ in self._open):
            self._add_field(tag, given)
        if tag == "a" and (given.get("href") or "").startswith("/"):
            self.links.append(given["href"] or "")
        if tag not in _WITHIN_A_LINE:
            self.lines.append("")
        if tag not in _VOID:
            coded = "code" in (given.get("class") or "").split()
            unread = tag in _UNREAD or coded or "hidden" in given
            self._open.append((tag, unread or bool(self._open and self._open[-1][1])))

    def _add_field(self, tag: str, given: dict[str, str | None]) -> None:
        if not self.forms:
            return
        form, type_ = self.forms[-1], given.get("type") or "text"
        typed = tag == "textarea" or (tag == "input" and type_ not in _CHOSEN)
        strict = "required" in given or given.get("inputmode") in ("decimal", "numeric") or type_ in _STRICT
        self.forms[-1] = replace(
            form,
            names=form.names | {str(given["name"])},
            can_be_wrong=form.can_be_wrong or (typed and strict),
        )

    def handle_endtag(self, tag: str) -> None:
        if tag not in _WITHIN_A_LINE:
            self.lines.append("")
        while any(tag == each for each, _ in self._open):
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        if not (self._open and self._open[-1][1]):
            self.lines[-1] += data


def lines_of(html: str) -> list[str]:
    """What people read of a page, line by line."""
    return _read(html)[0]


def _read(html: str) -> tuple[list[str], _Reader]:
    reader = _Reader()
    reader.feed(html)
    joined = (" ".join(line.split()) for line in reader.lines)
    return [line for line in joined if line], reader


@dataclass
class Walk:
    """To every address that can be reached by links from the start page, a few of each kind."""

    client: aiohttp.ClientSession
    known: frozenset[str]
    """Kinds of pages that somebody else has been led to: by day, one of each is enough."""
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
                    for link in reading.links:
                        if not NO_PAGE.search(link):
                            found.setdefault(link, reading.address)
        return self.readings

    def _wanted(self, address: str) -> bool:
        kind = kind_of(address)
        self._kinds[kind] += 1
        return self._kinds[kind] <= (1 if SAMPLING and kind in self.known else OF_EACH_KIND)

    async def _read(self, address: str, led_from: str) -> Reading:
        async with self.client.get(address) as answer:
            lines, read = _read(await answer.text())
            path = address.partition("?")[0]
            forms = [replace(form, action=form.action or path) for form in read.forms]
            return Reading(address, kind_of(address), answer.status, lines, read.links, forms, led_from)


async def walked_by(
    address: str, person: Person, tenant: str, known: frozenset[str] = frozenset()
) -> list[Reading]:
    """The pages that links lead this person to; of kinds that are known already, fewer by day."""
    headers = {"Cookie": await _session_cookie(address, person, tenant)}
    async with aiohttp.ClientSession(address, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client:
        return await Walk(client, known).go()


async def read_as(
    address: str, person: Person, tenant: str, places: Iterable[str]
) -> dict[str, tuple[int, list[str]]]:
    """How each place is answered to this person, and where its links lead."""
    headers = {"Cookie": await _session_cookie(address, person, tenant)}
    found = {}
    async with aiohttp.ClientSession(address, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as client:
        for place in places:
            async with client.get(place, allow_redirects=False) as answer:
                found[place] = answer.status, _read(await answer.text())[1].links
    return found


async def _session_cookie(address: str, person: Person, tenant: str) -> str:
    form = {"tenant": tenant, "email": person.email, "password": person.password, "next": ""}
    async with (
        aiohttp.ClientSession(address, cookie_jar=aiohttp.DummyCookieJar()) as client,
        client.post("/sign-in", data=form, headers={"Origin": address}, allow_redirects=False) as answer,
    ):
        assert answer.status == 303, (answer.status, await answer.text())
        return "; ".join(f"{name}={each.value}" for name, each in answer.cookies.items())
