"""A brief's life, with real requests and the neighbours' events."""

from __future__ import annotations

import hashlib
from uuid import uuid4

import pytest

from optima_contracts.approval import (
    ApprovalCancelled,
    ApprovalExpired,
    ApprovalNotOpened,
    ApprovalOpened,
    ApprovalRevoked,
    Approved,
    ChangesRequested,
    Rejected,
)
from optima_contracts.brief import BriefApproved, BriefSubmitted
from optima_contracts.economics import BriefPriced
from optima_contracts.identity import PersonDeparted
from optima_contracts.logistics import CancellationRefused, DdtIssued, ShipmentDeparted
from optima_contracts.production import OrderCancelled, OrderConfirmed, OrderDelivered, OrderStarted
from optima_kit.refusals import NotYet

from ..conftest import Desk


async def test_from_draft_to_closed(desk: Desk) -> None:
    draft = await desk.draft()
    id_ = draft["id"]
    assert draft["number"] == "B-2026-0001"
    assert draft["actions"] == ["revise", "attach", "submit", "comment", "copy", "keep_template", "cancel"]
    attachment = await desk.attach(id_)
    assert attachment["sha256"] == hashlib.sha256(b"%PDF-1.7\nbozzetto").hexdigest()

    first = await desk.submit(id_)
    assert (first["state"], first["revision"]) == ("submitted", 1)
    response, priced = await desk.price(first, "4.50", "0.0345")
    assert response.status == 200, priced
    assert priced["prices"]["total"] == "2940.00"
    assert priced["content_hash"] != first["content_hash"]

    await desk.deliver(desk.approval(ApprovalOpened, first))
    await desk.deliver(desk.approval(ChangesRequested, priced, reason="Meno volantini"))
    second = await desk.read(id_)
    assert (second["state"], second["revision"], second["reason"]) == ("draft", 2, "Meno volantini")

    items = second["items"]
    items[1]["quantity"] = "10000"
    response, revised = await desk.as_(desk.anna).put(
        f"/v1/briefs/{id_}",
        desk.content(items=items),
        headers={"If-Match": (await desk.as_(desk.anna).get(f"/v1/briefs/{id_}"))[0].headers["ETag"]},
    )
    assert response.status == 200, revised
    assert [item["item_id"] for item in revised["items"]] == [item["item_id"] for item in items]
    assert revised["attachments"] == second["attachments"] == [attachment]

    await desk.submit(id_)
    to_price = await desk.read(id_, desk.paola)
    assert "prices" not in to_price
    assert to_price["proposed_prices"] == [{"item_id": items[0]["item_id"], "unit_price": "4.50"}]
    _, priced = await desk.price(to_price, "4.50", "0.0345")
    await desk.deliver(desk.approval(Approved, priced))
    await desk.deliver(desk.approval(ApprovalOpened, priced))
    approved = await desk.read(id_)
    assert approved["state"] == "approved"
    assert (approved["approval_id"], "order_id" in approved) == (str(desk.approval_id), False)

    await desk.deliver(
        desk.order(OrderConfirmed, approved, number="O-1", customer="C001", deadline="2027-02-15", lines=[])
    )
    await desk.deliver(desk.order(OrderStarted, approved))
    await desk.deliver(desk.shipment(DdtIssued, approved))
    await desk.deliver(desk.shipment(ShipmentDeparted, approved))
    assert (await desk.read(id_))["state"] == "in_delivery"
    await desk.deliver(desk.order(OrderDelivered, approved))
    closed = await desk.read(id_)
    assert (closed["state"], closed["actions"]) == ("closed", ["comment", "copy", "keep_template"])
    assert closed["order_id"] == str(desk.order_id)

    assert await desk.app.types() == [
        "drafted",
        "attachment_added",
        "submitted",
        "brief_priced",
        "changes_requested",
        "revised",
        "submitted",
        "brief_priced",
        "brief_prices_approved",
        "approved",
        "production_started",
        "delivery_started",
        "delivered",
        "closed",
    ]
    events = await desk.app.published()
    assert {(event.subject, event.correlationid) for event in events} == {(events[0].subject,) * 2}
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    assert [state for state, _ in await desk.history(id_)] == [
        "draft",
        "submitted",
        "in_approval",
        "changes_requested",
        "draft",
        "submitted",
        "approved",
        "in_production",
        "in_delivery",
        "delivered",
        "closed",
    ]


async def test_what_is_published_is_what_was_frozen(desk: Desk) -> None:
    size = {"type": "string", "enum": ["A4", "A3"], "x-label": {"it": "Formato", "en": "Format"}}
    body = {
        "name": {"it": "Stampati", "en": "Printed matter"},
        "form": {"type": "object", "properties": {"formato": size}},
    }
    response, _ = await desk.app.sign_in("admin").put("/v1/brief-types/stampati", body)
    assert response.status == 200
    draft = await desk.draft(type="stampati", form={"formato": "A3"})
    await desk.attach(draft["id"])
    submitted = await desk.submit(draft["id"])
    _, priced = await desk.price(submitted, "1", "2")
    await desk.deliver(desk.approval(Approved, priced))
    events = {event.type: event for event in await desk.app.published()}
    asked = BriefSubmitted.model_validate(events[BriefSubmitted.type].data)
    approved = BriefApproved.model_validate(events[BriefApproved.type].data)
    _, frozen = await desk.as_(desk.paola).get(f"/v1/briefs/{draft['id']}/revisions/1")
    assert asked.content == approved.content
    for name, value in asked.content.model_dump(mode="json").items():
        assert frozen.get(name) == value, name
    assert asked.content_hash == submitted["content_hash"]
    assert approved.content_hash == priced["content_hash"] == frozen["content_hash"]
    facts = BriefPriced.model_validate(events[BriefPriced.type].data)
    assert (facts.content_hash, facts.total) == (priced["content_hash"], "40500.00")
    assert [line.amount for line in facts.lines] == ["500.00", "40000.00"]
    assert events[BriefApproved.type].actorid == desk.paola.person_id


async def test_an_approval_without_decision_gives_the_draft_back(desk: Desk) -> None:
    for kind, cause in (
        (ApprovalNotOpened, "approval_not_opened"),
        (ApprovalCancelled, "recalled"),
        (ApprovalExpired, "approval_expired"),
    ):
        brief = await desk.submitted()
        for _ in ("once", "again"):
            await desk.deliver(desk.approval(kind, brief, reason="Nessun processo pubblicato"))
            back = await desk.read(brief["id"])
            assert (back["state"], back["revision"], back["cause"]) == ("draft", 2, cause)
            assert back["reason"] == "Nessun processo pubblicato"
            assert back["items"] == brief["items"]
        fact = (await desk.app.published())[-1]
        assert (fact.type, fact.data["cause"]) == ("optima.brief.returned.v1", cause)
        await desk.submit(brief["id"])
        await desk.deliver(desk.approval(kind, brief, reason="In ritardo"))
        assert (await desk.read(brief["id"]))["state"] == "submitted"


async def test_rejection_is_final(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.deliver(desk.approval(Rejected, brief, reason="Fuori budget"))
    await desk.deliver(desk.approval(Approved, brief))
    rejected = await desk.read(brief["id"])
    assert (rejected["state"], rejected["reason"]) == ("rejected", "Fuori budget")
    assert (await desk.app.types())[-1] == "rejected"


async def test_approval_of_earlier_prices_does_not_count_and_is_asked_once_more(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.deliver(desk.approval(ApprovalOpened, brief))
    _, priced = await desk.price(brief, "1", "1")
    await desk.deliver(desk.approval(Approved, brief))
    assert (await desk.read(brief["id"]))["state"] == "in_approval"
    assert "approved" not in await desk.app.types()
    again = uuid4()
    await desk.deliver(desk.approval(ApprovalOpened, priced, approval_id=again))
    assert (await desk.read(brief["id"]))["approval_id"] == str(again)
    await desk.deliver(desk.approval(Approved, priced, approval_id=again))
    assert (await desk.read(brief["id"]))["state"] == "approved"
    assert (await desk.app.types())[-1] == "approved"


async def test_approvals_of_other_things_are_ignored(desk: Desk) -> None:
    await desk.deliver(
        Approved(
            approval_id=uuid4(),
            subject_type="budget",
            subject_id=uuid4(),
            subject_revision=1,
            content_hash="0" * 64,
        )
    )


async def test_events_of_unknown_or_unapproved_briefs_wait(desk: Desk) -> None:
    brief = await desk.submitted()
    for event in (
        desk.approval(Approved, brief | {"id": str(uuid4())}),
        desk.order(OrderStarted, brief),
        desk.shipment(DdtIssued, brief),
        desk.order(OrderDelivered, brief),
        desk.order(CancellationRefused, brief, reason="Merce partita"),
    ):
        with pytest.raises(NotYet):
            await desk.deliver(event)
    with pytest.raises(NotYet):
        await desk.deliver(desk.approval(Approved, brief), tenant_id=uuid4())
    assert (await desk.read(brief["id"]))["state"] == "submitted"


async def test_orders_without_a_brief_are_ignored(desk: Desk) -> None:
    for kind in (OrderStarted, OrderDelivered):
        await desk.deliver(kind(order_id=uuid4(), brief_id=None))


async def test_events_twice_and_backwards_end_alike(desk: Desk) -> None:
    brief = await desk.approved()
    for event in (
        desk.order(OrderDelivered, brief),
        desk.shipment(ShipmentDeparted, brief),
        desk.shipment(DdtIssued, brief),
        desk.order(OrderStarted, brief),
    ):
        await desk.deliver(event)
        await desk.deliver(event)
    assert (await desk.read(brief["id"]))["state"] == "closed"
    assert (await desk.app.types())[-3:] == ["approved", "delivered", "closed"]


async def test_cancellation_and_its_refusal(desk: Desk) -> None:
    brief = await desk.approved()
    id_ = brief["id"]
    response, cancelled = await desk.as_(desk.anna).post(
        f"/v1/briefs/{id_}/cancellation", {"reason": "Campagna sospesa"}
    )
    assert (response.status, cancelled["state"]) == (200, "cancelled")
    await desk.deliver(desk.shipment(DdtIssued, brief))
    assert (await desk.read(id_))["state"] == "cancelled"
    with pytest.raises(NotYet):
        await desk.deliver(desk.order(OrderDelivered, brief))
    await desk.deliver(desk.order(CancellationRefused, brief, reason="Merce partita"))
    going_on = await desk.read(id_)
    assert (going_on["state"], going_on["reason"]) == ("in_delivery", "Merce partita")
    await desk.deliver(desk.order(OrderCancelled, brief, reason="Brief annullato"))
    await desk.deliver(desk.order(OrderDelivered, brief))
    assert (await desk.read(id_))["state"] == "closed"
    assert (await desk.app.types())[-5:] == [
        "cancelled",
        "cancellation_revoked",
        "delivery_started",
        "delivered",
        "closed",
    ]


async def test_backoffice_cancels_the_order(desk: Desk) -> None:
    brief = await desk.approved()
    await desk.deliver(desk.order(OrderCancelled, brief, reason="Fornitore fallito"))
    cancelled = await desk.read(brief["id"])
    assert (cancelled["state"], cancelled["cause"], cancelled["reason"]) == (
        "cancelled",
        "order_cancelled",
        "Fornitore fallito",
    )
    assert (await desk.history(brief["id"]))[-1] == ("cancelled", "order_cancelled")
    assert (await desk.app.published())[-1].data["from_state"] == "approved"


async def test_what_is_approved_no_longer_is_cancelled(desk: Desk) -> None:
    revoked = {"reason": "Fornitore escluso"}
    submitted = await desk.submitted()
    with pytest.raises(NotYet):
        await desk.deliver(desk.approval(ApprovalRevoked, submitted, **revoked))
    brief = await desk.approved()
    await desk.deliver(desk.approval(ApprovalRevoked, brief, approval_id=uuid4(), **revoked))
    assert (await desk.read(brief["id"]))["state"] == "approved"
    await desk.deliver(desk.approval(ApprovalRevoked, brief, **revoked))
    assert (await desk.history(brief["id"]))[-1] == ("cancelled", "approval_revoked")
    assert (await desk.app.published())[-1].data["reason"] == "Fornitore escluso"
    told = len(await desk.app.published())
    await desk.deliver(desk.approval(ApprovalRevoked, brief, **revoked))
    assert len(await desk.app.published()) == told


async def test_goods_that_left_are_not_called_back_by_a_revocation(desk: Desk) -> None:
    brief = await desk.approved()
    await desk.deliver(desk.shipment(DdtIssued, brief))
    await desk.deliver(desk.approval(ApprovalRevoked, brief, reason="Fornitore escluso"))
    assert (await desk.read(brief["id"]))["state"] == "in_delivery"


async def test_briefs_of_who_left_are_the_successors(desk: Desk) -> None:
    draft, running, over = await desk.draft(), await desk.submitted(), await desk.draft()
    await desk.as_(desk.anna).post(f"/v1/briefs/{over['id']}/cancellation", {"reason": "Sospesa"})
    departed = PersonDeparted(
        person_id=desk.anna.person_id, successor_id=desk.marco.person_id, successor_name="Marco Neri"
    )
    await desk.deliver(departed)
    await desk.deliver(departed)

    _, page = await desk.as_(desk.marco).get("/v1/briefs?requester=me")
    assert {(each["id"], each["requester"]["name"]) for each in page["items"]} == {
        (draft["id"], "Marco Neri"),
        (running["id"], "Marco Neri"),
    }
    _, page = await desk.as_(desk.anna).get("/v1/briefs?requester=me")
    assert [each["id"] for each in page["items"]] == [over["id"]]
    shown = await desk.read(running["id"], desk.marco)
    assert (shown["state"], shown["cause"]) == ("submitted", "submitted")
    _, history = await desk.as_(desk.marco).get(f"/v1/briefs/{running['id']}/history")
    moved = history["items"][-1]
    assert (moved["from_state"], moved["to_state"], moved["cause"]) == (
        "submitted",
        "submitted",
        "handed_over",
    )
    assert (moved["at"], moved["actor"]["id"]) == ("2026-11-24T10:00:00Z", str(desk.paola.person_id))
    told = [event for event in await desk.app.published() if event.type == "optima.brief.handed_over.v1"]
    assert [event.data for event in told] == [
        {
            "brief_id": each["id"],
            "number": each["number"],
            "from_person_id": str(desk.anna.person_id),
            "to_person_id": str(desk.marco.person_id),
        }
        for each in (draft, running)
    ]
    response, submitted = await desk.as_(desk.marco).post(
        f"/v1/briefs/{draft['id']}/submission", {"process": "standard"}
    )
    assert response.status == 200, submitted
