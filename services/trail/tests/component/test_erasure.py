"""A person's texts can be made unreadable for good, and every proof still holds."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import Decided
from optima_contracts.brief import BriefCommented
from optima_contracts.identity import PersonChanged, PersonDeparted
from optima_contracts.logistics import ShipmentDelivered
from optima_contracts.trail import PersonErased
from optima_kit.testing import ServiceHarness
from trail.adapters.verify_command import verify_command
from trail.domain.personal import ERASED

from ..conftest import Scene

TENANT, OTHER = UUID(int=1), UUID(int=2)
ANNA, BRUNO, SHIPMENT, BRIEF = (UUID(int=n) for n in (31, 32, 33, 34))
SAID = ("Anna Bianchi", "anna.bianchi@example.it", "Costa troppo, dice Anna", "Carla Verdi")


def person(app: ServiceHarness, *roles: str, tenant: UUID = TENANT, **options: Any) -> Any:
    return app.as_(app.people.person(*roles, tenant_id=tenant, **options))


def anna(**changes: Any) -> PersonChanged:
    told = {"person_id": ANNA, "name": "Anna Bianchi", "email": "anna.bianchi@example.it", "kind": "internal"}
    return PersonChanged.model_validate(told | {"roles": ["marketing"], "active": True} | changes)


@pytest.fixture
async def told(scene: Scene) -> Any:
    await scene.record(
        scene.event(anna(), subject=ANNA),
        scene.event(anna(person_id=BRUNO, name="Bruno Neri", email="bruno@example.it"), subject=BRUNO),
        scene.event(
            Decided(
                approval_id=UUID(int=40),
                subject_type="brief",
                subject_id=BRIEF,
                subject_revision=1,
                content_hash="h",
                step="acquisti",
                person_id=ANNA,
                outcome="rejected",
                reason="Costa troppo, dice Anna",
            ),
            subject=UUID(int=40),
            correlation_id=BRIEF,
            actor_id=ANNA,
        ),
        scene.event(
            ShipmentDelivered(
                shipment_id=SHIPMENT,
                order_id=UUID(int=41),
                brief_id=BRIEF,
                destination="D1",
                lines=[],
                delivered_at=scene.now,
                received_by="Carla Verdi",
            ),
            subject=SHIPMENT,
            correlation_id=BRIEF,
            actor_id=BRUNO,
        ),
        scene.event(BriefCommented(brief_id=BRIEF, comment_id=UUID(int=42)), subject=BRIEF, actor_id=ANNA),
    )
    return scene


async def seen(app: ServiceHarness) -> str:
    """Everything that the trail tells a reader of everything."""
    auditor = person(app, "auditor", person_id=uuid4())
    told = []
    for path in ("/v1/entries", "/v1/events", "/v1/exports?format=csv", "/v1/exports"):
        response, body = await auditor.get(path)
        assert response.status == 200
        told.append(body.decode() if isinstance(body, bytes) else json.dumps(body))
    return "\n".join(told)


async def exported(app: ServiceHarness, file: Path) -> str:
    _, data = await person(app, "auditor", person_id=uuid4()).get("/v1/exports")
    return write(file, data)


def write(file: Path, data: bytes) -> str:
    file.write_bytes(data)
    return str(file)


def read(file: str) -> str:
    return Path(file).read_text(encoding="ascii")


async def erase(app: ServiceHarness, who: UUID) -> Any:
    response, body = await person(app, "admin").post(f"/v1/people/{who}/erasure")
    assert response.status == 200, body
    return body


async def test_personal_texts_are_read_and_nowhere_stored_in_the_clear(
    app: ServiceHarness, told: Any
) -> None:
    shown = await seen(app)
    (stored,) = await told.stored.fetch("SELECT string_agg(data, '') AS data FROM entries")
    for text in SAID:
        beside_her_id = 2 if text == "Anna Bianchi" else 0
        assert shown.count(text) == 4 + beside_her_id
        assert text not in stored["data"]


async def test_an_erased_person_is_unreadable_everywhere_and_all_proofs_hold(
    app: ServiceHarness, told: Any, tmp_path: Path
) -> None:
    earlier = await exported(app, tmp_path / "earlier.jsonl")
    body = await erase(app, ANNA)
    assert body == {"person": {"id": str(ANNA)}, "erased_at": "2026-11-24T09:30:00Z"}
    shown = await seen(app)
    for text in SAID[:3]:
        assert text not in shown
    assert shown.count("Bruno Neri") == 4 + 1, "once beside his id"
    assert shown.count("Carla Verdi") == 4
    _, entries = await person(app, "auditor").get("/v1/entries?type=optima.identity.person_changed")
    data = entries["items"][-1]["data"]
    assert (data["name"], data["email"], data["person_id"]) == (ERASED, ERASED, str(ANNA))
    assert data["roles"] == ["marketing"]
    _, proof = await person(app, "auditor").get("/v1/verification")
    assert (proof["intact"], proof["entries"]) == (True, 5)
    assert verify_command([earlier]) == 0
    assert "Anna Bianchi" in read(earlier)
    assert verify_command([await exported(app, tmp_path / "later.jsonl")]) == 0


async def test_an_erasure_is_told_once_and_asked_for_again_changes_nothing(
    app: ServiceHarness, told: Any
) -> None:
    first = await erase(app, ANNA)
    told.clock.advance(timedelta(days=1))
    assert await erase(app, ANNA) == first
    (event,) = await told.stored.published(PersonErased.type)
    assert (event.subject, event.data, event.actorid is None) == (ANNA, {"person_id": str(ANNA)}, False)


async def test_a_late_word_on_an_erased_person_brings_nothing_back(app: ServiceHarness, told: Any) -> None:
    await erase(app, ANNA)
    await told.record(told.event(anna(name="Anna Rossi", email="anna.rossi@example.it"), subject=ANNA))
    assert "Anna Rossi" not in await seen(app)
    _, proof = await person(app, "auditor").get("/v1/verification")
    assert (proof["intact"], proof["entries"]) == (True, 6)


async def test_a_successors_name_in_a_departure_is_the_successors(app: ServiceHarness, told: Any) -> None:
    departed = PersonDeparted(person_id=BRUNO, successor_id=ANNA, successor_name="Anna B. Rossi")
    await told.record(told.event(departed, subject=BRUNO))
    assert "Anna B. Rossi" in await seen(app)
    await erase(app, BRUNO)
    assert "Anna B. Rossi" in await seen(app)
    await erase(app, ANNA)
    assert "Anna B. Rossi" not in await seen(app)


async def test_who_received_goods_is_known_by_the_shipment(app: ServiceHarness, told: Any) -> None:
    await erase(app, SHIPMENT)
    shown = await seen(app)
    assert "Carla Verdi" not in shown
    assert "Anna Bianchi" in shown


@pytest.mark.parametrize("who", [BRIEF, UUID(int=99)])
async def test_of_whom_the_trail_holds_no_text_nobody_is_erased(
    app: ServiceHarness, told: Any, who: UUID
) -> None:
    response, body = await person(app, "admin").post(f"/v1/people/{who}/erasure")
    assert (response.status, body["code"]) == (404, "person_without_texts")
    assert await told.stored.published() == []


async def test_another_tenants_person_is_as_if_absent(app: ServiceHarness, told: Any) -> None:
    response, body = await person(app, "admin", tenant=OTHER).post(f"/v1/people/{ANNA}/erasure")
    assert (response.status, body["code"]) == (404, "person_without_texts")
    assert "Anna Bianchi" in await seen(app)


@pytest.mark.parametrize("role", ["backoffice", "auditor", "marketing", "purchasing", "supplier"])
async def test_only_an_admin_erases(app: ServiceHarness, told: Any, role: str) -> None:
    response, _ = await person(app, role).post(f"/v1/people/{ANNA}/erasure")
    assert response.status == 403
    assert "Anna Bianchi" in await seen(app)


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("Anna Bianchi", "Anna Rossi"),
        lambda line: line.replace('"personal":{"email"', '"personal":{"active"'),
        lambda line: re.sub(r'(?<="sealed":").', lambda first: "B" if first[0] == "A" else "A", line),
    ],
)
async def test_a_personal_text_altered_in_an_export_is_found(
    app: ServiceHarness, told: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], change: Any
) -> None:
    file = tmp_path / "export.jsonl"
    await exported(app, file)
    assert verify_command([str(file)]) == 0
    lines = file.read_text().splitlines()
    assert change(lines[1]) != lines[1]
    file.write_text("\n".join([lines[0], change(lines[1]), *lines[2:]]))
    capsys.readouterr()
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out.startswith("broken: entry 1 does not match")


async def test_the_key_of_one_entry_opens_no_other(app: ServiceHarness, told: Any, tmp_path: Path) -> None:
    file = tmp_path / "export.jsonl"
    await exported(app, file)
    keys = [
        {shown["key"] for shown in json.loads(line).get("personal", {}).values()}
        for line in file.read_text().splitlines()[1:]
    ]
    assert [len(each) for each in keys] == [1, 1, 1, 1, 0]
    assert len(set().union(*keys)) == 4
