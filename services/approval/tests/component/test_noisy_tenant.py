"""What one tenant has worked out delays no other tenant: their requests are answered between its slices."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from approval.adapters.cel import CelConditions
from approval.adapters.documents import MOST_NODES
from approval.application.in_turns import ROUNDS
from approval.domain.process import Predicate
from approval.domain.subjects import DatedContent

from ..conftest import Desk

STEPS = 150
"""Of the large process; each is at least one turn for others."""

APPROVALS = 10
"""That are moved: each is a turn."""


def large() -> dict[str, Any]:
    admins = [{"role": "admin"}]
    steps = [
        {"key": f"s{i}", "when": f"brief.budget > {i}.0 || brief.title != 'x{i}'", "approvers": admins}
        for i in range(STEPS)
    ]
    return {"key": "grande", "name": "Grande", "subject": "brief", "steps": steps}


SIMULATED = {
    "title": "Prova", "category": "POP", "budget": "500.00", "deadline": "2026-12-20",
    "number": "B-1", "revision": 1, "items": [], "attachments": [],
}  # fmt: skip


ROWS = 2000
CASES = 10
TABLE = {
    "key": "tabella",
    "name": "Tabella",
    "fields": {
        "righe": {"type": "list", "at_most": ROWS, "fields": {"n": {"type": "whole"}, "t": {"type": "text"}}}
    },
}
OF_TABLES = {
    "key": "tabelle",
    "name": "Tabelle",
    "subject": "tabella",
    "steps": [
        {"key": "uno", "when": "tabella.righe.exists(r, r.n > 1)", "approvers": [{"role": "admin"}]},
        {"key": "due", "approvers": [{"role": "admin"}]},
    ],
}


def table() -> dict[str, Any]:
    content = {"righe": [{"n": 0, "t": "x"}] * ROWS}
    return {"process": "tabelle", "subject_id": str(uuid4()), "content": content}


@pytest.mark.parametrize(
    "noise", ["check", "publication", "simulation", "replay", "move", "too large", "submission"]
)
async def test_another_tenant_is_answered_meanwhile(desk: Desk, noise, monkeypatch):
    neighbour = desk.app.as_(desk.app.people.person("purchasing", tenant_id=uuid4(), name="Nora"))
    admin = desk.as_("ada")
    await admin.put("/v1/processes/grande", large())
    if noise in ("simulation", "replay", "move"):
        await admin.post("/v1/processes/grande/publication", {})
        changed = large() | {"name": "Più grande"}
        await admin.put("/v1/processes/grande", changed, headers={"If-Match": '"2"'})
    if noise == "replay":
        await desk.submit(process="grande", budget="0.50")
        await admin.post("/v1/processes/grande/replays", {})
    if noise == "move":
        for _ in range(APPROVALS):
            await desk.submit(process="grande", budget="0.50")
        response, problem = await admin.post("/v1/processes/grande/publication", {})
        assert response.status == 200, problem
        response, problem = await admin.post("/v1/processes/grande/moves", {})
        assert response.status == 202, problem
    if noise == "submission":
        await admin.put("/v1/subject-types/tabella", TABLE)
        await desk.publish(OF_TABLES)
    simulated = {"requester_id": desk.id("marta"), "content": SIMULATED}
    noises = {
        "check": lambda: admin.post("/v1/processes/grande/check", large()),
        "publication": lambda: admin.post("/v1/processes/grande/publication", {}),
        "simulation": lambda: admin.post("/v1/processes/grande/simulation", simulated),
        "too large": lambda: admin.put(
            "/v1/processes/x", data=unreadable(), headers={"Content-Type": "application/yaml"}
        ),
        "submission": lambda: admin.post("/v1/approvals", table()),
        "replay": desk.work,
        "move": desk.work,
    }
    turns, sleep = 0, asyncio.sleep

    async def counted(delay: float, *result: Any) -> Any:
        nonlocal turns
        turns += delay == 0
        return await sleep(delay, *result)

    monkeypatch.setattr(asyncio, "sleep", counted)
    working = asyncio.create_task(noises[noise]())
    answered = 0
    while not working.done():
        response, _ = await neighbour.get("/v1/inbox")
        answered += response.status == 200
    result = await working
    if noise not in ("replay", "move"):
        assert result[0].status == {"too large": 400, "submission": 201}.get(noise, 200), result[1]
    assert answered >= 1
    slices = {"too large": MOST_NODES // 400, "submission": 3 * ROWS // 400}.get(noise, STEPS)
    assert turns >= (APPROVALS if noise == "move" else ROUNDS * slices)


MANY_CASES = {
    "key": "tabelle",
    "name": "Tabelle",
    "subject": "tabella",
    "steps": [
        {
            "key": "scelta",
            "match": "first",
            "choose": [
                *(
                    {"key": f"c{i}", "when": f"tabella.righe.exists(r, r.n > {i})"}
                    for i in range(1, CASES + 1)
                ),
                {"key": "altro", "steps": [{"key": "uno", "approvers": [{"role": "admin"}]}]},
            ],
        }
    ],
}


@pytest.mark.parametrize("judged", ["submission", "amendment", "simulation", "replay", "preview", "move"])
async def test_others_have_their_turn_between_two_conditions_on_a_large_content(
    desk: Desk, judged, monkeypatch
):
    pieces = watched_conditions(monkeypatch)
    admin, marta, process = desk.as_("ada"), desk.as_("marta"), "/v1/processes/tabelle"
    await admin.put("/v1/subject-types/tabella", TABLE)
    await desk.publish(MANY_CASES)
    simulated = {"requester_id": desk.id("marta"), "content": table()["content"]}
    amended = {"content": {"righe": [{"n": 0, "t": "y"}] * ROWS}}
    _, approval = await marta.post("/v1/approvals", table())
    path = f"/v1/approvals/{approval['id']}"
    match judged:
        case "replay":
            status, problem = await desk.decide("ada", approval["id"], "uno")
            assert status == 200, problem
            await admin.post(f"{process}/replays", {})
        case "preview" | "move":
            await desk.publish(MANY_CASES | {"name": "Altre"})
            _, move = await admin.post(f"{process}/moves", {})
    if judged == "move":
        await desk.work()
        await admin.post(f"/v1/moves/{move['id']}/execution", {})
    pieces.clear()
    if judged == "submission":
        response, answer = await marta.post("/v1/approvals", table())
    elif judged == "amendment":
        response, answer = await marta.put(f"{path}/content", amended)
    elif judged == "simulation":
        response, answer = await admin.post(f"{process}/simulation", simulated)
    else:
        await desk.work()
        response, answer = await admin.get(path)
    assert response.status < 300, answer
    assert len(pieces) >= CASES
    assert max(pieces) == 1


def watched_conditions(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many conditions were looked at in each piece of work between two turns of others."""
    pieces: list[int] = []
    going, compile_, sleep = False, CelConditions.compile, asyncio.sleep

    def compiled(*given: Any, **more: Any) -> Predicate:
        condition = compile_(*given, **more)

        def looked_at(dated: DatedContent) -> bool:
            nonlocal going
            if going and pieces:
                pieces[-1] += 1
            else:
                pieces.append(1)
            going = True
            return condition(dated)

        return looked_at

    async def slept(delay: float, *result: Any) -> Any:
        nonlocal going
        going = False
        return await sleep(delay, *result)

    monkeypatch.setattr(CelConditions, "compile", compiled)
    monkeypatch.setattr(asyncio, "sleep", slept)
    return pieces


def unreadable() -> str:
    """YAML with more keys than a document may have."""
    return "{" + ",".join(f"k{number}: [a, b]" for number in range(20_000)) + "}"
