"""Look up delegations, and show them with names and with what the reader may do."""

from __future__ import annotations

from uuid import UUID

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of

from ...domain.authorship import hidden_amount
from ...domain.directory import Directory
from ..ports import Ports, StoredDelegation
from .access import actions_on_delegation
from .approvals import person_view
from .views import DelegationView


async def list_delegations(ports: Ports, actor: Actor, query: PageQuery) -> Page[DelegationView]:
    """List delegations, newest first: all of them to a reader of all approvals, to others those that they
    gave or received."""
    person = None if actor.may("approval.read_all") else actor.person_id
    found = await ports.delegations.page(person, query.after(UUID), query.rows)
    directory = await ports.directories.read()
    sees_amounts = hidden_amount(await ports.processes.subject_types(), actor.privileges) is None
    offered = {
        "create_for_others": actor.may("approval.administer"),
        "limit_amount": actor.may("approval.delegate") and sees_amounts,
    }
    return page_of(
        query,
        found,
        lambda each: _delegation(actor, each, directory),
        lambda each: each.delegation.id,
        actions=[action for action, may in offered.items() if may],
    )


async def show_delegation(ports: Ports, actor: Actor, stored: StoredDelegation) -> DelegationView:
    return _delegation(actor, stored, await ports.directories.read())


def _delegation(actor: Actor, stored: StoredDelegation, directory: Directory) -> DelegationView:
    delegation = stored.delegation
    return DelegationView(
        id=delegation.id,
        created_by=person_view(directory, stored.created_by),
        from_person=person_view(directory, delegation.from_person),
        to_person=person_view(directory, delegation.to_person),
        starts_at=delegation.starts_at,
        ends_at=delegation.ends_at,
        processes=sorted(delegation.processes),
        up_to=delegation.up_to,
        reason=stored.reason,
        created_at=stored.created_at,
        revoked_at=stored.revoked_at,
        actions=actions_on_delegation(actor, stored),
    )
