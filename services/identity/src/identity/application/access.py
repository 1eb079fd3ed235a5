"""Load the person or service account that a command changes. This takes the directory's lock, and refuses
those who hold a privilege that the actor lacks. The person who acts is loaded without a lock."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import Absent

from ..domain.people import Person
from ..domain.roles import nobody_grants_more_than_they_hold, privileges_of
from ..domain.service_accounts import ServiceAccount, only_active_accounts_are_changed
from .ports import Ports


async def person_who_acts(ports: Ports, actor: Actor) -> Person:
    """Return the person. Raises Absent if it is a machine, which has neither a password nor a factor."""
    person = await ports.people.find(actor.person_id)
    if person is None:
        raise Absent("person_absent")
    return person


async def person_to_manage(ports: Ports, actor: Actor, person_id: UUID) -> Person:
    """Return the person. Raises Absent if the tenant has no such person, and Forbidden if they hold a
    privilege that the actor lacks."""
    await ports.tenants.lock()
    person = await ports.people.find(person_id)
    if person is None:
        raise Absent("person_absent")
    held = privileges_of(await ports.roles.list_by_keys(person.roles))
    nobody_grants_more_than_they_hold(held, actor.privileges)
    return person


async def account_to_manage(ports: Ports, actor: Actor, account_id: UUID) -> ServiceAccount:
    """Return the account. Raises Absent if the tenant has no such account, Forbidden if it has a scope that
    the actor lacks, and WrongState if it is closed."""
    await ports.tenants.lock()
    account = await ports.accounts.find(account_id)
    if account is None:
        raise Absent("service_account_absent")
    nobody_grants_more_than_they_hold(account.scopes, actor.privileges)
    only_active_accounts_are_changed(account)
    return account
