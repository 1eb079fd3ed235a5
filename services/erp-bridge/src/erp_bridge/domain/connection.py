"""A tenant's connection to an ERP, as data, and the capabilities that a connector declares."""

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
    """Minutes between two imports. None means every half minute."""
    at: tuple[time, ...] = ()
    """Times of the day (UTC) at which to import, instead of `every_minutes`."""
    compare_at: time | None = None
    """Time of the day (UTC) at which both sides are compared. None means only if somebody asks for it."""

    def next_look(self, now: datetime) -> datetime:
        """Return when to import next, after an import at `now`."""
        if self.at:
            return next_hour(self.at, now)
        return now + (timedelta(minutes=self.every_minutes) if self.every_minutes else POLL_EVERY)


def next_hour(hours: Iterable[time], now: datetime) -> datetime:
    """Return the first moment after `now` that has one of these times of the day."""
    today = [datetime.combine(now.date(), each, now.tzinfo) for each in sorted(hours)]
    return next((each for each in today if each > now), today[0] + timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Connection:
    connection_id: UUID
    key: str
    connector: str
    settings: Table[str, str]
    """The settings that are not secret."""
    secrets: Table[str, str] = field(repr=False)
    """Credentials. They are stored sealed and appear in no answer."""
    exchanges: Table[Entity, Exchange]
    """Switches and times of those entities for which they differ from the default."""
    changes: Table[Entity, Table[str, FieldMapping]]
    """The fields that this connection maps differently from its connector's own mapping."""
    mapping: Mapping
    """The connector's own mapping with `changes` applied."""
    mapping_version: int
    """Counts from 1; every mapping that was ever in force is kept."""
    version: int
    calls_per_minute: int | None = None
    """How often the remote system may be called. None means without a limit of ours."""
    last_import_at: datetime | None = None

    def exchange(self, entity: Entity) -> Exchange:
        return self.exchanges.get(entity, Exchange())


Write = Literal["create", "change", "cancel"]
"""What a connector may do with a record in the remote system."""


Ability = Literal["in", "out", "update", "delete", "conflict"]
"""in: records are read from the remote system. out: they are written to it. update: later changes are
exchanged too. delete: deletions or cancellations are exchanged too. conflict: if both sides changed
something, a person decides."""
ABILITIES: Final[tuple[Ability, ...]] = get_args(Ability)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting that a connector needs to reach a remote system."""

    name: str
    secret: bool = False
    required: bool = True
    choices: tuple[str, ...] = ()
    """The permitted values; empty if any value is permitted."""
    exclusive: bool = False
    """Whether two connections of a tenant may not have the same value, because each would take the other's
    records."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a connector can do with one entity, so that nobody has to guess what a connection exchanges."""

    entity: Entity
    reads: bool
    writes: tuple[Write, ...]
    incremental: Literal["none", "files", "cursor"]
    """How changes are found: not at all, by reading each file once, or by reading from a checkpoint on."""
    deletes: Literal["none", "flag", "tombstone", "scan"]
    identity: Literal["code", "id"]
    """What identifies a remote record: its code, which people may change or give to another record, or an id
    that only the remote system assigns."""
    lock: Literal["none", "version"]
    """Whether a write is refused if somebody else changed the record meanwhile."""
    natural_keys: tuple[str, ...]
    idempotency: str | None
    """What prevents a repeated write from creating a second record."""
    number_owner: Literal["optima", "erp"]
    batch: int
    """How many records one exchange holds."""
    children: tuple[str, ...] = ()
    """Parts that are exchanged together with the record."""
    follows: tuple[Entity, ...] = ()
    """Entities whose records the remote system must have first."""
    cannot_carry: tuple[str, ...] = ()
    """Our fields that the remote system can't store."""
    lists_written: bool = False
    """Whether the remote system can list everything that was written to it."""

    @property
    def may_be_compared(self) -> bool:
        return self.reads or self.lists_written

    @property
    def may_be_compared_daily(self) -> bool:
        """Whether a comparison at a fixed time makes sense. It does not for files: only those that wait to be
        imported can be compared, and at a fixed time there would be none."""
        return (self.lists_written and self.identity == "id") or (self.reads and self.incremental == "cursor")

    @property
    def abilities(self) -> tuple[Ability, ...]:
        """A summary of the capability for people who choose a connector."""
        received = self.entity == "received_order"
        able: dict[Ability, bool] = {
            "in": self.reads,
            "out": bool(self.writes),
            # An ERP can't change our order after it was received: such a change is a conflict.
            "update": (self.reads and self.incremental != "none" and not received) or "change" in self.writes,
            "delete": (self.reads and self.deletes != "none") or "cancel" in self.writes,
            # Some fields of customers may be changed on both sides.
            "conflict": self.lock == "version" or received or (self.reads and self.entity == "customer"),
        }
        return tuple(ability for ability in ABILITIES if able[ability])


@dataclass(frozen=True, slots=True)
class Description:
    """What a connector says about itself; people see it before they choose one."""

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
