"""A time zone is one of the IANA list: it reads alike on every machine."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from optima_kit.time_zones import TIME_ZONES, TimeZone

NAMED = TypeAdapter(TimeZone)


def of_this_machine() -> Iterator[str]:
    """Every file that the machine has where it keeps zones."""
    for folder in map(Path, zoneinfo.TZPATH):
        yield from (file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def refused(name: str) -> bool:
    try:
        NAMED.validate_python(name)
    except ValidationError:
        return True
    return False


def test_every_zone_of_the_list_is_known_and_has_a_time() -> None:
    assert {"Europe/Rome", "UTC", "America/Argentina/Ushuaia", "GB", "Etc/GMT+12"} <= TIME_ZONES
    for name in TIME_ZONES:
        assert NAMED.validate_python(name) == name
        assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(ZoneInfo(name)).utcoffset() is not None


def test_what_only_a_machine_calls_a_zone_is_refused() -> None:
    own = {*of_this_machine(), *zoneinfo.available_timezones(), "localtime", "Factory", "posixrules"}
    assert {name for name in own if refused(name)} == own - TIME_ZONES
    assert {"localtime", "Factory", "posixrules"} <= own - TIME_ZONES


@pytest.mark.parametrize(
    "name",
    ["", " ", "europe/rome", "Europe", "Europe/", "Europe/Rome ", "Europe/Rome\x00", "../UTC",
     "/etc/localtime", "right/Europe/Rome", "posix/Europe/Rome", "Europe\\Rome", "Europe/Rome\n",
     "UTC+1", "Z", "x" * 65],
)  # fmt: skip
def test_near_misses_are_refused(name: str) -> None:
    assert refused(name)
