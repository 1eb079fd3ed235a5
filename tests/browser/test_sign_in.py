"""How people come in and prove who they are: invitation, second factor, proof of oneself, known devices."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from identity.domain.second_factor import code_at
from optima_local.browser import NotSignedIn, open_portal, session_cookies
from optima_local.demonstration.show import customer_of as signed_in_customer_of
from portal.adapters.pages.sign_in import DEVICE_COOKIE
from tests.stack import Stack

from .conftest import Portal
from .test_journey import at, reload_until
from .test_production import press, unfold
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

EMAIL = "nora.galli@caffeaurora.example"
PASSWORD = "quattro venti sopra il mare"


@pytest.fixture
def stranger(portal: Portal) -> Iterator[Page]:
    """A browser in which nobody has signed in."""
    context = portal.browser.new_context(base_url=portal.address, locale="it-IT", java_script_enabled=False)
    yield context.new_page()
    context.close()


def sign_in(page: Page, email: str, password: str, *, tenant: str = "caffe-aurora") -> None:
    at(page, "/sign-in").get_by_label("Codice azienda").fill(tenant)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password", exact=True).fill(password)
    press(page, "Accedi")


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Codice mostrato dall'app").fill(code)
    page.locator("main form button").first.click()


def totp(secret: str, *, later: int = 0) -> str:
    """What an app shows now, or so many steps later: each code is taken once."""
    return code_at(base64.b32decode(secret), int(time.time()) // 30 + later)


def let_proofs_lapse(stack: Stack) -> None:
    """As if everybody had shown who they are an hour ago."""

    async def lapse() -> None:
        connection = await asyncpg.connect(stack.database_url("identity"))
        try:
            await connection.execute(
                "UPDATE sessions SET began_at = began_at - interval '1 hour',"
                " proven_at = proven_at - interval '1 hour'"
            )
        finally:
            await connection.close()

    done(lapse())


def test_an_invited_person_comes_in_and_sets_up_a_second_factor(
    portal: Portal, stack: Stack, stranger: Page
) -> None:
    admin = at(portal.as_("admin", javascript=False), "/new-person")
    admin.get_by_label("Nome e cognome").fill("Nora Galli")
    admin.get_by_label("E-mail").fill(EMAIL)
    admin.get_by_label("Auditor", exact=False).first.check()
    press(admin, "Invita")
    token = admin.locator("code").inner_text()

    at(stranger, "/join").get_by_label("Codice del collegamento").fill(token)
    stranger.get_by_label("Nuova password").fill(PASSWORD)
    press(stranger, "Entra")
    expect(stranger.get_by_text("caffe-aurora")).to_be_visible()
    stranger.get_by_role("link", name="Accedi").click()
    expect(stranger.get_by_label("Codice azienda")).to_have_value("caffe-aurora")
    expect(stranger.get_by_label("E-mail")).to_have_value(EMAIL)
    stranger.get_by_label("Password", exact=True).fill(PASSWORD)
    press(stranger, "Accedi")

    let_proofs_lapse(stack)
    at(stranger, "/me").get_by_role("link", name="Attivalo o toglilo").click()
    press(stranger, "Attivalo")
    expect(stranger.get_by_role("heading", name="Conferma che sei tu")).to_be_visible()
    stranger.get_by_label("Password").fill("un'altra")
    press(stranger, "Prosegui")
    expect(stranger.get_by_role("alert")).to_be_visible()
    stranger.get_by_label("Password").fill(PASSWORD)
    press(stranger, "Prosegui")
    picture = stranger.get_by_alt_text("QR")
    assert picture.evaluate("image => image.naturalWidth") > 100
    unfold(stranger, "Senza fotocamera?")
    secret = stranger.locator("code").inner_text()
    give_code(stranger, "000000")
    expect(stranger.get_by_role("alert")).to_be_visible()
    give_code(stranger, totp(secret, later=-1))
    recovery = stranger.locator(".codes code").first.inner_text()

    press(stranger, "Esci")
    expect(stranger.get_by_label("Codice azienda")).to_have_value("caffe-aurora")
    sign_in(stranger, EMAIL, PASSWORD)
    assert PASSWORD not in stranger.content()
    give_code(stranger, "000000")
    expect(stranger.get_by_role("alert")).to_contain_text("Il codice non è corretto")
    give_code(stranger, totp(secret))
    expect(stranger.get_by_role("button", name="Esci")).to_be_visible()

    press(stranger, "Esci")
    sign_in(stranger, EMAIL, PASSWORD)
    give_code(stranger, recovery)
    expect(stranger.get_by_role("button", name="Esci")).to_be_visible()
    # Signing out ended the two sessions of before at identity, too.
    expect(at(stranger, "/me").locator(".sessions li")).to_have_count(1)


def test_a_role_that_demands_a_second_factor_says_so_until_it_is_set_up(
    portal: Portal, stack: Stack, stranger: Page
) -> None:
    """Nobody is left before an empty menu without a word."""

    async def demand() -> tuple[str, str]:
        async with signed_in_customer_of(stack.stage) as customer:
            admin, api = customer.people["admin"], customer.api
            role = {"name": "Revisore", "privileges": ["trail.read"], "second_factor": True}
            await api.as_(admin, "PUT", "identity", "/v1/roles/revisore", json=role)
            person = {"name": "Ugo Neri", "email": "ugo.neri@caffeaurora.example", "roles": ["revisore"]}
            invited = (await api.as_(admin, "POST", "identity", "/v1/invitations", json=person)).body
            body = {"token": invited["token"], "password": PASSWORD}
            await api.anonymous("POST", "identity", "/v1/invitations/acceptance", json=body)
            return person["email"], PASSWORD

    email, password = done(demand())
    sign_in(stranger, email, password)
    expect(stranger).to_have_url(f"{portal.address}/second-factor")
    assert not stranger.locator(".sidebar nav a").count()
    expect(at(stranger, "/me").get_by_text("Il tuo ruolo non può fare nulla")).to_be_visible()
    press(at(stranger, "/second-factor"), "Attivalo")
    unfold(stranger, "Senza fotocamera?")
    give_code(stranger, totp(stranger.locator("code").inner_text()))
    stranger.get_by_role("link", name="Li ho conservati").click()
    expect(stranger.locator(".sidebar nav").get_by_role("link", name="Registro")).to_be_visible()
    expect(at(stranger, "/me").get_by_text("Il tuo ruolo non può fare nulla")).to_have_count(0)


def device_of(context: BrowserContext) -> str:
    return next(each["value"].strip('"') for each in context.cookies() if each["name"] == DEVICE_COOKIE)


def test_signing_out_in_one_tab_leaves_nothing_to_be_read_in_another(portal: Portal) -> None:
    person = portal.people["auditor"]
    context = portal.browser.new_context(base_url=portal.address, locale="it-IT")
    first, other = context.new_page(), context.new_page()
    sign_in(first, person.email, person.password)
    expect(at(other, "/me").get_by_role("link", name=person.name)).to_be_visible()
    press(first, "Esci")
    expect(other.get_by_label("Codice azienda")).to_be_visible()
    expect(other.get_by_text(person.name)).to_have_count(0)
    context.close()


def test_a_device_is_known_again_and_carries_the_company_code(portal: Portal, stranger: Page) -> None:
    person = portal.people["lead"]
    sign_in(stranger, person.email, person.password)
    token = device_of(stranger.context)
    assert token.startswith("caffe-aurora:")
    press(stranger, "Esci")
    sign_in(stranger, person.email, person.password)
    assert device_of(stranger.context) == token


def test_wrong_passwords_slow_down_only_whence_they_come(portal: Portal) -> None:
    """Identity believes the portal, and nobody else, about where a person signs in from."""
    email = "nessuno@caffeaurora.example"

    async def guess() -> tuple[list[int], int, int]:
        form = {"tenant": "caffe-aurora", "email": email, "password": "sbagliata", "next": "/"}
        async with aiohttp.ClientSession(portal.address) as client:

            async def tried(address: str) -> int:
                headers = {"X-Forwarded-For": address}
                async with client.post(
                    "/sign-in", data=form, headers=headers, allow_redirects=False
                ) as answer:
                    return answer.status

            own = [await tried("203.0.113.7") for _ in range(7)]
            return own, await tried("203.0.113.7"), await tried("198.51.100.9")

    _, again, elsewhere = done(guess())
    assert (again, elsewhere) == (429, 401)


def test_who_is_away_names_who_decides_and_ends_a_session(
    stack: Stack, portal: Portal, stranger: Page
) -> None:
    person = portal.people["lead"]
    sign_in(stranger, person.email, person.password)
    page = at(portal.as_("lead", javascript=False), "/me")
    unfold(page, "Inserisci un'assenza")
    page.get_by_label("Chi decide al tuo posto").select_option(label="Guido Santoro")
    page.get_by_label("Ultimo giorno").fill("2099-12-31")
    press(page, "Delega")
    expect(page.get_by_text("Marta Colombo → Guido Santoro").first).to_be_visible()
    page.get_by_role("button", name="Revoca").first.click()
    page.goto("/me")
    others = page.locator(".sessions li").filter(has_not_text="questa")
    before = others.count()
    expect(others.first).to_contain_text("Chrome · Linux")
    let_proofs_lapse(stack)
    others.first.get_by_role("button").click()
    page.get_by_label("Password").fill(person.password)
    press(page, "Prosegui")
    expect(others).to_have_count(before - 1)
    expect(page.locator(".sessions li").filter(has_text="questa")).to_have_count(1)


def test_an_admin_ends_a_session_of_somebody_after_showing_who_they_are(
    stack: Stack, portal: Portal, stranger: Page
) -> None:
    person = portal.people["lead"]
    sign_in(stranger, person.email, person.password)
    expect(stranger.get_by_role("link", name=person.name)).to_be_visible()
    page = at(portal.as_("admin", javascript=False), f"/people?text={person.email}")
    page.get_by_role("link", name=person.name).first.click()
    sessions = page.locator(".sessions li")
    before = sessions.count()
    let_proofs_lapse(stack)
    sessions.first.get_by_role("button").click()
    page.get_by_label("Password").fill(portal.people["admin"].password)
    press(page, "Prosegui")
    expect(page.get_by_role("button", name="Termina tutte le sessioni")).to_have_count(1)
    expect(sessions).to_have_count(before - 1)
    expect(at(stranger, "/me").get_by_label("Codice azienda")).to_be_visible()


def test_a_command_opens_the_browser_signed_in(portal: Portal) -> None:
    person = portal.people["auditor"]
    context = portal.browser.new_context(locale="it-IT")
    page = context.new_page()
    opened: list[str] = []

    def browse(address: str) -> bool:
        opened.append(address)
        page.goto(address)
        return True

    cookies = session_cookies(portal.address, "caffe-aurora", person.email, person.password)
    assert open_portal(portal.address, cookies, browse=browse)
    expect(page.get_by_role("link", name=person.name)).to_be_visible()
    context.close()
    with pytest.raises(NotSignedIn):
        session_cookies(portal.address, "caffe-aurora", person.email, "sbagliata")


PROCESS: dict[str, Any] = {
    "key": "con-astensione",
    "name": "Con astensione",
    "subject": "brief",
    "steps": [
        {
            "key": "parere",
            "name": "Parere",
            "approvers": [{"role": "direttore"}, {"role": "responsabile-marketing"}],
            "allows": ["abstain"],
        }
    ],
}


def test_who_has_no_opinion_abstains_where_the_step_permits_it(portal: Portal, stack: Stack) -> None:
    async def submit() -> str:
        async with customer_of(stack.stage) as customer:
            people, api = customer.people, customer.api
            await api.as_(people["admin"], "PUT", "approval", "/v1/processes/con-astensione", json=PROCESS)
            await api.as_(
                people["admin"], "POST", "approval", "/v1/processes/con-astensione/publication", json={}
            )
            draft = {
                "title": "Con un parere",
                "category": "pos",
                "budget": "900.00",
                "deadline": "2030-12-31",
                "items": [{"kind": "totem", "description": "Totem", "quantity": "1", "unit": "pz"}],
            }
            brief = (await api.as_(people["marketing"], "POST", "brief", "/v1/briefs", json=draft)).body
            return str(UUID(brief["id"]))

    brief = done(submit())
    marketing = at(portal.as_("marketing", javascript=False), f"/briefs/{brief}/edit/check")
    marketing.get_by_label("Processo").select_option("con-astensione")
    press(marketing, "Invia")
    lead = at(portal.as_("lead", javascript=False), "/inbox")
    reload_until(lead, "Con un parere")
    lead.get_by_role("link", name="Con un parere").click()
    address = lead.url
    press(lead, "Astieniti")
    expect(at(lead, address).get_by_text("Marta Colombo: astenuto")).to_be_visible()
