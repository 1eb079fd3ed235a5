"""Many at once, on the real database."""

from __future__ import annotations

import asyncio

import pytest

from ..conftest import Desk


def rule(quorum, rejection="any"):
    step = {
        "key": "uno",
        "approvers": [{"role": "purchasing"}],
        "quorum": quorum,
        "rejection": rejection,
    }
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def crowd(desk: Desk, count):
    names = [f"p{number}" for number in range(count)]
    for name in names:
        await desk.person(name, "purchasing", unit="azienda")
    return names


async def test_fifty_at_once_under_a_quorum_of_three(desk: Desk):
    names = await crowd(desk, 48) + ["paolo", "piera"]
    await desk.publish(rule({"at_least": 3}))
    brief_id = await desk.submit(process="prova")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    results = await asyncio.gather(
        *(desk.decide(name, approval_id, "uno", content_hash="hash-1") for name in names)
    )
    statuses = [status for status, _ in results]
    assert statuses.count(200) == 3
    assert statuses.count(409) == 47
    assert {problem["code"] for status, problem in results if status == 409} == {"approval_ended"}
    types = await desk.app.types()
    assert (types.count("decided"), types.count("step_ended"), types.count("approved")) == (3, 1, 1)


async def test_fifty_who_all_must_approve_lose_no_word(desk: Desk):
    names = await crowd(desk, 48) + ["paolo", "piera"]
    await desk.publish(rule("all"))
    brief_id = await desk.submit(process="prova")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    results = await asyncio.gather(
        *(desk.decide(name, approval_id, "uno", content_hash="hash-1") for name in names)
    )
    assert {status for status, _ in results} == {200}
    approval = await desk.approval("ada", brief_id)
    assert approval["state"] == "approved"
    assert {part["state"] for part in approval["steps"][0]["parts"]} == {"approved"}
    events = await desk.database.published()
    sequences = [event.sequence for event in events if str(event.subject) == approval_id]
    assert sequences == list(range(1, len(sequences) + 1))
    rows = await desk.database.fetch("SELECT number FROM approval_events ORDER BY number")
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))


async def test_the_same_person_twice_counts_once(desk: Desk):
    await desk.publish(rule("all"))
    brief_id = await desk.submit(process="prova")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    results = await asyncio.gather(
        desk.decide("paolo", approval_id, "uno", content_hash="hash-1"),
        desk.decide("paolo", approval_id, "uno", "reject", reason="no", content_hash="hash-1"),
    )
    assert sorted(status for status, _ in results) == [200, 409]
    assert (await desk.app.types()).count("decided") == 1


async def test_a_delegate_and_the_delegator_at_once(desk: Desk):
    await desk.publish(rule("all"))
    body = {
        "to_person_id": desk.id("dario"),
        "starts_at": "2026-11-23T00:00:00Z",
        "ends_at": "2026-11-30T00:00:00Z",
    }
    await desk.as_("paolo").post("/v1/delegations", body)
    brief_id = await desk.submit(process="prova")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    results = await asyncio.gather(
        desk.decide("paolo", approval_id, "uno", content_hash="hash-1"),
        desk.decide("dario", approval_id, "uno", content_hash="hash-1", on_behalf_of=desk.id("paolo")),
    )
    assert sorted(status for status, _ in results) == [200, 409]


async def test_a_price_and_a_decision_at_once(desk: Desk):
    """Whichever comes first, nothing is approved but what was read."""
    await desk.publish(rule("any"))
    for _ in range(5):
        brief_id = await desk.submit(process="prova")
        approval_id = (await desk.approval("marta", brief_id))["id"]
        (status, _), _ = await asyncio.gather(
            desk.decide("paolo", approval_id, "uno", content_hash="hash-1"),
            desk.price(brief_id, "10.00"),
        )
        approval = await desk.approval("ada", brief_id)
        assert status in (200, 409)
        if approval["state"] == "open":
            assert approval["content_hash"] == "hash-1-10.00"
        else:
            assert approval["content_hash"] == "hash-1"


TYPE = {"key": "cosa", "name": "Cosa", "fields": {"nome": {"type": "text"}}}


@pytest.mark.parametrize(("path", "body"), [("/v1/subject-types/cosa", TYPE), ("/v1/working-time", {})])
async def test_of_authors_who_read_the_same_version_one_writes_the_next(desk: Desk, path, body):
    """The first time, when there is none, as well."""
    for version in (None, 1):
        headers = {"If-Match": f'"{version}"'} if version else {}
        puts = (desk.as_("ada").put(path, body, headers=headers) for _ in range(6))
        statuses = sorted(response.status for response, _ in await asyncio.gather(*puts))
        assert statuses[0] in (200, 201)
        assert {*statuses[1:]} <= {412, 428}, statuses
        response, _ = await desk.as_("ada").get(path)
        assert response.headers["ETag"] == f'"{(version or 0) + 1}"'
