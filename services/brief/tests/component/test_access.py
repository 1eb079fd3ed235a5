"""Who sees what: own or all, drafts never others', prices only with their privilege, tenants apart."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from optima_contracts.approval import ChangesRequested

from ..conftest import Desk


def numbers(page: dict[str, Any]) -> list[str]:
    return [brief["number"] for brief in page["items"]]


async def test_what_may_not_be_seen_is_absent_everywhere(desk: Desk) -> None:
    draft = await desk.draft()
    submitted = await desk.submitted()
    attachment = await desk.attach(draft["id"])
    stranger = desk.app.people.person("admin", tenant_id=uuid4())
    cases = [
        (desk.marco, draft),  # marketing sees its own alone
        (desk.marco, submitted),
        (desk.paola, draft),  # nobody sees others' drafts
        (desk.app.people.person("admin", tenant_id=desk.tenant_id), draft),
        (stranger, draft),
        (stranger, submitted),
    ]
    for actor, brief in cases:
        client, path = desk.as_(actor), f"/v1/briefs/{brief['id']}"
        nothing = f"/v1/briefs/{uuid4()}"
        for suffix in (
            "",
            "/revisions",
            "/revisions/1",
            "/history",
            "/comments",
            f"/attachments/{attachment['attachment_id']}",
        ):
            response, problem = await client.get(path + suffix)
            other, unknown = await client.get(nothing + suffix)
            assert response.status == other.status == 404, (actor.roles, suffix)
            assert problem | {"instance": ""} == unknown | {"instance": ""}
        _, page = await client.get("/v1/briefs")
        assert brief["number"] not in numbers(page) or actor is stranger
        assert actor is not stranger or page["items"] == []
        _, page = await client.get(f"/v1/briefs?text={brief['number']}")
        assert page["items"] == []


async def test_what_may_not_be_seen_cannot_be_changed_either(desk: Desk) -> None:
    draft = await desk.draft()
    path = f"/v1/briefs/{draft['id']}"
    before = await desk.app.published()
    for actor in (desk.marco, desk.app.people.person("admin", tenant_id=uuid4())):
        client = desk.as_(actor)
        answers = [
            await client.put(path, desk.content(), headers={"If-Match": '"1"'}),
            await client.post(f"{path}/submission", {"process": "standard"}),
            await client.post(f"{path}/cancellation", {"reason": "No"}),
            await client.post(f"{path}/comments", {"text": "Ciao"}),
            await client.delete(f"{path}/attachments/{uuid4()}"),
            await client.post(
                f"{path}/attachments?name=a.pdf", data=b"%PDF-", headers={"Content-Type": "application/pdf"}
            ),
        ]
        assert {response.status for response, _ in answers} == {404}
        assert {problem["code"] for _, problem in answers} == {"brief_absent"}
    assert await desk.app.published() == before


async def test_a_seen_brief_of_somebody_else_is_not_ones_to_change(desk: Desk) -> None:
    submitted = await desk.submitted()
    path = f"/v1/briefs/{submitted['id']}"
    admin = desk.as_(desk.app.people.person("admin", tenant_id=desk.tenant_id))
    for response, problem in (
        await admin.put(path, desk.content(), headers={"If-Match": '"2"'}),
        await admin.post(f"{path}/submission", {"process": "standard"}),
        await admin.post(f"{path}/cancellation", {"reason": "No"}),
    ):
        assert (response.status, problem["code"]) == (403, "brief_not_own")


async def test_prices_are_absent_without_their_privilege(desk: Desk) -> None:
    brief = await desk.submitted()
    await desk.price(brief, "4.50", "0.0345")
    path = f"/v1/briefs/{brief['id']}"
    for actor in (desk.anna, desk.bruno):
        for suffix in ("", "/revisions/1"):
            response, seen = await desk.as_(actor).get(path + suffix)
            assert not {"prices", "proposed_prices"} & seen.keys()
            assert "4.50" not in await response.text()
    for suffix in ("", "/revisions/1"):
        _, seen = await desk.as_(desk.paola).get(path + suffix)
        assert seen["prices"]["total"] == "2940.00"
    assert "4.50" not in str([e.data for e in await desk.app.published() if "economics" not in e.type])


async def test_others_see_a_revised_brief_as_last_submitted(desk: Desk) -> None:
    brief = await desk.submitted()
    id_ = brief["id"]
    await desk.deliver(desk.approval(ChangesRequested, brief, reason="Meno pezzi"))
    secret = await desk.attach(id_, name="segreto.pdf")
    response, _ = await desk.as_(desk.anna).get(f"/v1/briefs/{id_}")
    response, revised = await desk.as_(desk.anna).put(
        f"/v1/briefs/{id_}",
        desk.content(title="Nuovo titolo segreto"),
        headers={"If-Match": response.headers["ETag"]},
    )
    assert (response.status, revised["revision"]) == (200, 2)
    seen = await desk.read(id_, desk.paola)
    assert (seen["state"], seen["revision"], seen["title"]) == ("draft", 1, "Lancio primavera")
    assert seen["content_hash"] == brief["content_hash"]
    assert (seen["attachments"], seen["actions"]) == ([], ["comment"])
    client = desk.as_(desk.paola)
    _, page = await client.get("/v1/briefs")
    assert [(brief["title"], brief["revision"]) for brief in page["items"]] == [("Lancio primavera", 1)]
    _, page = await client.get("/v1/briefs?text=segreto")
    assert page["items"] == []
    response, _ = await client.get(f"/v1/briefs/{id_}/attachments/{secret['attachment_id']}")
    assert response.status == 404
    _, page = await desk.as_(desk.anna).get("/v1/briefs?text=SEGRETO")
    assert [brief["revision"] for brief in page["items"]] == [2]


async def test_endpoints_need_their_privilege(desk: Desk) -> None:
    brief = await desk.submitted()
    path = f"/v1/briefs/{brief['id']}"
    dealer = desk.as_(desk.app.people.person("dealer", tenant_id=desk.tenant_id, kind="external"))
    anna, bruno = desk.as_(desk.anna), desk.as_(desk.bruno)
    for (response, problem), privilege in (
        (await dealer.get("/v1/briefs"), "brief.read"),
        (await dealer.get(path), "brief.read"),
        (await bruno.post("/v1/briefs", desk.content()), "brief.create"),
        (await bruno.post(f"{path}/submission", {"process": "standard"}), "brief.submit"),
        (await bruno.post(f"{path}/cancellation", {"reason": "No"}), "brief.cancel"),
        (await anna.put(f"{path}/prices", {"revision": 1, "lines": []}), "brief.price"),
        (await dealer.post(f"{path}/comments", {"text": "Ciao"}), "brief.comment"),
    ):
        assert (response.status, problem["code"]) == (403, "missing_privilege")
        assert privilege in problem["detail"]
    for token in ("", "nonsense", desk.app.people.token(desk.anna, exp=1)):
        response, _ = await desk.app.with_token(token).get(path)
        assert response.status == 401
