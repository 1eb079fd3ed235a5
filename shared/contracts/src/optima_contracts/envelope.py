"""The CloudEvents 1.0 envelope, and the register of every event type.

Source of the format: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CONTENT_TYPE = "application/cloudevents+json"

Money = Annotated[str, StringConstraints(pattern=r"^-?\d{1,12}(\.\d{1,6})?$")]
"""An amount in euro as a decimal string ("1250.00"): JSON numbers would lose cents."""

Quantity = Annotated[str, StringConstraints(pattern=r"^\d{1,12}(\.\d{1,3})?$")]
"""A non-negative count or measure as a decimal string, in the unit named beside it."""

_REGISTER: dict[str, type[EventData]] = {}


class Fact(BaseModel):
    """Base of every part of an event. It ignores unknown fields, so that a publisher may add some.

    A service uses only a few of all models, so pydantic builds each one when it is first used.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Deprecation(NamedTuple):
    """The announcement, at least a year ahead, that an event type will no longer be published."""

    since: date
    ends: date
    """The first day from which the type need not be published any more."""
    replaced_by: str
    """The type that carries the same information from now on."""


class EventData(Fact):
    """The data of one event type. A subclass names its type, which is also its routing key."""

    type: ClassVar[str]
    deprecation: ClassVar[Deprecation | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        declared = cls.__dict__.get("type")
        if declared is None:
            return
        if declared in _REGISTER and _REGISTER[declared].__qualname__ != cls.__qualname__:
            raise TypeError(f"two models claim the event type {declared}")
        _REGISTER[declared] = cls


def event_types() -> dict[str, type[EventData]]:
    """Return the event types imported so far, by name. Import `optima_contracts.catalogue` to have all."""
    return dict(_REGISTER)


class Envelope(BaseModel):
    """One event on the wire: structured-mode JSON, content type `application/cloudevents+json`.

    `id` is the outbox row's UUIDv7 and `subject` is the aggregate. `sequence` counts 1..n per `source` and
    `subject`: several services may publish events of one aggregate, and each of them counts its own.
    `correlationid` is the brief (or, if there is no brief, the aggregate with which the story began), and
    `causationid` is the event that this one answers. `actorid` is the person or service who acted; under a
    delegation, `onbehalfof` is the person for whom they acted. `signature`, always the last member, is the
    signature of the service that `source` names, over the text before this member.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: Annotated[str, StringConstraints(pattern=r"^/optima/[a-z-]+$")]
    type: Annotated[str, StringConstraints(pattern=r"^optima\.[a-z]+\.[a-z_]+\.v[1-9]\d*$")]
    subject: UUID
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    tenantid: UUID
    sequence: Annotated[int, Field(ge=1)]
    correlationid: UUID
    causationid: UUID | None = None
    traceparent: str | None = None
    actorid: UUID | None = None
    onbehalfof: UUID | None = None
    data: dict[str, Any]
    signature: str | None = None
