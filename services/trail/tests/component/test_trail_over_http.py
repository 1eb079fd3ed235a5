"""Each person reads the part of the trail in their competence, and nothing betrays the rest."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import Decided, StepPending
from optima_contracts.brief import BriefCommented, BriefDrafted
from optima_contracts.economics import BriefPriced, JobEconomicsSet
from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonChanged
from optima_contracts.production import PhaseAssigned, PhaseGivenBack, PhaseStarted, PhaseUnassigned
from optima_kit.testing import ServiceHarness
from trail.adapters.verify_command import verify_command

from ..conftest import Scene

TENANT, OTHER = UUID(int=1), UUID(int=2)
HERS, FOREIGN, APPROVAL, JOB, OTHER_JOB = (UUID(int=n) for n in range(21, 26))
ANNA, BRUNO, DINO = UUID(int=31), UUID(int=32), UUID(int=33)


@pytest.fixture
async def told(scene: Scene) -> Any:
    """Anna's brief, approved by Bruno and worked on by Dino; and a brief of somebody else."""
    await scene.record(
        scene.event(
            BriefDrafted(brief_id=HERS, number="B-1", title="Espositori", requester_id=ANNA),
            subject=HERS,
            actor_id=ANNA,
        ),
        scene.event(
            StepPending(
                approval_id=APPROVAL,
                subject_type="brief",
                subject_id=HERS,
                step="acquisti",
                approvers=[BRUNO],
            ),
            subject=APPROVAL,
            correlation_id=HERS,
        ),
        scene.event(
            BriefPriced(brief_id=HERS, revision=1, content_hash="h", lines=[], total="987.65"),
            subject=HERS,
            actor_id=BRUNO,
        ),
        scene.event(
            Decided(
                approval_id=APPROVAL,
                subject_type="brief",
                subject_id=HERS,
                subject_revision=1,
                content_hash="h",
                step="acquisti",
                person_id=BRUNO,
                outcome="approved",
            ),
            subject=APPROVAL,
            correlation_id=HERS,
            actor_id=BRUNO,
        ),
        scene.event(
            PhaseAssigned(job_id=JOB, order_id=uuid4(), phase_id=uuid4(), phase="stampa", assignee_id=DINO),
            subject=JOB,
            correlation_id=HERS,
        ),
        scene.event(
            PhaseStarted(job_id=OTHER_JOB, order_id=uuid4(), phase_id=uuid4(), phase="taglio"),
            subject=OTHER_JOB,
            correlation_id=HERS,
        ),
        scene.event(
            JobEconomicsSet(job_id=JOB, order_id=uuid4(), cost="1.00", price="3.21", margin="2.21"),
            subject=JOB,
            correlation_id=HERS,
        ),
        scene.event(
            BriefDrafted(brief_id=FOREIGN, number="B-2", title="Segreto", requester_id=uuid4()),
            subject=FOREIGN,
            actor_id=uuid4(),
        ),
    )
    await scene.record(
        scene.event(
            BriefCommented(brief_id=HERS, comment_id=uuid4()), subject=HERS, actor_id=ANNA, tenant_id=OTHER
        )
    )
    return scene


def person(app: ServiceHarness, *roles: str, person_id: UUID, **options: Any) -> Any:
    return app.as_(app.people.person(*roles, tenant_id=TENANT, person_id=person_id, **options))


async def types(client: Any, query: str = "") -> list[str]:
    response, body = await client.get(f"/v1/entries{query}")
    assert response.status == 200, body
    return [item["type"].removeprefix("optima.").removesuffix(".v1") for item in reversed(body["items"])]


async def test_the_requester_follows_her_brief_without_prices(app: ServiceHarness, told: Any) -> None:
    anna = person(app, "marketing", person_id=ANNA)
    assert await types(anna) == [
        "brief.drafted",
        "approval.step_pending",
        "approval.decided",
        "production.phase_assigned",
        "production.phase_started",
    ]
    _, body = await anna.get("/v1/entries")
    assert "987.65" not in str(body)
    assert "Segreto" not in str(body)
    assert not {"number", "hash"} & body["items"][0].keys()


async def test_an_approver_with_the_privilege_sees_the_prices(app: ServiceHarness, told: Any) -> None:
    assert "economics.brief_priced" in await types(person(app, "purchasing", person_id=BRUNO))
    priced = person(app, person_id=BRUNO, privileges={"trail.read", "brief.price.read"})
    seen = await types(priced)
    assert "economics.brief_priced" in seen
    assert "economics.job_set" not in seen


async def test_an_assignee_sees_the_job_alone(app: ServiceHarness, told: Any) -> None:
    dino = person(app, "backoffice", person_id=DINO)
    assert await types(dino) == ["production.phase_assigned"]


@pytest.mark.parametrize("seed", range(3))
async def test_a_job_is_seen_by_those_alone_whose_a_phase_of_it_is(
    app: ServiceHarness, scene: Scene, seed: int
) -> None:
    dice = Random(seed)
    phases = [(job, UUID(int=40 + 10 * job.int + n)) for job in (JOB, OTHER_JOB) for n in range(2)]
    assignees: dict[tuple[UUID, UUID], UUID] = {}
    sequences = Counter[UUID]()
    for _ in range(8):
        batch = []
        for _ in range(dice.randint(1, 4)):
            job, phase = chosen = dice.choice(phases)
            facts: dict[str, Any] = {"job_id": job, "order_id": HERS, "phase_id": phase, "phase": "stampa"}
            former, assignee = assignees.pop(chosen, None), dice.choice([ANNA, BRUNO, DINO, None])
            data: EventData
            if assignee is not None:
                assignees[chosen] = assignee
                data = PhaseAssigned(**facts, assignee_id=assignee)
            elif former is not None:
                data = dice.choice([PhaseUnassigned, PhaseGivenBack])(
                    **facts, former_assignee_id=former, reason="Macchina ferma"
                )
            else:
                continue
            sequences[job] += 1
            batch.append(scene.event(data, subject=job, correlation_id=HERS, sequence=sequences[job]))
        if batch:
            await scene.record(*batch)
        for each in (ANNA, BRUNO, DINO):
            _, body = await person(app, "backoffice", person_id=each).get("/v1/entries")
            seen = {UUID(entry["data"]["job_id"]) for entry in body["items"]}
            assert seen == {job for (job, _), assignee in assignees.items() if assignee == each}


@pytest.mark.parametrize(
    "query",
    [
        "?occurred_from=0001-01-01T00:00:00Z",
        "?occurred_before=9999-12-31T23:59:59Z",
        "?occurred_from=0001-01-01T00:00:00%2B23:59",
        "?occurred_before=9999-12-31T23:59:59-23:59",
    ],
)
async def test_no_time_is_too_early_or_too_late(app: ServiceHarness, told: Any, query: str) -> None:
    response, _ = await person(app, "auditor", person_id=uuid4()).get(f"/v1/entries{query}")
    assert response.status in (200, 422)


async def test_people_are_named_as_the_directory_told_unless_erased(app: ServiceHarness, told: Any) -> None:
    for who, name in ((ANNA, "Anna Bianchi"), (BRUNO, "Bruno Neri")):
        changed = PersonChanged(
            person_id=who, name=name, email="x@example.it", kind="internal", roles=[], active=True
        )
        await told.record(told.event(changed, subject=who))
    auditor = app.sign_in("auditor")
    _, body = await auditor.get(f"/v1/entries?person={ANNA}")
    assert body["items"][0]["actor"] == {"id": str(ANNA), "name": "Anna Bianchi"}
    assert "on_behalf_of" not in body["items"][0]
    response, _ = await app.sign_in("admin").post(f"/v1/people/{ANNA}/erasure")
    assert response.status == 200
    _, body = await auditor.get("/v1/entries?type=optima.brief.&type=optima.approval.")
    assert [item.get("actor", {}).get("name") for item in body["items"]] == [None, "Bruno Neri", None, None]


async def test_whoever_reads_everything_sees_numbers_and_hashes(app: ServiceHarness, told: Any) -> None:
    auditor = person(app, "auditor", person_id=uuid4())
    _, body = await auditor.get("/v1/entries")
    assert [item["number"] for item in body["items"]] == list(range(8, 0, -1))
    assert len(body["items"][0]["hash"]) == 64


@pytest.mark.parametrize("role", ["dealer", "agent", "supplier"])
async def test_external_hands_read_no_trail(app: ServiceHarness, told: Any, role: str) -> None:
    response, _ = await person(app, role, person_id=DINO).get("/v1/entries")
    assert response.status == 403


async def test_filters_narrow_and_do_not_widen(app: ServiceHarness, told: Any) -> None:
    anna = person(app, "marketing", person_id=ANNA)
    auditor = person(app, "auditor", person_id=uuid4())
    assert await types(anna, f"?brief={FOREIGN}") == []
    assert await types(anna, f"?brief={uuid4()}") == []
    assert await types(auditor, f"?brief={FOREIGN}") == ["brief.drafted"]
    assert await types(anna, f"?person={BRUNO}") == ["approval.decided"]
    assert await types(auditor, "?type=optima.approval.") == ["approval.step_pending", "approval.decided"]
    assert await types(auditor, "?occurred_from=2026-11-25T00:00:00Z") == []
    assert len(await types(auditor, "?occurred_before=2026-11-25T00:00:00Z")) == 8


@pytest.mark.parametrize(
    "query",
    [
        "?brief=1",
        "?type=%25",
        "?occurred_from=2026-13-01",
        "?occurred_from=2026-11-24T00:00:00",
        "?limit=0",
        "?x=1",
    ],
)
async def test_a_bad_filter_is_refused(app: ServiceHarness, query: str) -> None:
    response, body = await person(app, "auditor", person_id=uuid4()).get(f"/v1/entries{query}")
    assert response.status == 422
    assert body["errors"][0]["field"]


@pytest.mark.parametrize("role", ["marketing", "auditor"])
async def test_pages_meet_without_overlap(app: ServiceHarness, told: Any, role: str) -> None:
    reader = person(app, role, person_id=ANNA)
    _, whole = await reader.get("/v1/entries")
    collected: list[str] = []
    cursor = ""
    while True:
        _, page = await reader.get(f"/v1/entries?limit=2{cursor}")
        collected += [item["id"] for item in page["items"]]
        if not page.get("next_cursor"):
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert collected == [item["id"] for item in whole["items"]]


async def test_many_grants_are_read_the_other_way_with_the_same_answer(
    app: ServiceHarness, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna = person(app, "marketing", person_id=ANNA)
    few = await types(anna)
    monkeypatch.setattr("trail.adapters.postgres.FEW_GRANTS", 0)
    assert await types(anna) == few
    assert await types(anna, f"?brief={FOREIGN}") == []


async def test_verification_names_the_tampered_entry(app: ServiceHarness, told: Any) -> None:
    auditor = person(app, "auditor", person_id=uuid4())
    _, body = await auditor.get("/v1/verification")
    assert (body["intact"], body["entries"]) == (True, 8)
    await told.tamper("UPDATE entries SET actor_id = NULL WHERE number = 4")
    _, body = await auditor.get("/v1/verification")
    assert (body["intact"], body["broken_entry"], body["reason"]) == (False, 4, "altered")
    response, _ = await person(app, "marketing", person_id=ANNA).get("/v1/verification")
    assert response.status == 403


async def test_an_export_verifies_offline(app: ServiceHarness, told: Any, tmp_path: Any) -> None:
    auditor = person(app, "auditor", person_id=uuid4())
    files = []
    for after in (0, 5):
        response, data = await auditor.get(f"/v1/exports?after={after}&limit=5")
        assert response.status == 200
        files.append(tmp_path / f"{after}.jsonl")
        files[-1].write_bytes(data)
    assert verify_command([str(file) for file in files]) == 0
    _, table = await auditor.get("/v1/exports?format=csv")
    assert len(table.decode("utf-8-sig").splitlines()) == 9


async def test_an_export_hides_prices_from_who_may_not_see_them(app: ServiceHarness, told: Any) -> None:
    reader = person(app, person_id=uuid4(), privileges={"trail.read", "trail.read_all", "trail.export"})
    for form in ("jsonl", "csv"):
        _, data = await reader.get(f"/v1/exports?format={form}")
        assert b"economics" not in data
        assert b"987.65" not in data


async def test_an_export_needs_the_whole_trail(app: ServiceHarness, told: Any) -> None:
    reader = person(app, person_id=ANNA, privileges={"trail.read", "trail.export"})
    response, body = await reader.get("/v1/exports")
    assert (response.status, body["code"]) == (403, "missing_privilege")
