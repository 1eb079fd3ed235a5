"""Which events a service answers, and with what: the table that its `adapters/messages.py` fills."""

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
"""The binding of a service that answers every event."""

LINGER_SECONDS: Final = 0.003
"""While messages come several at a time, the next batch waits so long for more. Never when idle."""


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
    """When the fact happened."""
    tenant_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    actor_id: UUID | None
    on_behalf_of: UUID | None
    traceparent: str | None
    body: bytes
    """The envelope exactly as it was published."""

    def cause(self, at: datetime) -> Cause:
        """The cause of what is done about it, at that time."""
        return Cause(at, self.actor_id, self.on_behalf_of, self.id, current_trace() or self.traceparent)


Handler = Callable[[Any, Received[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Reaction:
    handle: Handler
    model: type[EventData] | None
    """None: the data is handed over as a plain dict."""
    newest_only: bool = False


async def _nothing(_: Any, __: Received[Any]) -> None:
    """The inbox does by itself what is to be done."""


_HEARD: Final = {
    event.type: Reaction(_nothing, event, newest_only=True)
    for event in (PersonChanged, RoleChanged, ServiceAccountChanged, PersonErased)
} | {SessionEnded.type: Reaction(_nothing, SessionEnded)}
"""What every service is told, whether it reacts or not: `access_changes` and `erasure` say why."""


class Unreadable(Exception):
    """A message that no attempt could make sense of, or may. `reason` is one of `parking.Reason`."""

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
        """Declares the reaction to one event type.

        `newest_only`: an event older than the newest applied one of the same subject and type is dropped,
        for types that carry the whole state. Raises ValueError for a type that already has a reaction.
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
        """Declares the reaction to every event that has none of its own; its data is a plain dict."""

        def register(
            handle: Callable[[Any, Received[dict[str, Any]]], Awaitable[None]],
        ) -> Callable[[Any, Received[dict[str, Any]]], Awaitable[None]]:
            if self._everything is not None:
                raise ValueError("two reactions to everything")
            self._everything = Reaction(handle, None)
            return handle

        return register

    def include(self, other: Reactions) -> None:
        """Adds another's. Raises ValueError for a type that has a reaction already."""
        for type_, reaction in other._by_type.items():
            if type_ in self._by_type:
                raise ValueError(f"two reactions to {type_}")
            self._by_type[type_] = reaction

    def __bool__(self) -> bool:
        return bool(self._by_type) or self._everything is not None

    def bindings(self) -> list[str]:
        """The routing keys that the service's queue is bound to."""
        if self._everything is not None:
            return [EVERYTHING]
        return sorted({*self._by_type, *_HEARD})

    def to(self, type_: str) -> Reaction | None:
        """The reaction to a type, or None."""
        return self._by_type.get(type_, self._everything or _HEARD.get(type_))

    def read(self, body: bytes) -> tuple[Reaction, Received[Any]]:
        """The event in a message and the reaction to it. Raises Unreadable."""
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
    """What is wrong and where, without what was there: prices must not reach logs and error columns."""
    return "; ".join(
        f"{'.'.join(str(part) for part in problem['loc']) or 'message'}: {problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )
