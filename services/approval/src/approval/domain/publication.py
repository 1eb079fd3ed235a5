"""What a definition must satisfy before it may run. Each flaw names its place in the document."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from optima_kit.refusals import Invalid

from .approvers import may_decide
from .conditions import Conditions, IllTyped, Reading, read_condition
from .directory import Directory, Person
from .process import (
    Approver,
    Ask,
    AtLeast,
    BackTo,
    Branch,
    Case,
    Choice,
    Definition,
    Node,
    Parallel,
    Place,
    Predicate,
    Step,
    inner_of,
    keyed,
    walk,
)
from .subjects import FieldType, SubjectType

MOST_WITNESSES = 4096
"""More combinations of values than this are not tried when looking for ambiguous or unreachable places."""


def publication_flaws(
    definition: Definition,
    subject: SubjectType,
    conditions: Conditions,
    directory: Directory,
) -> list[Invalid]:
    """Everything that forbids publication, in document order of each kind; empty when it may be published."""
    check = _Check(definition, subject, conditions, directory)
    flaws = [*check.keys(), *check.conditions()]
    for step, place, path in walk(definition.steps):
        flaws += check.step(step, place, path)
    for part, path in keyed(definition.steps):
        if isinstance(part, Parallel) and isinstance(part.join, AtLeast):
            if part.join.at_least > len(part.parallel):
                flaws.append(_flaw("join_too_large", path, "join", most=len(part.parallel)))
        elif isinstance(part, Choice):
            flaws += check.choice(part, path)
    flaws += check.limits()
    return flaws


def _flaw(code: str, path: str, name: str = "", /, **facts: object) -> Invalid:
    return Invalid(code, field=f"{path}.{name}" if name else path, **facts)


class _Check:
    def __init__(
        self,
        definition: Definition,
        subject: SubjectType,
        conditions: Conditions,
        directory: Directory,
    ) -> None:
        self.definition = definition
        self.subject = subject
        self.engine = conditions
        self.directory = directory
        self.readings: dict[str, Reading] = {}
        self.predicates: dict[str, Predicate] = {}

    def keys(self) -> Iterator[Invalid]:
        seen: dict[str, str] = {}
        for part, path in keyed(self.definition.steps):
            if part.key in seen:
                yield _flaw("duplicate_key", path, "key", key=part.key, first=seen[part.key])
            seen.setdefault(part.key, path)

    # -- conditions

    def conditions(self) -> Iterator[Invalid]:
        for part, path in keyed(self.definition.steps):
            if part.when is None:
                continue
            try:
                reading = self.readings[part.key] = read_condition(part.when, self.subject)
                self.predicates[part.key] = self.engine.compile(part.when, self.subject, reading)
            except IllTyped as error:
                yield _flaw(error.code, path, "when", near=error.near, column=error.column, **error.facts)
            except ValueError:
                yield _flaw("condition_unreadable", path, "when", near=part.when, column=1)
        yield from self.absent_fields(self.definition.steps, "steps", frozenset(), [])
        yield from self.unreachable(self.definition.steps, "steps", ())

    def absent_fields(
        self, nodes: list[Node], path: str, present: frozenset[str], leaving: list[frozenset[str]]
    ) -> Iterator[Invalid]:
        """Conditions that read an optional field which no earlier step has made sure of. What the sequence
        makes sure of is appended to `leaving`."""
        for index, node in enumerate(nodes):
            here = f"{path}[{index}]"
            yield from self.absent_in(node, here, present)
            if isinstance(node, Step):
                if _always_decided(node):
                    present |= frozenset(node.requires)
                continue
            ends: list[frozenset[str]] = []
            for inner, inside in inner_of(node, here):
                yield from self.absent_in(inner, inside, present)
                left: list[frozenset[str]] = []
                yield from self.absent_fields(inner.steps, f"{inside}.steps", present, left)
                surely_run = isinstance(node, Choice) or inner.when is None
                ends.append(left[0] if surely_run else present)
            if node.when is None:
                present = _made_sure(node, ends, present)
        leaving.append(present)

    def absent_in(self, part: Node | Branch | Case, path: str, present: frozenset[str]) -> Iterator[Invalid]:
        reading = self.readings.get(part.key)
        for field in sorted(reading.unguarded - present) if reading else ():
            yield _flaw("condition_field_may_be_absent", path, "when", name=f"{self.subject.key}.{field}")

    def unreachable(self, nodes: list[Node], path: str, around: tuple[str, ...]) -> Iterator[Invalid]:
        """Places whose conditions, with those around them, hold for no subject."""
        for index, node in enumerate(nodes):
            here = f"{path}[{index}]"
            yield from self.never_holds(node, here, around)
            if isinstance(node, Step):
                continue
            within = (*around, node.key) if node.when is not None else around
            for inner, place in inner_of(node, here):
                yield from self.never_holds(inner, place, within)
                inside = (*within, inner.key) if inner.when is not None else within
                yield from self.unreachable(inner.steps, f"{place}.steps", inside)

    def never_holds(
        self, part: Node | Branch | Case, path: str, around: tuple[str, ...]
    ) -> Iterator[Invalid]:
        if part.key not in self.predicates:
            return
        keys = [key for key in (*around, part.key) if key in self.predicates]
        if not all(self.readings[key].exact for key in keys):
            return
        witnesses = self.witnesses(keys)
        if witnesses is None:
            return
        for values in witnesses:
            if all(_holds(self.predicates[key], values) is not False for key in keys):
                return
        yield _flaw("condition_never_holds", path, "when")

    def choice(self, node: Choice, path: str) -> Iterator[Invalid]:
        """Exactly one case must hold for every subject."""
        others = [i for i, case in enumerate(node.choose) if case.when is None]
        for i in others[1:]:
            yield _flaw(
                "choice_two_otherwise", f"{path}.choose[{i}]", "when", first=node.choose[others[0]].key
            )
        keys = [case.key for case in node.choose if case.key in self.predicates]
        exact = all(self.readings[key].exact for key in keys)
        pairs: set[tuple[str, str]] = set()
        for values in self.witnesses(keys) or ():
            holding = [key for key in keys if _holds(self.predicates[key], values)]
            pairs.update(itertools.combinations(holding, 2))
            if not holding and not others and exact:
                yield _flaw("choice_gap", path, "choose", example=_example(self.subject.key, values))
                break
        if not others and not exact:
            yield _flaw("choice_needs_otherwise", path, "choose")
        index = {case.key: i for i, case in enumerate(node.choose)}
        for first, second in sorted(pairs):
            yield _flaw("choice_ambiguous", f"{path}.choose[{index[second]}]", "when", other=first)

    def witnesses(self, keys: Iterable[str]) -> list[dict[str, Any]] | None:
        """Subjects that try every combination of what the conditions tell apart; None if too many."""
        compared: dict[str, set[object]] = {}
        for key in keys:
            for path, literals in self.readings[key].compared.items():
                compared.setdefault(path, set()).update(literals)
        candidates = [
            [(path, value) for value in _candidates(_field_at(self.subject.fields, path), literals)]
            for path, literals in compared.items()
        ]
        count = 1
        for each in candidates:
            count *= len(each)
        if count > MOST_WITNESSES:
            return None
        return [_subject_with(combination) for combination in itertools.product(*candidates)]

    # -- steps

    def step(self, step: Step, place: Place, path: str) -> Iterator[Invalid]:
        for name, fields in (
            ("requires", step.requires),
            ("material_fields", step.material_fields or []),
            ("shows", step.shows),
        ):
            for i, field in enumerate(fields):
                if field not in self.subject.fields:
                    yield _flaw("unknown_subject_field", f"{path}.{name}[{i}]", name=field)
        for i, rule in enumerate(step.approvers):
            yield from self.approver(rule, f"{path}.approvers[{i}]")
        if isinstance(step.if_too_few, Ask):
            for i, rule in enumerate(step.if_too_few.ask):
                yield from self.approver(rule, f"{path}.if_too_few.ask[{i}]")
        yield from self.reachable_quorum(step, path)
        yield from self.back_to(step, place, path)
        yield from self.due(step, path)

    def approver(self, rule: Approver, path: str) -> Iterator[Invalid]:
        """A selector names what exists."""
        if rule.person is not None and self.directory.named(rule.person) is None:
            yield _flaw("unknown_person", path, "person", name=rule.person)
        if rule.role is not None and rule.role not in self.directory.roles:
            yield _flaw("unknown_role", path, "role", role=rule.role)
        for name, key in (("unit", rule.unit), ("unit_manager", rule.unit_manager)):
            if key is not None and self.directory.unit_named(key) is None:
                yield _flaw("unknown_unit", path, name, unit=key)
        if rule.field is not None and not self.holds_people(rule.field):
            yield _flaw("not_a_person_field", path, "field", name=rule.field)
        if rule.manager is not None:
            if not self.holds_people(rule.manager.of):
                yield _flaw("not_a_person_field", f"{path}.manager", "of", name=rule.manager.of)
            if rule.manager.take != "direct" and not self.definition.limits:
                yield _flaw("limits_missing", f"{path}.manager", "take", take=rule.manager.take)

    def holds_people(self, path: str) -> bool:
        if path == "requester":
            return True
        field = _field_at(self.subject.fields, path)
        if field is None:
            return False
        return field.type in ("person", "text") or (field.type == "list" and field.of in ("person", "text"))

    def reachable_quorum(self, step: Step, path: str) -> Iterator[Invalid]:
        """A step asks somebody, and enough of them for its quorum."""
        if step.quorum == "one_per_group":
            groups: dict[str, list[Approver]] = {}
            for index, rule in enumerate(step.approvers):
                groups.setdefault(rule.group or str(index + 1), []).append(rule)
            for group, rules in groups.items():
                yield from self.enough(rules, 1, step, path, group)
            return
        needed = step.quorum.at_least if isinstance(step.quorum, AtLeast) else 1
        yield from self.enough(step.approvers, needed, step, path, "")

    def enough(
        self, rules: list[Approver], needed: int, step: Step, path: str, group: str
    ) -> Iterator[Invalid]:
        if not all(self.exists(rule) for rule in rules):
            return
        fixed = {person.id for rule in rules for person in self.fixed_people(rule, step)}
        varies = any(rule.manager is not None or rule.field is not None for rule in rules)
        if step.if_too_few is not None:
            return
        if not fixed and not varies:
            yield _flaw("step_without_approver", path, "approvers", step=step.key, group=group)
        elif not fixed and varies:
            yield _flaw("step_may_lack_approver", path, "if_too_few", step=step.key)
        elif len(fixed) < needed and not varies:
            yield _flaw("quorum_too_large", path, "quorum.at_least", needed=needed, most=len(fixed))

    def exists(self, rule: Approver) -> bool:
        return not any(True for _ in self.approver(rule, ""))

    def fixed_people(self, rule: Approver, step: Step) -> Iterator[Person]:
        """The people whom a selector names for every subject, and who may decide."""
        directory = self.directory
        ids: Iterable[Any] = ()
        if rule.person is not None:
            named = directory.named(rule.person)
            ids = [named.id] if named else []
        elif rule.role is not None:
            ids = directory.holders(rule.role)
        elif rule.unit is not None or rule.unit_manager is not None:
            unit = directory.unit_named(rule.unit or rule.unit_manager or "")
            if unit is not None:
                ids = directory.members(unit.id) if rule.unit else [unit.manager]
        for person_id in ids:
            person = directory.person(person_id)
            if person is not None and person.active and may_decide(person, step):
                yield person

    def back_to(self, step: Step, place: Place, path: str) -> Iterator[Invalid]:
        """A step sends back to one that surely came before it: in its own sequence or one around it."""
        if not isinstance(step.on_rejection, BackTo):
            return
        target_key = step.on_rejection.back_to
        places = {other.key: where for other, where, _ in walk(self.definition.steps)}
        target = places.get(target_key)
        if target is None:
            yield _flaw("back_to_unknown", path, "on_rejection.back_to", target=target_key)
            return
        depth = len(target.enclosing)
        around = [inner.key for _, inner in place.enclosing][:depth]
        inside = [inner.key for _, inner in target.enclosing]
        if around != inside or place.position[depth] <= target.position[-1]:
            yield _flaw("back_to_not_before", path, "on_rejection.back_to", target=target_key)

    def due(self, step: Step, path: str) -> Iterator[Invalid]:
        if step.due is None:
            return
        for i, hours in enumerate(step.due.remind):
            if hours >= step.due.hours:
                yield _flaw("reminder_after_due", f"{path}.due.remind[{i}]", hours=step.due.hours)
        for i, action in enumerate(step.due.then):
            if action == "approve" and step.requires:
                yield _flaw("automatic_approval_requires", f"{path}.due.then[{i}]", step=step.key)
            if action != "escalate" and i + 1 < len(step.due.then):
                yield _flaw("overdue_action_unreachable", f"{path}.due.then[{i + 1}]", after=action)

    def limits(self) -> Iterator[Invalid]:
        for role in self.definition.limits:
            if role not in self.directory.roles:
                yield _flaw("unknown_role", f"limits.{role}", role=role)


def _always_decided(step: Step) -> bool:
    """Whether the process goes past the step only by its approval."""
    skippable = step.if_too_few == "skip" or step.self_approval == "skipped"
    automatic = step.due is not None and "skip" in step.due.then
    return step.when is None and not skippable and not automatic


def _made_sure(
    node: Parallel | Choice, ends: list[frozenset[str]], present: frozenset[str]
) -> frozenset[str]:
    if isinstance(node, Choice):
        return frozenset.intersection(*ends)
    return present.union(*ends) if node.join == "all" else present


def _field_at(fields: Mapping[str, FieldType], path: str) -> FieldType | None:
    found: FieldType | None = None
    for name in path.split("."):
        found = fields.get(name)
        if found is None:
            return None
        fields = {} if found.type == "list" else found.parts
    return found


def _candidates(field: FieldType | None, literals: set[object]) -> list[Any]:
    """Values of a field on every side of the literals; None stands for the field's absence."""
    values: list[Any]
    if field is None or field.type == "flag":
        values = [True, False]
    elif field.type in ("money", "number", "whole"):
        values = _around(sorted(Decimal(str(n)) for n in literals if isinstance(n, int | float)))
        if field.type == "money":
            values = [value for value in values if value >= 0] or [Decimal(0)]
        whole = field.type == "whole"
        values = [int(value) if whole else str(value) for value in values]
    elif field.type == "text":
        values = [*sorted(str(text) for text in literals), "\N{WHITE SQUARE}"]
    else:
        values = [{}] if field.type in ("person", "record") else [[]]
    return [*values, None] if field is not None and field.optional else values


def _around(numbers: list[Decimal]) -> list[Decimal]:
    """The outermost first: most comparisons hold for one of them, and looking for a subject ends there."""
    if not numbers:
        return [Decimal(0)]
    between = [(low + high) / 2 for low, high in itertools.pairwise(numbers)]
    return list(dict.fromkeys([numbers[-1] + 1, numbers[0] - 1, *numbers, *between]))


def _subject_with(combination: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path, value in combination:
        if value is None:
            continue
        *outer, name = path.split(".")
        inner = values
        for step in outer:
            inner = inner.setdefault(step, {})
        inner[name] = value
    return values


def _holds(predicate: Predicate, values: dict[str, Any]) -> bool | None:
    try:
        return predicate(values)
    except ValueError:
        return None


def _example(root: str, values: dict[str, Any], prefix: str = "") -> str:
    parts = []
    for name, value in values.items():
        path = f"{prefix or root}.{name}"
        parts.append(_example(root, value, path) if isinstance(value, dict) else f"{path} = {value}")
    return ", ".join(parts)
