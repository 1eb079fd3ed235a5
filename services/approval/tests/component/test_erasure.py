"""After somebody is erased, no table holds their name, their address or their words."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from optima_contracts.trail import PersonErased

from ..conftest import Desk

BACKBONE = {"outbox", "idempotency_keys", "jobs", "parked_messages", "inbox"}
"""The kit's tables, which forget by themselves."""
NAME, EMAIL = "Serafina Quaglia", "quaglia@example.it"
WORDS = ("Tartufo", "Zibibbo", "Mirtillo", "Corbezzolo", "Nespola", "Giuggiola", "Melograno", "Bergamotto")
WEEK = {"starts_at": "2026-11-23T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"}


async def tables_that_hold(desk: Desk, *texts: str) -> dict[str, set[str]]:
    """By text."""
    tables = await desk.database.fetch(
        "SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    found: dict[str, set[str]] = {text: set() for text in texts}
    for table in sorted({table["name"] for table in tables} - BACKBONE):
        statement = (
            f"SELECT DISTINCT sought FROM {table} AS row, unnest($1::text[]) AS sought"
            " WHERE strpos(lower(row::text), lower(sought)) > 0"
        )
        for row in await desk.database.fetch(statement, texts):
            found[row["sought"]].add(table)
    return found


async def spesa(desk: Desk, name: str, **content: Any) -> dict[str, Any]:
    content = {"titolo": "Spesa"} | content
    body = {"process": "spese", "subject_id": str(uuid4()), "content": content}
    response, approval = await desk.as_(name).post("/v1/approvals", body)
    assert response.status == 201, approval
    return approval


async def post(desk: Desk, name: str, path: str, body: dict[str, Any]) -> Any:
    response, answer = await desk.as_(name).post(path, body)
    assert response.status < 300, answer
    return answer


async def everything_that_people_write(desk: Desk) -> None:
    """Serafina, as `sera`, asks, decides, forwards, adds, comments, answers, delegates and attaches."""
    fields = {"titolo": {"type": "text"}, "referente": {"type": "person", "optional": True}}
    declared = {"key": "spesa", "name": "Spesa", "title": "titolo", "fields": fields}
    await desk.as_("ada").put("/v1/subject-types/spesa", declared)
    step = {
        "key": "uno",
        "approvers": [{"person": EMAIL}, {"role": "purchasing"}],
        "quorum": {"at_least": 2},
        "evidence": {"media_types": ["application/pdf"]},
    }
    later = {"key": "due", "approvers": [{"role": "direttore"}]}
    await desk.publish({"key": "spese", "name": "Spese", "subject": "spesa", "steps": [step, later]})
    await spesa(desk, "sera")
    approval = await spesa(desk, "marta", referente=EMAIL)
    path = f"/v1/approvals/{approval['id']}"
    question = {"step": "uno", "text": "Quando?", "to_person_id": desk.id("sera")}
    asked = await post(desk, "marta", f"{path}/comments", question)
    await post(desk, "sera", f"{path}/comments/{asked['id']}/answer", {"text": WORDS[0]})
    await post(desk, "sera", f"{path}/comments", {"step": "uno", "text": WORDS[1]})
    added = {"step": "uno", "person_id": desk.id("lia"), "reason": WORDS[2]}
    await post(desk, "sera", f"{path}/approvers", added)
    headers = {"Content-Type": "application/pdf"}
    response, document = await desk.as_("sera").request(
        "POST", f"{path}/evidence?name={WORDS[3]}.pdf", data=b"%PDF-1.7", headers=headers
    )
    assert response.status == 201, document
    more = {"evidence": [document["id"]], "reason": WORDS[4]}
    assert (await desk.decide("sera", approval["id"], "uno", "reject", **more))[0] == 200
    approval = await spesa(desk, "marta")
    forwarded = {"step": "uno", "to_person_id": desk.id("dario"), "reason": WORDS[5]}
    await post(desk, "sera", f"/v1/approvals/{approval['id']}/forwarding", forwarded)
    approval = await spesa(desk, "sera")
    await post(desk, "sera", f"/v1/approvals/{approval['id']}/recall", {"reason": WORDS[6]})
    await post(desk, "sera", "/v1/delegations", WEEK | {"to_person_id": desk.id("dario"), "reason": WORDS[7]})


async def test_nothing_of_an_erased_person_is_left(desk: Desk):
    sera = await desk.person("sera", "purchasing", unit="azienda", full_name=NAME, email=EMAIL)
    await everything_that_people_write(desk)
    texts = (NAME, "Quaglia", EMAIL, *WORDS)
    assert all((await tables_that_hold(desk, *texts)).values())
    before = await desk.database.fetch("SELECT approval_id, state, steps FROM approvals ORDER BY approval_id")
    for _ in range(2):
        await desk.deliver(PersonErased(person_id=sera.person_id), sera.person_id)
        await desk.work()
        await desk.person("sera", "purchasing", unit="azienda", full_name=NAME, email=EMAIL)
    assert await tables_that_hold(desk, *texts) == {text: set() for text in texts}
    after = await desk.database.fetch("SELECT approval_id, state, steps FROM approvals ORDER BY approval_id")
    assert [(row["approval_id"], row["state"]) for row in after] == [
        (row["approval_id"], row["state"]) for row in before
    ]
    _, page = await desk.as_("ada").get("/v1/approvals")
    for row in page["items"]:
        _, history = await desk.as_("ada").get(f"/v1/approvals/{row['id']}/history")
        decided = [each for each in history["items"] if each["kind"] == "part_decided"]
        assert [each["person"] for each in decided] in ([], [{"id": desk.id("sera")}])
