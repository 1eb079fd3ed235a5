"""An approval tells each reader what they may do with it, and how far its steps are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import product
from typing import Any, get_args
from uuid import uuid4

import pytest

from approval.application.read.access import ApprovalAction, ProcessAction, StepAction

from ..conftest import Desk

pytestmark = pytest.mark.sampled(6)

WEEK = {"starts_at": "2026-11-23T00:00:00Z", "ends_at": "2026-11-30T00:00:00Z"}
DECISIONS = ["approve", "reject", "abstain", "request_changes"]


def rule(**options: Any) -> dict[str, Any]:
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]} | options
    return {"key": "prova", "name": "Prova", "subject": "brief", "steps": [step]}


async def step_of(desk: Desk, name, brief_id):
    approval_id = (await desk.approval("ada", brief_id))["id"]
    response, approval = await desk.as_(name).get(f"/v1/approvals/{approval_id}")
    assert response.status == 200, approval
    return approval["steps"][0]


async def test_each_is_told_what_they_may_do(desk: Desk):
    await desk.publish(rule(quorum={"at_least": 2}))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})
    brief_id = await desk.submit(process="prova")
    assert (await step_of(desk, "paolo", brief_id))["actions"] == [
        {"may": [*DECISIONS, "forward", "add_approver", "follow_up", "claim"]}
    ]
    (action,) = (await step_of(desk, "dario", brief_id))["actions"]
    assert (action["on_behalf_of"]["name"], action["may"]) == ("Piera", DECISIONS)
    assert (await step_of(desk, "ada", brief_id))["actions"] == [{"may": ["add_approver", "reassign"]}]
    assert [(await desk.approval(name, brief_id))["actions"] for name in ("marta", "paolo")] == [
        ["recall", "comment", "watch"],
        ["comment", "watch"],
    ]


async def test_what_is_told_is_what_is_done(desk: Desk):
    """Whoever is told that they may, may; whoever is not, is refused."""
    await desk.publish(rule(quorum="all", requires=["quote_total"], allows=["forward"]))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("paolo")})
    brief_id = await desk.submit(process="prova")
    (action,) = (await step_of(desk, "paolo", brief_id))["actions"]
    assert action == {"may": ["reject", "forward", "add_approver", "follow_up", "claim"]}
    await desk.price(brief_id, "10.00")
    (action,) = (await step_of(desk, "paolo", brief_id))["actions"]
    assert action == {"may": ["approve", "reject", "forward", "add_approver", "follow_up", "claim"]}
    approval = await desk.approval("paolo", brief_id)
    status, _ = await desk.decide("paolo", approval["id"], "uno", on_behalf_of=desk.id("piera"))
    assert status == 403
    assert (await desk.decide("paolo", approval["id"], "uno"))[0] == 200
    step = await step_of(desk, "paolo", brief_id)
    assert (step["actions"], step["quorum"]) == ([{"may": ["withdraw"]}], {"have": 1, "need": 2})
    await desk.decide("piera", approval["id"], "uno")
    approval = await desk.approval("marta", brief_id)
    assert (approval["state"], approval["actions"]) == ("approved", [])
    assert (await desk.approval("piera", brief_id))["actions"] == ["revoke"]
    assert "actions" not in approval["steps"][0]


async def test_groups_are_counted(desk: Desk):
    await desk.publish(
        rule(approvers=[{"role": "purchasing"}, {"role": "direttore"}], quorum="one_per_group")
    )
    brief_id = await desk.submit(process="prova")
    assert (await step_of(desk, "paolo", brief_id))["quorum"] == {"have": 0, "need": 2}
    approval = await desk.approval("paolo", brief_id)
    await desk.decide("paolo", approval["id"], "uno")
    assert (await step_of(desk, "paolo", brief_id))["quorum"] == {"have": 1, "need": 2}


# -- an action offered succeeds for that reader in that state, and one that is not offered is refused

READERS = ("marta", "paolo", "dario", "lia", "ada")
ACTS = get_args(StepAction)
OF_ONESELF = ("forward", "add_approver", "reassign", "claim", "release", "follow_up")
"""What is said on nobody's behalf."""
REFUSED = (403, 404, 409, 422)


async def spesa(desk: Desk, amount: str | None = "10.00") -> str:
    content = {"titolo": "Carta", **({"importo": amount} if amount else {})}
    body = {"process": "spese", "subject_id": str(uuid4()), "content": content}
    response, approval = await desk.as_("marta").post("/v1/approvals", body)
    assert response.status == 201, approval
    return approval["id"]


async def decided(desk: Desk, *decisions: tuple[str, str]) -> str:
    approval_id = await spesa(desk)
    for name, outcome in decisions:
        more = {"on_behalf_of": desk.id("piera")} if name == "dario" else {}
        status, answer = await desk.decide(name, approval_id, "uno", outcome, reason="Perché sì", **more)
        assert status == 200, answer
    return approval_id


async def revoked(desk: Desk) -> str:
    approval_id = await decided(desk, ("paolo", "approve"), ("piera", "approve"))
    reason = {"reason": "Prezzo sbagliato"}
    await desk.as_("paolo").post(f"/v1/approvals/{approval_id}/revocation", reason)
    return approval_id


async def recalled(desk: Desk) -> str:
    approval_id = await spesa(desk)
    await desk.as_("marta").post(f"/v1/approvals/{approval_id}/recall", {})
    return approval_id


async def watched(desk: Desk, *, over: bool = False) -> str:
    approval_id = await spesa(desk)
    for name in READERS:
        await desk.as_(name).post(f"/v1/approvals/{approval_id}/watching", {})
    if over:
        await desk.as_("marta").post(f"/v1/approvals/{approval_id}/recall", {})
    return approval_id


async def claimed(desk: Desk) -> str:
    approval_id = await spesa(desk)
    await desk.as_("paolo").post(f"/v1/approvals/{approval_id}/claim", {"step": "uno"})
    return approval_id


async def brief(desk: Desk) -> str:
    return (await desk.approval("ada", await desk.submit(process="prova")))["id"]


APPROVALS: dict[str, Callable[[Any], Awaitable[str]]] = {
    "waits": spesa,
    "incomplete": lambda desk: spesa(desk, None),
    "half approved": lambda desk: decided(desk, ("paolo", "approve")),
    "approved by a delegate": lambda desk: decided(desk, ("dario", "approve")),
    "approved": lambda desk: decided(desk, ("paolo", "approve"), ("piera", "approve")),
    "approved for somebody": lambda desk: decided(desk, ("paolo", "approve"), ("dario", "approve")),
    "revoked": revoked,
    "rejected": lambda desk: decided(desk, ("paolo", "reject")),
    "sent back": lambda desk: decided(desk, ("paolo", "request_changes")),
    "recalled": recalled,
    "claimed": claimed,
    "watched": watched,
    "watched and over": lambda desk: watched(desk, over=True),
    "brief": brief,
}


async def rules(desk: Desk) -> None:
    """Paolo and Piera are asked; Dario stands in for Piera."""
    fields = {"titolo": {"type": "text"}, "importo": {"type": "money", "optional": True}}
    declared = {"key": "spesa", "name": "Spesa", "title": "titolo", "fields": fields}
    await desk.as_("ada").put("/v1/subject-types/spesa", declared)
    asks = {"quorum": "all", "allows": ["forward", "abstain", "request_changes"]}
    document = rule(**asks, requires=["importo"])
    await desk.publish(document | {"key": "spese", "name": "Spese", "subject": "spesa"})
    await desk.publish(rule(**asks))
    await desk.as_("piera").post("/v1/delegations", WEEK | {"to_person_id": desk.id("dario")})


async def attempt_on_whole(desk: Desk, reader: str, approval_id: str, action: str) -> int:
    path = f"/v1/approvals/{approval_id}"
    if action == "amend":
        response, _ = await desk.as_(reader).put(f"{path}/content", {"content": {"titolo": "Penne"}})
    elif action == "unwatch":
        response, _ = await desk.as_(reader).delete(f"{path}/watching")
    else:
        nouns = {"watch": "watching", "comment": "comments", "revoke": "revocation"}
        bodies = {"comment": {"step": "uno", "text": "Perché?"}, "revoke": {"reason": "Prezzo sbagliato"}}
        response, _ = await desk.as_(reader).post(
            f"{path}/{nouns.get(action, action)}", bodies.get(action, {})
        )
    return 200 if response.status in (201, 204) else response.status


async def attempt_on_step(desk: Desk, reader: str, approval_id: str, action: str, whose: str | None) -> int:
    _, seen = await desk.as_("ada").get(f"/v1/approvals/{approval_id}")
    waiting = [each["person"]["id"] for each in seen["steps"][0]["parts"] if each["state"] == "requested"]
    posts: dict[str, tuple[str, dict[str, Any]]] = {
        "forward": ("forwarding", {"to_person_id": desk.id("lia")}),
        "add_approver": ("approvers", {"person_id": desk.id("lia")}),
        "claim": ("claim", {}),
        "release": ("release", {}),
        "withdraw": ("withdrawal", {"on_behalf_of": whose} if whose else {}),
        "reassign": (
            "reassignment",
            {"from_person_id": (waiting or [desk.id("paolo")])[0], "to_person_id": desk.id("lia")},
        ),
    }
    if action == "follow_up":
        body = {"step": "uno", "on": "2031-01-01"}
        response, _ = await desk.as_(reader).put(f"/v1/approvals/{approval_id}/follow-up", body)
        return response.status
    if action in posts:
        noun, body = posts[action]
        response, _ = await desk.as_(reader).post(
            f"/v1/approvals/{approval_id}/{noun}", {"step": "uno"} | body
        )
        return response.status
    more = {"on_behalf_of": whose} if whose else {}
    status, _ = await desk.decide(
        reader, approval_id, "uno", action, content_hash=seen["content_hash"], reason="Perché sì", **more
    )
    return status


@pytest.mark.parametrize("state", APPROVALS)
@pytest.mark.parametrize("reader", READERS)
async def test_what_is_offered_on_an_approval_succeeds_and_nothing_else(desk: Desk, reader, state):
    await rules(desk)
    approval_id = await APPROVALS[state](desk)
    response, seen = await desk.as_(reader).get(f"/v1/approvals/{approval_id}")
    whole = seen["actions"] if response.status == 200 else []
    step = {
        (act, action.get("on_behalf_of", {}).get("id"))
        for action in (seen["steps"][0].get("actions", ()) if response.status == 200 else ())
        for act in action["may"]
    }
    for action in get_args(ApprovalAction):
        if action not in whole:
            assert await attempt_on_whole(desk, reader, approval_id, action) in REFUSED, action
    for action in product(ACTS, (None, desk.id("piera"))):
        if action not in step and (action[1] is None or action[0] not in OF_ONESELF):
            assert await attempt_on_step(desk, reader, approval_id, *action) in REFUSED, action
    for action in whole:
        assert await attempt_on_whole(desk, reader, await APPROVALS[state](desk), action) == 200, action
    for action in step:
        assert await attempt_on_step(desk, reader, await APPROVALS[state](desk), *action) == 200, action


@pytest.mark.parametrize("state", ["draft", "published", "retired"])
@pytest.mark.parametrize("reader", ["ada", "paolo"])
async def test_what_is_offered_on_a_process_succeeds_and_nothing_else(desk: Desk, reader, state):
    admin, client = desk.as_("ada"), desk.as_(reader)

    async def process(key: str) -> dict[str, Any]:
        path, document = f"/v1/processes/{key}", rule() | {"key": key}
        await admin.put(path, document)
        if state != "draft":
            await admin.post(f"{path}/publication", {})
        if state == "retired":
            await admin.post(f"{path}/retirement", {})
        response, seen = await client.get(path)
        assert seen["state"] == state
        return seen | {"etag": response.headers["ETag"]}

    async def attempt(seen: dict[str, Any], action: str) -> int:
        path = f"/v1/processes/{seen['key']}"
        if action == "define":
            headers = {"If-Match": seen["etag"]}
            response, _ = await client.put(path, rule(quorum="all") | {"key": seen["key"]}, headers=headers)
        else:
            noun = {"publish": "publication", "retire": "retirement"}[action]
            response, _ = await client.post(f"{path}/{noun}", {})
        return response.status

    seen = await process("prova")
    for action in get_args(ProcessAction):
        if action not in seen["actions"]:
            assert await attempt(seen, action) in REFUSED, action
    for action in seen["actions"]:
        assert await attempt(await process(f"prova-{action}"), action) == 200, action


@pytest.mark.parametrize("state", ["previewed", "moved", "reverted"])
async def test_what_is_offered_on_a_move_succeeds_and_nothing_else(desk: Desk, state):
    await desk.publish(rule())
    await desk.submit(process="prova")
    admin, names = desk.as_("ada"), iter("abcdef")

    async def move() -> dict[str, Any]:
        await desk.publish(rule() | {"name": f"Prova {next(names)}"})
        _, begun = await admin.post("/v1/processes/prova/moves", {})
        await desk.work()
        for noun in {"previewed": (), "moved": ("execution",), "reverted": ("execution", "reversal")}[state]:
            await admin.post(f"/v1/moves/{begun['id']}/{noun}", {})
            await desk.work()
        _, seen = await admin.get(f"/v1/moves/{begun['id']}")
        assert seen["state"] == state
        return seen

    seen = await move()
    for action, noun in {"execute": "execution", "reverse": "reversal"}.items():
        offered = action in seen["actions"]
        there = await move() if offered else seen
        response, _ = await admin.post(f"/v1/moves/{there['id']}/{noun}", {})
        assert response.status == (202 if offered else 409), action


@pytest.mark.parametrize("revoked", [False, True])
@pytest.mark.parametrize("reader", ["paolo", "piera", "lia", "ada"])
async def test_what_is_offered_on_a_delegation_succeeds_and_nothing_else(desk: Desk, reader, revoked):
    _, given = await desk.as_("paolo").post("/v1/delegations", WEEK | {"to_person_id": desk.id("piera")})
    path = f"/v1/delegations/{given['id']}"
    if revoked:
        await desk.as_("paolo").delete(path)
    _, page = await desk.as_(reader).get("/v1/delegations")
    offered = any("revoke" in each["actions"] for each in page["items"])
    may = desk.people[reader].may
    limits = may("approval.delegate") and may("brief.price.read")
    assert ("limit_amount" in page.get("actions", ())) == limits
    assert offered == (reader in ("paolo", "ada") and not revoked)
    response, _ = await desk.as_(reader).delete(path)
    assert response.status in ((200, 204) if offered else REFUSED)
