"""Requests: files, comments, lists, versions, and whatever a client may get wrong."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

from optima_contracts.approval import ChangesRequested

from ..conftest import Desk

STORED = ("briefs", "revisions", "pricings", "files", "comments", "moves", "outbox", "idempotency_keys")


async def rows(desk: Desk) -> dict[str, Any]:
    counted = {}
    for table in STORED:
        counted[table] = (await desk.database.fetch(f"SELECT count(*) FROM {table}"))[0][0]
    versions = await desk.database.fetch("SELECT version FROM briefs ORDER BY brief_id")
    return counted | {"versions": [row["version"] for row in versions]}


async def test_bad_input_is_refused_by_field_and_writes_nothing(desk: Desk) -> None:
    draft = await desk.draft()
    brief = await desk.submitted()
    anna, paola = desk.as_(desk.anna), desk.as_(desk.paola)
    own, path = f"/v1/briefs/{draft['id']}", f"/v1/briefs/{brief['id']}"
    first, second = (item["item_id"] for item in brief["items"])
    item = {"kind": "volantino", "description": "Volantino", "quantity": "10"}
    both = [{"item_id": first, "unit_price": "1"}, {"item_id": second, "unit_price": "1"}]
    twice = [{"destination": "MI01", "quantity": "5"}] * 2

    def drafted(**changes: Any) -> tuple[Any, str, str, Any]:
        return anna, "POST", "/v1/briefs", desk.content(**changes)

    def revised(**changes: Any) -> tuple[Any, str, str, Any]:
        return anna, "PUT", own, desk.content(**changes)

    def priced(*lines: Any, revision: Any = 1) -> tuple[Any, str, str, Any]:
        return paola, "PUT", f"{path}/prices", {"revision": revision, "lines": list(lines)}

    cases: list[tuple[tuple[Any, str, str, Any], int, str]] = [
        (drafted(title=""), 422, "title"),
        (drafted(title="x" * 201), 422, "title"),
        (drafted(title="a\x00b"), 422, "title"),
        (drafted(title=None), 422, "title"),
        (drafted(purpose="x" * 4001), 422, "purpose"),
        (drafted(budget="-1"), 422, "budget"),
        (drafted(budget=12.5), 422, "budget"),
        (drafted(budget="NaN"), 422, "budget"),
        (drafted(budget="1e3"), 422, "budget"),
        (drafted(budget="0.001"), 422, "budget"),
        (drafted(budget="1" * 20), 422, "budget"),
        (drafted(deadline="2026-02-30"), 422, "deadline"),
        (drafted(deadline=1800057600), 422, "deadline"),
        (drafted(deadline="1800057600"), 422, "deadline"),
        (drafted(deadline="domani"), 422, "deadline"),
        (drafted(colour="red"), 422, "colour"),
        (drafted(items="none"), 422, "items"),
        (drafted(items=[item] * 201), 422, "items"),
        (drafted(items=[item | {"quantity": "0"}]), 422, "items[0].quantity"),
        (
            drafted(items=[item | {"deliveries": [{"destination": "Via Roma, 1", "quantity": "10"}]}]),
            422,
            "items[0].deliveries[0].destination",
        ),
        (drafted(customer="Caffè Aurora"), 422, "customer"),
        (drafted(items=[item | {"quantity": "-5"}]), 422, "items[0].quantity"),
        (drafted(items=[item | {"quantity": "1.0001"}]), 422, "items[0].quantity"),
        (drafted(items=[item | {"item_id": str(uuid4())}]), 422, "items[0].item_id"),
        (drafted(items=[item | {"deliveries": twice}]), 422, "items[0].deliveries"),
        (revised(items=[item | {"item_id": str(uuid4())}]), 422, "items"),
        (revised(items=[item | {"item_id": "7"}]), 422, "items[0].item_id"),
        (revised(items=[item | {"deliveries": twice}]), 422, "items[0].deliveries"),
        ((anna, "POST", f"{own}/submission", {"process": ""}), 422, "process"),
        ((anna, "POST", f"{own}/submission", {"process": "a b"}), 422, "process"),
        ((anna, "POST", f"{own}/submission", {}), 422, "process"),
        ((anna, "POST", f"{path}/submission", {"process": "standard"}), 409, ""),
        ((anna, "PUT", path, desk.content()), 409, ""),
        (priced(), 422, "lines"),
        (priced(both[0]), 422, "lines"),
        (priced(*both, {"item_id": str(uuid4()), "unit_price": "1"}), 422, "lines"),
        (priced(*both, both[0]), 422, "lines"),
        (priced(both[0], both[1] | {"unit_price": "-1"}), 422, "lines[1].unit_price"),
        (priced(both[0], both[1] | {"unit_price": "0.00001"}), 422, "lines[1].unit_price"),
        (priced(both[0], both[1] | {"unit_price": 1.5}), 422, "lines[1].unit_price"),
        (priced(both[0], both[1] | {"unit_price": "999999999"}), 422, "lines"),
        (priced(*both, revision=2), 409, "revision"),
        (priced(*both, revision=0), 422, "revision"),
        ((anna, "POST", f"{path}/comments", {"text": "  "}), 422, "text"),
        ((anna, "POST", f"{path}/comments", {"text": "x" * 4001}), 422, "text"),
        ((anna, "POST", f"{path}/cancellation", {"reason": ""}), 422, "reason"),
        ((anna, "POST", f"{path}/cancellation", {}), 422, "reason"),
        ((anna, "POST", f"{path}/cancellation", ["reason"]), 422, "body"),
        ((anna, "DELETE", f"{own}/attachments/{uuid4()}", None), 404, ""),
        ((anna, "DELETE", f"{path}/attachments/{uuid4()}", None), 409, ""),
        ((anna, "GET", f"{path}/revisions/2", None), 404, ""),
        ((anna, "GET", f"{path}/revisions/0", None), 404, ""),
        ((anna, "GET", f"{path}/revisions/-1", None), 404, ""),
        ((anna, "GET", "/v1/briefs/7", None), 404, ""),
        ((anna, "GET", "/v1/briefs?limit=0", None), 422, "limit"),
        ((anna, "GET", "/v1/briefs?limit=201", None), 422, "limit"),
        ((anna, "GET", "/v1/briefs?state=lost", None), 422, "state"),
        ((anna, "GET", "/v1/briefs?requester=you", None), 422, "requester"),
        ((anna, "GET", "/v1/briefs?cursor=x", None), 422, "cursor"),
        ((anna, "GET", "/v1/briefs?text=", None), 422, "text"),
        ((anna, "GET", "/v1/briefs?text=%00", None), 422, "text"),
        ((anna, "GET", "/v1/briefs?colour=red", None), 422, "colour"),
        ((anna, "GET", f"{path}/comments?cursor=WzFd", None), 422, "cursor"),
        ((anna, "GET", f"{path}/history?cursor=WyJhIl0%3D", None), 422, "cursor"),
    ]
    before = await rows(desk)
    for (client, method, address, body), status, field in cases:
        for language in ("it", "en"):
            headers = {"Accept-Language": language}
            if method == "PUT" and not address.endswith("prices"):
                headers["If-Match"] = f'"{1 if address == own else 2}"'
            response, problem = await client.request(method, address, json=body, headers=headers)
            case = (method, address, str(body)[:300], problem)
            assert response.status == status, case
            assert response.content_type == "application/problem+json", case
            errors = problem.get("errors", [])
            assert not field or field in [error.get("field") for error in errors], case
            texts = [problem["detail"], *(error["detail"] for error in errors)]
            assert all(" " in text and not re.search(r"{[a-z_]+}", text) for text in texts), case
    assert await rows(desk) == before


async def test_a_draft_says_all_that_it_still_lacks(desk: Desk) -> None:
    _, bare = await desk.as_(desk.anna).post("/v1/briefs", {"title": "Idea"})
    response, problem = await desk.as_(desk.anna).post(
        f"/v1/briefs/{bare['id']}/submission", {"process": "standard"}
    )
    assert response.status == 422
    assert [error["field"] for error in problem["errors"]] == ["category", "budget", "deadline", "items"]


async def test_a_stale_or_missing_version_is_refused(desk: Desk) -> None:
    draft = await desk.draft()
    path, client = f"/v1/briefs/{draft['id']}", desk.as_(desk.anna)
    response, _ = await client.put(path, desk.content())
    assert response.status == 428
    response, _ = await client.put(path, desk.content(title="Uno"), headers={"If-Match": '"1"'})
    assert (response.status, response.headers["ETag"]) == (200, '"2"')
    for method, address, body in (
        ("PUT", path, desk.content(title="Due")),
        ("POST", f"{path}/submission", {"process": "standard"}),
        ("POST", f"{path}/cancellation", {"reason": "No"}),
    ):
        response, problem = await client.request(method, address, json=body, headers={"If-Match": '"1"'})
        assert (response.status, problem["code"]) == (412, "stale_version")
    assert (await desk.read(draft["id"]))["title"] == "Uno"


async def test_a_retried_request_is_done_once(desk: Desk) -> None:
    key = {"Idempotency-Key": "una-volta"}
    client = desk.as_(desk.anna)
    first, brief = await client.post("/v1/briefs", desk.content(), headers=key)
    again, same = await client.post("/v1/briefs", desk.content(), headers=key)
    assert (first.status, again.status, same) == (201, 201, brief)
    assert first.headers["Location"] == f"/v1/briefs/{brief['id']}"
    assert await desk.app.types() == ["drafted"]
    response, _ = await client.post("/v1/briefs", desk.content(title="Altro"), headers=key)
    assert response.status == 422


async def test_files_come_back_as_sent_and_only_of_the_right_kind(desk: Desk) -> None:
    draft = await desk.draft()
    path, client = f"/v1/briefs/{draft['id']}/attachments", desk.as_(desk.anna)
    attachment = await desk.attach(draft["id"], name="bozzetto%20%C3%A8.pdf")
    assert attachment["name"] == "bozzetto è.pdf"
    response, data = await client.get(f"{path}/{attachment['attachment_id']}")
    assert (response.status, response.content_type, data) == (200, "application/pdf", b"%PDF-1.7\nbozzetto")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment;")
    before = await rows(desk)
    pdf = "application/pdf"
    for name, kind, sent, status in (
        ("a.pdf", pdf, b"MZ programme", 422),
        ("a.pdf", pdf, b"", 422),
        ("a.png", "image/png", b"%PDF-", 422),
        ("a.svg", "image/svg+xml", b"<svg>", 415),
        ("a.pdf", pdf, b"%PDF-" + bytes(10 * 1024 * 1024), 413),
        ("", pdf, b"%PDF-", 422),
    ):
        response, problem = await client.post(
            f"{path}?name={name}", data=sent, headers={"Content-Type": kind}
        )
        assert response.status == status, (name, kind, problem)
    response, _ = await client.post(path, data=b"%PDF-", headers={"Content-Type": pdf})
    assert response.status == 422
    assert await rows(desk) == before
    other = await desk.draft()
    response, _ = await client.get(f"/v1/briefs/{other['id']}/attachments/{attachment['attachment_id']}")
    assert response.status == 404
    for sent, name in (
        ("..%2Fa.pdf", "a.pdf"),
        ("a%0D%0A%E2%80%AEb.pdf", "ab.pdf"),
        ("con.exe", "_con.exe.pdf"),
    ):
        attachment = await desk.attach(draft["id"], name=sent)
        response, _ = await client.get(f"{path}/{attachment['attachment_id']}")
        assert response.headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{name}"
    for n in range(16):
        await desk.attach(draft["id"], name=f"{n}.pdf")
    response, problem = await client.post(f"{path}?name=x.pdf", data=b"%PDF-", headers={"Content-Type": pdf})
    assert (response.status, problem["code"]) == (422, "attachments_too_many")


async def test_a_file_leaves_the_draft_but_not_the_frozen_revision(desk: Desk) -> None:
    draft = await desk.draft()
    id_ = draft["id"]
    frozen, unfrozen = await desk.attach(id_), await desk.attach(id_, name="scarto.pdf")
    client, path = desk.as_(desk.anna), f"/v1/briefs/{id_}/attachments"
    response, left = await client.delete(f"{path}/{unfrozen['attachment_id']}")
    assert (response.status, left["attachments"]) == (200, [frozen])
    response, _ = await client.get(f"{path}/{unfrozen['attachment_id']}")
    assert response.status == 404
    brief = await desk.submit(id_)
    await desk.deliver(desk.approval(ChangesRequested, brief, reason="Altro bozzetto"))
    response, left = await client.delete(f"{path}/{frozen['attachment_id']}")
    assert left["attachments"] == []
    for actor in (desk.anna, desk.paola):
        response, data = await desk.as_(actor).get(f"{path}/{frozen['attachment_id']}")
        assert (response.status, data) == (200, b"%PDF-1.7\nbozzetto")
        _, revision = await desk.as_(actor).get(f"/v1/briefs/{id_}/revisions/1")
        assert revision["attachments"] == [frozen]
    assert len(await desk.database.fetch("SELECT FROM files")) == 1


async def test_comments_are_kept_in_order_and_only_named_in_events(desk: Desk) -> None:
    brief = await desk.submitted()
    path = f"/v1/briefs/{brief['id']}/comments"
    for actor, text in ((desk.anna, "Serve entro Pasqua"), (desk.paola, "Chiedo due preventivi")):
        response, said = await desk.as_(actor).post(path, {"text": text})
        assert (response.status, said["author"]["name"]) == (201, actor.name)
    _, page = await desk.as_(desk.bruno).get(f"{path}?limit=1")
    _, rest = await desk.as_(desk.bruno).get(f"{path}?cursor={page['next_cursor']}")
    assert [c["text"] for c in page["items"] + rest["items"]] == [
        "Serve entro Pasqua",
        "Chiedo due preventivi",
    ]
    assert "next_cursor" not in rest
    said = [event.data for event in await desk.app.published() if event.type.endswith("commented.v1")]
    assert [set(fact) for fact in said] == [{"brief_id", "comment_id", "mentioned_ids"}] * 2


async def test_lists_page_and_filter(desk: Desk) -> None:
    drafts = [await desk.draft(title=f"Brief {n}") for n in range(3)]
    await desk.submit(drafts[1]["id"])
    _, theirs = await desk.as_(desk.marco).post("/v1/briefs", desk.content(title="Brief di Marco"))
    response, _ = await desk.as_(desk.marco).post(
        f"/v1/briefs/{theirs['id']}/submission", {"process": "standard"}
    )
    assert response.status == 200

    async def listed(actor: Any, query: str) -> list[str]:
        titles: list[str] = []
        cursor = ""
        while True:
            _, page = await desk.as_(actor).get(f"/v1/briefs?limit=2{query}{cursor}")
            titles += [brief["title"] for brief in page["items"]]
            if "next_cursor" not in page:
                return titles
            assert len(page["items"]) == 2
            cursor = f"&cursor={page['next_cursor']}"

    assert await listed(desk.anna, "") == ["Brief 2", "Brief 1", "Brief 0"]
    assert await listed(desk.anna, "&state=draft") == ["Brief 2", "Brief 0"]
    assert await listed(desk.paola, "") == ["Brief di Marco", "Brief 1"]
    assert await listed(desk.paola, "&state=draft") == []
    assert await listed(desk.paola, "&state=submitted&text=marco") == ["Brief di Marco"]
    assert await listed(desk.paola, "&requester=me") == []
    assert await listed(desk.anna, f"&text={drafts[0]['number'].lower()}") == ["Brief 0"]


async def test_revisions_are_listed_with_their_prices(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.price(brief, "1", "1")
    _, priced = await desk.price(brief, "2", "2")
    await desk.deliver(desk.approval(ChangesRequested, priced, reason="Meno pezzi"))
    await desk.submit(brief["id"])
    path = f"/v1/briefs/{brief['id']}/revisions"
    _, page = await desk.as_(desk.paola).get(f"{path}?limit=1")
    _, rest = await desk.as_(desk.paola).get(f"{path}?cursor={page['next_cursor']}")
    first, second = page["items"] + rest["items"]
    assert (first["revision"], first["prices"]["total"]) == (1, "41000.00")
    assert first["content_hash"] == priced["content_hash"]
    assert (second["revision"], second.get("prices"), len(second["proposed_prices"])) == (2, None, 2)
    assert "next_cursor" not in rest
