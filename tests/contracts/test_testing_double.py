"""`optima_contracts.testing`: consumers are tested with what the services would tell them."""

from __future__ import annotations

import json
import random
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urlencode
from uuid import UUID

import pytest
from aiohttp import encode_basic_auth
from tests.event_schemas import validator_of

from optima_contracts.catalogue import data_of, every_event_type
from optima_contracts.publishers import publishers_of
from optima_contracts.signatures import EventKeys, Forged
from optima_contracts.testing import (
    BEGAN,
    EVENT_KEYS,
    Delivery,
    Feed,
    at_least_once,
    forged,
    journeys,
    sample,
    signed,
)

KEYS = EventKeys(EVENT_KEYS.split(","))
TOLD = journeys(3)


def check(delivery: Delivery) -> None:
    KEYS.check(delivery.body, delivery.event.source, delivery.event.type)


@pytest.mark.parametrize("deliveries", [TOLD, [sample(name) for name in every_event_type()]])
def test_each_event_is_what_its_schema_and_model_say_and_genuine(deliveries: list[Delivery]) -> None:
    for each in deliveries:
        validator_of(each.event.type).validate(json.loads(each.body))
        assert data_of(each.event) is not None
        assert each.event.source.removeprefix("/optima/") in publishers_of(each.event.type)
        check(each)
        with pytest.raises(Forged):
            check(forged(each))


def test_events_of_a_source_are_signed_together_as_its_relay_does() -> None:
    """So that a reader which follows no tree is found."""
    lengths = {len(each.event.signature or "") for each in TOLD}
    assert min(lengths) > len(signed(TOLD[0].event).event.signature or "") > 64


def test_a_journey_goes_from_the_draft_to_the_closed_brief() -> None:
    types = [each.routing_key for each in journeys()]
    assert types[0] == "optima.brief.drafted.v1"
    contexts = {type_.split(".")[1] for type_ in types}
    assert {"brief", "approval", "production", "logistics", "erp", "economics"} <= contexts
    assert "optima.brief.closed.v1" in types


def test_sequences_count_per_source_and_subject() -> None:
    sequences = defaultdict(list)
    for each in TOLD:
        sequences[each.event.source, each.event.subject].append(each.event.sequence)
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())


def test_journeys_share_people_and_nothing_else() -> None:
    stories = defaultdict(list)
    for each in TOLD:
        stories[each.event.correlationid].append(each)
    assert len(stories) == 3
    ids = [each.event.id for each in TOLD]
    assert len(set(ids)) == len(ids)
    own = [{each.event.subject for each in story} for story in stories.values()]
    assert not own[0] & own[1]
    assert len({each.event.actorid for each in TOLD}) < 20
    numbers = {each.event.data["number"] for each in TOLD if "number" in each.event.data}
    assert len([number for number in numbers if number.startswith("B-")]) == 3
    assert len([number for number in numbers if number.endswith("/2026")]) == 6


def test_times_go_on_and_answers_follow_what_they_answer() -> None:
    assert TOLD[0].event.time == BEGAN
    assert all(one.event.time <= other.event.time for one, other in pairwise(TOLD))
    begins = [each.event.time for each in TOLD if each.routing_key == "optima.brief.drafted.v1"]
    assert [later - begins[0] for later in begins] == [timedelta(hours=n) for n in range(3)]
    known: set[UUID] = set()
    causes = {each.event.id for each in TOLD} & {each.event.causationid for each in TOLD}
    for each in TOLD:
        assert each.event.causationid not in causes or each.event.causationid in known
        known.add(each.event.id)
    assert causes


def test_the_same_is_told_at_each_call() -> None:
    assert [each.body for each in journeys(3)] == [each.body for each in TOLD]
    other = UUID(int=7)
    assert {each.event.tenantid for each in journeys(1, tenant_id=other)} == {other}


def test_at_least_once_is_each_event_some_twice_and_some_late() -> None:
    come = at_least_once(TOLD, random.Random(7))
    assert {each.event.id for each in come} == {each.event.id for each in TOLD}
    assert len(come) > len(TOLD)
    place = {each.event.id: number for number, each in enumerate(TOLD)}
    assert any(place[one.event.id] > place[other.event.id] for one, other in pairwise(come))


def test_an_event_of_ones_own_is_signed_as_its_source_would() -> None:
    mine = TOLD[0].event.model_copy(update={"data": TOLD[0].event.data | {"title": "Un altro titolo"}})
    check(signed(mine))
    assert b"Un altro titolo" in signed(mine).body


@pytest.mark.parametrize("secret", ["of-the-double", "wrong"])
@pytest.mark.parametrize("way", ["json", "form", "basic"])
def test_its_feed_gives_tokens_to_json_and_to_oauth_clients(way: str, secret: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    credentials = Feed.credentials | {"client_secret": secret}
    headers, body = {
        "json": ({}, json.dumps({"grant": "client_credentials", **credentials})),
        "form": (form, urlencode({"grant_type": "client_credentials", **credentials})),
        "basic": (
            form | {"Authorization": encode_basic_auth("machine", secret)},
            urlencode({"grant_type": "client_credentials"}),
        ),
    }[way]
    feed = Feed()
    status, told = feed.answer("POST", "/v1/tokens", headers, body.encode())
    if secret == "wrong":
        assert (status, told["code"]) == (401, "client_refused")
        assert told.get("error") == (None if way == "json" else "invalid_client")
    else:
        assert (status, told["access_token"]) == (200, feed.token)
