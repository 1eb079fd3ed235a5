"""Sets a tenant's working time, from which due times are computed. Due times that are already set stay."""

from __future__ import annotations

from optima_kit.actor import Actor
from optima_kit.refusals import PreconditionRequired, Stale

from ..domain.calendar import WorkingTime
from .ports import Ports


async def set_working_time(
    ports: Ports, actor: Actor, working_time: WorkingTime, expected_version: int | None
) -> int:
    """Store the tenant's working time and return its new version. No version is expected the first time.
    Raises PreconditionRequired or Stale otherwise."""
    actor.require("process.write")
    _, version = await ports.directories.working_time()
    if version and expected_version is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if expected_version is not None and expected_version != version:
        raise Stale("stale_version", field="If-Match")
    put = await ports.directories.put_working_time(working_time, ports.now, version)
    if put is None:  # somebody was faster
        raise Stale("stale_version", field="If-Match")
    return put
