"""Read people and their sessions, with the names of units and managers and what the reader may do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.fields import PersonView
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.people import Person, last_active_admin
from ...domain.roles import privileges_of
from ...domain.sessions import Session
from ...domain.tenants import Tenant
from ..import_people import ImportedPerson
from ..issue_link import IssuedLink
from ..ports import Ports
from .access import SessionAction, actions_on_oneself, actions_on_person, actions_on_session_of
from .views import (
    ImportedView,
    ImportView,
    JoinedView,
    LinkView,
    NamedUnitView,
    OwnDetailsView,
    PersonDetailsView,
    PersonSummaryView,
    SessionView,
)

Names = Mapping[UUID, str]


async def list_people(ports: Ports, query: PageQuery, text: str | None) -> Page[PersonSummaryView]:
    """List people sorted by name or, if `text` is given, the people whom it finds, sorted by the found
    words."""
    after = query.after(str, UUID)
    if text is None:
        listed = await ports.people.list(after=after, limit=query.rows)
        found = [(person.name, person) for person in listed]
    else:
        found = list(await ports.people.list_by_text(text, after=after, limit=query.rows))
    names = await _names(ports, (person for _, person in found))
    return page_of(
        query,
        found,
        lambda each: PersonSummaryView(**_shown(each[1], names)),
        lambda each: (each[0], each[1].id),
    )


async def read_person(ports: Ports, actor: Actor, person_id: UUID) -> PersonDetailsView:
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_absent")
    return await show_person(ports, actor, person)


async def show_person(ports: Ports, actor: Actor, person: Person) -> PersonDetailsView:
    """Build the view of a loaded person for this actor."""
    others = await ports.people.count_other_active_admins(person.id)
    actions = actions_on_person(
        actor,
        person,
        privileges_of(await ports.roles.list_by_keys(person.roles)),
        has_factor=await ports.second_factors.find(person.id) is not None,
        last_admin=last_active_admin(person, others),
    )
    return PersonDetailsView(**_shown(person, await _names(ports, [person])), actions=actions)


async def read_oneself(ports: Ports, actor: Actor) -> OwnDetailsView:
    person = await ports.people.find(actor.person_id)
    if person is None:
        raise Absent("person_absent")
    factor = await ports.second_factors.find(person.id)
    has_password = await ports.credentials.find_by_email(person.email) is not None
    return OwnDetailsView(
        **_shown(person, await _names(ports, [person])),
        second_factor=None if factor is None else "confirmed" if factor.confirmed else "unconfirmed",
        actions=actions_on_oneself(has_password=has_password, factor=factor),
    )


async def list_own_sessions(ports: Ports, actor: Actor, query: PageQuery) -> Page[SessionView]:
    """List the reader's own open sessions, newest first."""
    return await _sessions(ports, actor.person_id, query, ["end"])


async def list_sessions_of(
    ports: Ports, actor: Actor, person_id: UUID, query: PageQuery
) -> Page[SessionView]:
    """List a person's open sessions, newest first."""
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_absent")
    held = privileges_of(await ports.roles.list_by_keys(person.roles))
    return await _sessions(ports, person_id, query, actions_on_session_of(actor, held))


def show_link(link: IssuedLink) -> LinkView:
    return LinkView(person=_named(link.person), token=link.token, expires_at=link.expires_at)


def show_joined(tenant: Tenant, person: Person) -> JoinedView:
    return JoinedView(
        tenant_id=tenant.id,
        tenant=tenant.slug,
        person=_named(person),
        email=person.email,
    )


def show_import(rows: Sequence[ImportedPerson], *, dry_run: bool) -> ImportView:
    outcomes = Counter(each.outcome for each in rows)
    return ImportView(
        dry_run=dry_run,
        invited=outcomes["invited"],
        changed=outcomes["changed"],
        unchanged=outcomes["unchanged"],
        rows=[
            ImportedView(
                row=each.row,
                person=PersonView(id=each.person_id, name=each.name),
                outcome=each.outcome,
                invitation=show_link(each.link) if each.link and not dry_run else None,
            )
            for each in rows
        ],
    )


async def _sessions(
    ports: Ports, person_id: UUID, query: PageQuery, actions: list[SessionAction]
) -> Page[SessionView]:
    def shown(session: Session) -> SessionView:
        return SessionView(
            id=session.id,
            device=session.device,
            began_at=session.began_at,
            refreshed_at=session.refreshed_at,
            ends_at=session.ends_at,
            actions=actions,
        )

    found = await ports.sessions.list_open(person_id, ports.now, before=query.after(UUID), limit=query.rows)
    return page_of(query, found, shown, lambda session: session.id)


def _named(person: Person) -> PersonView:
    return PersonView(id=person.id, name=person.name)


async def _names(ports: Ports, people: Iterable[Person]) -> Names:
    return await ports.names.find(each for person in people for each in (person.unit_id, person.manager_id))


def _shown(person: Person, names: Names) -> dict[str, Any]:
    unit_id, manager_id = person.unit_id, person.manager_id
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "kind": person.kind,
        "company": person.company,
        "roles": list(person.roles),
        "unit": NamedUnitView(id=unit_id, name=names[unit_id]) if unit_id else None,
        "manager": PersonView(id=manager_id, name=names[manager_id]) if manager_id else None,
        "language": person.language,
        "joined": person.joined_at is not None,
        "active": person.active,
        "absent_until": person.absent_until,
        "version": person.version,
    }
