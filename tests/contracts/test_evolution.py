"""The oldest events go through the newest consumers, and the newest through the oldest: what was published
stays readable, and a type that goes says so a year ahead."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

import pytest
from jsonschema import Draft202012Validator
from tests.event_schemas import validator_of
from tests.security.conftest import SERVICES, build

from optima_contracts.catalogue import data_of, every_event_type
from optima_contracts.envelope import Deprecation, Envelope, EventData
from optima_contracts.schemas import deprecated, event_schema
from optima_kit.testing import ServiceDatabase

sys.path.insert(0, str(Path(__file__).parent))

from freezing import SAMPLES, read_first

FIRST = read_first()
TYPES = every_event_type()
REMEDY = "run python tests/contracts/freezing.py and commit what it writes"


def test_the_first_day_of_every_type_is_kept() -> None:
    assert FIRST.keys() - {"envelope"} == TYPES.keys(), REMEDY


def test_some_types_have_grown_since() -> None:
    """Otherwise the tests below prove nothing."""
    newest = {name: json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8")) for name in TYPES}
    assert len([name for name in TYPES if FIRST[name]["sample"]["data"] != newest[name]["data"]]) > 20


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_oldest_sample_is_read_by_the_newest_model_and_schema(name: str) -> None:
    sample = FIRST[name]["sample"]
    read = data_of(Envelope.model_validate(sample))
    assert read is not None
    assert tells(read.model_dump(mode="json"), sample["data"])
    validator_of(name).validate(sample)
    Draft202012Validator(event_schema(name)).validate(sample)


def tells(now: Any, then: Any) -> bool:
    """Whether all that was told then is told now."""
    if isinstance(then, dict):
        return all(name in now and tells(now[name], value) for name, value in then.items())
    if isinstance(then, list):
        return len(now) == len(then) and all(map(tells, now, then))
    return bool(now == then)


@pytest.mark.parametrize("name", sorted(TYPES))
def test_the_newest_sample_is_read_by_the_oldest_schema(name: str) -> None:
    sample = json.loads((SAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator(FIRST["envelope"]["schema"]).validate(sample)
    Draft202012Validator(FIRST[name]["schema"]).validate(sample["data"])


@pytest.mark.parametrize("module", SERVICES)
def test_every_service_reads_the_oldest_events(
    module: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    urls = dict.fromkeys(("owner", "rw", "ro", "backbone"), "postgresql://unused")
    service = build(module, ServiceDatabase("", module, "", urls), monkeypatch, tmp_path)
    heard = [FIRST[name]["sample"] for name in TYPES if service.reactions.to(name) is not None]
    assert heard
    for sample in heard:
        _, received = service.reactions.read(json.dumps(sample).encode())
        assert str(received.id) == sample["id"]
    service.close_resources()


def test_a_type_that_goes_is_announced_a_year_ahead() -> None:
    for name, model in TYPES.items():
        if model.deprecation is not None:
            assert holds(model.deprecation), name


def holds(told: Deprecation) -> bool:
    return (told.ends - told.since).days >= 365 and told.replaced_by in TYPES


def test_an_announcement_is_in_the_schema() -> None:
    class Old(EventData):
        """Something happened."""

        type: ClassVar[str]
        deprecation: ClassVar[Deprecation | None] = Deprecation(
            date(2026, 12, 1), date(2027, 12, 1), "optima.brief.closed.v1"
        )

    assert Old.deprecation is not None
    assert holds(Old.deprecation)
    assert not holds(Old.deprecation._replace(ends=date(2027, 3, 1)))
    assert deprecated(Old.deprecation) == {
        "deprecated": True,
        "x-deprecated-since": "2026-12-01",
        "x-ends": "2027-12-01",
        "x-replaced-by": "optima.brief.closed.v1",
    }
    assert deprecated(None) == {}
