"""An approval that the owner asked for, one that the owner is asked about, and processes being changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from optima_contracts.identity import PersonChanged
from optima_kit.actor import Actor

from .table import ANYBODYS, OWN, Row, Scope, World, public

SEEN = Scope(all="approval.read_all")
PDF = b"%PDF-1.7\npreventivo"
SUBJECT = {
    "key": "$subject",
    "name": "Spesa",
    "title": "titolo",
    "amounts": ["importo"],
    "fields": {
        "titolo": {"type": "text"},
        "importo": {"type": "money", "privilege": "brief.price.read"},
    },
}
CONTENT = {"titolo": "Spesa riservata", "importo": "48713.59"}
PROCESS = {"name": "Prova", "subject": "$subject"}
STEP = {"key": "uno", "approvers": [{"person": "$rita_id"}]}
WORKING_TIME = {"holidays": "none"}

ROWS = (
    Row("GET /v1/processes/schema", "process.read"),
    Row("GET /v1/processes", "process.read", shows={"process": ANYBODYS}),
    Row("GET /v1/processes/{key}", "process.read", at="/v1/processes/{process}"),
    Row("GET /v1/processes/{key}", "process.read", at="/v1/processes/{process}?version=1"),
    Row(
        "PUT /v1/processes/{key}",
        "process.write",
        at="/v1/processes/{process}",
        body=PROCESS | {"key": "$process", "steps": [STEP]},
        version="process_version",
    ),
    Row(
        "PUT /v1/processes/{key}",
        "process.write",
        at="/v1/processes/{new_process}",
        body={"key": "$new_process", "name": "Nuovo", "subject": "brief", "steps": [STEP]},
        makes=True,
    ),
    Row(
        "POST /v1/processes/{key}/check",
        "process.write",
        at="/v1/processes/{new_process}/check",
        body={"key": "$new_process", "name": "Nuovo", "subject": "brief", "steps": [STEP]},
        makes=True,  # in no tenant does it need a process of that key
    ),
    Row("GET /v1/processes/{key}/versions", "process.read", at="/v1/processes/{process}/versions"),
    Row(
        "POST /v1/processes/{key}/publication",
        "process.write",
        at="/v1/processes/{process}/publication",
        body={},
    ),
    Row(
        "POST /v1/processes/{key}/retirement",
        "process.write",
        at="/v1/processes/{process}/retirement",
        body={},
    ),
    Row("GET /v1/subject-types/{key}", "process.read", at="/v1/subject-types/{subject}"),
    Row("GET /v1/subject-types", "process.read", shows={"subject": ANYBODYS}),
    Row(
        "PUT /v1/subject-types/{key}",
        "process.write",
        at="/v1/subject-types/{subject}",
        body=SUBJECT,
        version="subject_version",
    ),
    Row(
        "PUT /v1/subject-types/{key}",
        "process.write",
        at="/v1/subject-types/{new_subject}",
        body=SUBJECT | {"key": "$new_subject"},
        makes=True,
    ),
    Row(
        "POST /v1/processes/{key}/simulation",
        "process.read",
        at="/v1/processes/{process}/simulation",
        body={"requester_id": "$owner_id", "content": {"titolo": "Prova", "importo": "1.00"}},
    ),
    Row("POST /v1/processes/{key}/replays", "process.write", at="/v1/processes/{process}/replays", body={}),
    Row("GET /v1/replays/{replay_id}", "process.write"),
    Row("POST /v1/processes/{key}/moves", "process.write", at="/v1/processes/{process}/moves", body={}),
    Row(
        "GET /v1/processes/{key}/moves",
        "process.write",
        at="/v1/processes/{process}/moves",
        shows={"move_id": ANYBODYS},
        empty_elsewhere=True,
    ),
    Row("GET /v1/moves/{move_id}", "process.write"),
    Row("GET /v1/moves/{move_id}/items", "process.write", shows={"own_id": ANYBODYS}),
    Row("POST /v1/moves/{move_id}/execution", "process.write", body={}),
    Row(
        "POST /v1/moves/{move_id}/reversal", "process.write", at="/v1/moves/{done_move_id}/reversal", body={}
    ),
    Row("GET /v1/working-time", "process.read"),
    Row("PUT /v1/working-time", "process.write", body=WORKING_TIME),
    Row(
        "POST /v1/approvals",
        "approval.open",
        body={"process": "$process", "subject_id": str(uuid4()), "content": CONTENT},
    ),
    Row(
        "PUT /v1/approvals/{approval_id}/content",
        "approval.open",
        Scope(all="approval.read_all", refused="only_requester_amends"),
        at="/v1/approvals/{own_id}/content",
        body={"content": CONTENT | {"titolo": "Altra spesa"}},
    ),
    Row("GET /v1/approvals", "approval.read", shows={"own_id": SEEN, "asked_id": SEEN}),
    Row("GET /v1/approvals", "approval.read", at="/v1/approvals?text=riservata", shows={"own_id": SEEN}),
    Row("GET /v1/approvals/{approval_id}", "approval.read", SEEN, at="/v1/approvals/{own_id}"),
    Row("GET /v1/approvals/{approval_id}", "approval.read", SEEN, at="/v1/approvals/{asked_id}"),
    Row(
        "GET /v1/approvals/{approval_id}/history",
        "approval.read",
        SEEN,
        at="/v1/approvals/{asked_id}/history",
    ),
    Row(
        "POST /v1/approvals/{approval_id}/decisions",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked"),
        at="/v1/approvals/{asked_id}/decisions",
        body={"step": "uno", "outcome": "approve", "content_hash": "$content_hash"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/revocation",
        "approval.decide",
        Scope(all="approval.read_all", refused="revoked_by_approvers_alone", unless="approval.administer"),
        at="/v1/approvals/{given_id}/revocation",
        body={"reason": "Prezzo sbagliato"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/evidence",
        "approval.decide",
        Scope(all="approval.read_all", refused="evidence_not_asked_for"),
        at="/v1/approvals/{asked_id}/evidence?name=p.pdf",
        body=PDF,
        media_type="application/pdf",
    ),
    Row(
        "GET /v1/approvals/{approval_id}/evidence/{evidence_id}",
        "approval.read",
        SEEN,
        at="/v1/approvals/{asked_id}/evidence/{evidence_id}",
    ),
    Row(
        "POST /v1/approvals/{approval_id}/forwarding",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked"),
        at="/v1/approvals/{asked_id}/forwarding",
        body={"step": "uno", "to_person_id": "$lia_id"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/reassignment",
        "approval.administer",
        SEEN,
        at="/v1/approvals/{asked_id}/reassignment",
        body={"step": "uno", "from_person_id": "$owner_id", "to_person_id": "$lia_id"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/approvers",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked", unless="approval.administer"),
        at="/v1/approvals/{asked_id}/approvers",
        body={"step": "uno", "person_id": "$lia_id"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/claim",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked"),
        at="/v1/approvals/{shared_id}/claim",
        body={"step": "uno"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/release",
        "approval.decide",
        Scope(all="approval.read_all", refused="claim_of_another", unless="approval.administer"),
        at="/v1/approvals/{claimed_id}/release",
        body={"step": "uno"},
    ),
    Row(
        "PUT /v1/approvals/{approval_id}/follow-up",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked"),
        at="/v1/approvals/{asked_id}/follow-up",
        body={"step": "uno", "on": "2031-01-01"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/withdrawal",
        "approval.decide",
        Scope(all="approval.read_all", refused="decision_of_another"),
        at="/v1/approvals/{decided_id}/withdrawal",
        body={"step": "uno"},
    ),
    Row(
        "GET /v1/approvals/{approval_id}/comments",
        "approval.read",
        SEEN,
        at="/v1/approvals/{asked_id}/comments",
        shows={"comment_id": SEEN},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/comments",
        "approval.read",
        Scope(
            all="approval.read_all",
            refused="comments_of_concerned_alone",
            unless="approval.administer",
        ),
        at="/v1/approvals/{asked_id}/comments",
        body={"step": "uno", "text": "Chiarito a voce"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/comments/{comment_id}/answer",
        "approval.read",
        Scope(all="approval.read_all", refused="question_to_another"),
        at="/v1/approvals/{asked_id}/comments/{comment_id}/answer",
        body={"text": "Sì"},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/recall",
        "approval.read",
        Scope(all="approval.read_all", refused="only_requester_recalls"),
        at="/v1/approvals/{own_id}/recall",
        body={},
    ),
    Row(
        "POST /v1/approvals/{approval_id}/watching",
        "approval.read",
        SEEN,
        at="/v1/approvals/{own_id}/watching",
        body={},
    ),
    Row(
        "DELETE /v1/approvals/{approval_id}/watching",
        "approval.read",
        Scope(all="approval.read_all", refused="approval_not_watched"),
        at="/v1/approvals/{asked_id}/watching",
    ),
    Row("GET /v1/inbox", "approval.decide", shows={"asked_id": OWN}),
    Row("GET /v1/inbox/summary", "approval.decide", shows={"asked_process": OWN}),
    Row(
        "POST /v1/decisions",
        "approval.decide",
        Scope(all="approval.read_all", refused="approver_not_asked"),
        body={
            "items": [
                {
                    "approval_id": "$asked_id",
                    "step": "uno",
                    "outcome": "approve",
                    "content_hash": "$content_hash",
                }
            ]
        },
        within=True,
    ),
    Row("GET /v1/delegations", "approval.delegate", shows={"delegation_id": SEEN}),
    Row(
        "POST /v1/delegations",
        "approval.delegate",
        body={
            "to_person_id": "$lia_id",
            "starts_at": "2031-01-01T00:00:00Z",
            "ends_at": "2031-02-01T00:00:00Z",
        },
    ),
    Row(
        "POST /v1/delegations",
        "approval.delegate",
        body={
            "from_person_id": "$rita_id",
            "to_person_id": "$lia_id",
            "starts_at": "2031-01-01T00:00:00Z",
            "ends_at": "2031-02-01T00:00:00Z",
        },
        also=frozenset({"approval.administer"}),
    ),
    Row("DELETE /v1/delegations/{delegation_id}", "approval.delegate", Scope(all="approval.administer")),
    public("GET /v1/decision-links/{token}"),
    public("POST /v1/decision-links/{token}"),
)


async def build(world: World) -> None:
    # This service's copy of the directory knows each person in one tenant.
    world.owner, world.colleague = uuid4(), uuid4()
    names = world.names
    mark = "aurora" if world.tenant_id == world.served.tenant_id else "brina"
    names |= {key: f"{key.replace('_', '-')}-{mark}" for key in ("process", "asked_process", "new_process")}
    names |= {"subject": f"spesa_{mark}", "new_subject": f"nuova_{mark}"}
    names |= {"owner_id": str(world.owner), "rita_id": str(uuid4()), "lia_id": str(uuid4())}
    for person_id in (world.owner, world.colleague, UUID(names["rita_id"]), UUID(names["lia_id"])):
        await world.hear(
            PersonChanged(
                person_id=person_id,
                name="Rita Blu",
                email="rita@example.it",
                kind="internal",
                roles=["purchasing"],
                active=True,
            ),
            person_id,
        )
    fields = SUBJECT | {"key": names["subject"]}
    await world.ask("PUT", f"/v1/subject-types/{names['subject']}", fields)
    names["subject_version"] = "1"
    own, asked = names["process"], names["asked_process"]
    document = {"name": "Prova", "subject": names["subject"]}
    ritas = {"key": "uno", "approvers": [{"person": names["rita_id"]}]}
    owners = {
        "key": "uno",
        "approvers": [{"person": names["owner_id"]}],
        "evidence": {"media_types": ["application/pdf"]},
    }
    await _publish(world, document | {"key": own, "steps": [ritas]})
    await _publish(world, document | {"key": asked, "steps": [owners]})
    submission = {"process": own, "subject_id": str(uuid4()), "content": CONTENT}
    names["own_id"] = (await world.ask("POST", "/v1/approvals", submission))["id"]
    submission |= {"process": asked, "subject_id": str(uuid4())}
    rita = world.person("purchasing", person_id=UUID(names["rita_id"]))
    response, approval = await world.served.app.as_(rita).post("/v1/approvals", submission)
    assert response.status == 201, approval
    names |= {"asked_id": approval["id"], "content_hash": approval["content_hash"]}
    await world.ask("POST", f"/v1/approvals/{names['asked_id']}/watching", {})
    question = {"step": "uno", "text": "Quando serve?", "to_person_id": names["owner_id"]}
    path = f"/v1/approvals/{names['asked_id']}/comments"
    response, comment = await world.served.app.as_(rita).post(path, question)
    assert response.status == 201, comment
    names["comment_id"] = comment["id"]
    both = owners | {"approvers": [*owners["approvers"], *ritas["approvers"]], "quorum": "all"}
    await _publish(world, document | {"key": f"{asked}-2", "steps": [both]})
    submission |= {"process": f"{asked}-2", "subject_id": str(uuid4())}
    lia = world.person("purchasing", person_id=UUID(names["lia_id"]))
    await _publish(world, document | {"key": f"{asked}-3", "steps": [owners]})
    names["decided_id"] = await _decided(world, lia, submission)
    for name, claim in (("shared_id", False), ("claimed_id", True)):
        again = submission | {"subject_id": str(uuid4())}
        names[name] = await _claimed(world, lia, again, claim=claim)
    names["given_id"] = await _decided(
        world, lia, submission | {"process": f"{asked}-3", "subject_id": str(uuid4())}
    )
    path = f"/v1/approvals/{names['asked_id']}/evidence?name=p.pdf"
    pdf = {"Content-Type": "application/pdf"}
    names["evidence_id"] = (await world.ask("POST", path, data=PDF, headers=pdf))["id"]
    until = {"starts_at": "2031-01-01T00:00:00Z", "ends_at": "2031-02-01T00:00:00Z"}
    delegation = await world.ask("POST", "/v1/delegations", until | {"to_person_id": names["lia_id"]})
    names["delegation_id"] = delegation["id"]
    await _move(world, "done_move_id", asked, document | {"key": asked, "steps": [owners]}, execute=True)
    await _move(world, "move_id", own, document | {"key": own, "steps": [ritas]}, execute=False)
    replay = await world.ask("POST", f"/v1/processes/{own}/replays", {})
    names["replay_id"] = replay["id"]
    await world.work()
    draft, _ = await world.mighty.get(f"/v1/processes/{own}")
    names["process_version"] = draft.headers["ETag"].strip('"')
    world.secrets["brief.price.read"] = ["48713.59"]


async def _claimed(world: World, requester: Actor, submission: Any, *, claim: bool) -> str:
    """An approval that the owner and somebody else are asked about."""
    response, approval = await world.served.app.as_(requester).post("/v1/approvals", submission)
    assert response.status == 201, approval
    if claim:
        await world.ask("POST", f"/v1/approvals/{approval['id']}/claim", {"step": "uno"})
    return str(approval["id"])


async def _decided(world: World, requester: Actor, submission: Any) -> str:
    """An approval that the owner has approved their part of."""
    response, approval = await world.served.app.as_(requester).post("/v1/approvals", submission)
    assert response.status == 201, approval
    decision = {"step": "uno", "outcome": "approve", "content_hash": approval["content_hash"]}
    await world.ask("POST", f"/v1/approvals/{approval['id']}/decisions", decision)
    return str(approval["id"])


async def _publish(world: World, document: dict[str, Any], version: str | None = None) -> None:
    headers = {"If-Match": version} if version else {}
    path = f"/v1/processes/{document['key']}"
    await world.ask("PUT", path, document, headers=headers)
    await world.ask("POST", f"{path}/publication", {})


async def _move(world: World, name: str, key: str, document: dict[str, Any], *, execute: bool) -> None:
    """A second version, and the running approvals' move to it."""
    known, _ = await world.mighty.get(f"/v1/processes/{key}")
    await _publish(world, document | {"name": "Prova seconda"}, known.headers["ETag"])
    move = await world.ask("POST", f"/v1/processes/{key}/moves", {})
    world.names[name] = move["id"]
    await world.work()
    if execute:
        await world.ask("POST", f"/v1/moves/{move['id']}/execution", {})
        await world.work()
