"""Check an access token's bearer against the directory, so that access taken away since the token was made is
not granted here."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from optima_kit.actor import Actor
from optima_kit.refusals import Unauthenticated

from ..domain.roles import privileges_of
from ..domain.sessions import who_acts_was_proven_lately
from .access_tokens import PLATFORM_TENANT
from .ports import Ports
from .roles_in_force import roles_in_force


async def admit(
    ports: Ports, actor: Actor, *, lock: Literal["directory", "person"] | None, proof: bool = False
) -> Actor:
    """Return the actor with those of the token's privileges that they still hold. Raises Unauthenticated if
    the person or account is not active, or the token's session has ended.

    With `lock`, this waits for changes under way of the directory or of the person, and keeps others from
    beginning until this unit of work ends. Without it, the committed state counts. With `proof`, the person
    must have proved lately who they are; otherwise Forbidden is raised."""
    if actor.tenant_id == PLATFORM_TENANT:
        return actor  # The platform is known only from the configuration.
    if lock == "directory":
        await ports.tenants.lock()
    if actor.kind == "service":
        account = await ports.accounts.find(actor.person_id)
        if account is None or not account.active:
            raise Unauthenticated("session_ended")
        return replace(actor, privileges=actor.privileges & account.scopes)
    people = ports.people
    person = await (people.lock(actor.person_id) if lock == "person" else people.find(actor.person_id))
    if person is None or not person.active:
        raise Unauthenticated("session_ended")
    session = None
    if actor.session_id is not None:
        session = await ports.sessions.find(actor.session_id)
        if session is None or session.person_id != person.id or not session.open(ports.now):
            raise Unauthenticated("session_ended")
    if proof:
        who_acts_was_proven_lately(session, ports.now)
    factor_shown = session is not None and session.factor_shown
    held = privileges_of(await roles_in_force(ports, person, factor_shown=factor_shown))
    return replace(actor, privileges=actor.privileges & held, roles=actor.roles & frozenset(person.roles))
