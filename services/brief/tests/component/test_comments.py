"""Comments mention people who see the brief, and can be changed for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from optima_contracts.brief import BriefCommented, BriefCommentEdited, BriefCommentsRead
from optima_contracts.identity import PersonChanged
from optima_kit.actor import Actor

from ..conftest import Desk

pytestmark = pytest.mark.servers


async def tell_of(desk: Desk, *people: Actor, **changes: Any) -> None:
    for actor in people:
        person = PersonChanged(
            person_id=actor.person_id,
            name=actor.name,
            email="persona@example.it",
            kind="internal",
            roles=sorted(actor.roles),
            active=True,
        ).model_copy(update=changes)
        await desk.app.deliver(person)


async def say(desk: Desk, brief: Any, *mentioned: Any, by: Actor | None = None) -> tuple[int, Any]:
    body = {"text": "Bozza pronta", "mentioned_ids": [str(getattr(m, "person_id", m)) for m in mentioned]}
    response, comment = await desk.as_(by or desk.anna).post(f"/v1/briefs/{brief['id']}/comments", body)
    return response.status, comment


async def test_people_who_see_the_brief_are_mentioned(desk: Desk) -> None:
    await tell_of(desk, desk.anna, desk.paola)
    brief = await desk.submitted()
    status, comment = await say(desk, brief, desk.paola, desk.paola, desk.anna)
    assert status == 201
    assert [each["name"] for each in comment["mentioned"]] == [desk.paola.name, desk.anna.name]
    (told,) = await desk.app.published(BriefCommented)
    assert told.data["mentioned_ids"] == [str(desk.paola.person_id), str(desk.anna.person_id)]
    assert "Bozza" not in str(told.data)
    _, page = await desk.as_(desk.paola).get(f"/v1/briefs/{brief['id']}/comments")
    assert page["items"][0]["mentioned"] == comment["mentioned"]


async def test_whoever_does_not_see_the_brief_is_refused_by_nobodys_name(desk: Desk) -> None:
    await tell_of(desk, desk.anna, desk.paola, desk.marco)
    draft, submitted = await desk.draft(), await desk.submitted()
    left = desk.app.person("purchasing", name="Lia Uscita")
    await tell_of(desk, left, active=False)
    answers = [
        await say(desk, brief, desk.anna, unseen)
        for brief, unseen in (
            (submitted, desk.marco),
            (submitted, uuid4()),
            (submitted, left),
            (draft, desk.paola),
        )
    ]
    for status, problem in answers:
        (error,) = problem["errors"]
        assert (status, error["code"], error["field"]) == (422, "mention_not_possible", "mentioned_ids")
    assert len({str(problem["errors"]) for _, problem in answers}) == 1
    assert await desk.app.published(BriefCommented) == []


async def test_a_comment_is_changed_for_five_minutes_and_keeps_what_it_said(desk: Desk) -> None:
    await tell_of(desk, desk.anna, desk.paola)
    brief = await desk.submitted()
    _, comment = await say(desk, brief)
    assert comment["actions"] == ["edit"]
    path = f"/v1/briefs/{brief['id']}/comments/{comment['id']}"
    response, body = await desk.as_(desk.paola).put(path, {"text": "Mio"})
    assert (response.status, body["code"]) == (403, "comment_not_own")
    desk.app.advance(timedelta(minutes=5))
    client = desk.as_(desk.anna)
    mentioning = [str(desk.paola.person_id)]
    response, changed = await client.put(path, {"text": "Bozza rifatta", "mentioned_ids": mentioning})
    assert (response.status, changed["text"], changed["at"]) == (200, "Bozza rifatta", comment["at"])
    assert [each["text"] for each in changed["earlier"]] == ["Bozza pronta"]
    await tell_of(desk, desk.paola, active=False)  # whoever is mentioned stays so
    response, twice = await client.put(path, {"text": "Bozza finita", "mentioned_ids": mentioning})
    assert [each["text"] for each in twice["earlier"]] == ["Bozza pronta", "Bozza rifatta"]
    assert [event.data["mentioned_ids"] for event in await desk.app.published(BriefCommentEdited)] == [
        mentioning,
        [],
    ]
    desk.app.advance(timedelta(seconds=1))
    response, body = await client.put(path, {"text": "Troppo tardi"})
    assert (response.status, body["code"]) == (409, "comment_too_old")
    _, page = await client.get(f"/v1/briefs/{brief['id']}/comments")
    (shown,) = page["items"]
    assert shown == twice | {"actions": []}
    response, body = await client.put(f"/v1/briefs/{brief['id']}/comments/{uuid4()}", {"text": "x"})
    assert (response.status, body["code"]) == (404, "comment_absent")


async def test_who_has_read_comments_is_not_told_of_them_again(desk: Desk) -> None:
    await tell_of(desk, desk.anna, desk.paola)
    brief = await desk.submitted()
    said = [(await say(desk, brief, by=by))[1]["id"] for by in (desk.anna, desk.anna, desk.paola)]
    path = f"/v1/briefs/{brief['id']}"

    async def unread(actor: Actor) -> tuple[int, list[bool]]:
        _, page = await desk.as_(actor).get("/v1/briefs")
        _, comments = await desk.as_(actor).get(f"{path}/comments")
        return page["items"][0]["unread_comments"], [each["unread"] for each in comments["items"]]

    async def read(actor: Actor, comment_id: str) -> tuple[int, Any]:
        response, marker = await desk.as_(actor).put(f"{path}/read-marker", {"comment_id": comment_id})
        return response.status, marker

    assert await unread(desk.paola) == (2, [True, True, False])
    assert await unread(desk.anna) == (1, [False, False, True])
    assert await read(desk.paola, said[0]) == (200, {"comment_id": said[0], "unread": 1})
    assert await unread(desk.paola) == (1, [False, True, False])
    assert await read(desk.paola, said[2]) == (200, {"comment_id": said[2], "unread": 0})
    assert await read(desk.paola, said[1]) == (200, {"comment_id": said[2], "unread": 0}), "never back"
    assert await unread(desk.paola) == (0, [False, False, False])
    assert await unread(desk.anna) == (1, [False, False, True]), "everybody reads for themselves"
    told = [event.data for event in await desk.app.published(BriefCommentsRead)]
    assert [(each["comment_id"], each["all_read"]) for each in told] == [(said[0], False), (said[2], True)]


async def test_a_comment_that_is_not_there_cannot_be_read(desk: Desk) -> None:
    await tell_of(desk, desk.anna)
    brief, other = await desk.submitted(), await desk.submitted()
    _, elsewhere = await say(desk, other)
    for comment_id in (str(uuid4()), elsewhere["id"]):
        path = f"/v1/briefs/{brief['id']}/read-marker"
        response, problem = await desk.as_(desk.anna).put(path, {"comment_id": comment_id})
        assert (response.status, problem["code"]) == (404, "comment_absent")
    response, _ = await desk.as_(desk.marco).put(path, {"comment_id": elsewhere["id"]})
    assert response.status == 404
    assert await desk.app.published(BriefCommentsRead) == []
