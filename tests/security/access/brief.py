"""Briefs: a draft, and one that was submitted, priced and commented."""

from __future__ import annotations

from .table import ANYBODYS, Row, Scope, World

SEEN = Scope(own="brief.read", all="brief.read_all")
OWN_DRAFT = Scope(own="brief.read")
OWN_TO_CHANGE = Scope(own="brief.read", all="brief.read_all", refused="brief_not_own")
PDF = b"%PDF-1.7\nbozzetto"
CONTENT = {
    "title": "Lancio segreto",
    "category": "POP",
    "budget": "8000.00",
    "deadline": "2031-02-15",
    "items": [{"kind": "espositore", "description": "Espositore", "quantity": "100"}],
}

ROWS = (
    Row("POST /v1/briefs", "brief.create", body=CONTENT),
    Row("GET /v1/briefs", "brief.read", shows={"brief_id": SEEN, "draft_id": OWN_DRAFT}),
    Row("GET /v1/briefs", "brief.read", at="/v1/briefs?text=segreto", shows={"draft_id": OWN_DRAFT}),
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
    Row("POST /v1/briefs/{brief_id}/copy", "brief.create", SEEN),
    Row("GET /v1/briefs/{brief_id}/progress", "brief.read", SEEN),
    Row("GET /v1/briefs/{brief_id}/comments", "brief.read", SEEN, shows={"comment_id": ANYBODYS}),
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
    world.secrets["brief.price.read"] = ["487.13", "48713"]
