"""A phase that needs an approved proof begins once all proofs of its brief are approved."""

from __future__ import annotations

from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.brief import ProofOutcome, ProofReviewEnded, ProofSubmitted
from optima_contracts.envelope import EventData

from .conftest import Plant

LINE = {
    "name": "Espositore",
    "phases": [
        {"key": "prestampa", "name": "Prestampa"},
        {"key": "stampa", "name": "Stampa", "needs_proof": True},
    ],
}


def facts(brief_id: UUID, proof_id: UUID, version: int) -> dict[str, Any]:
    return {
        "brief_id": brief_id,
        "proof_id": proof_id,
        "version": version,
        "number": "B-2026-0001",
        "title": "Fronte",
        "sha256": "5f70",
        "requester_id": uuid4(),
    }


def submitted(brief_id: UUID, proof_id: UUID, version: int = 1) -> EventData:
    more = {"file_name": "a.pdf", "media_type": "application/pdf", "size": 1, "process": "visto"}
    return ProofSubmitted(**facts(brief_id, proof_id, version), **more)


def ended(brief_id: UUID, proof_id: UUID, outcome: ProofOutcome, version: int = 1) -> EventData:
    return ProofReviewEnded(**facts(brief_id, proof_id, version), outcome=outcome)


async def printing(plant: Plant, brief_id: UUID | None = None) -> tuple[UUID, Any, str]:
    """A brief, and its printing given to somebody."""
    await plant.define("espositore", LINE)
    carla = await plant.worker()
    brief_id = await plant.approve(("espositore", "100"), brief_id=brief_id)
    order = await plant.order_of(brief_id)
    await plant.value(order["jobs"][0])
    _, phase = order["jobs"][0]["phases"]
    assert phase["proof_missing"] is True
    await plant.assign(phase["id"], carla)
    return brief_id, plant.app.as_(carla), phase["id"]


async def test_printing_waits_for_the_proofs_of_its_brief(plant: Plant) -> None:
    brief_id, carla, phase = await printing(plant)
    front, back = uuid4(), uuid4()

    async def starts() -> tuple[int, str | None]:
        """Offered and done are the same."""
        _, task = await carla.get(f"/v1/tasks/{phase}")
        response, body = await carla.post(f"/v1/phases/{phase}/start")
        assert ("start" in task["actions"]) == (response.status == 200)
        assert task.get("proof_missing", False) == (response.status != 200)
        return response.status, body.get("code")

    refused = (409, "proof_not_approved")
    assert await starts() == refused
    for event, sequence in (
        (submitted(brief_id, front), 1),
        (submitted(brief_id, back), 1),
        (ended(brief_id, front, "approved"), 2),
        (ended(brief_id, back, "rejected"), 2),
        (submitted(brief_id, back, 2), 3),
    ):
        await plant.deliver(event, event.proof_id, sequence=sequence)  # type: ignore[attr-defined]
        assert await starts() == refused
    await plant.deliver(ended(brief_id, back, "approved_with_changes", 2), back, sequence=4)
    assert await starts() == (200, None)
    # What is begun goes on.
    await plant.deliver(submitted(brief_id, back, 3), back, sequence=5)
    response, task = await carla.post(f"/v1/phases/{phase}/completion", {"quantity": "100"})
    assert (response.status, task["state"]) == (200, "done")


@pytest.mark.sampled(3)
@pytest.mark.parametrize("order", [*permutations(range(3))])
async def test_the_newest_version_counts_in_whatever_order_it_is_told(
    plant: Plant, order: tuple[int, ...]
) -> None:
    """The first one's approval is revoked while the second is approved already."""
    brief_id, carla, phase = await printing(plant)
    proof = uuid4()
    told = (
        (submitted(brief_id, proof, 2), 3),
        (ended(brief_id, proof, "approved", 2), 4),
        (ended(brief_id, proof, "rejected", 1), 5),
    )
    for n in (*order, order[0]):
        event, sequence = told[n]
        await plant.deliver(event, proof, sequence=sequence)
    response, _ = await carla.post(f"/v1/phases/{phase}/start")
    assert response.status == 200


async def test_an_order_without_a_brief_waits_for_no_proof(plant: Plant) -> None:
    await plant.define("espositore", LINE)
    response, order = await plant.admin.post(
        "/v1/orders",
        {
            "title": "Ristampa",
            "deadline": "2027-01-31",
            "items": [{"kind": "espositore", "description": "Espositore", "quantity": "100"}],
        },
    )
    assert response.status == 201, order
    assert all("proof_missing" not in phase for phase in order["jobs"][0]["phases"])
