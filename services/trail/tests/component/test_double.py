"""The double that other teams test against answers as the trail does."""

from __future__ import annotations

import json
from typing import Any

from optima_contracts.testing import Feed, journeys
from optima_kit.testing import ServiceHarness

from ..conftest import Scene


async def test_the_doubles_feed_answers_as_this_one(app: ServiceHarness, scene: Scene) -> None:
    told = journeys(2, tenant_id=scene.tenant_id)
    await scene.record(*(each.event for each in told))
    auditor = app.as_(app.people.person("auditor", tenant_id=scene.tenant_id))
    story, middle = told[0].event.correlationid, told[len(told) // 2].event.id
    # The trail numbers what arrives together in its own order: both are asked for the order of its feed.
    _, everything = await auditor.get("/v1/events?limit=200")
    place = {event["id"]: number for number, event in enumerate(everything["items"])}
    told.sort(key=lambda each: place[str(each.event.id)])
    double = Feed(told)
    for query in (
        "limit=200",
        "limit=3",
        f"limit=7&after={middle}",
        "type=optima.brief.&type=optima.logistics.ddt_issued.v1",
        f"correlation={story}&type=optima.production.&limit=200",
        f"correlation={story}&after={middle}",
        f"after={told[-1].event.id}",
        "type=optima.nothing.",
    ):
        response, real = await auditor.get(f"/v1/events?{query}")
        assert answered(double, query) == (response.status, real), query
    response, real = await auditor.get(f"/v1/events?after={story}")
    status, problem = answered(double, f"after={story}")
    assert (status, problem["code"]) == (response.status, real["code"]) == (422, "event_absent")


def answered(double: Feed, query: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {double.token}"}
    status, body = double.answer("GET", f"/v1/events?{query}", headers, b"")
    return status, json.loads(json.dumps(body))
