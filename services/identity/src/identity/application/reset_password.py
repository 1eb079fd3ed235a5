"""Reset a forgotten password with a link."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.refusals import WrongState

from ..domain.links import link_is_good, link_was_just_issued
from ..domain.people import normalised_email
from .access import person_to_manage
from .choose_password import choose_password
from .issue_link import IssuedLink, issue_link
from .opaque_tokens import read_token
from .ports import Directory, Passwords, Ports
from .tenant_of_slug import tenant_of_slug


async def ask_for_reset(directory: Directory, slug: str, email: str) -> None:
    """Send a reset link if there is such a person and mail is set up. The caller does not learn whether it
    was sent."""
    tenant_id = await tenant_of_slug(directory, slug)
    async with directory.work(tenant_id) as ports:
        person = await ports.people.find_by_email(normalised_email(email))
        if person is None or not person.active:
            return
        earlier = await ports.links.find_newest(person.id, "password_reset")
        if not link_was_just_issued(earlier, ports.now):
            await issue_link(ports, person, "password_reset")


async def hand_over_reset(ports: Ports, actor: Actor, person_id: UUID) -> IssuedLink:
    """Return a reset link, which an admin hands over to the person themselves."""
    person = await person_to_manage(ports, actor, person_id)
    if not person.active:
        raise WrongState("person_not_active")
    return await issue_link(ports, person, "password_reset")


async def complete_reset(directory: Directory, passwords: Passwords, token: str, password: str) -> None:
    """Set the new password. Every session ends, so that people who knew the old password are signed out."""
    presented = read_token(token)
    async with directory.work(presented.tenant_id) as ports:
        found = await ports.links.lock(presented.secret_hash)
        link = link_is_good(found, "password_reset", ports.now)
        person = await ports.people.find(link.person_id)
        assert person is not None, "the link's foreign key"
        await ports.links.use(link.id)
        await choose_password(ports, passwords, person, password, by="reset")
