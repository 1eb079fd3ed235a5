"""The guided demonstration, and what another tenant sees of all that it leaves behind: nothing."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import asyncpg
import pytest

from optima_kit.testing import eventually
from optima_local.browser import session_cookies
from optima_local.demonstration.client import Api, Person, StepFailed
from optima_local.demonstration.journey import Step
from optima_local.demonstration.show import customer_of
from optima_local.layout import ROOT
from tests.stack import Stack

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

_PARAMETER = re.compile(r"{([a-z_]+)}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_brief_is_carried_from_the_request_to_the_delivery(demonstration: tuple[list[Step], str]):
    steps, told = demonstration
    titles = [step.title for step in steps]
    assert titles.count("A shipment leaves with its DDT") == 2
    assert "The director's step appears: he approves" in titles
    assert "The plan is raised, and the brief goes on" in titles
    assert "Goods go to the finisher, and are back" in titles
    assert "A catalogue price is suggested beside the quotes" in titles
    (work,) = (step for step in steps if step.title == "The dealers do the work")
    assert work.detail == "1 handed in by parts"
    assert "What expires first leaves first" in titles
    assert "What the customer does not take is closed short" in titles
    assert "The brief closes by itself" in titles
    assert titles[-1] == "The trail verifies"
    assert all(title in told for title in titles)


@pytest.mark.usefixtures("demonstration")
def test_up_says_who_may_sign_in_by_which_password_and_where_that_is_kept(stack: Stack):
    command = [sys.executable, "-m", "optima_local", "up", "--no-demo"]
    environment = os.environ | {"OPTIMA_HOME": str(stack.layout.folder)}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    people = done.stdout.partition("The demonstration's people:")[2]
    company = re.search(r"company code: (\S+)", people)
    assert company is not None, done.stdout
    told = [line.split() for line in people.splitlines() if "@" in line]
    assert len(told) >= 9
    key, *_, email, password = told[0]
    cookies = session_cookies(stack.addresses["services"]["portal"], company[1], email, password)
    assert cookies, key
    kept = next(word for word in people.split() if word.endswith("demonstration.json"))
    assert password in Path(kept).read_text(encoding="utf-8")
    assert Path(kept).stat().st_mode & 0o077 == 0
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f".optima/{Path(kept).relative_to(stack.layout.folder)}" in readme


@pytest.mark.usefixtures("demonstration")
async def test_what_was_set_up_with_other_data_is_set_up_again(stack: Stack):
    """As after an upgrade whose demonstration knows more than the one that began it."""
    async with customer_of(stack.stage) as customer:
        customer.data.logistics["carriers"][0]["name"] += " Italia"
        done: list[str] = []
        await customer.set_up(done.append)
        assert done[0] == "units and roles"
        assert done[-1] == "the ERP connection"
        await customer.set_up(done.append)
        assert len(done) == len(set(done)), "once with these data"
    async with customer_of(stack.stage) as customer:
        await customer.set_up(lambda _: None)


_RECORDED = """
SELECT source, subject, array_agg(sequence ORDER BY sequence) AS sequences FROM entries GROUP BY source,
subject
"""


@pytest.mark.usefixtures("demonstration")
async def test_sequences_count_per_source_and_subject(stack: Stack):
    """Over all that was published, as the trail has it."""
    server = urlsplit(stack.addresses["postgres"])
    connection = await asyncpg.connect(urlunsplit(server._replace(path="/trail")))
    try:
        rows = await connection.fetch(_RECORDED)
    finally:
        await connection.close()
    assert [row for row in rows if row["sequences"] != list(range(1, len(row["sequences"]) + 1))] == []
    subjects = Counter(row["subject"] for row in rows)
    assert max(subjects.values()) > 1, "two services tell of one subject: a subject alone is no key"


@pytest.fixture
async def stranger(stack: Stack) -> AsyncIterator[tuple[Api, Person]]:
    """The admin of another tenant, who may do everything there."""
    slug = f"altri-{secrets.token_hex(4)}"
    stage = stack.stage
    async with aiohttp.ClientSession() as session:
        api = Api(session, stage.addresses, slug, patience=30)
        client_id, secret = stage.platform_client
        body = {"grant": "client_credentials", "client_id": client_id, "client_secret": secret}
        token = (await api.anonymous("POST", "identity", "/v1/tokens", json=body)).body["access_token"]
        email, password = f"admin@{slug}.example", secrets.token_urlsafe(18)
        tenant = {
            "slug": slug,
            "legal": {
                "name": "Altri S.r.l.",
                "vat_number": "01234560371",
                "street": "Via Roma 1",
                "postal_code": "40121",
                "city": "Bologna",
                "province": "BO",
            },
            "admin": {"name": "Ada Neri", "email": email},
        }
        registered = await api.with_token(token, "POST", "identity", "/v1/tenants", json=tenant)
        accept = {"token": registered.body["invitation"]["token"], "password": password}
        await api.anonymous("POST", "identity", "/v1/invitations/acceptance", json=accept)
        yield api, Person("admin", "Ada Neri", email, password)


async def test_whoever_is_suspended_is_out_everywhere_within_five_seconds(
    stack: Stack, stranger: tuple[Api, Person]
) -> None:
    """With the access token of before, which nobody asks identity about."""
    api, admin = stranger
    body = {"name": "Ivo Verdi", "email": f"ivo@{secrets.token_hex(4)}.example", "roles": ["admin"]}
    invited = (await api.as_(admin, "POST", "identity", "/v1/invitations", json=body)).body
    ivo = Person("ivo", body["name"], body["email"], secrets.token_urlsafe(18), invited["person"]["id"])
    accept = {"token": invited["token"], "password": ivo.password}
    await api.anonymous("POST", "identity", "/v1/invitations/acceptance", json=accept)
    await api.sign_in(ivo)
    others = {
        name: url for name, url in stack.addresses["services"].items() if name not in ("identity", "portal")
    }

    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {ivo.token}"}) as client:

        async def answers() -> set[str]:
            codes = set()
            for url in others.values():
                async with client.get(f"{url}/v1/parked-messages") as response:
                    codes.add("" if response.status == 200 else (await response.json())["code"])
            return codes

        assert await answers() == {""}
        path = f"/v1/people/{ivo.person_id}"
        read = await api.as_(admin, "GET", "identity", path)
        match = {"If-Match": read.etag}
        await api.as_(admin, "PATCH", "identity", path, json={"active": False}, headers=match)

        async def refused_everywhere() -> bool:
            return await answers() == {"token_outdated"}

        await eventually(refused_everywhere, within=5)


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def keys_in(value: Any) -> Iterator[str]:
    """Every key and code that the demonstration's files define."""
    if isinstance(value, dict):
        yield from (str(value[name]) for name in ("key", "code") if name in value)
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from keys_in(inner)


async def answer(api: Api, person: Person, service: str, path: str) -> tuple[int, Any]:
    """Status and body; a refusal's without what differs by address."""
    try:
        found = await api.as_(person, "GET", service, path)
    except StepFailed as refused:
        status = int(re.search(r": (\d{3}) ", str(refused))[1])  # type: ignore[index]
        return status, str(refused).partition(f": {status} ")[2]
    return found.status, found.body


@pytest.mark.usefixtures("demonstration")
async def test_another_tenant_sees_nothing_of_it(stack: Stack, stranger: tuple[Api, Person]):
    """Every GET of every service with a path parameter, asked by another tenant's admin with what is ours."""
    other_api, other = stranger
    proven = 0
    async with customer_of(stack.stage, patience=30) as customer:
        admin = customer.people["admin"]
        data = customer.data
        keys = set(
            keys_in(
                [
                    data.customer["roles"],
                    data.customer["units"],
                    data.production,
                    data.logistics,
                    data.erp,
                    data.processes,
                ]
            )
        )
        for service, url in stack.addresses["services"].items():
            paths = await _paths(url)
            listed = await _listed(customer.api, admin, service, [p for p in paths if "{" not in p])
            known = set[str]().union(*listed.values())
            for path in (p for p in paths if len(_PARAMETER.findall(p)) == 1):
                likely = listed.get(path.partition("/{")[0], set())
                ours = await _one_of_ours(customer.api, admin, service, path, likely, known, keys)
                if ours is None:
                    continue
                known |= set(texts((await answer(customer.api, admin, service, ours))[1]))
                nowhere = _PARAMETER.sub(_unknown_like(ours, path), path)
                theirs = await answer(other_api, other, service, ours)
                absent = await answer(other_api, other, service, nowhere)
                assert theirs == absent, f"{service} {ours}: {theirs}"
                assert theirs[0] == 404 or not _identifiers(theirs[1]) & known, f"{service} {ours}: {theirs}"
                proven += 1
            for path in (p for p in paths if "{" not in p):
                status, body = await answer(other_api, other, service, path)
                if status == 200 and service != "identity":
                    assert not _identifiers(body) & known, f"{service} {path}: {body}"
    assert proven >= 15, f"only {proven} endpoints could be asked for something that is there"


def _identifiers(body: Any) -> set[str]:
    platform = str(uuid.UUID(int=0))  # it registered both tenants
    return {text for text in texts(body) if _UUID.fullmatch(text)} - {platform}


async def _paths(url: str) -> list[str]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/openapi.json") as response:
        document = await response.json()
    return [
        path for path, methods in document["paths"].items() if "get" in methods and path.startswith("/v1/")
    ]


async def _listed(api: Api, person: Person, service: str, lists: list[str]) -> dict[str, set[str]]:
    """What may be an identifier or a key, of each list of the service."""
    return {
        path: set(texts((await answer(api, person, service, path))[1]))
        for path in lists
        if path != "/v1/events"  # waits for news
    }


async def _one_of_ours(
    api: Api, person: Person, service: str, path: str, likely: set[str], known: set[str], keys: set[str]
) -> str | None:
    """The path with something in it that is there. Keys are the data files' own: others may be built in."""
    possible = _identifiers(list(known)) if _PARAMETER.findall(path)[0].endswith("_id") else keys
    for value in sorted(possible, key=lambda each: (each not in likely, each)):
        candidate = _PARAMETER.sub(value, path)
        if (await answer(api, person, service, candidate))[0] == 200:
            return candidate
    return None


def _unknown_like(ours: str, path: str) -> str:
    """A value that is nobody's, of the kind that the path takes."""
    return str(uuid.uuid4()) if _UUID.search(ours) else "nobody-knows-me"
