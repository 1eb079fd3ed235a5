"""Checks that a definition must pass before it is published. Each flaw names its place in the document."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from optima_kit.refusals import Invalid

from .approvers import may_decide
from .conditions import Conditions, IllTyped, Reading, read_condition
from .costs import MOST_WORK, declared_sizes, work_of
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
    Step,
    form_of,
    inner_of,
    keyed,
    walk,
    with_filled_fields,
)
from .reasoning import Answer, Effort, Goal, Verdict, is_possible
from .subjects import FieldType, SubjectType
from .turns import Work, finished

MOST_FLAWS: Final = 100
"""The most flaws that are reported at once. An author corrects no more than these before the next attempt."""

Found = Iterator[Invalid | None]
"""Flaws as they are found. None marks a point at which other work may have its turn."""


def publication_flaws(
    definition: Definition, subject: SubjectType, conditions: Conditions, directory: Directory
) -> list[Invalid]:
    """List what forbids the publication of a definition, at most the first hundred flaws. They are grouped by
    kind, each kind in document order. The list is empty if the definition may be published."""
    return finished(checking(definition, subject, conditions, directory))


def checking(
    definition: Definition, subject: SubjectType, conditions: Conditions, directory: Directory
) -> Work[list[Invalid]]:
    """Do the same as `publication_flaws`, in slices."""
    flaws: list[Invalid] = []
    for flaw in _found(_Check(definition, subject, conditions, directory)):
        if flaw is None:
            yield
            continue
        flaws.append(flaw)
        if len(flaws) == MOST_FLAWS:
            break
    return flaws


def _found(check: _Check) -> Found:
    definition = check.definition
    yield from check.keys()
    yield from check.filled_fields()
    yield from check.conditions()
    for step, place, path in walk(definition.steps):
        yield None
        yield from check.step(step, place, path)
    for part, path in keyed(definition.steps):
        if not isinstance(part, Parallel) or not isinstance(part.join, AtLeast):
            continue
        if part.join.at_least > len(part.parallel):
            yield _flaw("join_too_large", path, "join", most=len(part.parallel))
    yield from check.limits()


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
        self.subject = with_filled_fields(subject, definition)
        self.given = subject
        self.engine = conditions
        self.directory = directory
        self.readings: dict[str, Reading] = {}
        self.effort = Effort()

    def keys(self) -> Iterator[Invalid]:
        seen: dict[str, str] = {}
        for part, path in keyed(self.definition.steps):
            if part.key in seen:
                yield _flaw("duplicate_key", path, "key", key=part.key, first=seen[part.key])
            seen.setdefault(part.key, path)

    def filled_fields(self) -> Iterator[Invalid]:
        """Check that each field of the process has a name that the subject does not use, and that steps
        either fill it in or set it. It can't be both, since a set value would overwrite what an approver
        signed."""
        steps = [step for step, _, _ in walk(self.definition.steps)]
        filled = {name for step in steps for name in step.fills}
        set_ = {name for step in steps for values in step.sets.values() for name in values}
        for name in self.definition.fields:
            if name in self.given.fields:
                yield _flaw("filled_field_taken", f"fields.{name}", name=name)
            elif name not in filled | set_:
                yield _flaw("filled_field_unused", f"fields.{name}", name=name)
            elif name in filled & set_:
                yield _flaw("filled_field_set_too", f"fields.{name}", name=name)

    # -- conditions

    def conditions(self) -> Found:
        for part, path in keyed(self.definition.steps):
            if part.when is None:
                continue
            yield None
            try:
                reading = read_condition(part.when, self.subject)
                self.engine.compile(part.when, self.subject, reading)
                self.readings[part.key] = reading
                faults = [*reading.faults, *self.bad_patterns(reading)]
            except IllTyped as error:
                faults = [error]
            except ValueError:
                faults = [IllTyped("condition_unreadable", part.when, 1)]
            for fault in faults:
                yield _flaw(fault.code, path, "when", near=fault.near, column=fault.column, **fault.facts)
        yield from self.costs()
        yield from self.sequence(self.definition.steps, "steps", frozenset(), (), [])

    def bad_patterns(self, reading: Reading) -> Iterator[IllTyped]:
        for pattern, column in reading.patterns:
            if not self.engine.accepts_pattern(pattern):
                yield IllTyped("condition_bad_pattern", pattern, column)

    def costs(self) -> Iterator[Invalid]:
        """Check that evaluating all conditions takes little time even for the largest subject, so that other
        work is not kept waiting."""
        sizes = declared_sizes(self.subject)
        works = {key: work_of(reading.loops, sizes) for key, reading in self.readings.items()}
        if sum(works.values()) > MOST_WORK:
            costliest = max(works, key=lambda key: works[key])
            path = next(path for part, path in keyed(self.definition.steps) if part.key == costliest)
            times = min(-(-sum(works.values()) // MOST_WORK), 1000)
            yield _flaw("condition_too_costly", path, "when", times=times)

    def sequence(
        self,
        nodes: list[Node],
        path: str,
        present: frozenset[str],
        around: tuple[Goal, ...],
        leaving: list[frozenset[str]],
    ) -> Found:
        """Find conditions that read an optional field which no earlier step guarantees, or that hold for no
        subject. `present` are the optional fields that have a value when the sequence begins. `around` are
        the conditions under which the sequence is reached. The fields that have a value after the sequence
        are appended to `leaving`."""
        for index, node in enumerate(nodes):
            here = f"{path}[{index}]"
            yield from self.condition(node, here, present, around)
            if isinstance(node, Step):
                if _always_decided(node):
                    present |= frozenset((*node.requires, *node.fills, *node.sets.get("approved", ())))
                continue
            within = (*around, *self.wanted(node, POSSIBLY))
            if isinstance(node, Choice):
                yield from self.choice(node, here, present)
            ends: list[frozenset[str]] = []
            for inner, inside in inner_of(node, here):
                others = tuple(self.left_to(node, inner)) if isinstance(node, Choice) else ()
                yield from self.condition(inner, inside, present, (*within, *others))
                left: list[frozenset[str]] = []
                reached = (*within, *others, *self.wanted(inner, POSSIBLY))
                yield from self.sequence(inner.steps, f"{inside}.steps", present, reached, left)
                surely_run = isinstance(node, Choice) or inner.when is None
                ends.append(left[0] if surely_run else present)
            if node.when is None:
                present = _made_sure(node, ends, present)
        leaving.append(present)

    def wanted(self, part: Node | Branch | Case, answers: frozenset[Answer]) -> Iterator[Goal]:
        reading = self.readings.get(part.key)
        if reading is not None:
            yield Goal(reading.formula, answers)

    def left_to(self, choice: Choice, case: Node | Branch | Case) -> Iterator[Goal]:
        """Yield what the cases that are tried before this one must answer for this one to be taken."""
        for other in choice.choose:
            if other is case and case.when is not None:
                return
            if choice.match == "first" or case.when is None:
                yield from self.wanted(other, FALSE)

    def condition(
        self, part: Node | Branch | Case, path: str, present: frozenset[str], around: tuple[Goal, ...]
    ) -> Found:
        reading = self.readings.get(part.key)
        if reading is None:
            return
        yield None
        for field in sorted(reading.unguarded - present):
            yield _flaw("condition_field_may_be_absent", path, "when", name=f"{self.subject.key}.{field}")
        wanted = [*around, Goal(reading.formula, POSSIBLY)]
        if is_possible(wanted, present, self.effort).possible == "never":
            yield _flaw("condition_never_holds", path, "when")

    def choice(self, node: Choice, path: str, present: frozenset[str]) -> Found:
        """Check that some case holds for every subject, and only one case unless the choice takes the first
        that holds. The conditions around the choice are ignored, since an amendment may change their result
        while the choice goes on."""
        others = [i for i, case in enumerate(node.choose) if case.when is None]
        for i in others[1:]:
            yield _flaw(
                "choice_two_otherwise", f"{path}.choose[{i}]", "when", first=node.choose[others[0]].key
            )
        read = [(i, case) for i, case in enumerate(node.choose) if case.key in self.readings]
        if node.match == "one":
            for (_, first), (i, second) in itertools.combinations(read, 2):
                yield None
                both = [*self.wanted(first, TRUE), *self.wanted(second, TRUE)]
                verdict = is_possible(both, present, self.effort)
                if verdict.possible != "never":
                    code = "choice_ambiguous" if verdict.possible == "surely" else "choice_overlap_unproven"
                    example = self.example(verdict)
                    yield _flaw(
                        code, f"{path}.choose[{i}]", "when", case=second.key, other=first.key, example=example
                    )
        if others or len(read) < len(node.choose):
            return
        none_holds = [each for _, case in read for each in self.wanted(case, NOT_TRUE)]
        verdict = is_possible(none_holds, present, self.effort)
        if verdict.possible == "surely":
            yield _flaw("choice_gap", path, "choose", example=self.example(verdict))
        elif verdict.possible == "perhaps":
            yield _flaw("choice_needs_otherwise", path, "choose")

    def example(self, verdict: Verdict) -> str:
        """Write an example of a subject in the language of conditions."""
        return ", ".join(
            f"{_in_subject(name, self.subject.key)} = {_written(value)}"
            for name, value in verdict.example.items()
        )

    # -- steps

    def step(self, step: Step, place: Place, path: str) -> Iterator[Invalid]:
        for name, fields in (
            ("requires", step.requires),
            ("material_fields", step.material_fields or []),
            ("shows", step.shows),
        ):
            for i, field in enumerate(fields):
                if field not in self.subject.fields:
                    yield _flaw("subject_field_unknown", f"{path}.{name}[{i}]", name=field)
        for i, name in enumerate(step.fills):
            yield from self.own_field(name, f"{path}.fills[{i}]")
        if step.fills and step.by_email:
            yield _flaw("filled_not_by_email", path, "by_email", step=step.key)
        for i, rule in enumerate(step.approvers):
            yield from self.approver(rule, f"{path}.approvers[{i}]")
            yield from self.came_before(rule.decided, place, f"{path}.approvers[{i}].decided")
        if isinstance(step.if_too_few, Ask):
            for i, rule in enumerate(step.if_too_few.ask):
                yield from self.approver(rule, f"{path}.if_too_few.ask[{i}]")
                yield from self.came_before(rule.decided, place, f"{path}.if_too_few.ask[{i}].decided")
        yield from self.reachable_quorum(step, path)
        yield from self.back_to(step, place, path)
        yield from self.due(step, path)
        yield from self.set_values(step, path)
        for i, notice in enumerate(step.notices):
            for j, rule in enumerate(notice.to):
                yield from self.approver(rule, f"{path}.notices[{i}].to[{j}]")
                if rule.decided != step.key:
                    yield from self.came_before(rule.decided, place, f"{path}.notices[{i}].to[{j}].decided")

    def own_field(self, name: str, path: str) -> Iterator[Invalid]:
        if name not in self.definition.fields:
            known = ", ".join(self.definition.fields) or "–"
            yield _flaw("filled_field_unknown", path, name=name, known=known)

    def set_values(self, step: Step, path: str) -> Iterator[Invalid]:
        for outcome, values in step.sets.items():
            where = f"{path}.sets.{outcome}"
            unknown = [flaw for name in values for flaw in self.own_field(name, f"{where}.{name}")]
            yield from unknown
            if not unknown:
                _, flaws = form_of(self.definition, values).complete(values, self.directory)
                for flaw in flaws:
                    yield _flaw(f"content_{flaw.code}", where, flaw.path, **flaw.facts)

    def approver(self, rule: Approver, path: str) -> Iterator[Invalid]:
        """Check that the person, role, unit or field that a rule names exists."""
        if rule.person is not None and self.directory.named(rule.person) is None:
            yield _flaw("person_unknown", path, "person", name=rule.person)
        if rule.role is not None and rule.role not in self.directory.roles:
            yield _flaw("role_unknown", path, "role", role=rule.role)
        for name, key in (("unit", rule.unit), ("unit_manager", rule.unit_manager)):
            if key is not None and self.directory.unit_named(key) is None:
                yield _flaw("unit_unknown", path, name, unit=key)
        if rule.field is not None and not self.holds_people(rule.field):
            yield _flaw("field_not_a_person", path, "field", name=rule.field)
        if rule.manager is not None:
            if not self.holds_people(rule.manager.of):
                yield _flaw("field_not_a_person", f"{path}.manager", "of", name=rule.manager.of)
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
        """Check that a step asks somebody, and enough people for its quorum."""
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
        varies = any(rule.manager or rule.field or rule.decided for rule in rules)
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
        """Yield the people whom a rule names for every subject and who may decide."""
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
        """Check that a step sends back only to a step that surely came before it: one in its own sequence or
        in a sequence around it."""
        if not isinstance(step.on_rejection, BackTo):
            return
        yield from self.came_before(step.on_rejection.back_to, place, f"{path}.on_rejection.back_to")

    def came_before(self, target_key: str | None, place: Place, path: str) -> Iterator[Invalid]:
        if target_key is None:
            return
        places = {other.key: where for other, where, _ in walk(self.definition.steps)}
        target = places.get(target_key)
        if target is None:
            yield _flaw("back_to_unknown", path, target=target_key)
            return
        depth = len(target.enclosing)
        around = [inner.key for _, inner in place.enclosing][:depth]
        inside = [inner.key for _, inner in target.enclosing]
        if around != inside or place.position[depth] <= target.position[-1]:
            yield _flaw("back_to_not_before", path, target=target_key)

    def due(self, step: Step, path: str) -> Iterator[Invalid]:
        if step.due is None:
            return
        for i, hours in enumerate(step.due.remind):
            if hours >= step.due.hours:
                yield _flaw("reminder_after_due", f"{path}.due.remind[{i}]", hours=step.due.hours)
        for i, action in enumerate(step.due.then):
            if action == "approve" and (step.requires or step.fills):
                yield _flaw("automatic_approval_requires", f"{path}.due.then[{i}]", step=step.key)
            if action != "escalate" and i + 1 < len(step.due.then):
                yield _flaw("overdue_action_unreachable", f"{path}.due.then[{i + 1}]", after=action)

    def limits(self) -> Iterator[Invalid]:
        for role in self.definition.limits:
            if role not in self.directory.roles:
                yield _flaw("role_unknown", f"limits.{role}", role=role)


def _always_decided(step: Step) -> bool:
    """Tell whether the process goes on after the step only if the step was approved."""
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


TRUE: Final[frozenset[Answer]] = frozenset({True})
FALSE: Final[frozenset[Answer]] = frozenset({False})
NOT_TRUE: Final[frozenset[Answer]] = frozenset({False, None})
POSSIBLY: Final[frozenset[Answer]] = frozenset({True, None})
"""The answers with which a part of the process is gone through: a condition that can't be decided counts as
true."""


def _in_subject(quantity: str, root: str) -> str:
    is_size = quantity.startswith("size(")
    return f"size({root}.{quantity[5:]}" if is_size else f"{root}.{quantity}"


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return str(value).lower()
    return "(–)" if value is None else f'"{value}"' if isinstance(value, str) else f"{value}"
