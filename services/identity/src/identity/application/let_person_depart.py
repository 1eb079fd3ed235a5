"""A person leaves the company, and a successor takes their place in the directory and in all that waits for
them."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.identity import PersonDeparted
from optima_kit.actor import Actor

from ..domain.people import (
    Person,
    only_people_who_joined_depart,
    successor_takes_over,
    tenant_keeps_an_active_admin,
)
from .access import person_to_manage
from .facts import tell_of_person, tell_of_unit
from .ports import Ports


async def let_person_depart(ports: Ports, actor: Actor, person_id: UUID, successor_id: UUID) -> Person:
    """Suspend the person and end their sessions. The successor becomes the manager of their reports and
    units.

    `PersonDeparted` asks other services to hand over approvals, phases and briefs. The successor gets no
    roles by this; work that they may not do must be given to somebody else."""
    person = await person_to_manage(ports, actor, person_id)
    only_people_who_joined_depart(person)
    successor = successor_takes_over(person, await ports.people.find(successor_id))
    departed = person.suspended_now()
    tenant_keeps_an_active_admin(person, departed, await ports.people.count_other_active_admins(person.id))
    await ports.people.update(departed)
    await ports.sessions.revoke_all(person.id, ports.now)
    tell_of_person(ports, departed)
    await _hand_over_people(ports, person, successor)
    await _hand_over_units(ports, person, successor)
    fact = PersonDeparted(person_id=person.id, successor_id=successor.id, successor_name=successor.name)
    ports.outbox.add(fact, subject=person.id, correlation=person.id)
    return departed


async def _hand_over_people(ports: Ports, person: Person, successor: Person) -> None:
    # If the successor reports, directly or indirectly, to the person who leaves, they now report to that
    # person's manager. Otherwise the people between the two would report to the successor and close a cycle.
    if person.id in await ports.people.list_managers_from(successor.id):
        await _report_to(ports, successor, person.manager_id)
    for report in await ports.people.list_reports(person.id):
        await _report_to(ports, report, successor.id)


async def _report_to(ports: Ports, person: Person, manager_id: UUID | None) -> None:
    moved = person.reporting_to(manager_id)
    await ports.people.update(moved)
    tell_of_person(ports, moved)


async def _hand_over_units(ports: Ports, person: Person, successor: Person) -> None:
    for unit in await ports.units.list_led_by(person.id):
        led = unit.redefined(name=unit.name, parent_id=unit.parent_id, manager_id=successor.id)
        await ports.units.update(led)
        tell_of_unit(ports, led)
