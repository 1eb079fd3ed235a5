"""Every endpoint on an approval in every state: answered or refused, never a fault; and an entry of a batch
never fails its neighbours."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest

from approval.domain.approval import ApprovalState

from ..conftest import Desk

STATES = get_args(ApprovalState)
PDF = b"%PDF-1.7\npreventivo"


async def in_state(desk: Desk, state: str) -> str:
    """The id of an approval of Marta's that Paolo and Piera were asked about, if anybody was."""
    due = {"hours": 1, "then": ["expire"]}
    pdf = {"media_types": ["application/pdf"]}
    step = {
        "key": "uno",
        "approvers": [{"role": "purchasing"}, {"role": "admin"}],
        "due": due,
        "evidence": pdf,
    }
    await desk.publish({"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]})
    subject_id = await desk.submit(process="nessuno" if state == "not_opened" else "prova")
    _, page = await desk.as_("ada").get(f"/v1/approvals?subject_id={subject_id}")
    approval_id: str = page["items"][0]["id"]
    acts = {"approved": "approve", "revoked": "approve", "rejected": "reject"}
    acts["changes_requested"] = "request_changes"
    if state in acts:
        status, _ = await desk.decide("paolo", approval_id, "uno", acts[state], reason="motivo")
        assert status == 200
    if state == "revoked":
        revocation = {"reason": "Prezzo sbagliato"}
        response, _ = await desk.as_("ada").post(f"/v1/approvals/{approval_id}/revocation", revocation)
        assert response.status == 200
    elif state == "cancelled":
        await desk.as_("marta").post(f"/v1/approvals/{approval_id}/recall", {})
    elif state == "expired":
        desk.clock.advance(timedelta(days=3))
        await desk.work()
    _, approval = await desk.as_("ada").get(f"/v1/approvals/{approval_id}")
    assert approval["state"] == state
    return approval_id


def bodies(desk: Desk, approval: dict[str, Any]) -> dict[str, Any]:
    """What makes sense to send, by the end of the endpoint's address."""
    decision = {"step": "uno", "outcome": "approve", "content_hash": approval["content_hash"]}
    return {
        "decisions": decision,
        "forwarding": {"step": "uno", "to_person_id": desk.id("dario")},
        "reassignment": {"step": "uno", "from_person_id": desk.id("paolo"), "to_person_id": desk.id("lia")},
        "approvers": {"step": "uno", "person_id": desk.id("lia")},
        "withdrawal": {"step": "uno"},
        "comments": {"step": "uno", "text": "Perché?"},
        "answer": {"text": "Perché sì."},
        "recall": {},
        "claim": {"step": "uno"},
        "release": {"step": "uno"},
        "follow-up": {"step": "uno", "on": "2031-01-01"},
        "revocation": {"reason": "Prezzo sbagliato"},
        "watching": {},
        "content": {"content": {}},
    }


@pytest.mark.sampled(4)
@pytest.mark.parametrize("state", STATES)
async def test_no_endpoint_fails_on_an_approval_in_any_state(desk: Desk, state):
    approval_id = await in_state(desk, state)
    _, approval = await desk.as_("ada").get(f"/v1/approvals/{approval_id}")
    routes = [r for r in desk.app.service.routes.items if r.path_types.get("approval_id") is UUID]
    assert len(routes) > 7
    for route in sorted(routes, key=lambda route: route.method):
        path = route.path.replace("{approval_id}", approval_id)
        for name in route.path_types.keys() - {"approval_id"}:
            path = path.replace(f"{{{name}}}", approval_id)
        for name in desk.people:
            options: dict[str, Any] = {"headers": {"If-Match": '"9"'}}
            if route.body is bytes:
                path, options = f"{path.partition('?')[0]}?name=p.pdf", {"data": PDF}
                options["headers"] = {"Content-Type": "application/pdf"}
            elif route.body is not None:
                options["json"] = bodies(desk, approval)[path.rpartition("/")[2]]
            response, body = await desk.as_(name).request(route.method, path, **options)
            place = f"{name}: {route.method} {route.path}: {response.status} {body}"
            assert response.status < 500, place
            revokes = path.endswith("/revocation") and state == "approved"
            if route.writes and state != "open" and not revokes:
                assert response.status in (403, 404, 409, 412), place


async def decide_three(desk: Desk, middle: str) -> list[dict[str, Any]]:
    """Ada decides two approvals that can be decided, and one between them; what she is told of each."""
    desk.clock.advance(timedelta(seconds=1))
    items = []
    for approval_id in (await opened(desk), middle, await opened(desk)):
        decision = {"step": "uno", "outcome": "approve", "content_hash": "hash-1"}
        items.append({"approval_id": approval_id, **decision})
    response, body = await desk.as_("ada").post("/v1/decisions", {"items": items})
    assert response.status == 200, body
    for item in (items[0], items[2]):
        _, approval = await desk.as_("ada").get(f"/v1/approvals/{item['approval_id']}")
        assert approval["state"] == "approved"
    return body["items"]


async def opened(desk: Desk) -> str:
    approval_id: str = (await desk.approval("ada", await desk.submit(process="prova")))["id"]
    return approval_id


@pytest.mark.sampled(3)
@pytest.mark.parametrize("state", sorted({*STATES} - {"open"}))
async def test_what_is_over_fails_no_neighbour_in_a_batch(desk: Desk, state):
    told = await decide_three(desk, await in_state(desk, state))
    assert [each["decided"] for each in told] == [True, False, True]
    assert told[1]["problem"]["code"] == "approval_ended"


async def test_what_is_damaged_fails_no_neighbour_in_a_batch(desk: Desk):
    damaged = await in_state(desk, "open")
    await desk.database.fetch("UPDATE approvals SET steps = '{}' WHERE approval_id = $1", UUID(damaged))
    told = await decide_three(desk, damaged)
    assert [each["decided"] for each in told] == [True, False, True]
    assert told[1]["problem"]["code"] == "decision_failed"


FIELDS = {
    "titolo": {"type": "text"},
    "quanti": {"type": "whole"},
    "misura": {"type": "number"},
    "valore": {"type": "money"},
    "giorno": {"type": "date"},
    "urgente": {"type": "flag"},
    "referente": {"type": "person"},
    "righe": {"type": "list", "fields": {"importo": {"type": "money"}}},
    "note": {"type": "record", "fields": {"giorno": {"type": "date"}}},
}
CONTENT: dict[str, Any] = {
    "titolo": "Prova",
    "quanti": 0,
    "misura": "1.5",
    "valore": "10.00",
    "giorno": "2026-12-01",
    "urgente": True,
    "referente": "dario@example.it",
    "righe": [{"importo": "1.00"}],
    "note": {"giorno": "2026-12-01"},
}
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 10**400, 0.1, 1e308, "", "\x00", "x" * 70_000, "NaN", "1e999999", "-Infinity",
    "0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00", "2026-02-30", "١٢", [], [[]], {}, {"x": {}},
    [{}] * 3000, [{"importo": "1e400"}], {"giorno": "9999-12-31"}, {"id": "x", "roles": 7}, str(UUID(int=0)),
)  # fmt: skip
CONDITIONS = (
    "reparto.valore > 5.0",
    "1 / reparto.quanti > 1",
    "1 % reparto.quanti == 1",
    "reparto.giorno > timestamp('2026-01-01T00:00:00Z')",
    "!" * 1900 + "reparto.urgente",
    "9223372036854775807 + reparto.quanti > 0",
    "-reparto.quanti - 9223372036854775807 - 2 < 0",
    "reparto.righe.all(r, r.importo > 0.0)",
    "int(reparto.misura) > 3",
    "reparto.titolo.matches('(a+)+$')",
)


@pytest.mark.sampled(4)
@pytest.mark.parametrize("condition", CONDITIONS, ids=range(len(CONDITIONS)))
async def test_no_content_is_a_fault_of_ours(desk: Desk, condition):
    """Whatever is submitted, tried out or amended under whatever condition that can be published."""
    declared = {"key": "reparto", "name": "Reparto", "title": "titolo", "amounts": ["valore"]}
    await desk.as_("ada").put("/v1/subject-types/reparto", declared | {"fields": FIELDS})
    step = {"key": "uno", "when": condition, "approvers": [{"role": "admin"}]}
    process = {"key": "prova", "name": "Prova", "subject": "reparto", "steps": [step]}
    answers = [await desk.as_("ada").put("/v1/processes/prova", process)]
    answers.append(await desk.as_("ada").post("/v1/processes/prova/publication", {}))
    if answers[-1][0].status == 200:
        for name, value in [("titolo", "Prova"), *((name, bad) for name in FIELDS for bad in STRANGE)]:
            content = CONTENT | {name: value}
            submission = {"process": "prova", "subject_id": str(uuid4()), "content": content}
            simulated = {"requester_id": desk.id("marta"), "content": content}
            answers.append(await desk.as_("ada").post("/v1/approvals", submission))
            answers.append(await desk.as_("ada").post("/v1/processes/prova/simulation", simulated))
    assert [body for response, body in answers if response.status >= 500] == []
