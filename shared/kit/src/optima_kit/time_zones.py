"""Names of time zones. They are checked against the IANA list, which is the same on every machine.

For services that depend on tzdata.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Annotated, Final

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

TIME_ZONES: Final = frozenset(files("tzdata").joinpath("zones").read_text("ascii").split()) - {"Factory"}
"""The zones and their former names. A machine's own folder has more names: `localtime` and `posixrules` are
that machine's setting, and `right/…` counts leap seconds. `Factory` is the zone of a machine without a
setting."""


def _known(name: str) -> str:
    if name not in TIME_ZONES:
        raise PydanticCustomError(
            "time_zone_unknown", "There is no such time zone; use a name like Europe/Rome"
        )
    return name


TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_known)]
