"""Keeps authors from writing rules about fields that they may not see, since the course that an approval
takes would reveal those fields to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from optima_kit.refusals import Forbidden

from .conditions import IllTyped, read_condition
from .process import Definition, conditions_of, walk, with_filled_fields
from .subjects import SubjectType


def author_sees_what_the_process_reads(
    definition: Definition, subject: SubjectType, held: Collection[str]
) -> None:
    """Raise Forbidden if the process reads a field for which the author lacks the privilege, and name the
    first such place. `held` are the author's privileges. Conditions that can't be parsed are left to the
    checks of publication."""
    subject = with_filled_fields(subject, definition)
    hidden = {name: need for name, need in subject.protected_fields().items() if need not in held}
    for name, path in _read(definition, subject) if hidden else ():
        if name in hidden:
            raise Forbidden("field_hidden_from_author", field=path, name=name, privilege=hidden[name])


def author_sees_amounts(subjects: Collection[SubjectType], held: Collection[str], field: str) -> None:
    """Raise Forbidden if a person who sets a limit on amounts may not see every amount that it applies to."""
    hidden = hidden_amount(subjects, held)
    if hidden is not None:
        raise Forbidden("field_hidden_from_author", field=field, name=hidden[0], privilege=hidden[1])


def hidden_amount(subjects: Collection[SubjectType], held: Collection[str]) -> tuple[str, str] | None:
    """Return an amount field that needs a privilege which is not held, and that privilege, or None if every
    amount may be seen."""
    for subject in subjects:
        for name, need in subject.protected_fields().items():
            if name in subject.amounts and need not in held:
                return name, need
    return None


def author_keeps_what_is_hidden(before: SubjectType, after: SubjectType, held: Collection[str]) -> None:
    """Raise Forbidden if the declaration of a field that the author may not see has changed."""
    for name, need in before.protected_fields().items():
        if need not in held and after.fields.get(name) != before.fields[name]:
            raise Forbidden("field_hidden_from_author", field=f"fields.{name}", name=name, privilege=need)


def _read(definition: Definition, subject: SubjectType) -> Iterator[tuple[str, str]]:
    """Yield every top-level field that the process decides by or shows, with its place in the document."""
    for _, expression, path in conditions_of(definition):
        try:
            reading = read_condition(expression, subject)
        except IllTyped:
            continue
        for field in sorted(reading.paths):
            yield field.partition(".")[0], path
    if definition.limits:
        for name in subject.amounts:
            yield name, "limits"
    for step, _, path in walk(definition.steps):
        for index, name in enumerate(step.shows):
            yield name, f"{path}.shows[{index}]"
        for index, rule in enumerate(step.approvers):
            named = rule.field or (rule.manager.of if rule.manager is not None else None)
            if named is not None:
                yield named.partition(".")[0], f"{path}.approvers[{index}]"
