"""Import many people from the rows of a table. Each row obeys the same rules as a single person; either all
rows are imported or none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain.people import Kind, Person, normalised_email
from ..domain.tenants import Language
from .invite_person import Invitation, invite_person
from .issue_link import IssuedLink
from .ports import Ports
from .revise_person import PersonChanges, revise_person


@dataclass(frozen=True, slots=True)
class Row:
    """A person as the table describes them. An empty cell is None, which means nothing or the default."""

    number: int
    """Number of the row in the table, in which the header is row 1."""
    email: str
    name: str
    kind: Kind
    company: str | None
    roles: Sequence[str]
    unit: str | None
    manager: str | None
    """E-mail address of the manager, who is in the directory or in another row."""
    language: Language | None


@dataclass(frozen=True, slots=True)
class ImportedPerson:
    row: int
    person_id: UUID
    name: str
    outcome: Literal["invited", "changed", "unchanged"]
    link: IssuedLink | None = None
    """The invitation, if the person is new."""


async def import_people(ports: Ports, actor: Actor, rows: Sequence[Row]) -> list[ImportedPerson]:
    """Invite people who are not in the directory, and change those who are. People whom the table leaves out
    stay as they are. Raises Violations with every fault of every row; the caller must then undo the
    transaction."""
    actor.require("person.invite")
    faults: list[Refusal] = []
    imported: dict[int, ImportedPerson] = {}
    _no_address_twice(rows, faults)
    for row in rows:
        with_fault = _noting(faults, row)
        try:
            imported[row.number] = await _invite_or_change(ports, actor, row)
        except Refusal as fault:
            with_fault(fault)
    # Managers are set in a second pass, because a row may name a manager from a later row.
    for row in rows:
        with_fault = _noting(faults, row)
        try:
            if row.number in imported:
                imported[row.number] = await _place_under_manager(ports, actor, row, imported[row.number])
        except Refusal as fault:
            with_fault(fault)
    if faults:
        raise Violations(faults)
    return list(imported.values())


def _no_address_twice(rows: Sequence[Row], faults: list[Refusal]) -> None:
    seen: dict[str, int] = {}
    for row in rows:
        email = normalised_email(row.email)
        if email in seen:
            faults.append(Invalid("email_repeated", field=f"rows[{row.number}].email", row=seen[email]))
        seen.setdefault(email, row.number)


def _noting(faults: list[Refusal], row: Row) -> Callable[[Refusal], None]:
    def note(fault: Refusal) -> None:
        where = f"rows[{row.number}].{fault.field}" if fault.field else f"rows[{row.number}]"
        faults.append(Invalid(fault.code, field=where, **fault.facts))

    return note


async def _invite_or_change(ports: Ports, actor: Actor, row: Row) -> ImportedPerson:
    known = await ports.people.find_by_email(normalised_email(row.email))
    if known is None:
        link = await invite_person(
            ports,
            actor,
            Invitation(
                name=row.name,
                email=row.email,
                kind=row.kind,
                roles=row.roles,
                company=row.company,
                unit=row.unit,
                language=row.language,
            ),
        )
        return ImportedPerson(row.number, link.person.id, row.name, "invited", link)
    if known.kind != row.kind:
        raise Invalid("kind_not_changeable", field="kind")
    changes = await _differences(ports, known, row)
    if not changes:
        return ImportedPerson(row.number, known.id, row.name, "unchanged")
    await revise_person(ports, actor, known.id, known.version, changes)
    return ImportedPerson(row.number, known.id, row.name, "changed")


async def _differences(ports: Ports, known: Person, row: Row) -> PersonChanges:
    changes: PersonChanges = {}
    if known.name != row.name:
        changes["name"] = row.name
    if known.company != row.company:
        changes["company"] = row.company
    if set(known.roles) != set(row.roles):
        changes["roles"] = row.roles
    unit = await ports.units.find_by_key(row.unit) if row.unit is not None else None
    if known.unit_id != (unit.id if unit else None) or (row.unit is not None and unit is None):
        changes["unit"] = row.unit
    if row.language is not None and known.language != row.language:
        changes["language"] = row.language
    return changes


async def _place_under_manager(
    ports: Ports, actor: Actor, row: Row, imported: ImportedPerson
) -> ImportedPerson:
    manager = await ports.people.find_by_email(normalised_email(row.manager)) if row.manager else None
    if row.manager and manager is None:
        raise Invalid("manager_not_available", field="manager")
    person = await ports.people.find(imported.person_id)
    assert person is not None, "imported a moment ago"
    manager_id = manager.id if manager else None
    if person.manager_id == manager_id:
        return imported
    await revise_person(ports, actor, person.id, person.version, {"manager_id": manager_id})
    return replace(imported, outcome="changed") if imported.outcome == "unchanged" else imported
