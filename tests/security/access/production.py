"""Orders: one of a brief, valued, with phases in the owner's hands in every state."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from optima_contracts.brief import BriefApproved, BriefContent, BriefItem, ItemDelivery
from optima_contracts.economics import BriefPricesApproved, PricedItem
from optima_contracts.erp import CustomerChanged
from optima_contracts.identity import LegalIdentity, PersonChanged

from .table import ANYBODYS, OWN, Row, Scope, World

SEES_PHASES = Scope(own="phase.read", all="phase.read")
OWN_WORK = Scope(all="phase.read", refused="task_of_another")
KIND = {
    "name": "Espositore",
    "phases": [
        {"key": "assegnata", "name": "Assegnata"},
        {"key": "in-corso", "name": "In corso"},
        {"key": "da-vedere", "name": "Da vedere", "quality_check": True},
        {"key": "libera", "name": "Libera", "skippable": True},
        {"key": "d-altri", "name": "Di altri", "quality_check": True},
    ],
    "sheet": [{"key": "formato", "name": "Formato"}],
}
ECONOMICS = {
    "cost": "38712.40",
    "unit_price": "487.13",
    "supplier": "Grafiche Rossi",
    "materials": "cartone",
    "technical_sheet": "CMYK",
    "sheet": {"formato": "A3"},
}
PICTURE = b"\x89PNG\r\n\x1a\n picture"
ORDER = {
    "title": "Ristampa",
    "deadline": "2031-02-15",
    "items": [{"kind": "$kind", "description": "Espositore", "quantity": "100"}],
}

ROWS = (
    Row(
        "PUT /v1/kinds/{key}",
        "kind.write",
        at="/v1/kinds/{kind}",
        body=KIND,
        version="kind_version",
    ),
    Row("PUT /v1/kinds/{key}", "kind.write", at="/v1/kinds/{new_kind}", body=KIND, makes=True),
    Row("GET /v1/kinds", "lookup.read", shows={"kind": ANYBODYS}),
    Row("GET /v1/kinds/{key}", "lookup.read", at="/v1/kinds/{kind}"),
    Row("POST /v1/orders", "order.write", body=ORDER),
    Row("GET /v1/orders", "order.read", shows={"order_id": ANYBODYS}),
    Row(
        "GET /v1/orders",
        "order.read",
        at="/v1/orders?customer=C-77",
        also=frozenset({"customer.read"}),
        shows={"order_id": ANYBODYS},
    ),
    Row("GET /v1/orders/{order_id}", "order.read", shows={"phase_id": SEES_PHASES}),
    Row("POST /v1/orders/{order_id}/cancellation", "order.write", body={"reason": "Basta"}),
    Row("POST /v1/orders/{order_id}/closure", "order.write", body={"reason": "Basta così"}),
    Row("POST /v1/jobs/{job_id}/closure", "order.write", body={"reason": "Basta così"}),
    Row(
        "PUT /v1/orders/{order_id}/deadline",
        "order.write",
        body={"deadline": "2031-03-15", "reason": "Rinviata"},
        version="order_version",
    ),
    Row(
        "PUT /v1/jobs/{job_id}/line",
        "order.write",
        body={"quantity": "100", "deliveries": [], "reason": "Ovunque"},
        version="job_version",
    ),
    Row("GET /v1/jobs/{job_id}", "order.read", shows={"phase_id": SEES_PHASES}),
    Row("PUT /v1/jobs/{job_id}/economics", "job.economics.write", body=ECONOMICS, version="job_version"),
    Row(
        "PUT /v1/jobs/{job_id}/kind",
        "order.write",
        at="/v1/jobs/{blocked_job_id}/kind",
        body={"kind": "$kind"},
    ),
    Row("GET /v1/jobs/{job_id}/economics-history", "job.economics.read"),
    Row(
        "POST /v1/jobs/{job_id}/amendments",
        "job.economics.write",
        body={"unit_price": "512.40", "reason": "Carta più cara"},
    ),
    Row("GET /v1/price-policy", "job.economics.read"),
    Row(
        "PUT /v1/price-policy",
        "job.economics.write",
        body={"tolerance_percent": "2"},
        version="policy_version",
    ),
    Row(
        "POST /v1/phases/{phase_id}/assignment",
        "phase.assign",
        at="/v1/phases/{free_phase_id}/assignment",
        body={"assignee_id": "$worker_id"},
    ),
    Row(
        "POST /v1/phases/{phase_id}/outsourcing",
        "phase.assign",
        at="/v1/phases/{free_phase_id}/outsourcing",
        body={"finisher": "FIN-01"},
    ),
    Row(
        "POST /v1/phases/{phase_id}/outsourcing",
        "phase.assign",
        at="/v1/phases/{free_phase_id}/outsourcing",
        body={"finisher": "FIN-01", "price": {"unit_cost": "1.50"}},
        also=frozenset({"job.economics.write"}),
    ),
    Row(
        "POST /v1/phases/{phase_id}/shares",
        "phase.assign",
        at="/v1/phases/{free_phase_id}/shares",
        body={"quantity": "10", "assignee_id": "$worker_id"},
    ),
    Row(
        "POST /v1/phases/{phase_id}/joining",
        "phase.assign",
        at="/v1/phases/{shared_phase_id}/joining",
        body={"with_id": "$share_id"},
    ),
    Row("POST /v1/phases/{phase_id}/start", "phase.work", OWN_WORK),
    Row(
        "POST /v1/phases/{phase_id}/parts",
        "phase.work",
        OWN_WORK,
        at="/v1/phases/{begun_phase_id}/parts",
        body={"quantity": "40"},
    ),
    Row("POST /v1/phases/{phase_id}/return", "phase.work", OWN_WORK, body={"reason": "Fermo"}),
    Row(
        "POST /v1/phases/{phase_id}/completion",
        "phase.work",
        OWN_WORK,
        at="/v1/phases/{begun_phase_id}/completion",
        body={"quantity": "100"},
    ),
    Row(
        "POST /v1/phases/{phase_id}/acceptance",
        "phase.inspect",
        at="/v1/phases/{others_phase_id}/acceptance",
    ),
    Row(
        "POST /v1/phases/{phase_id}/rejection",
        "phase.inspect",
        at="/v1/phases/{made_phase_id}/rejection",
        body={"reason": "Storto"},
    ),
    Row("POST /v1/phases/{phase_id}/skip", "phase.assign", at="/v1/phases/{free_phase_id}/skip"),
    Row("GET /v1/phases", "phase.read", shows={"phase_id": ANYBODYS, "free_phase_id": ANYBODYS}),
    Row("GET /v1/assignees", "phase.assign", shows={"worker_id": ANYBODYS}),
    Row(
        "POST /v1/assignments",
        "phase.assign",
        body={"phase_ids": ["$free_phase_id"], "assignee_id": "$worker_id"},
        within=True,
    ),
    Row("GET /v1/tasks/{phase_id}/messages", "phase.work", OWN, shows={"note_id": OWN}),
    Row("POST /v1/tasks/{phase_id}/messages", "phase.work", OWN_WORK, body={"text": "Manca carta"}),
    Row(
        "POST /v1/tasks/{phase_id}/files",
        "phase.work",
        OWN_WORK,
        at="/v1/tasks/{phase_id}/files?name=foto.png",
        body=PICTURE,
        media_type="image/png",
    ),
    Row(
        "GET /v1/tasks/{phase_id}/messages/{message_id}/file",
        "phase.work",
        OWN,
        at="/v1/tasks/{phase_id}/messages/{note_id}/file",
    ),
    Row(
        "GET /v1/phases/{phase_id}/messages",
        "phase.read",
        shows={"note_id": ANYBODYS},
        empty_elsewhere=True,
    ),
    Row("POST /v1/phases/{phase_id}/messages", "phase.inspect", body={"text": "Entro venerdì"}),
    Row(
        "POST /v1/phases/{phase_id}/files",
        "phase.inspect",
        at="/v1/phases/{phase_id}/files?name=bozza.png",
        body=PICTURE,
        media_type="image/png",
    ),
    Row(
        "GET /v1/phases/{phase_id}/messages/{message_id}/file",
        "phase.read",
        at="/v1/phases/{phase_id}/messages/{note_id}/file",
    ),
    Row("GET /v1/figures/work", "phase.read"),
    Row("GET /v1/figures/orders", "order.read"),
    Row("GET /v1/figures/load", "phase.read"),
    Row("GET /v1/tasks", "phase.work", shows={"phase_id": OWN, "begun_phase_id": OWN}),
    Row("GET /v1/tasks/{phase_id}", "phase.work", OWN),
    Row("GET /v1/customers", "customer.read", shows={"customer": ANYBODYS}),
    Row("GET /v1/customers/{code}", "customer.read", at="/v1/customers/{customer}"),
)


async def build(world: World) -> None:
    owner, names = world.owner, world.names
    mark = "aurora" if world.tenant_id == world.served.tenant_id else "brina"
    names |= {"kind": f"espositore-{mark}", "new_kind": f"nuovo-{mark}", "customer": f"C-{mark}"}
    names |= {"kind_version": "1", "policy_version": "0", "worker_id": str(uuid4())}
    await world.ask("PUT", f"/v1/kinds/{names['kind']}", KIND)
    for person_id in (owner, UUID(names["worker_id"])):
        await world.hear(
            PersonChanged(
                person_id=person_id,
                name="Carla Verdi",
                email="carla@example.it",
                kind="external",
                roles=["dealer"],
                active=True,
            ),
            person_id,
        )
    for code in (names["customer"], "C-77"):
        legal = LegalIdentity(
            name="Dolci Riservati S.r.l.",
            street="Via 1",
            postal_code="23100",
            city="Sondrio",
            province="SO",
        )
        customer_id = uuid4()
        changed = CustomerChanged(customer_id=customer_id, code=code, legal=legal, connection="erp")
        await world.hear(changed, customer_id)
    order = await order_from_brief(world, names["kind"])
    names["order_id"] = order["id"]
    (job,) = order["jobs"]
    names["job_id"] = job["id"]
    await value(world, job)
    (blocked,) = (await order_from_brief(world, f"ignoto-{mark}"))["jobs"]
    names["blocked_job_id"] = blocked["id"]
    amended = {"unit_price": "533.77", "reason": "Carta più cara"}
    await world.ask("POST", f"/v1/jobs/{blocked['id']}/amendments", amended)
    phases = ("phase", "begun_phase", "made_phase", "free_phase", "others_phase")
    for name, phase in zip(phases, job["phases"], strict=True):
        names[f"{name}_id"] = phase["id"]
        path = f"/v1/phases/{phase['id']}"
        if name == "others_phase":
            await world.ask("POST", f"{path}/assignment", {"assignee_id": names["worker_id"]})
            worker = world.as_("dealer", person_id=UUID(names["worker_id"]))
            await worker.post(f"{path}/start")
            await worker.post(f"{path}/completion", {"quantity": "100"})
        elif name != "free_phase":
            await world.ask("POST", f"{path}/assignment", {"assignee_id": str(owner)})
        if name in ("begun_phase", "made_phase"):
            await world.ask("POST", f"{path}/start")
        if name == "made_phase":
            await world.ask("POST", f"{path}/completion", {"quantity": "100"})
    sent = await world.ask(
        "POST",
        f"/v1/phases/{names['phase_id']}/files?name=bozza.png",
        data=PICTURE,
        headers={"Content-Type": "image/png"},
    )
    names["note_id"] = sent["id"]
    (shared,) = (await order_from_brief(world, names["kind"]))["jobs"]
    await value(world, shared)
    names["shared_phase_id"] = shared["phases"][0]["id"]
    path = f"/v1/phases/{names['shared_phase_id']}/shares"
    split = await world.ask("POST", path, {"quantity": "40"})
    names["share_id"] = split["phases"][1]["id"]
    names["job_version"] = str((await world.ask("GET", f"/v1/jobs/{job['id']}"))["version"])
    names["order_version"] = str((await world.ask("GET", f"/v1/orders/{order['id']}"))["version"])
    world.secrets["job.economics.read"] = ["38712.40", "487.13", "48713.00", "533.77", "Grafiche Rossi"]
    world.secrets["customer.read"] = ["Dolci Riservati"]


async def order_from_brief(world: World, kind: str) -> dict[str, Any]:
    """An order of one job, from a brief that was approved."""
    brief_id = uuid4()
    item = BriefItem(
        item_id=uuid4(),
        kind=kind,
        description="Espositore",
        quantity="100",
        deliveries=[ItemDelivery(destination="MI-01", quantity="100")],
    )
    content = BriefContent(
        title="Lancio",
        category="POP",
        budget="8000.00",
        deadline=date(2031, 1, 31),
        customer="C-77",
        items=[item],
    )
    approved = BriefApproved(
        brief_id=brief_id,
        number="B-2026-0007",
        revision=1,
        content_hash="ab" * 32,
        approval_id=uuid4(),
        requester_id=uuid4(),
        content=content,
        valued=True,
    )
    prices = BriefPricesApproved(
        brief_id=brief_id,
        revision=1,
        approval_id=approved.approval_id,
        content_hash=approved.content_hash,
        lines=[
            PricedItem(item_id=item.item_id, quantity="100", unit_price="487.13", amount="48713.00"),
        ],
        total="48713.00",
    )
    await world.hear(prices, brief_id)
    await world.hear(approved, brief_id)
    (order,) = (await world.ask("GET", f"/v1/orders?brief_id={brief_id}"))["items"]
    whole: dict[str, Any] = await world.ask("GET", f"/v1/orders/{order['id']}")
    return whole


async def value(world: World, job: dict[str, Any]) -> None:
    """Sets a job's economics; a job of no known kind has no sheet."""
    headers = {"If-Match": f'"{job["version"]}"'}
    body = ECONOMICS if job["kind"] == world.names["kind"] else {**ECONOMICS, "sheet": {}}
    await world.ask("PUT", f"/v1/jobs/{job['id']}/economics", body, headers=headers)
