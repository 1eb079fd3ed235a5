"""The fields that a remote system has for an entity, and how they changed since the last check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optima_kit.refusals import Invalid, Refusal


@dataclass(frozen=True, slots=True)
class RemoteSchema:
    """The fields that a remote system or a file has for one entity."""

    fields: Mapping[str, bool]
    """For each field, whether a record needs a value for it."""
    read: frozenset[str] = frozenset()
    """The fields that we read."""
    written: frozenset[str] = frozenset()
    """The fields to which we write a value."""
    strict: bool = True
    """Whether all fields that we read must exist. Files may lack some: our values then stay as they are."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The differences between a schema and the one stored before."""

    notices: tuple[Refusal, ...] = ()
    breaking: tuple[Refusal, ...] = ()
    """The reasons why the entity is not exchanged until a person has checked."""


def drift(before: Mapping[str, bool] | None, now: RemoteSchema) -> Drift:
    """Compare a schema with the one before. A new field is only a notice. The exchange breaks if a field that
    we use is gone, or if a field of an entity that we write has become required and we write no value to
    it."""
    known = before if before is not None else now.fields
    added = _told("schema_field_added", now.fields.keys() - known.keys())
    if not now.strict:
        return Drift((*added, *_told("schema_field_gone", (now.read & known.keys()) - now.fields.keys())))
    needed = [name for name, needs in now.fields.items() if needs and not known.get(name)]
    return Drift(
        notices=added,
        breaking=(
            *_told("schema_field_gone", (now.read | now.written) - now.fields.keys()),
            *_told("schema_field_needed", set(needed) - now.written if now.written else ()),
        ),
    )


def _told(code: str, names: Iterable[str]) -> tuple[Refusal, ...]:
    return tuple(Invalid(code, field=name) for name in sorted(names))
