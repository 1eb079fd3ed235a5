"""Time zones as people name them: by the IANA list, which says the same on every machine.

For services that depend on tzdata.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

TIME_ZONES: Final = frozenset(files("tzdata").joinpath("zones").read_text("ascii").split()) - {"Factory"}
"""Zones and their former names. A machine's folder holds more: `localtime` and `posixrules` are what that
machine is set to, `right/…` counts leap seconds. `Factory` is the zone of a machine that nobody has set."""


def _known(name: str) -> str:
    if name not in TIME_ZONES:
        raise PydanticCustomError(
            "time_zone_unknown", "There is no such time zone; use a name like Europe/Rome"
        )
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known)]
