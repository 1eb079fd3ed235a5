"""A service's reactions to events: the table that its `adapters/messages.py` fills."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import ValidationError

from optima_contracts.envelope import Envelope, EventData
from optima_contracts.identity import PersonChanged, RoleChanged, ServiceAccountChanged, SessionEnded
from optima_contracts.trail import PersonErased

from .cause import Cause
from .tracing import current_trace

D = TypeVar("D")
E = TypeVar("E", bound=EventData)

EVERYTHING: Final = "optima.#"
"""The binding of a service that reacts to every event."""

LINGER_SECONDS: Final = 0.003
"""How long a batch waits for more messages if its first came as soon after the batch before. An idle consumer
does not wait."""


@dataclass(frozen=True, slots=True)
class Received(Generic[D]):
    """An event as it reached this service."""

    data: D
    id: UUID
    type: str
    source: str
    subject: UUID
    sequence: int
    time: datetime
    """The time at which the fact occurred."""
    tenant_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    actor_id: UUID | None
    on_behalf_of: UUID | None
    traceparent: str | None
    body: bytes
    """The envelope exactly as it was published."""

    def cause(self, at: datetime) -> Cause:
        """Return the cause of the work that this event leads to at that time."""
        return Cause(at, self.actor_id, self.on_behalf_of, self.id, current_trace() or self.traceparent)


Handler = Callable[[Any, Received[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    handle: Handler
    model: type[EventData] | None
    """The model of the event's data, or None if the reaction gets the data as a plain dict."""
    newest_only: bool = False


async def _nothing(_: Any, __: Received[Any]) -> None:
    """Do nothing more: the inbox itself does what is needed for these events."""


_HEARD: Final = {
    event.type: Reaction(_nothing, event, newest_only=True)
    for event in (PersonChanged, RoleChanged, ServiceAccountChanged, PersonErased)
} | {SessionEnded.type: Reaction(_nothing, SessionEnded)}
"""The events that every service receives, even without a reaction of its own. `access_changes` and `erasure`
use them."""


class Unreadable(Exception):
    """Raised for a message that can't be read, however often it is tried. Only one of an unknown type is
    tried again, for a day. `reason` is one of `parking.Reason`."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(error)
        self.reason = reason


class Reactions:
    """A service's reactions, by event type."""

    def __init__(self) -> None:
        self._by_type: dict[str, Reaction] = {}
        self._everything: Reaction | None = None

    def on(
        self, event: type[E], *, newest_only: bool = False
    ) -> Callable[
        [Callable[[Any, Received[E]], Awaitable[None]]], Callable[[Any, Received[E]], Awaitable[None]]
    ]:
        """Declare the reaction to one event type.

        With `newest_only`, an event that is older than the newest applied one of the same subject and type is
        dropped. This is for types that carry the whole state. Raises ValueError for a type that already has a
        reaction.
        """

        def register(
            handle: Callable[[Any, Received[E]], Awaitable[None]],
        ) -> Callable[[Any, Received[E]], Awaitable[None]]:
            if event.type in self._by_type:
                raise ValueError(f"two reactions to {event.type}")
            self._by_type[event.type] = Reaction(handle, event, newest_only)
            return handle

        return register

    def on_everything(
        self,
    ) -> Callable[
        [Callable[[Any, Received[dict[str, Any]]], Awaitable[None]]],
        Callable[[Any, Received[dict[str, Any]]], Awaitable[None]],
    ]:
        """Declare the reaction to every event that has no reaction of its own. It gets the data as a plain
        dict."""

        def register(
            handle: Callable[[Any, Received[dict[str, Any]]], Awaitable[None]],
        ) -> Callable[[Any, Received[dict[str, Any]]], Awaitable[None]]:
            if self._everything is not None:
                raise ValueError("two reactions to everything")
            self._everything = Reaction(handle, None)
            return handle

        return register

    def include(self, other: Reactions) -> None:
        """Add the reactions of another table. Raises ValueError for a type that already has a reaction."""
        for type_, reaction in other._by_type.items():
            if type_ in self._by_type:
                raise ValueError(f"two reactions to {type_}")
            self._by_type[type_] = reaction

    def __bool__(self) -> bool:
        return bool(self._by_type) or self._everything is not None

    def bindings(self) -> list[str]:
        """Return the routing keys to which the service's queue is bound."""
        if self._everything is not None:
            return [EVERYTHING]
        return sorted({*self._by_type, *_HEARD})

    def to(self, type_: str) -> Reaction | None:
        """Return the reaction to a type, or None."""
        return self._by_type.get(type_, self._everything or _HEARD.get(type_))

    def read(self, body: bytes) -> tuple[Reaction, Received[Any]]:
        """Parse a message. Return the reaction and the event. Raises Unreadable if it can't be parsed or
        there is no reaction to it."""
        try:
            envelope = Envelope.model_validate_json(body)
        except ValidationError as error:
            raise Unreadable("unparseable", _without_values(error)) from None
        reaction = self.to(envelope.type)
        if reaction is None:
            raise Unreadable("unknown_type", f"no reaction to {envelope.type}")
        data: Any = envelope.data
        if reaction.model is not None:
            try:
                data = reaction.model.model_validate(envelope.data)
            except ValidationError as error:
                raise Unreadable("unparseable", _without_values(error)) from None
        received: Received[Any] = Received(
            data=data,
            id=envelope.id,
            type=envelope.type,
            source=envelope.source,
            subject=envelope.subject,
            sequence=envelope.sequence,
            time=envelope.time,
            tenant_id=envelope.tenantid,
            correlation_id=envelope.correlationid,
            causation_id=envelope.causationid,
            actor_id=envelope.actorid,
            on_behalf_of=envelope.onbehalfof,
            traceparent=envelope.traceparent,
            body=body,
        )
        return reaction, received


def _without_values(error: ValidationError) -> str:
    """Describe what is wrong and where, without the wrong values, since prices must not get into logs and
    error columns."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'message'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
