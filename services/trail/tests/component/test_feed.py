"""The pull feed gives every event once, in order, and only to who may read the whole trail."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

from optima_contracts.brief import BriefCommented
from optima_contracts.economics import JobEconomicsSet
from optima_contracts.envelope import Envelope
from optima_contracts.identity import PersonChanged, RoleChanged, UnitChanged
from optima_kit.testing import ServiceHarness
from trail.domain.personal import ERASED

from ..conftest import Scene


def auditor(app: ServiceHarness, scene: Scene, **options: Any) -> Any:
    return app.as_(app.people.person("auditor", tenant_id=scene.tenant_id, **options))


def commented(scene: Scene, n: int) -> Any:
    return scene.event(BriefCommented(brief_id=UUID(int=n), comment_id=uuid4()), subject=UUID(int=n))


async def test_every_event_comes_once_in_order(app: ServiceHarness, scene: Scene) -> None:
    sent = [commented(scene, n) for n in range(1, 8)]
    await scene.record(*sent)
    consumer = auditor(app, scene)
    got: list[Any] = []
    after = ""
    while True:
        _, page = await consumer.get(f"/v1/events?limit=3{after}")
        if not page["items"]:
            break
        got += page["items"]
        after = f"&after={page['after']}"
    assert [each["id"] for each in got] == [str(each.id) for each in sent]
    envelope = Envelope.model_validate(got[0])
    assert (envelope.source, envelope.subject, envelope.time) == ("/optima/brief", UUID(int=1), scene.now)


async def test_who_waits_gets_the_next_event_when_it_comes(app: ServiceHarness, scene: Scene) -> None:
    first = commented(scene, 1)
    await scene.record(first)
    consumer = auditor(app, scene)
    waiting = asyncio.ensure_future(consumer.get(f"/v1/events?after={first.id}&wait=20"))
    second = commented(scene, 2)
    await asyncio.sleep(0)
    await scene.record(second)
    _, page = await asyncio.wait_for(waiting, 15)
    assert [each["id"] for each in page["items"]] == [str(second.id)]


async def test_who_waits_is_answered_when_the_process_drains(app: ServiceHarness, scene: Scene) -> None:
    first = commented(scene, 1)
    await scene.record(first)
    waiting = asyncio.ensure_future(auditor(app, scene).get(f"/v1/events?after={first.id}&wait=20"))
    await asyncio.sleep(0)
    app.draining.set()
    _, page = await asyncio.wait_for(waiting, 15)
    assert (page["items"], page["after"]) == ([], str(first.id))


async def test_a_wait_ends(app: ServiceHarness, scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    _, page = await auditor(app, scene).get("/v1/events?type=optima.logistics.&wait=0.3")
    assert page["items"] == []
    assert "after" not in page


async def test_several_beginnings_of_types_are_asked_for_at_once(app: ServiceHarness, scene: Scene) -> None:
    role = RoleChanged(role_id=UUID(int=8), key="buyer", privileges=[])
    unit = UnitChanged(unit_id=UUID(int=9), key="mktg", name="Marketing")
    sent = [commented(scene, 1), scene.event(unit, subject=UUID(int=9)), commented(scene, 2)]
    await scene.record(*sent, scene.event(role, subject=UUID(int=8)))
    consumer = auditor(app, scene, kind="service", privileges={"trail.read_all"})
    _, page = await consumer.get(f"/v1/events?type={BriefCommented.type}&type=optima.identity.unit_")
    assert [each["id"] for each in page["items"]] == [str(each.id) for each in sent]
    _, page = await consumer.get(f"/v1/events?type=optima.identity.unit_&after={sent[1].id}")
    assert page == {"items": [], "after": str(sent[1].id)}
    many = "&".join(["type=optima.brief."] * 21)
    response, problem = await consumer.get(f"/v1/events?{many}")
    assert (response.status, problem["errors"][0]["field"]) == (422, "type")


async def test_one_story_is_asked_for_alone(app: ServiceHarness, scene: Scene) -> None:
    sent = [commented(scene, n) for n in (1, 2, 1)]
    await scene.record(*sent)
    consumer = auditor(app, scene)
    story = f"/v1/events?correlation={UUID(int=1)}"
    _, page = await consumer.get(story)
    assert [each["id"] for each in page["items"]] == [str(sent[0].id), str(sent[2].id)]
    _, page = await consumer.get(f"{story}&type=optima.brief.&after={sent[1].id}")
    assert [each["id"] for each in page["items"]] == [str(sent[2].id)]
    _, page = await consumer.get(f"{story}&type=optima.logistics.")
    assert page["items"] == []


async def test_what_was_erased_is_shown_as_erased(app: ServiceHarness, scene: Scene) -> None:
    anna = UUID(int=8)
    person = PersonChanged(
        person_id=anna, name="Anna", email="a@example.it", kind="internal", roles=["buyer"], active=True
    )
    sent = scene.event(person, subject=anna)
    await scene.record(sent)
    admin = app.as_(app.people.person("admin", tenant_id=scene.tenant_id))
    response, _ = await admin.post(f"/v1/people/{anna}/erasure")
    assert response.status == 200
    _, page = await auditor(app, scene).get("/v1/events?type=optima.identity.")
    (event,) = page["items"]
    assert (event["id"], event["data"]["roles"]) == (str(sent.id), ["buyer"])
    assert (event["data"]["name"], event["data"]["email"]) == (ERASED, ERASED)


async def test_another_tenants_events_never_come(app: ServiceHarness, scene: Scene) -> None:
    other = BriefCommented(brief_id=uuid4(), comment_id=uuid4())
    await scene.record(scene.event(other, subject=uuid4(), tenant_id=UUID(int=2)))
    _, page = await auditor(app, scene).get("/v1/events")
    assert page["items"] == []


async def test_prices_need_their_privilege(app: ServiceHarness, scene: Scene) -> None:
    job = uuid4()
    economics = JobEconomicsSet(job_id=job, order_id=uuid4(), cost="1.00", price="3.21", margin="2.21")
    await scene.record(scene.event(economics, subject=job), commented(scene, 2))
    plain = auditor(app, scene, privileges={"trail.read_all"})
    _, page = await plain.get("/v1/events")
    assert [each["type"] for each in page["items"]] == [BriefCommented.type]
    _, page = await auditor(app, scene).get("/v1/events?type=optima.economics.")
    assert [each["type"] for each in page["items"]] == [JobEconomicsSet.type]


async def test_who_may_not_read_everything_has_no_feed(app: ServiceHarness, scene: Scene) -> None:
    for role in ("marketing", "dealer", "supplier", "backoffice"):
        person = app.as_(app.people.person(role, tenant_id=scene.tenant_id))
        response, _ = await person.get("/v1/events")
        assert response.status == 403


async def test_an_unknown_place_is_said_to_be_unknown(app: ServiceHarness, scene: Scene) -> None:
    other = commented(scene, 1)
    await scene.record(
        scene.event(
            BriefCommented(brief_id=uuid4(), comment_id=uuid4()), subject=uuid4(), tenant_id=UUID(int=2)
        )
    )
    await scene.record(other)
    foreign = (
        await scene.stored.fetch("SELECT event_id FROM entries WHERE tenant_id <> $1", scene.tenant_id)
    )[0][0]
    for after in (uuid4(), foreign):
        response, problem = await auditor(app, scene).get(f"/v1/events?after={after}&wait=20")
        assert (response.status, problem["code"], problem["errors"][0]["field"]) == (
            422,
            "event_absent",
            "after",
        )
