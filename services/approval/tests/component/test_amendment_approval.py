"""Another price of an order's line is approved by a process that its tenant published for amendments."""

from __future__ import annotations

from uuid import UUID, uuid4

from optima_contracts.economics import AmendmentEnded, AmendmentRequested
from optima_contracts.trail import PersonErased

from ..conftest import Desk

HASH = "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"


def requested(desk: Desk, amount: str) -> AmendmentRequested:
    return AmendmentRequested(
        amendment_id=uuid4(),
        order_id=uuid4(),
        job_id=uuid4(),
        number="O-2026-0001",
        title="Lancio primavera",
        description="Espositore",
        kind="espositore",
        unit="pz",
        quantity="100",
        unit_price_before="10.00",
        unit_price="16.00",
        amount_before="1000.00",
        amount=amount,
        reason="La carta è aumentata",
        process="order-amendment",
        requester_id=UUID(desk.id("ada")),
        content_hash=HASH,
    )


async def ask(desk: Desk, amount: str) -> AmendmentRequested:
    event = requested(desk, amount)
    for _ in range(2):
        await desk.deliver(event, event.amendment_id)
    return event


async def test_the_process_reads_what_it_costs_more(desk: Desk) -> None:
    await desk.publish("order-amendment")
    event = await ask(desk, "1600.00")
    (waiting,) = await desk.inbox("lia")
    assert (waiting["title"], waiting["number"]) == ("Lancio primavera", "O-2026-0001")
    approval = await desk.approval("lia", event.amendment_id)
    assert (approval["content_hash"], approval["content"]["reason"]) == (HASH, "La carta è aumentata")
    assert (await desk.decide("lia", approval["id"], "marketing"))[0] == 200
    status, approval = await desk.decide("dario", approval["id"], "direttore")
    assert (status, approval["state"]) == (200, "approved")
    (told,) = await desk.database.published("optima.approval.approved.v1")
    assert (told.data["subject_type"], told.data["content_hash"]) == ("order_amendment", HASH)


async def test_a_small_increase_ends_with_its_first_approver(desk: Desk) -> None:
    await desk.publish("order-amendment")
    event = await ask(desk, "1500.00")
    approval = await desk.approval("lia", event.amendment_id)
    status, approval = await desk.decide("lia", approval["id"], "marketing")
    assert (status, approval["state"]) == (200, "approved")


async def test_what_lapsed_is_not_decided(desk: Desk) -> None:
    await desk.publish("order-amendment")
    event = await ask(desk, "1600.00")
    ended = AmendmentEnded(
        amendment_id=event.amendment_id,
        order_id=event.order_id,
        job_id=event.job_id,
        number=event.number,
        outcome="lapsed",
        unit_price=event.unit_price,
        content_hash=event.content_hash,
        requester_id=event.requester_id,
    )
    for _ in range(2):
        await desk.deliver(ended, event.amendment_id)
    assert await desk.inbox("lia") == []
    assert (await desk.approval("ada", event.amendment_id))["state"] == "cancelled"


async def test_without_a_published_process_that_is_told(desk: Desk) -> None:
    await ask(desk, "1600.00")
    (told,) = await desk.database.published("optima.approval.not_opened.v1")
    assert (told.data["subject_type"], told.data["reason"]) == (
        "order_amendment",
        "no_process:order-amendment",
    )


async def test_an_erasure_takes_the_reason_of_who_asked(desk: Desk) -> None:
    await desk.publish("order-amendment")
    event = await ask(desk, "1600.00")
    await desk.deliver(PersonErased(person_id=event.requester_id), event.requester_id)
    await desk.work()
    approval = await desk.approval("lia", event.amendment_id)
    assert (approval["content"]["reason"], approval["content"]["description"]) == ("", "Espositore")


async def test_prices_are_hidden_from_whom_they_are_hidden_from_everywhere(desk: Desk) -> None:
    await desk.publish("order-amendment")
    event = await ask(desk, "1600.00")
    approval = await desk.approval("ada", event.amendment_id)
    reader = desk.app.sign_in(privileges={"approval.read", "approval.read_all"})
    _, seen = await reader.get(f"/v1/approvals/{approval['id']}")
    content = seen["content"]
    assert content["quantity"] == "100"
    assert not {"unit_price", "amount", "amount_before", "increase"} & content.keys()
