"""Keeps this service's copy of the directory in step with the identity service. Each event carries the whole
state of its subject and only the newest is applied, so that duplicates and late events change nothing.
Approvals that wait for people who changed, or that find people by rules that now name others, are then
compared with the directory again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from optima_contracts.identity import (
    PersonChanged,
    PersonDeparted,
    RoleChanged,
    TenantChanged,
    UnitChanged,
)

from ..domain import engine
from ..domain.directory import Directory
from .delegate import end_delegation
from .in_turns import give_way
from .ports import KnownPerson, Ports
from .read.access import running_process
from .recording import asks_many, record_change

PEOPLE_CHANGED: Final = "approval.people_changed"
AT_A_TIME: Final = 100
MANY: Final = 100
"""If more people than this changed, most approvals wait for one of them. All open approvals are then
compared, instead of looking up those of each person."""
MOST_PARTS: Final = 10_000
MOST_SECONDS: Final = 0.25
"""The limits of one transaction that compares approvals with the directory: the number of their parts, and
the time it takes. It compares at least one approval. So it stays short however many people each approval
asks, and other work goes on after it."""
SOON: Final = timedelta(seconds=2)
"""The delay before approvals are compared. By then the transactions that read the old directory have
ended."""


class PeopleChange(BaseModel):
    """A job that compares approvals with the directory. It covers the approvals that wait for `person_id`,
    for a holder of `role` or for somebody whom these replace, those that one of these people requested, and
    those whose steps find people by one of `rules`. Approvals up to the id `after` are done."""

    person_id: UUID | None = None
    role: str | None = None
    rules: list[str] = []
    after: UUID | None = None


async def on_tenant_changed(ports: Ports, event: TenantChanged) -> None:
    await ports.directories.put_tenant(event.language, event.time_zone)


async def on_unit_changed(ports: Ports, event: UnitChanged) -> None:
    known = await ports.directories.find_unit(event.unit_id)
    await ports.directories.put_unit(event.unit_id, event.key, event.name, event.parent_id, event.manager_id)
    if known is not None and (known.manager, known.parent) != (event.manager_id, event.parent_id):
        _look_again(ports, str(event.unit_id), None, {f"unit_manager:{event.key}", "manager"})


async def on_role_changed(ports: Ports, event: RoleChanged) -> None:
    directory = await ports.directories.read()
    await ports.directories.put_role(event.role_id, event.key, event.privileges)
    holders = [directory.people[person] for person in directory.holders(event.key)]
    decides = "approval.decide" in event.privileges
    if any(person.active and person.may_decide != decides for person in holders):
        # Thousands of people may hold the role: one job for all of them, not one for each.
        change = PeopleChange(role=event.key, rules=[f"role:{event.key}", "manager"])
        ports.jobs.schedule(PEOPLE_CHANGED, change, key=str(event.role_id), due_at=ports.now + SOON)


async def on_person_changed(ports: Ports, event: PersonChanged) -> None:
    # Look up this person alone: reading the whole directory would be slow when thousands change at once.
    known = await ports.directories.find_person(event.person_id)
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
    rules = await _rules_touched(ports, known, event)
    if known is not None:
        _look_again(ports, str(event.person_id), event.person_id, rules)
    else:
        # No approval waits for a new person. New people with the same rules share one job.
        _look_again(ports, ",".join(sorted(rules)), None, rules)


async def on_person_departed(ports: Ports, event: PersonDeparted) -> None:
    """Replace a person who has left by their successor. The successor is asked in their place (see
    `engine.people_changed`), and sees and may recall what they had requested or taken over from others. The
    delegations that they gave or received end.

    A duplicate changes nothing. If the event arrives before the directory says that the person has left, it
    takes effect then. If it arrives after parts were withdrawn, these stay as the steps' rules have settled
    them. If the successor has left too, whoever took over from the successor is meant."""
    await ports.directories.put_successor(event.person_id, event.successor_id)
    directory = await ports.directories.read()
    successor, places = directory.in_place_of(event.successor_id), directory.places_of(event.person_id)
    await ports.approvals.concern_with_requests(successor, places)
    for stored in await ports.delegations.lock_in_force(event.person_id):
        await end_delegation(ports, stored)
    _look_again(ports, f"{event.person_id}:departed", event.person_id, set())


async def _rules_touched(ports: Ports, known: KnownPerson | None, event: PersonChanged) -> set[str]:
    """Return the rules that name the person before or after the change, or none if the change does not
    concern any rule."""
    before = (known.active, known.roles, known.unit, known.manager, known.absent_until) if known else None
    after = (event.active, frozenset(event.roles), event.unit_id, event.manager_id, event.absent_until)
    if before == after:
        return set()
    roles = {*event.roles, *(known.roles if known else ())}
    units = {unit for unit in (event.unit_id, known.unit if known else None) if unit is not None}
    keys = [unit.key for unit_id in units if (unit := await ports.directories.find_unit(unit_id)) is not None]
    return {
        *(f"role:{role}" for role in roles),
        *(f"unit:{key}" for key in keys),
        *(f"unit_manager:{key}" for key in keys),
        "manager",
    }


def _look_again(ports: Ports, key: str, person_id: UUID | None, rules: set[str]) -> None:
    change = PeopleChange(person_id=person_id, rules=sorted(rules))
    ports.jobs.schedule(PEOPLE_CHANGED, change, key=key, due_at=ports.now + SOON)


async def follow_people(ports: Ports, change: PeopleChange) -> None:
    """Compare as many approvals with the directory as fit into a short transaction, and schedule another job
    for the rest. Each is compared with the whole directory, so that comparing it again changes nothing."""
    directory = await ports.directories.read()
    people = _people_meant(change, directory)
    if len(people) > MANY:
        found = await ports.approvals.open_ones(change.after, AT_A_TIME)
    else:
        found = await ports.approvals.asking(people, change.rules, change.after, AT_A_TIME)
    clock = asyncio.get_running_loop().time
    ends, room, done = clock() + MOST_SECONDS, MOST_PARTS, 0
    for approval_id in found:
        room -= await _compare(ports, approval_id, directory)
        done += 1
        if room <= 0 or clock() >= ends:
            break
    if done < len(found) or done == AT_A_TIME:
        rest = change.model_copy(update={"after": found[done - 1]})
        key = f"{change.person_id or change.role}:{','.join(change.rules)}:{found[done - 1]}"
        ports.jobs.schedule(PEOPLE_CHANGED, rest, key=key)


def _people_meant(change: PeopleChange, directory: Directory) -> list[UUID]:
    of_role = directory.holders(change.role) if change.role is not None else ()
    meant = [*of_role, *([change.person_id] if change.person_id is not None else [])]
    return list(dict.fromkeys(place for person in meant for place in directory.places_of(person)))


async def _compare(ports: Ports, approval_id: UUID, directory: Directory) -> int:
    """Compare one approval with the directory. Return how many parts its steps have, or 0 if it is not
    open."""
    stored = await ports.approvals.lock(approval_id)
    if stored is None or stored.approval.state != "open":
        return 0
    process = await running_process(ports, stored.approval)
    if asks_many(stored.approval):
        await give_way()
    result = engine.people_changed(stored.approval, process, ports.now, directory)
    await record_change(ports, process, stored, result)
    return sum(len(run.parts) for run in result.approval.steps.values())
