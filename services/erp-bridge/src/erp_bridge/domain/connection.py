"""A tenant's connection to an ERP, as data, and what a connector declares of itself."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from .entities import Entity
from .mapping import FieldMapping, Mapping

POLL_EVERY: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Exchange:
    """Whether and when one entity is exchanged."""

    enabled: bool = True
    every_minutes: int | None = None
    """How often it is looked for what came in; None: every half minute."""
    at: tuple[time, ...] = ()
    """Instead: at these hours of the day, UTC."""
    compare_at: time | None = None
    """At this hour of each day, UTC, both sides are compared; None: when somebody asks for it."""

    def next_look(self, now: datetime) -> datetime:
        """When to look again, after having looked at `now`."""
        if self.at:
            return next_hour(self.at, now)
        return now + (timedelta(minutes=self.every_minutes) if self.every_minutes else POLL_EVERY)


def next_hour(hours: Iterable[time], now: datetime) -> datetime:
    """The first of these hours of the day after `now`."""
    today = [datetime.combine(now.date(), each, now.tzinfo) for each in sorted(hours)]
    return next((each for each in today if each > now), today[0] + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: UUID
    key: str
    connector: str
    settings: Table[str, str]
    """Without what is secret."""
    secrets: Table[str, str] = field(repr=False)
    """Credentials. They are stored sealed and appear in no answer."""
    exchanges: Table[Entity, Exchange]
    """Where switches and times depart from the default."""
    changes: Table[Entity, Table[str, FieldMapping]]
    """Where this connection's mapping departs from the connector's own."""
    mapping: Mapping
    mapping_version: int
    """1..n; every mapping that was ever in force is kept."""
    version: int
    calls_per_minute: int | None = None
    """How often its remote system may be called; None: as often as it bears."""
    last_import_at: datetime | None = None

    def exchange(self, entity: Entity) -> Exchange:
        return self.exchanges.get(entity, Exchange())


Write = Literal["create", "change", "cancel"]
"""What a connector may do with a record over there."""


Ability = Literal["in", "out", "update", "delete", "conflict"]
"""in: records come from the remote system. out: they go there. update: what changes later is exchanged too.
delete: so is a deletion or a cancellation. conflict: where both sides changed something, a person decides."""
ABILITIES: Final[tuple[Ability, ...]] = get_args(Ability)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a connector must be told to reach a remote system."""

    name: str
    secret: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    """What it may be, where that is known."""
    exclusive: bool = False
    """Whether no two connections of a tenant may have the same: each would take what is the other's."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a connector can do with one entity, so that nobody has to guess what a connection carries."""

    entity: Entity
    reads: bool
    writes: tuple[Write, ...]
    incremental: Literal["none", "files", "cursor"]
    """How changes are found: not at all, each file once, or from a checkpoint on."""
    deletes: Literal["none", "flag", "tombstone", "scan"]
    identity: Literal["code", "id"]
    """What makes a remote record the same one: its code, which people may change or give to another, or an id
    that only the remote system gives."""
    lock: Literal["none", "version"]
    """Whether a write is refused when somebody else changed the record meanwhile."""
    natural_keys: tuple[str, ...]
    idempotency: str | None
    """What keeps a repeated write from doubling."""
    number_owner: Literal["optima", "erp"]
    batch: int
    """Records in one exchange."""
    children: tuple[str, ...] = ()
    """Parts that come and go with the record."""
    follows: tuple[Entity, ...] = ()
    """What the remote system must have before."""
    cannot_carry: tuple[str, ...] = ()
    """Fields of ours that have no place there."""
    lists_written: bool = False
    """Whether it can be asked for all that was written there."""

    @property
    def may_be_compared(self) -> bool:
        return self.reads or self.lists_written

    @property
    def may_be_compared_daily(self) -> bool:
        """Of files, what waits is compared: at an hour there would be none."""
        return (self.lists_written and self.identity == "id") or (self.reads and self.incremental == "cursor")

    @property
    def abilities(self) -> tuple[Ability, ...]:
        """What it comes to, for people who choose a connector."""
        received = self.entity == "received_order"
        able: dict[Ability, bool] = {
            "in": self.reads,
            "out": bool(self.writes),
            # What is made of a received order can't be changed from there: that is a conflict.
            "update": (self.reads and self.incremental != "none" and not received) or "change" in self.writes,
            "delete": (self.reads and self.deletes != "none") or "cancel" in self.writes,
            # Fields of customers may be both sides'.
            "conflict": self.lock == "version" or received or (self.reads and self.entity == "customer"),
        }
        return tuple(ability for ability in ABILITIES if able[ability])


@dataclass(frozen=True, slots=True)
class Description:
    """What a connector says of itself; people see it before they choose."""

    key: str
    name: str
    proven: Literal["live", "recorded"]
    """Whether the tests run it against the real system or against its recorded answers."""
    settings: tuple[Setting, ...]
    capabilities: tuple[Capability, ...]

    def capability(self, entity: Entity) -> Capability | None:
        return next((each for each in self.capabilities if each.entity == entity), None)

    def reads(self, entity: Entity) -> bool:
        found = self.capability(entity)
        return found is not None and found.reads

    def writes(self, entity: Entity) -> bool:
        found = self.capability(entity)
        return found is not None and bool(found.writes)
