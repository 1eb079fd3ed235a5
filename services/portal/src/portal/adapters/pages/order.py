"""One order: its jobs and phases, its goods in the warehouse, and what the reader may do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..client import GAP, LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled
from ..kinds import names_of_kinds
from ..navigation import leads_to
from ..places import (
    Destinations,
    deliveries_typed,
    destination_of,
    destinations_of,
    finishers_in,
    lines_typed,
    paid_in,
    places_of,
    places_with,
    types_of,
)

pages = Pages()


@pages.get("/orders/{order_id}")
async def show_order(call: PageCall, order_id: UUID) -> Answer:
    return await _page(call, order_id)


@pages.post("/orders/{order_id}/cancellation")
async def cancel(call: PageCall, order_id: UUID) -> Answer:
    body = {"reason": call.text("reason")}
    return await _command(call, order_id, "cancellation", "POST", f"/v1/orders/{order_id}/cancellation", body)


@pages.post("/orders/{order_id}/closure")
async def close(call: PageCall, order_id: UUID) -> Answer:
    body = {"reason": call.text("reason")}
    return await _command(call, order_id, "closure", "POST", f"/v1/orders/{order_id}/closure", body)


@pages.post("/orders/{order_id}/jobs/{job_id}/closure")
async def close_job(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    body = {"reason": call.text("reason")}
    return await _command(call, order_id, f"closure-{job_id}", "POST", f"/v1/jobs/{job_id}/closure", body)


@pages.post("/orders/{order_id}/deadline")
async def change_deadline(call: PageCall, order_id: UUID) -> Answer:
    body = {"deadline": call.text("deadline"), "reason": call.text("reason")}
    return await _command(call, order_id, "deadline", "PUT", f"/v1/orders/{order_id}/deadline", body)


@pages.post("/orders/{order_id}/jobs/{job_id}/line")
async def change_line(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    body = {
        "quantity": plain_number(call.text("quantity"), call.language),
        "deliveries": deliveries_typed(call.text("deliveries"), call.language),
        "reason": call.text("reason"),
    }
    return await _command(call, order_id, f"line-{job_id}", "PUT", f"/v1/jobs/{job_id}/line", body)


@pages.post("/orders/{order_id}/jobs/{job_id}/kind")
async def correct_kind(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    body = {"kind": call.text("kind")}
    return await _command(call, order_id, f"kind-{job_id}", "PUT", f"/v1/jobs/{job_id}/kind", body)


@pages.post("/orders/{order_id}/jobs/{job_id}/economics")
async def set_economics(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    body = {
        **filled(supplier=call.text("supplier"), vat_code=call.text("vat_code")),
        **filled(cost=plain_number(call.text("cost"), call.language)),
        "cost_lines": _cost_lines(call),
        "unit_price": plain_number(call.text("unit_price"), call.language),
        **filled(price_reason=call.text("price_reason")),
        "materials": call.text("materials"),
        "technical_sheet": call.text("technical_sheet"),
        "sheet": _sheet(call),
    }
    path = f"/v1/jobs/{job_id}/economics"
    return await _command(call, order_id, f"economics-{job_id}", "PUT", path, body)


def _sheet(call: PageCall) -> dict[str, str]:
    """Return what was typed into the fields of the job's kind of item."""
    texts = {name: call.text(name) for name in call.form if name.startswith(("detail-", "number-"))}
    return {
        name.partition("-")[2]: plain_number(text, call.language) if name.startswith("number-") else text
        for name, text in texts.items()
        if text
    }


def _cost_lines(call: PageCall) -> list[dict[str, Any]]:
    """Return the cost lines, one for each row of the form that has a description."""
    rows = [
        name.removeprefix("line-description-") for name in call.form if name.startswith("line-description-")
    ]
    lines: list[dict[str, Any]] = []
    for row in rows:
        if not call.text(f"line-description-{row}"):
            continue
        texts = {
            name: call.text(f"line-{name}-{row}") for name in ("what", "description", "supplier", "terms")
        }
        numbers = {
            name: plain_number(call.text(f"line-{name}-{row}"), call.language)
            for name in ("quantity", "unit_cost", "actual")
        }
        lines.append({**filled(**texts, **numbers), **_terms_of_delivery(call, row)})
    return lines


def _terms_of_delivery(call: PageCall, row: str) -> dict[str, Any]:
    """Return a cost line's phase and terms of delivery; nothing if no phase is chosen, and only the phase if
    no tolerance is typed."""
    if not (phase_id := call.text(f"line-phase-{row}")):
        return {}
    if not (percent := plain_number(call.text(f"line-tolerance-{row}"), call.language)):
        return {"phase_id": phase_id}
    sides = {name: call.text(f"line-{name}-{row}") for name in ("over", "under")}
    return {"delivery": {"phase_id": phase_id, "tolerance_percent": percent, **filled(**sides)}}


@pages.get("/orders/{order_id}/jobs/{job_id}/economics")
async def show_economics(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    """Show the history of a job's economics, newest first."""
    services = call.session.services
    history = f"/v1/jobs/{job_id}/economics-history"
    order, entries = await asyncio.gather(
        services.get("production", f"/v1/orders/{order_id}"),
        services.get("production", history, limit=50, cursor=call.query.get("cursor")),
    )
    job = next((each for each in order["jobs"] if each["id"] == str(job_id)), order["jobs"][0])
    paid = set().union(*(paid_in(each["economics"]) for each in entries["items"]))
    suppliers = await places_with(services, {}, paid)
    context = {"order": order, "job": job, "entries": entries, "suppliers": suppliers}
    return TemplateAnswer("job_economics.html", context)


@pages.post("/orders/{order_id}/jobs/{job_id}/amendments")
async def ask_for_amendment(call: PageCall, order_id: UUID, job_id: UUID) -> Answer:
    asked = {name: plain_number(call.text(name), call.language) for name in ("unit_price", "quantity")}
    body: dict[str, Any] = {**filled(**asked), "reason": call.text("reason")}
    if "quantity" in body and "deliveries" in call.form:
        body["deliveries"] = deliveries_typed(call.text("deliveries"), call.language)
    path = f"/v1/jobs/{job_id}/amendments"
    return await _command(call, order_id, f"amendments-{job_id}", "POST", path, body)


@pages.post("/orders/{order_id}/phases/{phase_id}/assignment")
async def assign(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    body = {"assignee_id": call.text("assignee_id"), **filled(reason=call.text("reason"))}
    return await _phase(call, order_id, phase_id, "assignment", body)


@pages.post("/orders/{order_id}/phases/{phase_id}/outsourcing")
async def outsource(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    body: dict[str, Any] = filled(finisher=call.text("finisher"))
    if unit_cost := plain_number(call.text("unit_cost"), call.language):
        percent = plain_number(call.text("tolerance_percent"), call.language)
        sides = filled(tolerance_percent=percent, over=call.text("over"), under=call.text("under"))
        body["price"] = {"unit_cost": unit_cost, **sides}
    return await _phase(call, order_id, phase_id, "outsourcing", body)


@pages.post("/orders/{order_id}/phases/{phase_id}/shares")
async def split(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    body = {
        "quantity": plain_number(call.text("quantity"), call.language),
        **filled(assignee_id=call.text("assignee_id")),
    }
    return await _phase(call, order_id, phase_id, "shares", body)


@pages.post("/orders/{order_id}/phases/{phase_id}/joining")
async def join(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    return await _phase(call, order_id, phase_id, "joining", {"with_id": call.text("with_id")})


@pages.post("/orders/{order_id}/phases/{phase_id}/skip")
async def skip(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    return await _phase(call, order_id, phase_id, "skip", {})


@pages.post("/orders/{order_id}/phases/{phase_id}/acceptance")
async def accept(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    return await _phase(call, order_id, phase_id, "acceptance", {})


@pages.post("/orders/{order_id}/phases/{phase_id}/rejection")
async def reject(call: PageCall, order_id: UUID, phase_id: UUID) -> Answer:
    return await _phase(call, order_id, phase_id, "rejection", {"reason": call.text("reason")})


@pages.post("/orders/{order_id}/receipts")
async def receive(call: PageCall, order_id: UUID) -> Answer:
    return await _move_stock(call, order_id, "receipts")


@pages.post("/orders/{order_id}/allocations")
async def allocate(call: PageCall, order_id: UUID) -> Answer:
    return await _move_stock(call, order_id, "allocations")


@pages.post("/orders/{order_id}/releases")
async def release(call: PageCall, order_id: UUID) -> Answer:
    return await _move_stock(call, order_id, "releases")


@pages.post("/orders/{order_id}/shipments")
async def draft_shipment(call: PageCall, order_id: UUID) -> Answer:
    body = {
        "order_id": str(order_id),
        "document_type": call.text("document_type"),
        "warehouse": call.text("warehouse"),
        "lines": lines_typed(call),
        **filled(travels_with_id=call.text("travels_with_id")),
    }
    try:
        body["destination"] = await destination_of(call)
        shipment = await call.session.services.send(
            "logistics", "POST", "/v1/shipments", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, order_id, RefusedForm(call.text("form"), call.form, refused))
    return SeeOther(f"/shipments/{shipment['id']}")


async def _move_stock(call: PageCall, order_id: UUID, what: str) -> Answer:
    body = {
        "warehouse": call.text("warehouse"),
        "job_id": call.text("job_id"),
        "quantity": plain_number(call.text("quantity"), call.language),
        **filled(hold_reason=call.text("hold_reason"), location=call.text("location").upper()),
    }
    form = f"{what}-{body['job_id']}"
    return await _command(call, order_id, form, "POST", f"/v1/{what}", body, service="logistics")


async def _phase(
    call: PageCall, order_id: UUID, phase_id: UUID, what: str, body: Mapping[str, Any]
) -> Answer:
    return await _command(call, order_id, f"{what}-{phase_id}", "POST", f"/v1/phases/{phase_id}/{what}", body)


async def _command(
    call: PageCall,
    order_id: UUID,
    form: str,
    method: str,
    path: str,
    body: Mapping[str, Any],
    *,
    service: str = "production",
) -> Answer:
    try:
        await call.session.services.send(
            service, method, path, body, version=call.text("version"), key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, order_id, RefusedForm(form, call.form, refused))
    return SeeOther(f"/orders/{order_id}")


async def _page(call: PageCall, order_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    order, goods, stock, shipments, warehouses, destinations, types, kinds, assignees = await with_parts(
        services.get("production", f"/v1/orders/{order_id}"),
        services.get("logistics", f"/v1/orders/{order_id}"),
        services.every("logistics", "/v1/stock", order_id=order_id),
        services.every("logistics", "/v1/shipments", order_id=order_id),
        services.every("logistics", "/v1/warehouses"),
        services.every("logistics", "/v1/destinations"),
        services.every("logistics", "/v1/document-types"),
        services.every("production", "/v1/kinds"),
        _assignees(call),
    )
    to_ship = _to_ship(goods, stock, destinations_of(destinations))
    for offer in to_ship:
        offer["company"] = []
    if to_ship:
        await _find_company(call, order_id, to_ship)
    to_receive = _lines_with("receive", goods)
    known = await part(services.every("logistics", "/v1/locations")) if to_receive else None
    context = {
        "order": order,
        "shipments": shipments,
        "warehouse_away": GAP in (goods, stock, shipments),
        "warehouses": places_of(warehouses),
        "assignees": assignees,
        "who": call.query.get("who", ""),
        "document_types": types_of(types, lambda each: each["closes_order_line"]),
        "to_receive": to_receive,
        "locations": sorted({each["code"] for each in (known["items"] if known else [])}),
        "to_allocate": _lines_with("allocate", goods),
        "to_release": _lines_with("release", goods),
        "to_send_out": _lines_with("send_out", goods),
        "work_types": types_of(types, _is_for_work),
        "finishers": await places_with(services, places_of(destinations), finishers_in(order["jobs"])),
        "kinds": names_of_kinds(kinds),
        "sheets": {each["key"]: each.get("sheet", []) for each in (kinds["items"] if kinds else [])},
        "to_ship": to_ship,
        "jobs": {job["id"]: job for job in order["jobs"]},
        "phases_of_jobs": {job["id"]: _named(job.get("phases", [])) for job in order["jobs"]},
        "sent": sent,
    }
    return TemplateAnswer("order.html", context, sent.status)


def _named(phases: list[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return id and name of phases. A phase that is a share of the work has its share's number in the
    name."""
    return [(each["id"], f"{each['name']} {each.get('share_number', '')}".strip()) for each in phases]


def _is_for_work(document_type: Mapping[str, Any]) -> bool:
    """Tell whether a document type is for goods that go to a supplier and stay ours."""
    outwards = document_type["direction"] == "out" and document_type["counterparty"] == "supplier"
    return outwards and not document_type["ownership_passes"]


def _lines_with(action: str, goods: Any) -> list[Mapping[str, Any]]:
    """Return the order's lines on which the reader may perform the action in the warehouse."""
    return [line for line in (goods["lines"] if goods else []) if action in line["actions"]]


def _to_ship(goods: Any, stock: Any, anywhere: Destinations) -> list[dict[str, Any]]:
    """Return one offer for each destination and warehouse: the goods that are free in the warehouse and still
    have to go to the destination. Goods that may go anywhere are a separate offer, for any destination."""
    if not goods or not stock:
        return []
    lines = {line["job_id"]: line for line in goods["lines"] if "ship" in line["actions"]}
    offers: dict[tuple[str, str], dict[str, Any]] = {}
    for row in stock["items"]:
        if (line := lines.get(row["job_id"])) is None:
            continue
        free, warehouse = Decimal(row["free"]), row["warehouse"]
        wanted = [(each["destination"], Decimal(each["remaining"])) for each in line["deliveries"]]
        for destination, remaining in wanted or [(None, free)]:
            if (quantity := min(free, remaining)) > 0:
                code = destination["code"] if destination else ""
                offer = offers.setdefault(
                    (code, warehouse["code"]),
                    {
                        "form": f"shipment-{code}-{warehouse['code']}",
                        "destination": destination,
                        "choices": anywhere,
                        "warehouse": warehouse,
                        "lines": [],
                    },
                )
                offer["lines"].append({**line, "most": str(quantity)})
    return [offer for _, offer in sorted(offers.items())]


async def _find_company(call: PageCall, order_id: UUID, to_ship: list[dict[str, Any]]) -> None:
    """Add to each offer the shipments of other orders that have the same route and no DDT yet."""
    every = call.session.services.every
    found = await with_parts(
        *(part(every("logistics", "/v1/shipments", state=state)) for state in ("draft", "picked"))
    )
    for shipment in (each for page in found if page for each in page["items"]):
        if shipment.get("order_id", str(order_id)) == str(order_id):
            continue
        for offer in to_ship:
            way = (offer["destination"] or {}).get("code"), offer["warehouse"]["code"]
            if way == (shipment["destination"]["code"], shipment["warehouse"]["code"]):
                offer["company"].append((shipment["id"], shipment["order_number"]))


async def _assignees(call: PageCall) -> Mapping[str, Any]:
    """Return the people to whom a phase may be assigned (active, in a role that works on phases), and whether
    there may be more than were examined. The list is empty if the reader may not assign phases."""
    if not leads_to(call.session.actor, "/assignments"):
        return {"options": [], "more": False}
    services = call.session.services
    people, roles = await asyncio.gather(
        services.get("identity", "/v1/people", limit=LISTED, text=call.query.get("who")),
        services.every("identity", "/v1/roles"),
    )
    working = {role["key"] for role in roles["items"] if "phase.work" in role["privileges"]}
    options = [
        (person["id"], f"{person['name']}, {person['company']}" if "company" in person else person["name"])
        for person in people["items"]
        if person["active"] and working & set(person["roles"])
    ]
    return {"options": options, "more": "next_cursor" in people}
