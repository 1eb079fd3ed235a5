"""Nobody writes rules about what they may not see: which course an approval takes would tell them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from optima_kit.refusals import Forbidden

from .conditions import IllTyped, read_condition
from .process import Definition, conditions_of, walk, with_filled_fields
from .subjects import SubjectType


def author_sees_what_the_process_reads(
    definition: Definition, subject: SubjectType, held: Collection[str]
) -> None:
    """`held`: the author's privileges. Raises Forbidden naming the first place about a field that needs
    another. A condition that can't be read is publication's matter."""
    subject = with_filled_fields(subject, definition)
    hidden = {name: need for name, need in subject.protected_fields().items() if need not in held}
    for name, path in _read(definition, subject) if hidden else ():
        if name in hidden:
            raise Forbidden("field_hidden_from_author", field=path, name=name, privilege=hidden[name])


def author_sees_amounts(subjects: Collection[SubjectType], held: Collection[str], field: str) -> None:
    """Whoever sets a limit on amounts may see all that are measured."""
    hidden = hidden_amount(subjects, held)
    if hidden is not None:
        raise Forbidden("field_hidden_from_author", field=field, name=hidden[0], privilege=hidden[1])


def hidden_amount(subjects: Collection[SubjectType], held: Collection[str]) -> tuple[str, str] | None:
    """An amount that needs another privilege than those held, and which; None: all may be seen."""
    for subject in subjects:
        for name, need in subject.protected_fields().items():
            if name in subject.amounts and need not in held:
                return name, need
    return None


def author_keeps_what_is_hidden(before: SubjectType, after: SubjectType, held: Collection[str]) -> None:
    """A field that the author may not see stays declared as it is."""
    for name, need in before.protected_fields().items():
        if need not in held and after.fields.get(name) != before.fields[name]:
            raise Forbidden("field_hidden_from_author", field=f"fields.{name}", name=name, privilege=need)


def _read(definition: Definition, subject: SubjectType) -> Iterator[tuple[str, str]]:
    """Every top-level field on whose value something turns, or that is shown, with its place."""
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
