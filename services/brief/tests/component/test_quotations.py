"""Purchasing asks suppliers, each quotes on their own, and what is chosen prices the brief."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any, get_args
from uuid import uuid4

import pytest

from brief.application.read.access import QuotationAction, RequestAction
from brief.domain.quotations import MAX_FILES, QuotationState, RequestState
from optima_contracts.approval import Approved, ChangesRequested
from optima_contracts.brief import (
    QuotationAnswered,
    QuotationClosed,
    QuotationFileChanged,
    QuotationRequested,
)
from optima_contracts.economics import BriefPriced, BriefPricesApproved
from optima_contracts.identity import PersonChanged, RoleChanged
from optima_contracts.trail import PersonErased
from optima_kit.actor import Actor

from ..conftest import Desk

pytestmark = pytest.mark.servers


class Market:
    """Purchasing, two suppliers, and what they say to each other."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.gino: Actor = desk.app.person("supplier", kind="external", name="Gino Galli")
        self.irma: Actor = desk.app.person("supplier", kind="external", name="Irma Fontana")
        self.paths: list[str] = []
        """Of what is purchasing's alone."""

    async def open(self) -> None:
        for actor in (self.gino, self.irma):
            await self.desk.deliver(known(actor))

    @property
    def due_at(self) -> str:
        return (self.desk.app.clock.now() + timedelta(days=3)).isoformat()

    async def ask(self, brief: Mapping[str, Any], *suppliers: Actor, **changes: Any) -> tuple[int, Any]:
        body = {"title": "Espositori e volantini", "due_at": self.due_at}
        body |= {"supplier_ids": [str(each.person_id) for each in suppliers]} | changes
        response, request = await self.desk.as_(self.desk.paola).post(
            f"/v1/briefs/{brief['id']}/quotation-requests", body
        )
        return response.status, request

    async def asked(self, *suppliers: Actor) -> tuple[dict[str, Any], dict[str, Any]]:
        brief = await self.desk.submitted()
        status, request = await self.ask(brief, *(suppliers or (self.gino, self.irma)))
        assert status == 201, request
        return brief, request

    async def own(self, supplier: Actor) -> dict[str, Any]:
        _, page = await self.desk.as_(supplier).get("/v1/quotations")
        _, quotation = await self.desk.as_(supplier).get(f"/v1/quotations/{page['items'][0]['id']}")
        return quotation  # type: ignore[no-any-return]

    async def quote(self, supplier: Actor, *prices: Any, **changes: Any) -> tuple[int, Any]:
        """A price or price breaks for each item, in their order; None for one that isn't offered."""
        quotation = await self.own(supplier)
        lines = [
            {"item_id": item["item_id"], "breaks": breaks_of(price), "lead_time_days": 10}
            for item, price in zip(quotation["items"], prices, strict=True)
            if price is not None
        ]
        body = {"lines": lines, "valid_until": "2026-12-31"} | changes
        response, answer = await self.desk.as_(supplier).put(
            f"/v1/quotations/{quotation['id']}/quote", body, headers={"If-Match": f'"{quotation["version"]}"'}
        )
        return response.status, answer

    async def send_file(
        self, supplier: Actor, data: bytes = b"%PDF-1.7 listino", name: str = "listino.pdf"
    ) -> tuple[int, Any]:
        quotation = await self.own(supplier)
        response, answer = await self.desk.as_(supplier).request(
            "POST",
            f"/v1/quotations/{quotation['id']}/files?name={name}",
            data=data,
            headers={"Content-Type": "application/pdf"},
        )
        return response.status, answer

    async def read(self, request: Mapping[str, Any]) -> dict[str, Any]:
        _, seen = await self.desk.as_(self.desk.paola).get(f"/v1/quotation-requests/{request['id']}")
        return seen  # type: ignore[no-any-return]

    async def award(self, request: Mapping[str, Any], *suppliers: Actor, **more: Any) -> tuple[int, Any]:
        """To each item's supplier, in the items' order."""
        seen = await self.read(request)
        by_name = {each["supplier"]["id"]: each["id"] for each in seen["quotations"]}
        lines = [
            {"item_id": item["item_id"], "quotation_id": by_name[str(supplier.person_id)]}
            for item, supplier in zip(seen["items"], suppliers, strict=False)
        ]
        response, answer = await self.desk.as_(self.desk.paola).post(
            f"/v1/quotation-requests/{request['id']}/award", {"lines": lines} | more
        )
        return response.status, answer


def breaks_of(price: Any) -> list[dict[str, str]]:
    breaks = price if isinstance(price, list) else [("1", price)]
    return [{"from_quantity": quantity, "unit_price": each} for quantity, each in breaks]


def known(actor: Actor, **changes: Any) -> PersonChanged:
    return PersonChanged(
        person_id=actor.person_id,
        name=actor.name,
        email=f"{actor.person_id}@example.it",
        kind="external",
        roles=sorted(actor.roles),
        active=True,
        **changes,
    )


@pytest.fixture
async def market(desk: Desk) -> Market:
    market = Market(desk)
    await market.open()
    return market


async def test_quotes_stand_side_by_side_and_the_best_are_named(market: Market) -> None:
    _, request = await market.asked()
    status, answer = await market.quote(market.gino, [("1", "4.10"), ("500", "3.9055")], "0.0345")
    assert status == 200, answer
    assert (answer["state"], answer["version"]) == ("quoted", 1)
    await market.quote(market.irma, "4.00", "0.0344", note="Consegna esclusa")
    seen = await market.read(request)
    gino, irma = seen["quotations"]
    assert [gino["supplier"]["name"], irma["supplier"]["name"]] == ["Gino Galli", "Irma Fontana"]
    assert [line["unit_price"] for line in gino["lines"]] == ["3.9055", "0.0345"]
    assert [line["amount"] for line in gino["lines"]] == ["1952.75", "690.00"]
    assert [line["best"] for line in gino["lines"]] == [True, False]
    assert (gino["total"], irma["total"], seen["split_total"]) == ("2642.75", "2688.00", "2640.75")
    assert (gino["best_total"], irma["best_total"]) == (True, False)
    assert (irma["note"], irma["lead_time_days"]) == ("Consegna esclusa", 10)
    await market.quote(market.irma, "3.9055", "0.0345")
    assert [each["best_total"] for each in (await market.read(request))["quotations"]] == [True, True]


async def test_of_an_erased_person_no_word_is_left(market: Market) -> None:
    _, request = await market.ask(await market.desk.submitted(), market.irma, note="Chiamare Paola")
    await market.quote(market.irma, "4.00", "0.0344", note="Scrivere a Irma")
    before = json.dumps(await market.read(request))
    assert "Chiamare Paola" in before
    assert "Scrivere a Irma" in before
    for person in (market.irma, market.desk.paola):
        await market.desk.deliver(PersonErased(person_id=person.person_id))
    after = json.dumps(await market.read(request))
    assert "Chiamare" not in after
    assert "Scrivere" not in after


async def test_what_is_chosen_prices_the_brief_and_binds_with_it(market: Market) -> None:
    desk = market.desk
    brief, request = await market.asked()
    await market.quote(market.gino, "3.90", "0.0345")
    await market.quote(market.irma, "4.00", "0.0344")
    status, awarded = await market.award(request, market.gino, market.irma)
    assert status == 200, awarded
    assert [each["supplier"]["name"] for each in awarded["awarded"]] == ["Gino Galli", "Irma Fontana"]
    seen = await desk.read(brief["id"], desk.paola)
    assert seen["prices"]["total"] == "2638.00"
    assert [line["quotation"]["supplier"]["name"] for line in seen["prices"]["lines"]] == [
        "Gino Galli",
        "Irma Fontana",
    ]
    (priced,) = await desk.app.published(BriefPriced)
    assert [line["quotation"]["supplier_id"] for line in priced.data["lines"]] == [
        str(market.gino.person_id),
        str(market.irma.person_id),
    ]
    await desk.deliver(desk.approval(Approved, seen))
    (bound,) = await desk.app.published(BriefPricesApproved)
    assert bound.data["lines"] == priced.data["lines"]
    assert [len(each.data["awarded_item_ids"]) for each in await desk.app.published(QuotationClosed)] == [
        1,
        1,
    ]
    assert (await market.own(market.gino))["state"] == "awarded"


async def test_files_of_a_quotation_are_its_suppliers_and_purchasings(market: Market) -> None:
    desk = market.desk
    _, request = await market.asked()
    status, own = await market.send_file(market.gino)
    assert status == 201, own
    (file,) = own["files"]
    status, problem = await market.send_file(market.gino, b"MZ programma")
    assert (status, problem["code"]) == (422, "file_is_not_its_media_type")
    gino, irma = (await market.read(request))["quotations"]
    assert (gino["files"], irma["files"]) == ([file], [])
    beside = f"/v1/quotation-requests/{request['id']}/files/{file['id']}"
    for reader, path, status in (
        (desk.paola, beside, 200),
        (market.gino, f"/v1/quotations/{own['id']}/files/{file['id']}", 200),
        (market.irma, f"/v1/quotations/{own['id']}/files/{file['id']}", 404),
        (market.irma, f"/v1/quotations/{irma['id']}/files/{file['id']}", 404),
        (market.irma, beside, 403),
    ):
        response, _ = await desk.as_(reader).get(path)
        assert response.status == status, path
    (told,) = await desk.app.published(QuotationFileChanged)
    assert (told.data["quotation_id"], told.data["sha256"]) == (own["id"], file["sha256"])

    path = f"/v1/quotations/{own['id']}/files/{file['id']}"
    response, _ = await desk.as_(market.irma).request("DELETE", path)
    assert response.status == 404
    response, own = await desk.as_(market.gino).request("DELETE", path)
    assert (response.status, own["files"]) == (200, [])
    response, _ = await desk.as_(desk.paola).get(beside)
    assert response.status == 404
    for _ in range(MAX_FILES):
        await market.send_file(market.gino)
    status, problem = await market.send_file(market.gino)
    assert (status, problem["code"]) == (409, "quotation_files_too_many")
    desk.app.clock.advance(timedelta(days=4))
    quotation = await market.own(market.gino)
    assert quotation["actions"] == []
    path = f"/v1/quotations/{own['id']}/files/{quotation['files'][0]['id']}"
    response, problem = await desk.as_(market.gino).request("DELETE", path)
    assert (response.status, problem["code"]) == (409, "quotation_late")


async def test_items_that_go_to_nobody_are_priced_by_hand(market: Market) -> None:
    brief, request = await market.asked()
    await market.quote(market.gino, "3.90", None)
    await market.quote(market.irma, "4.20", None)
    status, problem = await market.award(request, market.gino)
    assert (status, problem["errors"][0]["code"]) == (422, "item_without_price")
    price = {"item_id": brief["items"][1]["item_id"], "unit_price": "0.05"}
    status, answer = await market.award(request, market.gino, prices=[price])
    assert status == 200, answer
    seen = await market.desk.read(brief["id"], market.desk.paola)
    assert ["quotation" in line for line in seen["prices"]["lines"]] == [True, False]


async def test_a_quote_that_cannot_hold_is_refused(market: Market) -> None:
    for prices, changes, code in (
        (("4", "1"), {"valid_until": "2026-11-25"}, "quote_ends_before_deadline"),
        (([("500", "4"), ("500", "3")], "1"), {}, "breaks_not_rising"),
        (("999999999", "999999999"), {}, "total_too_large"),
        (("4", "1"), {"lines": []}, "too_short"),
        (("4.00001", "1"), {}, "decimal_max_places"),
    ):
        await market.asked()
        status, problem = await market.quote(market.gino, *prices, **changes)
        assert status == 422
        assert code in {each["code"] for each in problem["errors"]}, problem


async def test_who_asks_names_people_who_may_quote(market: Market) -> None:
    desk = market.desk
    brief = await desk.submitted()
    gone, unknown = desk.app.person("supplier"), desk.app.person("supplier")
    await desk.deliver(known(gone).model_copy(update={"active": False}))
    for suppliers, code in (
        ((desk.marco,), "supplier_cannot_quote"),
        ((gone,), "supplier_cannot_quote"),
        ((unknown,), "supplier_cannot_quote"),
        ((market.gino, market.gino), "supplier_asked_already"),
    ):
        status, problem = await market.ask(brief, *suppliers)
        assert (status, problem["code"]) == (422, code), problem
    for due_at in (desk.app.clock.now(), desk.app.clock.now() + timedelta(days=366)):
        status, problem = await market.ask(brief, market.gino, due_at=due_at.isoformat())
        assert (status, problem["errors"][0]["field"]) == (422, "due_at")
    assert await desk.app.published(QuotationRequested) == []


async def test_all_have_the_same_time(market: Market) -> None:
    """Nobody is awarded while another may still quote, and nobody quotes late."""
    _, request = await market.asked()
    await market.quote(market.gino, "4", "1")
    status, problem = await market.award(request, market.gino, market.gino)
    assert (status, problem["code"]) == (409, "request_awaits_quotes")
    market.desk.app.advance(timedelta(days=3))
    status, problem = await market.quote(market.irma, "3", "1")
    assert (status, problem["code"]) == (409, "quotation_late")
    status, problem = await market.quote(market.gino, "3", "1")
    assert (status, problem["code"]) == (409, "quotation_late")
    status, answer = await market.award(request, market.gino, market.gino)
    assert status == 200, answer


async def test_a_supplier_who_quotes_no_longer_is_neither_awaited_nor_chosen(market: Market) -> None:
    desk = market.desk
    _, request = await market.asked()
    await market.quote(market.gino, "4", "1")
    await desk.deliver(known(market.irma).model_copy(update={"active": False}))
    seen = await market.read(request)
    assert [(each["state"], each["supplier_left"]) for each in seen["quotations"]] == [
        ("quoted", False),
        ("closed", True),
    ]
    assert "award" in seen["actions"]
    await desk.deliver(known(market.gino).model_copy(update={"roles": ["marketing"]}))
    seen = await market.read(request)
    assert "award" not in seen["actions"]
    assert [(each["valid"], "total" in each) for each in seen["quotations"]] == [(False, False)] * 2
    status, problem = await market.award(request, market.gino, market.gino)
    assert (status, problem["errors"][0]["code"]) == (422, "supplier_left")
    await desk.deliver(RoleChanged(role_id=uuid4(), key="marketing", privileges=["quotation.submit"]))
    status, answer = await market.award(request, market.gino, market.gino)
    assert status == 200, answer


async def test_what_was_read_is_what_is_awarded(market: Market) -> None:
    _, request = await market.asked(market.gino)
    await market.quote(market.gino, "4", "1")
    read = await market.read(request)
    await market.quote(market.gino, "5", "1")
    lines = [{"item_id": i["item_id"], "quotation_id": read["quotations"][0]["id"]} for i in read["items"]]
    response, _ = await market.desk.as_(market.desk.paola).post(
        f"/v1/quotation-requests/{request['id']}/award",
        {"lines": lines},
        headers={"If-Match": f'"{read["version"]}"'},
    )
    assert response.status == 412


async def test_what_is_not_offered_is_not_awarded(market: Market) -> None:
    _, request = await market.asked()
    await market.quote(market.gino, [("1000", "2")], None)
    await market.quote(market.irma, "4", "1")
    status, problem = await market.award(request, market.gino, market.gino)
    assert status == 422
    assert [each["code"] for each in problem["errors"]] == ["quantity_below_minimum", "item_not_quoted"]
    market.desk.app.advance(timedelta(days=60))
    status, problem = await market.award(request, market.irma, market.irma)
    assert [each["code"] for each in problem["errors"]] == ["quote_expired", "quote_expired"]
    assert (await market.read(request))["state"] == "open"


async def test_a_request_lapses_with_its_revision(market: Market) -> None:
    desk = market.desk
    brief, request = await market.asked()
    await desk.deliver(desk.approval(ChangesRequested, brief, reason="Meno pezzi"))
    assert (await market.read(request))["state"] == "lapsed"
    status, problem = await market.quote(market.gino, "4", "1")
    assert (status, problem["code"]) == (409, "quotation_closed")
    _, page = await desk.as_(market.gino).get("/v1/quotations?open=true")
    assert page["items"] == []


# --- nobody learns of another


async def view_of(market: Market, supplier: Actor) -> str:
    """All that a supplier can get to see of a request, and the events of which they are told."""
    client, seen = market.desk.as_(supplier), []
    own = (await client.get("/v1/quotations"))[1]["items"]
    ids = [each["id"] for each in own]
    paths = [
        "/v1/quotations",
        "/v1/quotations?open=true",
        "/v1/quotations?limit=1",
        *(f"/v1/quotations/{each}" for each in ids),
        "/v1/quotation-requests",
        "/v1/briefs",
        *market.paths,
    ]
    for path in paths:
        response, answer = await client.get(path)
        kept = {name: response.headers.get(name) for name in ("ETag", "Location")}
        seen.append((path, response.status, answer, kept))
    for _, path in ((each, f"/v1/quotations/{each}") for each in ids):
        for method, suffix, body in (
            ("PUT", "/quote", {"lines": [], "valid_until": "2026-12-31"}),
            ("PUT", "/quote", {"lines": [line(uuid4())], "valid_until": "2027-12-31"}),
            ("POST", "/decline", {}),
        ):
            response, answer = await client.request(method, path + suffix, json=body)
            answer.pop("instance", None)
            seen.append((method, suffix, response.status, answer))
    told = [
        (each.type, each.sequence, each.data)
        for each in await market.desk.app.published()
        if str(each.data.get("supplier_id")) == str(supplier.person_id) or each.actorid == supplier.person_id
    ]
    return json.dumps([seen, told], default=str)


def line(item_id: Any) -> dict[str, Any]:
    return {"item_id": str(item_id), "breaks": breaks_of("1"), "lead_time_days": 1}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("end", ["open", "cancelled", "lapsed", "lost"])
async def test_a_supplier_s_whole_view_is_the_same_whatever_another_does(market: Market, end: str) -> None:
    """Two requests alike but for the other supplier: not asked at all, or asked, quoting, quoting anew."""
    views = []
    for other in (False, True):
        desk = market.desk
        fresh = Market(desk)
        await fresh.open()
        brief = await desk.submitted()
        _, request = await fresh.ask(brief, fresh.gino)
        fresh.paths = [f"/v1/briefs/{brief['id']}", f"/v1/quotation-requests/{request['id']}"]
        await fresh.quote(fresh.gino, "4", "1")
        if other:
            body = {"supplier_ids": [str(fresh.irma.person_id)]}
            path = f"/v1/quotation-requests/{request['id']}/suppliers"
            response, problem = await desk.as_(desk.paola).post(path, body)
            assert response.status == 200, problem
            await fresh.quote(fresh.irma, "3", "1")
            await fresh.quote(fresh.irma, "2.50", "1")
        await finish(fresh, brief, request, end, other)
        view = await view_of(fresh, fresh.gino)
        names = {str(fresh.gino.person_id): "gino", brief["id"]: "brief", request["id"]: "request"}
        own = (await fresh.own(fresh.gino))["id"]
        for value, name in {**names, own: "quotation"}.items():
            view = view.replace(value, name)
        for n, item in enumerate(brief["items"]):
            view = view.replace(item["item_id"], f"item {n}")
        assert str(fresh.irma.person_id) not in view
        views.append(view)
    assert views[0] == views[1]


async def finish(market: Market, brief: Any, request: Any, end: str, other: bool) -> None:
    desk = market.desk
    if end == "lapsed":
        await desk.deliver(desk.approval(ChangesRequested, brief, reason="Meno pezzi"))
    if end == "cancelled" or (end == "lost" and not other):
        # Whether somebody else was chosen or nobody at all is nothing to who was not.
        path = f"/v1/quotation-requests/{request['id']}/cancellation"
        response, _ = await desk.as_(desk.paola).post(path, {"reason": "Rinviata"})
        assert response.status == 200
    elif end == "lost":
        status, answer = await market.award(request, market.irma, market.irma)
        assert status == 200, answer


async def test_another_s_quotation_is_absent_in_every_way(market: Market) -> None:
    await market.asked()
    gino = (await market.own(market.gino))["id"]
    client = market.desk.as_(market.irma)
    item = (await market.own(market.irma))["items"][0]["item_id"]
    quote = {"lines": [line(item)], "valid_until": "2026-12-31"}
    for method, suffix, body in (
        ("GET", "", None),
        ("PUT", "/quote", quote),
        ("POST", "/decline", {"reason": "No"}),
    ):
        answers = []
        for quotation_id in (gino, str(uuid4())):
            response, problem = await client.request(
                method, f"/v1/quotations/{quotation_id}{suffix}", json=body
            )
            answers.append((response.status, {**problem, "instance": ""}))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert await market.desk.app.published(QuotationAnswered) == []


# --- what is offered succeeds, and nothing else does


async def request_in(market: Market, state: RequestState) -> dict[str, Any]:
    brief, request = await market.asked()
    await market.quote(market.gino, "4", "1")
    if state is RequestState.OPEN:
        return await market.read(request)
    await market.quote(market.irma, "5", "1")
    if state is RequestState.AWARDED:
        await market.award(request, market.gino, market.gino)
    elif state is RequestState.CANCELLED:
        await finish(market, brief, request, "cancelled", False)
    else:
        await finish(market, brief, request, "lapsed", False)
    seen = await market.read(request)
    assert seen["state"] == state
    return seen


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("reader", "state"), [*product(("paola", "bruno"), RequestState)])
async def test_offered_actions_on_a_request_succeed(market: Market, reader: str, state: RequestState) -> None:
    desk = market.desk

    async def attempt(action: str, seen: dict[str, Any]) -> int:
        quotation = next(
            each["id"] for each in seen["quotations"] if each["supplier"]["name"] == "Gino Galli"
        )
        lines = [{"item_id": item["item_id"], "quotation_id": quotation} for item in seen["items"]]
        new = desk.app.person("supplier", name="Nuova")
        await desk.deliver(known(new))
        suffix, body = {
            "ask_more_suppliers": ("suppliers", {"supplier_ids": [str(new.person_id)]}),
            "award": ("award", {"lines": lines}),
            "cancel": ("cancellation", {"reason": "Rinviata"}),
        }[action]
        path = f"/v1/quotation-requests/{seen['id']}/{suffix}"
        return int((await desk.as_(getattr(desk, reader)).post(path, body))[0].status)

    seen = await request_in(market, state)
    response, own = await desk.as_(getattr(desk, reader)).get(f"/v1/quotation-requests/{seen['id']}")
    offered = own["actions"] if response.status == 200 else []
    for action in get_args(RequestAction):
        if action not in offered:
            assert await attempt(action, seen) in (403, 404, 409), action
    for action in offered:
        assert await attempt(action, await request_in(market, state)) == 200, action


@pytest.mark.sampled(3)
@pytest.mark.parametrize("state", QuotationState)
async def test_offered_actions_on_a_quotation_succeed(market: Market, state: QuotationState) -> None:
    desk = market.desk
    brief, request = await market.asked(market.gino)
    if state in (QuotationState.QUOTED, QuotationState.AWARDED):
        await market.quote(market.gino, "4", "1")
    if state is QuotationState.DECLINED:
        own = await market.own(market.gino)
        await desk.as_(market.gino).post(f"/v1/quotations/{own['id']}/decline", {"reason": "Ferie"})
    if state is QuotationState.AWARDED:
        await market.award(request, market.gino, market.gino)
    if state is QuotationState.CLOSED:
        await finish(market, brief, request, "cancelled", False)
    own = await market.own(market.gino)
    assert own["state"] == state
    for action in get_args(QuotationAction):
        if action == "quote":
            status, _ = await market.quote(market.gino, "4", "1")
        elif action == "send_file":
            status = (await market.send_file(market.gino))[0]
            status = 200 if status == 201 else status
        else:
            path = f"/v1/quotations/{own['id']}/decline"
            status = (await desk.as_(market.gino).post(path, {"reason": "Ferie"}))[0].status
        assert (status == 200) == (action in own["actions"]), action
        assert status in (200, 409)
