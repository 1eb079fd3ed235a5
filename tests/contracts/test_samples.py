"""The samples that others build against: one a type, complete, and readable by any CloudEvents library."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.bindings.rabbitmq import RabbitMQMessage, from_structured_event, to_structured_event
from cloudevents.core.formats.json import JSONFormat
from tests.event_schemas import validator_of

from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import CONTENT_TYPE, Envelope

ROOT = Path(__file__).parents[2]
SAMPLES = {file.stem: file for file in (ROOT / "shared" / "contracts" / "samples").glob("*.json")}
TYPES = every_event_type()


def sample(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(SAMPLES[name].read_text(encoding="utf-8"))
    return read


def test_every_type_has_one_sample() -> None:
    assert set(SAMPLES) == set(TYPES)


@pytest.mark.parametrize("name", sorted(SAMPLES))
class TestSample:
    def test_round_trips_through_the_envelope(self, name: str) -> None:
        written = sample(name)
        envelope = Envelope.model_validate(written)
        assert envelope.type == name
        assert json.loads(envelope.model_dump_json(exclude_none=True)) | {"data": envelope.data} == written

    def test_is_what_the_published_schema_says(self, name: str) -> None:
        schema = validator_of(name)
        schema.validate(sample(name))
        assert not schema.is_valid(sample(name) | {"type": "optima.brief.other.v1"})
        assert not schema.is_valid(sample(name) | {"sequence": 0})

    def test_data_round_trips_and_sets_every_field(self, name: str) -> None:
        data = sample(name)["data"]
        assert TYPES[name].model_validate(data).model_dump(mode="json") == data

    def test_round_trips_through_cloudevents(self, name: str) -> None:
        written = sample(name)
        message = RabbitMQMessage(headers={}, content_type=CONTENT_TYPE, body=SAMPLES[name].read_bytes())
        event = from_structured_event(message)
        assert event.get_type() == name
        assert event.get_data() == written["data"]
        assert event.get_extension("correlationid") == written["correlationid"]
        again = to_structured_event(event)
        assert again.content_type == CONTENT_TYPE
        assert json.loads(again.body) == written
        assert json.loads(JSONFormat().write(event)) == written
        Envelope.model_validate_json(again.body)

    def test_subject_is_named_in_the_data(self, name: str) -> None:
        written = sample(name)
        assert written["subject"] in written["data"].values()

    def test_source_is_the_service_that_may_publish_it(self, name: str) -> None:
        access = tomllib.loads((ROOT / "deploy" / "rabbitmq" / "access.toml").read_text())
        publishes = access[sample(name)["source"].removeprefix("/optima/")]["publishes"]
        assert any(name == key or (key.endswith("#") and name.startswith(key[:-1])) for key in publishes)


def test_no_price_travels_outside_economics() -> None:
    words = ("price", "cost", "margin", "total", "amount")
    centre = '"cost_centre"'
    told = {
        name: [word for word in words if f'"{word}' in json.dumps(sample(name)["data"]).replace(centre, "")]
        for name in SAMPLES
        if not name.startswith("optima.economics.")
    }
    assert {name: found for name, found in told.items() if found} == {}
