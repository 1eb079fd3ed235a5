"""Kinds of item: which phases the work of a kind goes through, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from optima_kit.refusals import Invalid

from .sheets import SheetField

DEFAULT_TOLERANCE_PERCENT: Final = Decimal(10)


@dataclass(frozen=True, slots=True)
class PhaseDefinition:
    """One step of a kind. It may start when all phases named in `after` are over."""

    key: str
    name: str
    after: tuple[str, ...] = ()
    quality_check: bool = False
    skippable: bool = False
    unit: str | None = None
    """The unit of its quantities; None for the job's unit."""
    factor: Decimal = Decimal(1)
    """How many of the job's units one of this phase's units makes, such as 8 leaflets of one sheet."""
    starts_on_parts: bool = False
    """Whether it may begin as soon as a part of the work before it is handed in."""
    needs_proof: bool = False
    """Whether it can begin only once the proofs of its brief are approved."""
    days: int = 1
    """The least number of working days that it takes."""
    daily_quantity: Decimal | None = None
    """How much of it is made in a working day, in its unit. None if `days` are enough for any quantity."""


@dataclass(frozen=True, slots=True)
class Kind:
    id: UUID
    key: str
    name: str
    phases: tuple[PhaseDefinition, ...]
    tolerance_percent: Decimal
    """How far, in percent, the quantity made may differ from the quantity ordered."""
    version: int
    sheet: tuple[SheetField, ...] = ()
    """The fields of its jobs' technical sheet, beside the free text."""


def kind_key_is_well_formed(key: str) -> None:
    """Refuse a malformed key. Any printable text may name a kind, because briefs name kinds before they are
    defined."""
    if not (key == key.strip() and key.isprintable() and 1 <= len(key) <= 64):
        raise Invalid("kind_key_malformed", field="key")


def phases_must_form_a_graph(phases: tuple[PhaseDefinition, ...]) -> None:
    """Raise Invalid, naming the place in the document, unless every phase can be reached and ended."""
    phase_keys_are_unique(phases)
    predecessors_are_known(phases)
    no_phase_waits_for_itself(phases)


def phase_keys_are_unique(phases: tuple[PhaseDefinition, ...]) -> None:
    seen: set[str] = set()
    for index, phase in enumerate(phases):
        if phase.key in seen:
            raise Invalid("phase_key_repeated", field=f"phases[{index}].key", key=phase.key)
        seen.add(phase.key)


def predecessors_are_known(phases: tuple[PhaseDefinition, ...]) -> None:
    keys = {phase.key for phase in phases}
    for index, phase in enumerate(phases):
        for place, predecessor in enumerate(phase.after):
            field = f"phases[{index}].after[{place}]"
            if predecessor not in keys:
                raise Invalid("predecessor_unknown", field=field, key=predecessor)
            if predecessor in phase.after[:place]:
                raise Invalid("predecessor_repeated", field=field, key=predecessor)


def no_phase_waits_for_itself(phases: tuple[PhaseDefinition, ...]) -> None:
    remaining = {phase.key: phase.after for phase in phases}
    while free := [key for key, after in remaining.items() if not any(p in remaining for p in after)]:
        for key in free:
            del remaining[key]
    if not remaining:
        return
    cycle = _cycle_among(remaining)
    index = next(i for i, phase in enumerate(phases) if phase.key == cycle[0])
    place = phases[index].after.index(cycle[1])
    raise Invalid(
        "phases_wait_in_a_circle", field=f"phases[{index}].after[{place}]", circle=" → ".join(cycle)
    )


def _cycle_among(waiting: dict[str, tuple[str, ...]]) -> list[str]:
    """Return a circle of phases, whose first and last are the same. Each phase in `waiting` waits for another
    of them."""
    walked: list[str] = []
    key = next(iter(waiting))
    while key not in walked:
        walked.append(key)
        key = next(predecessor for predecessor in waiting[key] if predecessor in waiting)
    return [*walked[walked.index(key) :], key]
