"""Briefs: a draft, and one that was submitted, priced and commented."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from optima_contracts.approval import Approved
from optima_contracts.identity import PersonChanged

from .table import ANYBODYS, OWN, Row, Scope, World

SEEN = Scope(own="brief.read", all="brief.read_all")
OWN_DRAFT = Scope(own="brief.read")
OWN_TO_CHANGE = Scope(own="brief.read", all="brief.read_all", refused="brief_not_own")
TYPE = {
    "name": {"it": "Stampati", "en": "Printed matter"},
    "form": {
        "type": "object",
        "properties": {"formato": {"type": "string", "x-label": {"it": "Formato", "en": "Format"}}},
    },
}
QUOTE: dict[str, Any] = {
    "lines": [
        {
            "item_id": "$item_id",
            "breaks": [{"from_quantity": "1", "unit_price": "471.19"}],
            "lead_time_days": 9,
        }
    ],
    "valid_until": "2031-01-31",
}
OTHERS_PRICE = "466.31"
SOON = (datetime.now(UTC) + timedelta(days=30)).isoformat()
PDF = b"%PDF-1.7\nbozzetto"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49"
    "444154789c636000000002000148afa4710000000049454e44ae426082"
)
PRICES = frozenset({"brief.price.read"})
PRICED_TOO = frozenset({"budget.read", "brief.price.read"})
BUDGET = {
    "name": "Eventi",
    "planned": "473.17",
    "period_from": "2031-01-01",
    "period_to": "2031-12-31",
    "blocking": True,
}
MARK = {"page": 1, "area": {"x": "0", "y": "0", "width": "0.5", "height": "0.5"}, "text": "Qui"}
CONTENT = {
    "title": "Lancio segreto",
    "category": "POP",
    "budget": "8000.00",
    "deadline": "2031-02-15",
    "items": [{"kind": "espositore", "description": "Espositore", "quantity": "100"}],
}

SEES_SPEND = frozenset({"brief.price.read", "brief.read_all"})
TERMS = {
    "breaks": [{"from_quantity": "1", "unit_price": "733.19"}],
    "lead_time_days": 10,
    "valid_from": "2026-01-01",
    "valid_until": "2030-12-31",
}
ROWS = (
    Row("POST /v1/briefs", "brief.create", body=CONTENT),
    Row("GET /v1/briefs", "brief.read", shows={"brief_id": SEEN, "draft_id": OWN_DRAFT}),
    Row("GET /v1/briefs", "brief.read", at="/v1/briefs?text=segreto", shows={"draft_id": OWN_DRAFT}),
    Row(
        "GET /v1/briefs",
        "brief.read",
        at="/v1/briefs?priced=true",
        also=frozenset({"brief.price.read"}),
        shows={"brief_id": SEEN},
    ),
    Row("GET /v1/brief-counts", "brief.read"),
    Row("GET /v1/briefs/{brief_id}", "brief.read", SEEN),
    Row("GET /v1/briefs/{brief_id}", "brief.read", OWN_DRAFT, at="/v1/briefs/{draft_id}"),
    Row(
        "PUT /v1/briefs/{brief_id}",
        "brief.create",
        OWN_DRAFT,
        at="/v1/briefs/{draft_id}",
        body=CONTENT,
        version="draft_version",
    ),
    Row(
        "POST /v1/briefs/{brief_id}/submission",
        "brief.submit",
        OWN_DRAFT,
        at="/v1/briefs/{draft_id}/submission",
        body={"process": "standard"},
    ),
    Row(
        "PUT /v1/briefs/{brief_id}/prices",
        "brief.price",
        SEEN,
        body={"revision": 1, "lines": [{"item_id": "$item_id", "unit_price": "487.14"}]},
    ),
    Row("POST /v1/briefs/{brief_id}/cancellation", "brief.cancel", OWN_TO_CHANGE, body={"reason": "Basta"}),
    Row("GET /v1/briefs/{brief_id}/revisions", "brief.read", SEEN),
    Row(
        "GET /v1/briefs/{brief_id}/revisions/{revision}",
        "brief.read",
        SEEN,
        at="/v1/briefs/{brief_id}/revisions/1",
    ),
    Row("GET /v1/briefs/{brief_id}/history", "brief.read", SEEN),
    Row("GET /v1/briefs/{brief_id}/story", "brief.read", SEEN, shows={"comment_id": ANYBODYS}),
    Row("GET /v1/briefs/{brief_id}/story", "brief.read", OWN_DRAFT, at="/v1/briefs/{draft_id}/story"),
    Row(
        "POST /v1/briefs/{brief_id}/attachments",
        "brief.create",
        OWN_DRAFT,
        at="/v1/briefs/{draft_id}/attachments?name=b.pdf",
        body=PDF,
        media_type="application/pdf",
    ),
    Row("GET /v1/briefs/{brief_id}/attachments/{attachment_id}", "brief.read", SEEN),
    Row(
        "GET /v1/briefs/{brief_id}/attachments/{attachment_id}",
        "brief.read",
        OWN_DRAFT,
        at="/v1/briefs/{draft_id}/attachments/{draft_attachment_id}",
    ),
    Row(
        "DELETE /v1/briefs/{brief_id}/attachments/{attachment_id}",
        "brief.create",
        OWN_DRAFT,
        at="/v1/briefs/{draft_id}/attachments/{draft_attachment_id}",
    ),
    Row("POST /v1/briefs/{brief_id}/comments", "brief.comment", SEEN, body={"text": "Bene"}),
    Row(
        "PUT /v1/briefs/{brief_id}/comments/{comment_id}",
        "brief.comment",
        Scope(own="brief.read", all="brief.read_all", refused="comment_not_own"),
        body={"text": "Bene così"},
    ),
    Row("PUT /v1/briefs/{brief_id}/read-marker", "brief.read", SEEN, body={"comment_id": "$comment_id"}),
    Row("POST /v1/briefs/{brief_id}/copy", "brief.create", SEEN),
    Row("POST /v1/briefs/{brief_id}/templates", "brief.create", SEEN, body={"name": "Lancio"}),
    Row("GET /v1/brief-templates", "brief.create", shows={"template_id": OWN}),
    Row("POST /v1/brief-templates/{template_id}/briefs", "brief.create", OWN),
    Row("DELETE /v1/brief-templates/{template_id}", "brief.create", OWN),
    Row("GET /v1/briefs/{brief_id}/progress", "brief.read", SEEN),
    Row("GET /v1/briefs/{brief_id}/comments", "brief.read", SEEN, shows={"comment_id": ANYBODYS}),
    Row(
        "POST /v1/briefs/{brief_id}/quotation-requests",
        "brief.price",
        SEEN,
        body={"title": "Espositori", "due_at": SOON, "supplier_ids": ["$other_supplier_id"]},
    ),
    Row("GET /v1/figures/spend", "brief.price.read", also=frozenset({"brief.read_all"})),
    Row("GET /v1/figures/spend.csv", "brief.price.read", also=frozenset({"brief.read_all"})),
    Row(
        "GET /v1/briefs/{brief_id}/price-suggestions",
        "brief.price.read",
        SEEN,
        also=frozenset({"brief.read_all"}),
    ),
    Row(
        "POST /v1/catalogue-prices",
        "brief.price",
        also=SEES_SPEND,
        body={"supplier_id": "$other_supplier_id", "kind": "espositore", **TERMS},
    ),
    Row(
        "GET /v1/catalogue-prices",
        "brief.price.read",
        also=frozenset({"brief.read_all"}),
        shows={"catalogue_price_id": ANYBODYS},
    ),
    Row(
        "GET /v1/catalogue-prices/{price_id}",
        "brief.price.read",
        also=frozenset({"brief.read_all"}),
        at="/v1/catalogue-prices/{catalogue_price_id}",
    ),
    Row(
        "PUT /v1/catalogue-prices/{price_id}",
        "brief.price",
        also=SEES_SPEND,
        at="/v1/catalogue-prices/{catalogue_price_id}",
        body=TERMS,
        version="catalogue_version",
    ),
    Row("GET /v1/quotation-requests", "brief.price.read", shows={"request_id": SEEN}),
    Row("GET /v1/quotation-requests/{request_id}", "brief.price.read", SEEN),
    Row(
        "GET /v1/quotation-requests/{request_id}/files/{file_id}",
        "brief.price.read",
        SEEN,
        at="/v1/quotation-requests/{request_id}/files/{quotation_file_id}",
    ),
    Row(
        "POST /v1/quotation-requests/{request_id}/suppliers",
        "brief.price",
        SEEN,
        body={"supplier_ids": ["$other_supplier_id"]},
    ),
    Row(
        "POST /v1/quotation-requests/{request_id}/award",
        "brief.price",
        SEEN,
        body={"lines": [{"item_id": "$item_id", "quotation_id": "$quotation_id"}]},
    ),
    Row("POST /v1/quotation-requests/{request_id}/cancellation", "brief.price", SEEN, body={"reason": "No"}),
    Row(
        "POST /v1/briefs/{brief_id}/proofs",
        "approval.open",
        SEEN,
        at="/v1/briefs/{brief_id}/proofs?name=b.png&title=Retro&process=visto",
        body=PNG,
        media_type="image/png",
    ),
    Row("GET /v1/briefs/{brief_id}/proofs", "brief.read", SEEN, shows={"proof_id": ANYBODYS}),
    Row("GET /v1/proofs/{proof_id}", "brief.read", SEEN),
    Row(
        "POST /v1/proofs/{proof_id}/versions",
        "approval.open",
        SEEN,
        at="/v1/proofs/{proof_id}/versions?name=b.pdf&process=visto",
        body=PDF,
        media_type="application/pdf",
    ),
    Row(
        "GET /v1/proofs/{proof_id}/versions/{version}/file",
        "brief.read",
        SEEN,
        at="/v1/proofs/{proof_id}/versions/1/file",
    ),
    Row(
        "GET /v1/proofs/{proof_id}/versions/{version}/pages/{page}",
        "brief.read",
        SEEN,
        at="/v1/proofs/{proof_id}/versions/1/pages/1",
    ),
    Row(
        "GET /v1/proofs/{proof_id}/versions/{version}/annotations",
        "brief.read",
        SEEN,
        at="/v1/proofs/{proof_id}/versions/1/annotations",
        shows={"annotation_id": ANYBODYS},
    ),
    Row(
        "POST /v1/proofs/{proof_id}/versions/{version}/annotations",
        "brief.comment",
        SEEN,
        at="/v1/proofs/{proof_id}/versions/1/annotations",
        body=MARK,
    ),
    Row("POST /v1/annotations/{annotation_id}/replies", "brief.comment", SEEN, body={"text": "Fatto"}),
    Row("PUT /v1/annotations/{annotation_id}/resolution", "brief.comment", SEEN, body={"resolved": True}),
    Row("GET /v1/brief-types", "brief.read", shows={"type_id": ANYBODYS}),
    Row("GET /v1/brief-types/{key}", "brief.read", at="/v1/brief-types/stampati"),
    Row(
        "PUT /v1/brief-types/{key}",
        "brief_type.write",
        at="/v1/brief-types/stampati",
        body=TYPE,
        version="type_version",
    ),
    Row("POST /v1/budgets", "budget.write", body=BUDGET | {"cost_centre": "CC-2"}, also=PRICED_TOO),
    Row("GET /v1/budgets", "budget.read", also=PRICES, shows={"budget_id": ANYBODYS}),
    Row("GET /v1/budgets/{budget_id}", "budget.read", also=PRICES),
    Row(
        "PUT /v1/budgets/{budget_id}/plan",
        "budget.write",
        body={"planned": "99000.00", "blocking": True, "reason": "Altro"},
        also=PRICED_TOO,
    ),
    Row("GET /v1/budgets/{budget_id}/entries", "budget.read", also=PRICES),
    Row("GET /v1/budgets/{budget_id}/charges", "budget.read", also=PRICES, shows={"waiting_id": SEEN}),
    Row(
        "GET /v1/briefs/{brief_id}/budget",
        "budget.read",
        SEEN,
        at="/v1/briefs/{waiting_id}/budget",
        also=PRICES,
    ),
    Row(
        "POST /v1/briefs/{brief_id}/budget-release",
        "budget.write",
        SEEN,
        at="/v1/briefs/{waiting_id}/budget-release",
        body={"reason": "Serve"},
        also=PRICED_TOO,
    ),
    Row("GET /v1/cost-centres", "brief.create"),
    Row("GET /v1/quotations", "quotation.submit", shows={"quotation_id": OWN}),
    Row("GET /v1/quotations/{quotation_id}", "quotation.submit", OWN),
    Row("PUT /v1/quotations/{quotation_id}/quote", "quotation.submit", OWN, body=QUOTE),
    Row(
        "POST /v1/quotations/{quotation_id}/files",
        "quotation.submit",
        OWN,
        at="/v1/quotations/{quotation_id}/files?name=listino.pdf",
        body=PDF,
        media_type="application/pdf",
    ),
    Row(
        "GET /v1/quotations/{quotation_id}/files/{file_id}",
        "quotation.submit",
        OWN,
        at="/v1/quotations/{quotation_id}/files/{quotation_file_id}",
    ),
    Row(
        "DELETE /v1/quotations/{quotation_id}/files/{file_id}",
        "quotation.submit",
        OWN,
        at="/v1/quotations/{quotation_id}/files/{spare_file_id}",
    ),
    Row("POST /v1/quotations/{quotation_id}/decline", "quotation.submit", OWN, body={"reason": "Ferie"}),
)


async def build(world: World) -> None:
    for name in ("draft", "brief"):
        brief = await world.ask("POST", "/v1/briefs", CONTENT)
        world.names[f"{name}_id"] = brief["id"]
        attached = await world.ask(
            "POST",
            f"/v1/briefs/{brief['id']}/attachments?name=b.pdf",
            data=PDF,
            headers={"Content-Type": "application/pdf"},
        )
        world.names["attachment_id" if name == "brief" else "draft_attachment_id"] = attached["attachment_id"]
    path = f"/v1/briefs/{world.names['brief_id']}"
    world.names["draft_version"] = "2"
    brief = await world.ask("POST", f"{path}/submission", {"process": "standard"})
    world.names["item_id"] = item = brief["items"][0]["item_id"]
    price = {"revision": 1, "lines": [{"item_id": item, "unit_price": "487.13"}]}
    await world.ask("PUT", f"{path}/prices", price)
    world.names["comment_id"] = (await world.ask("POST", f"{path}/comments", {"text": "Sì"}))["id"]
    defined = await world.ask("PUT", "/v1/brief-types/stampati", TYPE)
    world.names |= {"type_id": defined["id"], "type_version": "1"}
    template = await world.ask("POST", f"{path}/templates", {"name": "Lancio"})
    world.names["template_id"] = template["id"]
    await _quotation(world, path)
    await _proof(world, path)
    await _budget(world)
    kept = {"supplier_id": world.names["other_supplier_id"], "kind": "espositore", **TERMS}
    price_kept = await world.ask("POST", "/v1/catalogue-prices", kept)
    world.names |= {"catalogue_price_id": price_kept["id"], "catalogue_version": "1"}
    world.secrets["brief.price.read"] = ["487.13", "48713", OTHERS_PRICE, "733.19"]
    world.secrets["budget.read"] = ["473.17"]


async def _quotation(world: World, path: str) -> None:
    """The owner and another are asked for a quote, and have answered; a third may be asked as well."""
    another, third = uuid4(), uuid4()
    world.names["other_supplier_id"] = str(third)
    for person_id in (world.owner, another, third):
        person = PersonChanged(
            person_id=person_id,
            name="Rita",
            email="r@a.example",
            kind="external",
            roles=["supplier"],
            active=True,
        )
        await world.hear(person, person_id)
    suppliers = [str(world.owner), str(another)]
    asked = await world.ask(
        "POST",
        f"{path}/quotation-requests",
        {"title": "Espositori", "due_at": SOON, "supplier_ids": suppliers},
    )
    world.names["request_id"] = asked["id"]
    own, others = (each["id"] for each in asked["quotations"])
    world.names["quotation_id"] = own
    line = {**QUOTE["lines"][0], "item_id": world.names["item_id"]}
    await world.ask("PUT", f"/v1/quotations/{own}/quote", QUOTE | {"lines": [line]})
    for name in ("quotation_file_id", "spare_file_id"):
        sent = await world.ask(
            "POST",
            f"/v1/quotations/{own}/files?name=listino.pdf",
            data=PDF,
            headers={"Content-Type": "application/pdf"},
        )
        world.names[name] = sent["files"][-1]["id"]
    line["breaks"] = [{"from_quantity": "1", "unit_price": OTHERS_PRICE}]
    response, answer = await world.as_("supplier", person_id=another).put(
        f"/v1/quotations/{others}/quote", QUOTE | {"lines": [line]}
    )
    assert response.status == 200, answer


async def _proof(world: World, path: str) -> None:
    """Its one page is there to be looked at, and marked."""
    proof = await world.ask(
        "POST",
        f"{path}/proofs?name=b.png&title=Fronte&process=visto",
        data=PNG,
        headers={"Content-Type": "image/png"},
    )
    world.names["proof_id"] = proof["id"]
    await world.served.app.run_due_jobs()
    marked = await world.ask("POST", f"/v1/proofs/{proof['id']}/versions/1/annotations", MARK)
    world.names["annotation_id"] = marked["id"]


async def _budget(world: World) -> None:
    """A brief was approved, and waits since its budget has no room."""
    budget = await world.ask("POST", "/v1/budgets", BUDGET | {"cost_centre": "CC-1"})
    world.names["budget_id"] = budget["id"]
    draft = await world.ask("POST", "/v1/briefs", CONTENT | {"cost_centre": "CC-1"})
    world.names["waiting_id"] = draft["id"]
    path = f"/v1/briefs/{draft['id']}"
    brief = await world.ask("POST", f"{path}/submission", {"process": "standard"})
    price = {"revision": 1, "lines": [{"item_id": brief["items"][0]["item_id"], "unit_price": "487.13"}]}
    priced = await world.ask("PUT", f"{path}/prices", price)
    approved = Approved(
        approval_id=uuid4(),
        subject_type="brief",
        subject_id=UUID(draft["id"]),
        subject_revision=1,
        content_hash=priced["content_hash"],
    )
    await world.hear(approved, approved.approval_id)
