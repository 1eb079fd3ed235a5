"""Somebody lets somebody else decide in their place for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from optima_contracts.approval import DelegationChanged
from optima_kit.actor import Actor
from optima_kit.ids import new_id
from optima_kit.refusals import Absent, Forbidden, Invalid, WrongState

from ..domain.authorship import author_sees_amounts
from ..domain.directory import Delegation, Directory
from .facts import recipients
from .notices import notify
from .ports import Ports, StoredDelegation
from .read.access import gave_or_administers, sees_delegation

MOST_DELEGATIONS: Final = 50
"""The most delegations, in force or to come, that one person may give. Each step that asks this person goes
through all of them."""


@dataclass(frozen=True, slots=True)
class DelegationRequest:
    """A delegation that somebody wants to give. It is in force from `starts_at` until just before
    `ends_at`."""

    to_person: UUID
    starts_at: datetime
    ends_at: datetime
    processes: frozenset[str]
    up_to: Decimal | None
    reason: str | None
    from_person: UUID | None = None
    """The person who delegates, if not the actor. Only a person who administers approvals may name
    another."""


async def give_delegation(ports: Ports, actor: Actor, request: DelegationRequest) -> StoredDelegation:
    giver = request.from_person or actor.person_id
    if giver != actor.person_id:
        nobody_gives_themselves_what_is_another_s(actor, request.to_person)
    directory = await ports.directories.read()
    if giver == request.to_person:
        raise Invalid("delegation_to_oneself", field="to_person_id")
    delegate = directory.person(request.to_person)
    if delegate is None or not delegate.active or not delegate.may_decide:
        raise Invalid("delegate_cannot_decide", field="to_person_id")
    if directory.person(giver) is None:
        raise Invalid("person_unknown", field="from_person_id", name=str(giver))
    if request.ends_at <= request.starts_at:
        raise Invalid("delegation_ends_first", field="ends_at")
    if request.ends_at <= ports.now:
        raise Invalid("delegation_is_past", field="ends_at")
    if sum(each.ends_at > ports.now for each in directory.given_by(giver)) >= MOST_DELEGATIONS:
        raise WrongState("delegations_too_many", most=MOST_DELEGATIONS)
    if request.up_to is not None:
        # What the delegate gets to see would tell the giver which prices are within the limit.
        author_sees_amounts(await ports.processes.subject_types(), actor.privileges, "up_to")
    for index, key in enumerate(sorted(request.processes)):
        if await ports.processes.find(key) is None:
            raise Invalid("process_unknown", field=f"processes[{index}]", process=key)
    delegation = Delegation(
        new_id(),
        giver,
        request.to_person,
        request.starts_at,
        request.ends_at,
        request.processes,
        request.up_to,
    )
    stored = StoredDelegation(delegation, request.reason, ports.now, actor.person_id, None)
    await ports.delegations.add(stored)
    _tell(ports, directory, delegation, revoked=False)
    if giver != actor.person_id:
        _notify_both(ports, directory, stored)
    return stored


def nobody_gives_themselves_what_is_another_s(actor: Actor, to_person: UUID) -> None:
    """Raise Forbidden unless the actor, who delegates for another person, is an admin and not the
    delegate."""
    actor.require("approval.administer")
    if to_person == actor.person_id:
        raise Forbidden("delegates_to_oneself", field="to_person_id")


async def revoke_delegation(ports: Ports, actor: Actor, delegation_id: UUID) -> None:
    """End a delegation at once. Decisions that were made under it stay valid."""
    stored = await ports.delegations.lock(delegation_id)
    if stored is None or not sees_delegation(actor, stored):
        raise Absent("delegation_absent")
    if not gave_or_administers(actor, stored):
        raise Forbidden("only_giver_revokes")
    if stored.revoked_at is not None:
        raise WrongState("delegation_revoked")
    await end_delegation(ports, stored)


async def end_delegation(ports: Ports, stored: StoredDelegation) -> None:
    """Revoke a delegation that is locked and not yet revoked, and publish that it has ended."""
    await ports.delegations.revoke(stored.delegation.id, ports.now)
    _tell(ports, await ports.directories.read(), stored.delegation, revoked=True)


def _notify_both(ports: Ports, directory: Directory, stored: StoredDelegation) -> None:
    delegation = stored.delegation
    names = {
        "giver": directory.name_of(delegation.from_person),
        "taker": directory.name_of(delegation.to_person),
        "admin": directory.name_of(stored.created_by),
        "from": directory.calendar.local(delegation.starts_at).isoformat(),
        "until": directory.calendar.local(delegation.ends_at).isoformat(),
    }
    for person in (delegation.from_person, delegation.to_person):
        notify(ports, "delegated_by_admin", person, delegation.id, names)


def _tell(ports: Ports, directory: Directory, delegation: Delegation, *, revoked: bool) -> None:
    ends = (delegation.from_person, delegation.to_person)
    fact = DelegationChanged(
        delegation_id=delegation.id,
        from_person_id=delegation.from_person,
        to_person_id=delegation.to_person,
        starts_at=delegation.starts_at,
        ends_at=delegation.ends_at,
        revoked=revoked,
        recipients=recipients(ends, directory, ports.actor_id),
    )
    ports.outbox.add(fact, subject=delegation.id, correlation=delegation.id)
