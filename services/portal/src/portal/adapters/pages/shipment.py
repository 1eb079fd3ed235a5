"""One shipment: its goods, how it travels, its transport document, and its way to the recipient."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from aiohttp.web import FileField

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..amounts import plain_number, typed_number
from ..client import LISTED, Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, filled, moment_in_field, moment_typed
from ..labels import LABELS
from ..places import destination_of, destinations_of, lines_typed, places_of, types_of

pages = Pages()

_TRANSPORT: Final = (
    "transport_by",
    "carrier",
    "freight",
    "appearance",
    "packages",
    "gross_weight_kg",
    "net_weight_kg",
    "customer_reference",
    "starts_at",
    "notes",
)
_WEIGHTS: Final = frozenset({"gross_weight_kg", "net_weight_kg"})


@pages.get("/shipments/{shipment_id}")
async def show_shipment(call: PageCall, shipment_id: UUID) -> Answer:
    return await _page(call, shipment_id)


@pages.get("/shipments/{shipment_id}/ddt.pdf")
async def read_ddt(call: PageCall, shipment_id: UUID) -> Answer:
    file = await call.session.services.file("logistics", f"/v1/shipments/{shipment_id}/ddt.pdf")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.get("/shipments/{shipment_id}/despatch-advice.xml")
async def read_despatch_advice(call: PageCall, shipment_id: UUID) -> Answer:
    path = f"/v1/shipments/{shipment_id}/despatch-advice.xml"
    try:
        file = await call.session.services.file("logistics", path)
    except Refused as refused:
        return await _page(call, shipment_id, RefusedForm("despatch-advice", {}, refused))
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.post("/shipments/{shipment_id}/labels")
async def label(call: PageCall, shipment_id: UUID) -> Answer:
    path = f"/v1/shipments/{shipment_id}/labels"
    try:
        await call.session.services.send("logistics", "POST", path, {}, key=call.text("once"))
    except Refused as refused:
        return await _page(call, shipment_id, RefusedForm("labels", call.form, refused))
    shipment = await call.session.services.get("logistics", f"/v1/shipments/{shipment_id}")
    if _label_parts(shipment):
        return SeeOther(f"/shipments/{shipment_id}#labels")
    return SeeOther(f"/papers.pdf?paper=labels&shipment_id={shipment_id}")


@pages.post("/shipments/{shipment_id}/transport")
async def arrange(call: PageCall, shipment_id: UUID) -> Answer:
    body: dict[str, Any] = filled(**{name: call.text(name) for name in _TRANSPORT})
    for weight in _WEIGHTS & body.keys():
        body[weight] = plain_number(body[weight], call.language)
    if "starts_at" in body:
        body["starts_at"] = moment_typed(body["starts_at"])
    if body.get("packages", "").isdecimal():
        body["packages"] = int(body["packages"])
    return await _command(call, shipment_id, "transport", body, method="PUT")


@pages.post("/shipments/{shipment_id}/content")
async def revise(call: PageCall, shipment_id: UUID) -> Answer:
    body = {
        **{name: call.text(name) for name in ("document_type", "warehouse")},
        "lines": lines_typed(call),
    }
    try:
        body["destination"] = await destination_of(call)
    except Refused as refused:
        return await _page(call, shipment_id, RefusedForm("content", call.form, refused))
    return await _command(call, shipment_id, "content", body, method="PUT")


@pages.post("/shipments/{shipment_id}/picks")
async def name_pick(call: PageCall, shipment_id: UUID) -> Answer:
    """Add a pick to those that people have named, or drop all of them in favour of the proposal."""
    path = f"/v1/shipments/{shipment_id}/picks"
    named: list[dict[str, str]] = []
    if not call.text("as_proposed"):
        found = await call.session.services.get("logistics", path)
        names = ("job_id", "quantity", "location", "lot")
        named = [
            {name: each[name] for name in names if name in each}
            for each in found["picks"]
            if not each["proposed"]
        ]
        goods = filled(article=call.text("article")) or {"job_id": call.text("job_id")}
        pick = {
            **goods,
            **filled(
                quantity=plain_number(call.text("quantity"), call.language),
                location=call.text("location").upper(),
                lot=call.text("lot"),
            ),
        }
        named.append(pick)
    return await _command(call, shipment_id, "picks", {"picks": named}, method="PUT")


@pages.post("/shipments/{shipment_id}/picking")
async def pick(call: PageCall, shipment_id: UUID) -> Answer:
    return await _command(call, shipment_id, "picking", {})


@pages.post("/shipments/{shipment_id}/issuance")
async def issue(call: PageCall, shipment_id: UUID) -> Answer:
    body = filled(issue_date=call.text("issue_date"), series=call.text("series").upper())
    return await _command(call, shipment_id, "issuance", body)


@pages.post("/shipments/{shipment_id}/departure")
async def depart(call: PageCall, shipment_id: UUID) -> Answer:
    return await _command(
        call, shipment_id, "departure", filled(departed_at=moment_typed(call.text("departed_at")))
    )


@pages.post("/shipments/{shipment_id}/delivery")
async def deliver(call: PageCall, shipment_id: UUID) -> Answer:
    body = {
        "received_by": call.text("received_by"),
        "arrived": [
            {
                "job_id": name.removeprefix("arrived-"),
                "accepted": plain_number(call.text(name), call.language),
                **filled(damaged=plain_number(call.text(f"damaged-{name[8:]}"), call.language)),
            }
            for name in call.form
            if name.startswith("arrived-")
        ],
        **filled(delivered_at=moment_typed(call.text("delivered_at")), reason=call.text("reason")),
    }
    return await _command(call, shipment_id, "delivery", body)


@pages.get("/shipments/{shipment_id}/hand-over")
async def show_hand_over(call: PageCall, shipment_id: UUID) -> Answer:
    """Show the form for the person who hands the goods over, made for a telephone."""
    return await _hand_over(call, shipment_id)


@pages.post("/shipments/{shipment_id}/hand-over", max_bytes=11 << 20)
async def hand_over(call: PageCall, shipment_id: UUID) -> Answer:
    body = {"received_by": call.text("received_by")}
    path, version = f"/v1/shipments/{shipment_id}/delivery", call.text("version")
    try:
        await call.session.services.send(
            "logistics", "POST", path, body, version=version, key=call.text("once")
        )
    except Refused as refused:
        return await _hand_over(call, shipment_id, RefusedForm("delivery", call.form, refused))
    return await _keep_proof(call, shipment_id)


@pages.post("/shipments/{shipment_id}/delivery-proofs", max_bytes=11 << 20)
async def prove(call: PageCall, shipment_id: UUID) -> Answer:
    return await _keep_proof(call, shipment_id)


@pages.get("/shipments/{shipment_id}/delivery-proofs/{proof_id}")
async def read_proof(call: PageCall, shipment_id: UUID, proof_id: UUID) -> Answer:
    path = f"/v1/shipments/{shipment_id}/delivery-proofs/{proof_id}"
    file = await call.session.services.file("logistics", path)
    return RawAnswer(file.body, file.media_type, file.disposition)


async def _keep_proof(call: PageCall, shipment_id: UUID) -> Answer:
    file = call.form.get("file")
    if isinstance(file, FileField) and file.filename:
        name = file.filename.replace("\\", "/").rpartition("/")[2]
        path = f"/v1/shipments/{shipment_id}/delivery-proofs"
        try:
            await call.session.services.upload(
                "logistics",
                path,
                name,
                file.content_type,
                file.file.read(),
                key=call.text("once_proof"),
            )
        except Refused as refused:
            return await _page(call, shipment_id, RefusedForm("delivery-proofs", call.form, refused))
    return SeeOther(f"/shipments/{shipment_id}")


async def _hand_over(call: PageCall, shipment_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    shipment = await call.session.services.get("logistics", f"/v1/shipments/{shipment_id}")
    if "deliver" not in shipment["actions"] and sent is NOTHING_SENT:
        return SeeOther(f"/shipments/{shipment_id}")
    return TemplateAnswer("hand_over.html", {"shipment": shipment, "sent": sent}, sent.status)


@pages.post("/shipments/{shipment_id}/refusal")
async def refuse(call: PageCall, shipment_id: UUID) -> Answer:
    return await _command(call, shipment_id, "refusal", {"reason": call.text("reason")})


@pages.post("/shipments/{shipment_id}/returns")
async def take_back(call: PageCall, shipment_id: UUID) -> Answer:
    body = {
        **{name: call.text(name) for name in ("document_type", "warehouse", "reason")},
        **filled(number=call.text("number"), date=call.text("date"), hold_reason=call.text("hold_reason")),
        "lines": [
            {
                **line,
                "disposition": call.text("disposition"),
                **filled(location=call.text("location").upper(), lot=call.text("lot")),
            }
            for line in lines_typed(call)
        ],
    }
    return await _command(call, shipment_id, "returns", body)


@pages.post("/shipments/{shipment_id}/voiding")
async def void(call: PageCall, shipment_id: UUID) -> Answer:
    body = {"reason": call.text("reason"), "reissue": call.text("reissue") == "yes"}
    return await _command(call, shipment_id, "voiding", body)


@pages.post("/shipments/{shipment_id}/cancellation")
async def cancel(call: PageCall, shipment_id: UUID) -> Answer:
    return await _command(call, shipment_id, "cancellation", {"reason": call.text("reason")})


async def _command(
    call: PageCall, shipment_id: UUID, what: str, body: Mapping[str, Any], *, method: str = "POST"
) -> Answer:
    try:
        await call.session.services.send(
            "logistics",
            method,
            f"/v1/shipments/{shipment_id}/{what}",
            body,
            version=call.text("version"),
            key=call.text("once"),
        )
    except Refused as refused:
        return await _page(call, shipment_id, RefusedForm(what, call.form, refused))
    return SeeOther(f"/shipments/{shipment_id}")


async def _page(call: PageCall, shipment_id: UUID, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    shipment, carriers, types, warehouses, destinations = await with_parts(
        services.get("logistics", f"/v1/shipments/{shipment_id}"),
        *(
            services.every("logistics", f"/v1/{table}")
            for table in ("carriers", "document-types", "warehouses")
        ),
        services.get("logistics", "/v1/destinations", limit=LISTED),
    )
    together = await _travelling_with(call, shipment) if "deliver" in shipment["actions"] else []
    picks = None
    if {"name_picks", "issue", "take_back"} & set(shipment["actions"]):
        picks = await part(services.get("logistics", f"/v1/shipments/{shipment_id}/picks"))
    proofs = None
    if shipment["proofs"]:
        proofs = await part(services.get("logistics", f"/v1/shipments/{shipment_id}/delivery-proofs"))
    shippable = await _shippable(call, shipment) if "revise" in shipment["actions"] else []
    given = {name: _typed(shipment.get(name, "")) for name in _TRANSPORT}
    for weight in _WEIGHTS:
        given[weight] = typed_number(given[weight], call.language)
    given["starts_at"] = moment_in_field(given["starts_at"])
    context = {
        "shipment": shipment,
        "carriers": [(each["code"], each["identity"]["name"]) for each in _items(carriers)],
        "return_types": types_of(types, lambda each: each["direction"] == "in"),
        "document_types": types_of(types, lambda each: each["direction"] != "in"),
        "warehouses": places_of(warehouses),
        "ends": destinations_of(destinations, places_of(warehouses)),
        "shippable": shippable,
        "tracked": any("lot" in each for each in (picks["picks"] if picks else [])),
        "goods_of_lines": [(line["job_id"], line["description"]) for line in shipment["lines"]],
        "picks": [each for each in (picks["picks"] if picks else []) if each.keys() & {"location", "lot"}],
        "together": together,
        "proofs": proofs,
        "carried": {line["job_id"]: line["quantity"] for line in shipment["lines"]},
        "given": given,
        "ways": list(LABELS["transport_by"]),
        "freights": list(LABELS["freight"]),
        "label_parts": _label_parts(shipment),
        "sent": sent,
    }
    return TemplateAnswer("shipment.html", context, sent.status)


def _label_parts(shipment: Mapping[str, Any]) -> range:
    """Return the numbers of the packages with which the PDFs of labels begin; empty if one PDF holds all."""
    packages = shipment.get("packages") or 0
    at_once = shipment.get("labels_at_once", packages)  # the previous release does not send it
    return range(1, packages + 1, at_once) if packages > at_once else range(0)


async def _travelling_with(call: PageCall, shipment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the lines of other orders under the same DDT, which arrive together with these."""
    services = call.session.services
    found = await asyncio.gather(
        *(
            services.get("logistics", f"/v1/shipments/{each['shipment_id']}")
            for each in shipment["companions"]
        )
    )
    return [
        {**line, "order_number": other["order_number"]}
        for other in found
        if other["state"] == "in_transit"
        for line in other["lines"]
    ]


async def _shippable(call: PageCall, shipment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the goods that the shipment may carry: those of its order or, without one, of its warehouse."""
    services = call.session.services
    if "order_id" in shipment:
        order = await part(services.get("logistics", f"/v1/orders/{shipment['order_id']}"))
        carried = {line["job_id"] for line in shipment["lines"]}
        return [
            line
            for line in (order["lines"] if order else [])
            if "finisher" not in line or line["job_id"] in carried  # there may be many lines of outside work
        ]
    warehouse = shipment["warehouse"]["code"]
    stock = await part(services.every("logistics", "/v1/stock", articles="true", warehouse=warehouse))
    lying = {row["job_id"]: row for row in (stock["items"] if stock else [])}
    return [*({line["job_id"]: line for line in shipment["lines"]} | lying).values()]


def _typed(value: Any) -> str:
    """Return a value as its form field holds it; for an entry of a lookup table this is the code."""
    return str(value["code"] if isinstance(value, Mapping) else value)


def _items(found: Any) -> list[Mapping[str, Any]]:
    return found["items"] if found else []
