"""What a remote system has of an entity, and what became of it since it was last looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optima_kit.refusals import Invalid, Refusal


@dataclass(frozen=True, slots=True)
class RemoteSchema:
    """The fields that a remote system, or a file, has of one entity."""

    fields: Mapping[str, bool]
    """Whether a record needs a value of each."""
    read: frozenset[str] = frozenset()
    """Those that we read."""
    written: frozenset[str] = frozenset()
    """Those that we give a value when we write."""
    strict: bool = True
    """Whether those that we read must be there. Files may do without: what is absent stays as it is known."""


@dataclass(frozen=True, slots=True)
class Drift:
    """How a schema differs from the one before."""

    notices: tuple[Refusal, ...] = ()
    breaking: tuple[Refusal, ...] = ()
    """Why the entity is not exchanged until a person has looked."""


def drift(before: Mapping[str, bool] | None, now: RemoteSchema) -> Drift:
    """A new field is no more than news. One that we use and that is gone breaks the exchange, and so does one
    that came to be needed, of an entity that we write, if we give it no value."""
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
