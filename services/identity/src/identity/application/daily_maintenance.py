"""Once a day in each tenant: what has expired is dropped, and built-in roles follow the product."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from pydantic import BaseModel

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.ids import new_id

from ..domain.roles import Role
from .facts import tell_of_role
from .ports import Ports

DAILY_MAINTENANCE: Final = "identity.keep_house"
"""The name that timers bear which are set already."""
_EVERY: Final = timedelta(days=1)
_KEPT_AFTER_THE_END: Final = timedelta(days=30)
"""Ended sessions and dead links: long enough to answer who was in when something happened."""


class DailyMaintenance(BaseModel):
    """The daily round."""


async def daily_maintenance(ports: Ports) -> None:
    await ports.tenants.lock()
    await _follow_the_product(ports)
    await ports.links.delete_expired(ports.now - _KEPT_AFTER_THE_END)
    await ports.sessions.delete_ended(ports.now - _KEPT_AFTER_THE_END)
    await ports.providers.delete_attempts(ports.now)
    await ports.failures.delete_old(ports.now - timedelta(days=1))
    ports.jobs.schedule(DAILY_MAINTENANCE, DailyMaintenance(), key="daily", due_at=ports.now + _EVERY)


async def _follow_the_product(ports: Ports) -> None:
    """A release may give a built-in role other privileges, or bring a new one. Tokens say so from their
    next issue on; other services' copies must be told."""
    told = await ports.roles.told_privileges(BUILT_IN_ROLES)
    for key in BUILT_IN_ROLES:
        privileges = privileges_of(key)
        if key not in told:
            role = Role(new_id(), key, key.capitalize(), privileges, built_in=True)
            await ports.roles.insert(role)
            tell_of_role(ports, role)
        elif told[key] != privileges:
            (role,) = await ports.roles.list_by_keys([key])
            renewed = role.redefined(name=role.name, privileges=privileges)
            await ports.roles.update(renewed)
            tell_of_role(ports, renewed)
