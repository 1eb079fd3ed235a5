"""The copy of the directory follows identity. Each event carries the whole state of its subject and only the
newest is applied, so that duplicates and late ones change nothing."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.identity import PersonChanged, RoleChanged, TenantChanged, UnitChanged

from ..domain import engine
from .access import running_process
from .ports import Ports
from .recording import record_change

PEOPLE_CHANGED: Final = "approval.people_changed"
AT_A_TIME: Final = 100


class PeopleChange(BaseModel):
    """Approvals that wait for `person_id` and come after `after` are to be compared with the directory."""

    person_id: UUID
    after: UUID | None = None


async def on_tenant_changed(ports: Ports, event: TenantChanged) -> None:
    await ports.directories.put_tenant(event.language, event.time_zone)


async def on_unit_changed(ports: Ports, event: UnitChanged) -> None:
    await ports.directories.put_unit(event.unit_id, event.key, event.name, event.parent_id, event.manager_id)


async def on_role_changed(ports: Ports, event: RoleChanged) -> None:
    await ports.directories.put_role(event.role_id, event.key, event.privileges)


async def on_person_changed(ports: Ports, event: PersonChanged) -> None:
    """What waits for somebody who changed is looked at again."""
    known = (await ports.directories.read()).person(event.person_id)
    await ports.directories.put_person(
        {
            "person_id": event.person_id,
            "name": event.name,
            "email": event.email,
            "external": event.kind == "external",
            "roles": event.roles,
            "unit_id": event.unit_id,
            "manager_id": event.manager_id,
            "language": event.language,
            "active": event.active,
            "absent_until": event.absent_until,
        }
    )
    if known is not None:
        change = PeopleChange(person_id=event.person_id)
        ports.jobs.schedule(PEOPLE_CHANGED, change, key=str(event.person_id))


async def follow_people(ports: Ports, change: PeopleChange) -> None:
    """Some approvals at a time; the rest is owed to a job of its own."""
    waiting = await ports.approvals.asking(change.person_id, change.after, AT_A_TIME)
    for approval_id in waiting:
        held = await ports.approvals.lock(approval_id)
        if held is None or held.approval.state != "open":
            continue
        process = await running_process(ports, held.approval)
        directory = await ports.directories.read()
        result = engine.people_changed(held.approval, process, ports.now, directory)
        await record_change(ports, process, held, result)
    if len(waiting) == AT_A_TIME:
        rest = PeopleChange(person_id=change.person_id, after=waiting[-1])
        ports.jobs.schedule(PEOPLE_CHANGED, rest, key=f"{change.person_id}:{waiting[-1]}")
