"""Dismiss failures: a person decides that nothing has to be done about records that weren't exchanged."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.erp import FailuresDismissed
from optima_kit.actor import Actor
from optima_kit.refusals import WrongState

from ..domain.failure import Dismissal, FailureFilter
from .ports import Ports


async def dismiss_failure(ports: Ports, actor: Actor, failure_id: UUID, reason: str) -> None:
    """Dismiss one failure. Raises Absent, or WrongState for an outage, a pause or a dismissed failure."""
    failure = await ports.failures.lock_failure(failure_id)
    if not failure.can_be_dismissed:
        raise WrongState("failures_not_dismissible")
    wanted = FailureFilter(connection=failure.connection_key)
    await _dismiss(ports, actor, wanted, reason, failure_id)


async def dismiss_failures(ports: Ports, actor: Actor, wanted: FailureFilter, reason: str) -> int:
    """Dismiss all wanted failures that can be dismissed. Return how many. Raises Absent for an unknown
    connection, WrongState if none can be dismissed."""
    return await _dismiss(ports, actor, wanted, reason, None)


async def _dismiss(
    ports: Ports, actor: Actor, wanted: FailureFilter, reason: str, failure_id: UUID | None
) -> int:
    """Dismiss failures and publish that. A dismissed document is not sent until it changes or somebody
    replays it. A dismissed record stays dismissed if it comes in again unchanged."""
    assert wanted.connection is not None, "one connection at a time"
    connection = await ports.connections.get_connection(wanted.connection)
    dismissal = Dismissal(actor.person_id, ports.now, reason)
    count = await ports.failures.dismiss_failures(wanted, dismissal, failure_id=failure_id)
    if not count:
        raise WrongState("failures_not_dismissible")
    ports.outbox.add(
        FailuresDismissed(
            connection_id=connection.connection_id,
            connection=connection.key,
            entity=wanted.entity,
            code=wanted.code,
            failure_id=failure_id,
            failures=count,
            reason=reason,
        ),
        subject=connection.connection_id,
        correlation=connection.connection_id,
    )
    return count
