"""An order whose goods are in the warehouse, and shipments in every state."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from optima_contracts.identity import LegalIdentity, PersonChanged, TenantChanged
from optima_contracts.production import (
    JobClosed,
    JobCompleted,
    OrderConfirmed,
    OrderDelivery,
    OrderLine,
    PhaseAssigned,
    PhaseOutsourced,
)

from .table import ANYBODYS, OWN, Row, World

ADDRESS = {
    "name": "Magazzino",
    "street": "Via dell'Industria 7",
    "postal_code": "40138",
    "city": "Bologna",
    "province": "BO",
}
COMPANY = ADDRESS | {"name": "Autotrasporti S.r.l.", "vat_number": "02345670372"}
DESTINATION = {"recipient": COMPANY, "address": ADDRESS}
DOCUMENT_TYPE = {
    "text": "Conto visione",
    "direction": "out",
    "counterparty": "customer",
    "ownership_passes": False,
    "to_be_invoiced": False,
    "closes_order_line": False,
    "return_days": 365,
}
TRANSPORT = {
    "transport_by": "vettore",
    "carrier": "$carrier",
    "freight": "franco",
    "appearance": "scatole",
    "packages": 1,
    "gross_weight_kg": "4.5",
}
SIGNED = b"%PDF-1.7\nfirma"
CONTENT = {
    "document_type": "vendita",
    "warehouse": "$warehouse",
    "destination": "$destination",
    "lines": [{"job_id": "$job_id", "quantity": "1"}],
}
SHIPMENT = TRANSPORT | CONTENT | {"order_id": "$order_id"}
GOODS = {"warehouse": "$warehouse", "job_id": "$job_id", "quantity": "1"}
ARTICLE = {"description": "Espositore da banco", "unit": "pz"}
LOOKUPS = {
    "warehouse": ("warehouses", ADDRESS),
    "destination": ("destinations", DESTINATION),
    "causale": ("document-types", DOCUMENT_TYPE),
    "carrier": ("carriers", COMPANY),
    "article": ("articles", ARTICLE),
}
SENT = {
    "supplier": "$destination",
    "number": "77",
    "date": f"{datetime.now(UTC):%Y-%m-%d}",
    "warehouse": "$warehouse",
    "lines": [{"article": "$article", "quantity": "1"}],
}
SHIPMENTS = ("draft", "picked", "issued", "departed", "delivered")

STEPS = ("picking", "issuance", "departure", "delivery")
BODIES: dict[str, object] = {"picking": None, "delivery": {"received_by": "Carla"}}


def lookup_rows() -> tuple[Row, ...]:
    return tuple(
        row
        for name, (noun, body) in LOOKUPS.items()
        for row in (
            Row(
                f"PUT /v1/{noun}/{{code}}",
                "lookup.write",
                at=f"/v1/{noun}/{{{name}}}",
                body=body,
                version="lookup_version",
            ),
            Row(
                f"PUT /v1/{noun}/{{code}}",
                "lookup.write",
                at=f"/v1/{noun}/{{new_code}}",
                body=body,
                makes=True,
            ),
            Row(f"GET /v1/{noun}/{{code}}", "lookup.read", at=f"/v1/{noun}/{{{name}}}"),
            Row(f"GET /v1/{noun}", "lookup.read", shows={name: ANYBODYS}),
        )
    )


ROWS = (
    *lookup_rows(),
    Row("POST /v1/counts", "stock.write", body={"warehouse": "$other_warehouse"}),
    Row("GET /v1/counts", "stock.read", shows={"count_id": ANYBODYS}),
    Row("GET /v1/counts/{count_id}", "stock.read"),
    Row(
        "POST /v1/counts/{count_id}/lines",
        "stock.write",
        body={"article": "$article", "counted": "1"},
    ),
    Row("POST /v1/counts/{count_id}/posting", "stock.write", body={}),
    Row("POST /v1/counts/{count_id}/cancellation", "stock.write"),
    Row("POST /v1/supplier-receipts", "stock.write", body=SENT),
    Row("GET /v1/supplier-receipts", "stock.read", shows={"supplier_receipt_id": ANYBODYS}),
    Row("POST /v1/receipts", "stock.write", body=GOODS),
    Row("POST /v1/allocations", "stock.write", body=GOODS | {"job_id": "$from_stock_id"}),
    Row("POST /v1/releases", "stock.write", body=GOODS | {"job_id": "$closed_id"}),
    Row("POST /v1/holds", "stock.write", body=GOODS | {"reason": "Colore"}),
    Row("POST /v1/hold-endings", "stock.write", body=GOODS | {"ending": "released", "reason": "Ok"}),
    Row("GET /v1/holds", "stock.read", shows={"hold_id": ANYBODYS}),
    Row("POST /v1/adjustments", "stock.write", body=GOODS | {"difference": "found", "reason": "Conta"}),
    Row("GET /v1/destinations/{code}/people", "lookup.read", at="/v1/destinations/{destination}/people"),
    Row(
        "PUT /v1/destinations/{code}/people/{person_id}",
        "lookup.write",
        at="/v1/destinations/{destination}/people/{works_there_id}",
    ),
    Row(
        "DELETE /v1/destinations/{code}/people/{person_id}",
        "lookup.write",
        at="/v1/destinations/{destination}/people/{works_there_id}",
    ),
    Row("POST /v1/locations", "lookup.write", body={"warehouse": "$warehouse", "codes": ["A-01-03"]}),
    Row("GET /v1/locations", "lookup.read", shows={"location": ANYBODYS}),
    Row("DELETE /v1/locations/{warehouse}/{code}", "lookup.write", at="/v1/locations/{warehouse}/C-01"),
    Row("PUT /v1/put-away/{warehouse}", "lookup.write", at="/v1/put-away/{warehouse}", body={"location": ""}),
    Row("POST /v1/relocations", "stock.write", body=GOODS | {"to_location": "B-01"}),
    Row("GET /v1/stock", "stock.read", shows={"job_id": ANYBODYS}),
    Row("GET /v1/movements", "stock.read", shows={"job_id": ANYBODYS}),
    Row("GET /v1/orders/{order_id}", "shipment.read"),
    Row("POST /v1/shipments", "shipment.write", body=SHIPMENT),
    Row("GET /v1/expected-returns", "shipment.read", shows={"lent_id": ANYBODYS}),
    Row("GET /v1/figures/deliveries", "shipment.read"),
    Row("GET /v1/figures/shipments", "shipment.read"),
    Row("GET /v1/figures/stock", "stock.read"),
    Row("GET /v1/papers.pdf", "shipment.read", at="/v1/papers.pdf?paper=pick_list&shipment_id={draft_id}"),
    Row("POST /v1/shipments/{shipment_id}/labels", "shipment.write", at="/v1/shipments/{draft_id}/labels"),
    Row("PUT /v1/gs1-prefix", "lookup.write", body={"prefix": "8012345"}),
    Row("GET /v1/gs1-prefix", "lookup.read"),
    Row("GET /v1/goods-with-third-parties", "shipment.read", shows={"lent_id": ANYBODYS}),
    Row("GET /v1/shipments", "shipment.read", shows={f"{name}_id": ANYBODYS for name in SHIPMENTS}),
    Row("GET /v1/shipments/{shipment_id}", "shipment.read", at="/v1/shipments/{draft_id}"),
    Row(
        "GET /v1/shipments/{shipment_id}/despatch-advice.xml",
        "shipment.read",
        at="/v1/shipments/{issued_id}/despatch-advice.xml",
    ),
    Row("GET /v1/shipments/{shipment_id}/ddt.pdf", "shipment.read", at="/v1/shipments/{issued_id}/ddt.pdf"),
    Row(
        "PUT /v1/shipments/{shipment_id}/transport",
        "shipment.write",
        at="/v1/shipments/{draft_id}/transport",
        body={"notes": "Fragile"},
        version="draft_version",
    ),
    Row(
        "PUT /v1/shipments/{shipment_id}/content",
        "shipment.write",
        at="/v1/shipments/{draft_id}/content",
        body=CONTENT,
        version="draft_version",
    ),
    Row("GET /v1/shipments/{shipment_id}/picks", "shipment.read", at="/v1/shipments/{draft_id}/picks"),
    Row(
        "PUT /v1/shipments/{shipment_id}/picks",
        "shipment.write",
        at="/v1/shipments/{draft_id}/picks",
        body={"picks": [{"job_id": "$job_id", "quantity": "1"}]},
        version="draft_version",
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/picking",
        "shipment.write",
        at="/v1/shipments/{draft_id}/picking",
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/issuance",
        "ddt.issue",
        at="/v1/shipments/{picked_id}/issuance",
        body={},
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/departure",
        "shipment.write",
        at="/v1/shipments/{issued_id}/departure",
        body={},
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/delivery",
        "shipment.write",
        at="/v1/shipments/{departed_id}/delivery",
        body={"received_by": "Carla"},
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/refusal",
        "shipment.write",
        at="/v1/shipments/{departed_id}/refusal",
        body={"reason": "Rotto"},
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/returns",
        "shipment.write",
        at="/v1/shipments/{delivered_id}/returns",
        body={
            "document_type": "reso-da-cliente",
            "warehouse": "$warehouse",
            "reason": "Difettosi",
            "lines": [{"job_id": "$job_id", "quantity": "1", "disposition": "stock"}],
        },
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/delivery-proofs",
        "shipment.write",
        at="/v1/shipments/{delivered_id}/delivery-proofs?name=firma.pdf",
        body=SIGNED,
        media_type="application/pdf",
    ),
    Row(
        "GET /v1/shipments/{shipment_id}/delivery-proofs",
        "shipment.read",
        at="/v1/shipments/{delivered_id}/delivery-proofs",
    ),
    Row(
        "GET /v1/shipments/{shipment_id}/delivery-proofs/{proof_id}",
        "shipment.read",
        at="/v1/shipments/{delivered_id}/delivery-proofs/{delivery_proof_id}",
    ),
    Row(
        "GET /v1/shipments/{shipment_id}/returns",
        "shipment.read",
        at="/v1/shipments/{delivered_id}/returns",
    ),
    Row("GET /v1/own-ddts", "phase.work", shows={"outside_id": OWN}),
    Row("GET /v1/own-ddts/{shipment_id}", "phase.work", OWN, at="/v1/own-ddts/{outside_id}"),
    Row("GET /v1/own-ddts/{shipment_id}/returns", "phase.work", OWN, at="/v1/own-ddts/{outside_id}/returns"),
    Row("GET /v1/own-ddts/{shipment_id}/ddt.pdf", "phase.work", OWN, at="/v1/own-ddts/{outside_id}/ddt.pdf"),
    Row("GET /v1/ddts/to-be-invoiced", "shipment.read", shows={"issued_id": ANYBODYS}),
    Row("GET /v1/ddts/to-be-invoiced/customers", "shipment.read"),
    Row(
        "GET /v1/ddts/to-be-invoiced.csv",
        "shipment.read",
        at="/v1/ddts/to-be-invoiced.csv?issued_from=2000-01-01&issued_to=2100-01-01",
        empty_elsewhere=True,
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/voiding",
        "ddt.issue",
        at="/v1/shipments/{issued_id}/voiding",
        body={"reason": "Errore", "reissue": True},
    ),
    Row(
        "POST /v1/shipments/{shipment_id}/cancellation",
        "shipment.write",
        at="/v1/shipments/{draft_id}/cancellation",
        body={"reason": "Basta"},
    ),
)


async def build(world: World) -> None:
    names = world.names
    mark = "AURORA" if world.tenant_id == world.served.tenant_id else "BRINA"
    names |= {name: f"{name[:3].upper()}-{mark}" for name in LOOKUPS}
    names |= {"lookup_version": "1", "new_code": f"NUOVO-{mark}"}
    legal = LegalIdentity(
        name="Caffè Aurora S.p.A.",
        vat_number="01234560371",
        street="Via Garibaldi 18",
        postal_code="40124",
        city="Bologna",
        province="BO",
    )
    await world.hear(
        TenantChanged(tenant_id=world.tenant_id, slug=mark.lower(), legal=legal), world.tenant_id
    )
    for name, (noun, body) in LOOKUPS.items():
        await world.ask("PUT", f"/v1/{noun}/{names[name]}", body)
    names["works_there_id"] = str(uuid4())
    person = PersonChanged(
        person_id=UUID(names["works_there_id"]),
        name="Fulvia Galli",
        email="fulvia@galli.example",
        kind="external",
        roles=["supplier"],
        active=True,
    )
    await world.hear(person, person.person_id)
    names["location"] = f"A-01-{mark}"
    located = {"warehouse": names["warehouse"], "codes": [names["location"], "B-01", "C-01"]}
    await world.ask("POST", "/v1/locations", located)
    order_id, job_id = uuid4(), uuid4()
    names |= {"order_id": str(order_id), "job_id": str(job_id)}
    line = OrderLine(
        job_id=job_id,
        item_id=uuid4(),
        kind="espositore",
        description="Espositore",
        quantity="100",
        unit="pz",
        deliveries=[OrderDelivery(destination=names["destination"], quantity="100")],
    )
    confirmed = OrderConfirmed(
        order_id=order_id,
        number="O-2026-0001",
        brief_id=None,
        customer=None,
        deadline=date(2031, 1, 31),
        lines=[line],
    )
    await world.hear(confirmed, order_id)
    done = JobCompleted(job_id=job_id, order_id=order_id, brief_id=None, quantity="100", unit="pz")
    await world.hear(done, job_id)
    goods = {"warehouse": names["warehouse"], "job_id": names["job_id"], "quantity": "50"}
    await world.ask("POST", "/v1/receipts", goods)
    shipment = {
        key: names[value[1:]] if isinstance(value, str) and value.startswith("$") else value
        for key, value in SHIPMENT.items()
    } | {"lines": [{"job_id": names["job_id"], "quantity": "1"}]}
    for name in SHIPMENTS:
        drafted = await world.ask("POST", "/v1/shipments", shipment)
        names[f"{name}_id"] = drafted["id"]
        for action in STEPS[: SHIPMENTS.index(name)]:
            path = f"/v1/shipments/{drafted['id']}/{action}"
            await world.ask("POST", path, BODIES.get(action, {}))
    proof = await world.ask(
        "POST",
        f"/v1/shipments/{names['delivered_id']}/delivery-proofs?name=firma.pdf",
        data=SIGNED,
        headers={"Content-Type": "application/pdf"},
    )
    names["delivery_proof_id"] = proof["id"]
    sent = {key: names[value[1:]] if str(value).startswith("$") else value for key, value in SENT.items()}
    sent |= {"number": "76", "lines": [{"article": names["article"], "quantity": "1"}]}
    names["supplier_receipt_id"] = (await world.ask("POST", "/v1/supplier-receipts", sent))["id"]
    await _take_from_stock(world, shipment, sent)
    names["other_warehouse"] = f"ALTRO-{mark}"
    await world.ask("PUT", f"/v1/warehouses/{names['other_warehouse']}", ADDRESS)
    names["count_id"] = (await world.ask("POST", "/v1/counts", {"warehouse": names["warehouse"]}))["id"]
    counted = {"article": names["article"], "counted": "1"}
    await world.ask("POST", f"/v1/counts/{names['count_id']}/lines", counted)
    held = goods | {"quantity": "5", "reason": "Colore"}
    names["hold_id"] = (await world.ask("POST", "/v1/holds", held))["id"]
    lent = await world.ask("POST", "/v1/shipments", shipment | {"document_type": "conto-visione"})
    names["lent_id"] = lent["id"]
    for action in ("picking", "issuance"):
        await world.ask("POST", f"/v1/shipments/{lent['id']}/{action}", BODIES.get(action, {}))
    await _send_out(world, order_id, job_id, shipment)
    names["draft_version"] = "1"
    await world.work()  # the documents are printed


async def _send_out(world: World, order_id: UUID, job_id: UUID, shipment: dict[str, object]) -> None:
    """Goods of a phase of the owner's to the company that does it."""
    names, phase_id = world.names, uuid4()
    outsourced = PhaseOutsourced(
        job_id=job_id,
        order_id=order_id,
        brief_id=None,
        phase_id=phase_id,
        phase="plastifica",
        description="Espositore: Plastificazione",
        unit="fogli",
        finisher=names["destination"],
        open=True,
        quantity="100",
    )
    await world.hear(outsourced, phase_id)
    assigned = PhaseAssigned(
        job_id=job_id, order_id=order_id, phase_id=phase_id, phase="plastifica", assignee_id=world.owner
    )
    await world.hear(assigned, job_id)
    lines = [{"job_id": str(phase_id), "quantity": "1"}]
    body = shipment | {"document_type": "conto-lavorazione", "lines": lines}
    drafted = await world.ask("POST", "/v1/shipments", body)
    names["outside_id"] = drafted["id"]
    for action in ("picking", "issuance"):
        await world.ask("POST", f"/v1/shipments/{drafted['id']}/{action}", BODIES.get(action, {}))


async def _take_from_stock(world: World, shipment: dict[str, object], sent: dict[str, object]) -> None:
    """A line that waits for more than was there when it was confirmed, and one that was closed while a draft
    held its goods."""
    names = world.names
    made = await world.ask("PUT", "/v1/articles/ESPOSITORE", ARTICLE)

    async def supply(number: str, quantity: str) -> None:
        lines = [{"article": "ESPOSITORE", "quantity": quantity}]
        await world.ask("POST", "/v1/supplier-receipts", sent | {"number": number, "lines": lines})

    async def ordered(number: str, quantity: str) -> tuple[UUID, UUID]:
        order_id, job_id = uuid4(), uuid4()
        line = OrderLine(
            job_id=job_id,
            item_id=None,
            kind="ESPOSITORE",
            description="Espositore da banco",
            quantity=quantity,
            unit="pz",
            deliveries=[OrderDelivery(destination=names["destination"], quantity=quantity)],
            article_id=UUID(str(made["id"])),
        )
        confirmed = OrderConfirmed(
            order_id=order_id,
            number=number,
            brief_id=None,
            customer=None,
            deadline=date(2031, 1, 31),
            lines=[line],
        )
        await world.hear(confirmed, order_id)
        return order_id, job_id

    await supply("78", "50")
    order_id, job_id = await ordered("O-2026-0002", "50")
    names["closed_id"] = str(job_id)
    lines = [{"job_id": str(job_id), "quantity": "40"}]
    draft = await world.ask("POST", "/v1/shipments", shipment | {"order_id": str(order_id), "lines": lines})
    closed = JobClosed(
        job_id=job_id, order_id=order_id, brief_id=None, reason="Bastano", shipped="0", unit="pz"
    )
    await world.hear(closed, job_id)
    await world.ask("POST", f"/v1/shipments/{draft['id']}/cancellation", {"reason": "Riga chiusa"})
    _, job_id = await ordered("O-2026-0003", "100")
    names["from_stock_id"] = str(job_id)
    await supply("79", "100")
