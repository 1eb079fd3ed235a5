"""Deciding from an e-mail, on a real mail server's protocol."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from optima_kit.testing import round_trips
from optima_kit.testing.postbox import Postbox, postbox_open

from ..conftest import Desk

RULE = {
    "key": "prova",
    "name": "Prova",
    "subject": "brief",
    "steps": [
        {
            "key": "uno",
            "name": "Verifica",
            "approvers": [{"role": "purchasing"}],
            "quorum": "all",
            "by_email": True,
            "due": {"hours": 8, "remind": [4]},
        }
    ],
}


def tokens(postbox: Postbox) -> dict[str, str]:
    """The newest link of each addressee."""
    found = {}
    for letter in postbox.letters:
        text = letter.get_payload(decode=True).decode()
        match = re.search(r"/decide#(\S+)", text)
        assert match is not None, text
        found[letter["To"]] = match[1]
    return found


@pytest.fixture
async def postbox(desk: Desk) -> AsyncIterator[Postbox]:
    async with postbox_open() as box:
        await desk.restart(mail_url=box.url, link_secret="s" * 40)
        yield box


async def waiting(desk: Desk, postbox):
    await desk.publish(RULE)
    brief_id = await desk.submit(process="prova", title="Espositori")
    await desk.work()
    assert sorted(tokens(postbox)) == ["paolo@example.it", "piera@example.it"]
    return brief_id, {address: f"/v1/decision-links/{token}" for address, token in tokens(postbox).items()}


async def test_a_letter_leads_to_a_decision_once(desk: Desk, postbox):
    brief_id, links = await waiting(desk, postbox)
    assert postbox.letters[0]["Subject"] == "Da approvare: Espositori"
    nobody, path = desk.app.as_(None), links["paolo@example.it"]
    for _ in range(3):
        response, shown = await nobody.get(path)
        assert (response.status, shown["title"], shown["person"]["name"]) == (200, "Espositori", "Paolo")
    assert await desk.steps("ada", brief_id) == {"uno": "pending"}
    body = {"outcome": "reject", "content_hash": shown["content_hash"]}
    response, problem = await nobody.post(path, body)
    assert (response.status, problem["code"]) == (422, "reason_required")
    body = {"outcome": "approve", "content_hash": shown["content_hash"]}
    response, answer = await nobody.post(path, body)
    assert (response.status, answer["state"]) == (200, "open")
    decided = [event for event in await desk.database.published() if event.type.endswith("decided.v1")]
    assert [(str(event.actorid), event.onbehalfof) for event in decided] == [(desk.id("paolo"), None)]
    assert (await nobody.post(path, body))[0].status == 404
    assert (await nobody.get(path))[0].status == 404


async def test_links_for_many_are_made_in_one_statement(desk: Desk, postbox):
    async def asked() -> int:
        with round_trips(desk.app.database) as statements:
            await desk.submit(process="prova")
        return len(statements)

    await waiting(desk, postbox)
    of_two = await asked()
    for number in range(10):
        await desk.person(f"p{number}", "purchasing", unit="azienda")
    assert await asked() > of_two, "who has come is read once"
    assert await asked() == of_two
    await desk.work()
    assert len(tokens(postbox)) == 12


async def test_prices_are_not_in_what_a_link_shows(desk: Desk, postbox):
    brief_id, links = await waiting(desk, postbox)
    await desk.price(brief_id, "77.00")
    _, shown = await desk.app.as_(None).get(links["paolo@example.it"])
    assert "77.00" not in str(shown["content"])
    assert "quote_total" not in shown["content"]


async def test_a_decision_about_other_content_leaves_the_link(desk: Desk, postbox):
    brief_id, links = await waiting(desk, postbox)
    nobody, path = desk.app.as_(None), links["piera@example.it"]
    await desk.price(brief_id, "77.00")
    response, problem = await nobody.post(path, {"outcome": "approve", "content_hash": "hash-1"})
    assert (response.status, problem["code"]) == (409, "stale_content")
    _, shown = await nobody.get(path)
    response, _ = await nobody.post(path, {"outcome": "approve", "content_hash": shown["content_hash"]})
    assert response.status == 200


async def test_links_end(desk: Desk, postbox):
    brief_id, links = await waiting(desk, postbox)
    nobody = desk.app.as_(None)
    forged = links["paolo@example.it"][:-4] + "AAAA"
    for path in (forged, "/v1/decision-links/x", "/v1/decision-links/%00"):
        assert (await nobody.get(path))[0].status == 404
        response, _ = await nobody.post(path, {"outcome": "approve", "content_hash": "hash-1"})
        assert response.status == 404
    desk.clock.advance(timedelta(days=15))
    assert (await nobody.get(links["paolo@example.it"]))[0].status == 404
    desk.clock.advance(timedelta(days=-15))
    assert (await nobody.get(links["paolo@example.it"]))[0].status == 200
    await desk.cancel(brief_id)
    assert (await nobody.get(links["paolo@example.it"]))[0].status == 404


async def test_a_reminder_sends_the_same_link_again(desk: Desk, postbox):
    _, links = await waiting(desk, postbox)
    _, shown = await desk.app.as_(None).get(links["paolo@example.it"])
    await desk.app.as_(None).post(
        links["paolo@example.it"], {"outcome": "approve", "content_hash": shown["content_hash"]}
    )
    desk.clock.advance(timedelta(hours=5))
    await desk.work()
    assert [letter["To"] for letter in postbox.letters[2:]] == ["piera@example.it"]
    assert postbox.letters[2]["Message-ID"] in {letter["Message-ID"] for letter in postbox.letters[:2]}


async def test_whoever_left_decides_nothing(desk: Desk, postbox):
    _, links = await waiting(desk, postbox)
    await desk.person("paolo", "purchasing", unit="azienda", active=False)
    response, _ = await desk.app.as_(None).post(
        links["paolo@example.it"], {"outcome": "approve", "content_hash": "hash-1"}
    )
    assert response.status == 403


@pytest.mark.parametrize("due", [{"hours": 8, "then": ["expire"]}, {"hours": 8}])
async def test_an_external_person_decides_by_link_where_the_step_would_not_wait_for_ever(
    desk: Desk, postbox, due
):
    await desk.person("roberto", "supplier", kind="external")
    step = {
        "key": "uno",
        "approvers": [{"person": "roberto@example.it"}, {"role": "purchasing"}],
        "quorum": "all",
        "by_email": True,
        "due": due,
    }
    await desk.publish({**RULE, "steps": [step]})
    brief_id = await desk.submit(process="prova")
    await desk.work()
    if "then" not in due:
        assert "roberto@example.it" not in tokens(postbox)
        return
    nobody, path = desk.app.as_(None), f"/v1/decision-links/{tokens(postbox)['roberto@example.it']}"
    _, shown = await nobody.get(path)
    response, _ = await nobody.post(path, {"outcome": "approve", "content_hash": shown["content_hash"]})
    assert response.status == 200
    approval = await desk.approval("ada", brief_id)
    parts = {part["person"]["name"]: part["state"] for part in approval["steps"][0]["parts"]}
    assert parts == {"Roberto": "approved", "Paolo": "requested", "Piera": "requested"}
    status, _ = await desk.decide("roberto", approval["id"], "uno", content_hash="hash-1")
    assert status == 403


async def test_without_letters_no_external_person_is_asked(desk: Desk):
    await desk.person("roberto", "supplier", kind="external")
    step = RULE["steps"][0] | {
        "approvers": [{"person": "roberto@example.it"}, {"role": "purchasing"}],
        "due": {"hours": 8, "then": ["expire"]},
    }
    await desk.publish({**RULE, "steps": [step]})
    brief_id = await desk.submit(process="prova")
    parts = (await desk.approval("ada", brief_id))["steps"][0]["parts"]
    assert {part["person"]["name"] for part in parts} == {"Paolo", "Piera"}


async def test_a_letter_says_when_the_decision_is_due_where_the_tenant_is(desk: Desk, postbox):
    await desk.publish(RULE)
    await desk.submit(process="prova")
    await desk.work()
    text = postbox.letters[0].get_payload(decode=True).decode()
    # Eight working hours after Monday 10:00 in Rome; the link itself lasts a fortnight.
    assert "È attesa entro il 24 nov 2026, 10:00 (CET)." in text
    assert "entro il 7 dic 2026, 10:00 (CET). Aprirlo" in text
    assert "UTC" not in text


class TestDelegationByAnAdmin:
    async def give(self, desk: Desk, admin, taker, giver="dario"):
        body = {
            "from_person_id": desk.id(giver),
            "to_person_id": desk.id(taker),
            "starts_at": "2026-11-23T00:00:00Z",
            "ends_at": "2026-11-30T00:00:00Z",
        }
        response, answer = await desk.as_(admin).post("/v1/delegations", body)
        return response.status, answer

    async def test_it_is_recorded_and_told_to_both(self, desk: Desk, postbox):
        status, delegation = await self.give(desk, "ada", "lia")
        assert (status, delegation["created_by"]["name"]) == (201, "Ada")
        await desk.work()
        assert sorted(letter["To"] for letter in postbox.letters) == ["dario@example.it", "lia@example.it"]
        for letter in postbox.letters:
            text = letter.get_payload(decode=True).decode()
            assert "Ada ha delegato a Lia le approvazioni di Dario, dal 23 nov 2026, 01:00" in text

    async def test_nobody_gives_it_to_themselves(self, desk: Desk):
        status, problem = await self.give(desk, "ada", "ada")
        assert (status, problem["code"]) == (403, "delegates_to_oneself")

    async def test_it_takes_an_admin(self, desk: Desk):
        desk.people["paolo"] = desk.app.people.person(
            "personale",
            tenant_id=desk.tenant_id,
            person_id=desk.people["paolo"].person_id,
            privileges={"approval.delegate", "directory.write", "approval.read_all"},
        )
        for taker in ("paolo", "lia"):
            status, problem = await self.give(desk, "paolo", taker)
            assert (status, problem["code"]) == (403, "missing_privilege")
        _, own = await self.give(desk, "dario", "lia")
        response, problem = await desk.as_("paolo").delete(f"/v1/delegations/{own['id']}")
        assert (response.status, problem["code"]) == (403, "only_giver_revokes")
        response, _ = await desk.as_("ada").delete(f"/v1/delegations/{own['id']}")
        assert response.status == 204
