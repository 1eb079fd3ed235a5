"""Daily maintenance of each tenant: delete what has expired, and update built-in roles to the product's."""

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
"""Name of the job. It keeps its former wording, because jobs that are already scheduled have this name."""
_KEPT_AFTER_THE_END: Final = timedelta(days=30)
"""How long ended sessions and expired links are kept, so that one can find out who was signed in at some
time."""


class DailyMaintenance(BaseModel):
    """Payload of the daily job."""


async def daily_maintenance(ports: Ports) -> None:
    await ports.tenants.lock()
    await _follow_the_product(ports)
    await ports.links.delete_expired(ports.now - _KEPT_AFTER_THE_END)
    await ports.sessions.delete_ended(ports.now - _KEPT_AFTER_THE_END)
    await ports.providers.delete_attempts(ports.now)
    await ports.failures.delete_old(ports.now - timedelta(days=1))


async def _follow_the_product(ports: Ports) -> None:
    """Update built-in roles, because a release may give a role other privileges or add a role. New access
    tokens have the new privileges anyway; this publishes them to the copies of other services."""
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
