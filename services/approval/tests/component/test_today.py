"""What conditions read as `today` is the day of the content, where the tenant is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from approval.application.ports import Ports
from approval.domain.approval import rebuild
from optima_contracts.identity import LegalIdentity, TenantChanged

from ..conftest import Desk

URGENT = {
    "key": "urgenze",
    "name": "Urgenze",
    "subject": "brief",
    "steps": [
        {"key": "acquisti", "approvers": [{"role": "purchasing"}]},
        {
            "key": "direzione",
            "when": "brief.deadline < today + days(10)",
            "approvers": [{"role": "direttore"}],
        },
    ],
}


async def histories(desk: Desk, approval_id):
    async with desk.app.database.reading(desk.tenant_id, now=desk.clock.now()) as work:
        ports: Ports = desk.app.service.ports(work)
        told = await ports.approvals.whole_history(approval_id)
        held = await ports.approvals.find(approval_id)
    return [each.event for each in told], held.approval


async def test_it_is_the_day_of_submission_in_the_tenants_zone_and_stays(desk: Desk):
    """An hour before midnight at Greenwich, the tenant in Rome has the next day already."""
    await desk.publish(URGENT)
    desk.clock.advance(datetime(2026, 12, 9, 23, 30, tzinfo=UTC) - desk.clock.now())
    at_greenwich_ten_days_are_left = await desk.submit(process="urgenze", deadline="2026-12-19")
    desk.clock.advance(timedelta(days=30))
    approval = await desk.approval("marta", at_greenwich_ten_days_are_left)
    status, approval = await desk.decide("paolo", approval["id"], "acquisti")
    assert status == 200
    assert {step["key"]: step["state"] for step in approval["steps"]}["direzione"] == "pending"
    later = await desk.submit(process="urgenze", deadline="2026-12-20")
    assert await desk.steps("marta", later) == {"acquisti": "pending", "direzione": "waiting"}


async def test_a_run_is_the_same_by_its_history_wherever_the_tenant_has_gone(desk: Desk):
    await desk.publish(URGENT)
    desk.clock.advance(datetime(2026, 12, 9, 23, 30, tzinfo=UTC) - desk.clock.now())
    brief_id = await desk.submit(process="urgenze", deadline="2026-12-20")
    approval = await desk.approval("marta", brief_id)
    moved = TenantChanged(
        tenant_id=desk.tenant_id,
        slug="prova",
        legal=LegalIdentity(
            name="Prova", street="5th Ave 1", postal_code="10001", city="New York", province="NY"
        ),
        time_zone="America/New_York",
    )
    await desk.deliver(moved, desk.tenant_id)
    status, approval = await desk.decide("paolo", approval["id"], "acquisti")
    assert (status, approval["state"]) == (200, "approved")
    events, stored = await histories(desk, approval["id"])
    assert rebuild(events) == stored
    assert stored.today.isoformat() == "2026-12-10"


async def test_an_amendment_brings_its_own_day(desk: Desk):
    await desk.publish(URGENT)
    brief_id = await desk.submit(process="urgenze", deadline="2026-12-20")
    desk.clock.advance(timedelta(days=20))
    await desk.price(brief_id, "100.00")
    approval = await desk.approval("marta", brief_id)
    _, approval = await desk.decide("paolo", approval["id"], "acquisti")
    assert {step["key"]: step["state"] for step in approval["steps"]}["direzione"] == "pending"
    events, stored = await histories(desk, approval["id"])
    assert rebuild(events) == stored


async def test_a_replay_finds_the_day_that_was(desk: Desk):
    await desk.publish(URGENT)
    brief_id = await desk.submit(process="urgenze", deadline="2026-12-20")
    desk.clock.advance(timedelta(days=20))
    await desk.price(brief_id, "100.00")
    approval_id = (await desk.approval("marta", brief_id))["id"]
    await desk.decide("paolo", approval_id, "acquisti")
    await desk.decide("dario", approval_id, "direzione")
    desk.clock.advance(timedelta(days=60))
    admin = desk.as_("ada")
    _, begun = await admin.post("/v1/processes/urgenze/replays", {"version": 1})
    await desk.work()
    _, replay = await admin.get(f"/v1/replays/{begun['id']}")
    assert (replay["state"], replay["report"]["approvals"], replay["report"]["different"]) == ("ended", 1, 0)
