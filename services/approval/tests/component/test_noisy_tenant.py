"""What one tenant has worked out delays no other tenant: their requests are answered between its slices."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from ..conftest import Desk

STEPS = 150
"""Of the large process; each is at least one turn for others."""


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


@pytest.mark.parametrize("noise", ["check", "publication", "simulation", "replay"])
async def test_another_tenant_is_answered_meanwhile(desk: Desk, noise, monkeypatch):
    neighbour = desk.app.as_(desk.app.people.person("purchasing", tenant_id=uuid4(), name="Nora"))
    admin = desk.as_("ada")
    await admin.put("/v1/processes/grande", large())
    if noise in ("simulation", "replay"):
        await admin.post("/v1/processes/grande/publication", {})
        await admin.put("/v1/processes/grande", large(), headers={"If-Match": '"2"'})
    if noise == "replay":
        await desk.submit(process="grande", budget="0.50")
        await admin.post("/v1/processes/grande/replays", {})
    simulated = {"requester_id": desk.id("marta"), "content": SIMULATED}
    noises = {
        "check": lambda: admin.post("/v1/processes/grande/check", large()),
        "publication": lambda: admin.post("/v1/processes/grande/publication", {}),
        "simulation": lambda: admin.post("/v1/processes/grande/simulation", simulated),
        "replay": desk.work,
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
    assert noise == "replay" or result[0].status == 200, result[1]
    assert answered >= 1
    assert turns >= STEPS
