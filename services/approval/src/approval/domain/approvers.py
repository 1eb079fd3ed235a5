"""Selects who is asked to approve a step and who is left out, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from .directory import Directory, Person
from .process import Approver, Ask, ManagerSelector, Process, Step, rules_in
from .quorum import approvals_needed
from .subjects import Content
from .values import value

ADMINS = Approver(role="admin")
"""The approvers who are added if a step finds too few and does not say what to do then."""


Origin = Literal["named", "fallback", "forwarded", "escalated", "handed_over", "reassigned", "added"]


@value
class AskedPerson:
    """A person who is asked."""

    person: UUID
    groups: tuple[str, ...]
    why: str
    """The selector that names them, such as `role:purchasing` or `manager:first_qualified`."""
    origin: Origin = "named"


@value
class LeftOut:
    person: UUID
    why: Literal["inactive", "may_not_decide", "absent", "requester"]


@value
class Selection:
    asked: tuple[AskedPerson, ...]
    """Everybody who may be asked, even if these are too few."""
    left_out: tuple[LeftOut, ...] = ()
    instead: Literal["skipped_for_requester", "skip", "reject"] | None = None
    """What happens to the step instead of asking anybody."""


@value
class Asking:
    """Everything besides the step on which a selection of approvers depends."""

    process: Process
    content: Content
    requester: UUID
    directory: Directory
    now: datetime
    deciders: Mapping[str, Sequence[UUID]] = field(default_factory=dict)
    """The people who approved or rejected a step, for each step whose deciders another step asks."""
    in_their_place: UUID = field(init=False)
    """The requester or, if they have left, their successor."""

    def __post_init__(self) -> None:
        self.in_their_place = self.directory.in_place_of(self.requester)  # type: ignore[misc]


def select_approvers(step: Step, asking: Asking) -> Selection:
    """Select everybody whom the step's rules name now, each once, in the order of the rules."""
    # A selection that depends only on the requester and the directory is cached in the directory.
    remembered = asking.directory.remembered
    name = (id(step), asking.requester)
    known: tuple[Step, Selection] | None = remembered.get(name)
    if known is not None and known[0] is step:
        return known[1]
    selection = _select(step, asking)
    if _same_for_all_subjects(step):
        remembered[name] = (step, selection)
    return selection


def _same_for_all_subjects(step: Step) -> bool:
    """Tell whether the step's approvers depend only on the requester and the directory, and not on the
    content or the time."""
    return step.absent == "asked" and not any(
        rule.manager is not None or rule.field is not None or rule.decided is not None
        for rule in rules_in(step)
    )


def _select(step: Step, asking: Asking) -> Selection:
    asked, left_out = _choose(step, step.approvers, asking, fallback=False)
    if step.self_approval == "skipped" and any(out.why == "requester" for out in left_out):
        return Selection(tuple(asked), tuple(left_out), "skipped_for_requester")
    lacking = _groups_lacking(step, asked)
    if not lacking and len(asked) >= approvals_needed(step.quorum, len(asked)):
        return Selection(tuple(asked), tuple(left_out))
    if step.if_too_few == "reject":
        return Selection(tuple(asked), tuple(left_out), "reject")
    if step.if_too_few == "skip":
        # If other groups have people, the groups without people are dropped.
        return Selection(tuple(asked), tuple(left_out), None if lacking and asked else "skip")
    rules = step.if_too_few.ask if isinstance(step.if_too_few, Ask) else [ADMINS]
    more, more_left_out = _choose(step, rules, asking, fallback=True)
    known = {each.person for each in asked}
    for each in more:
        if each.person not in known:
            asked.append(AskedPerson(each.person, tuple(lacking) or each.groups, each.why, each.origin))
    enough = len(asked) >= approvals_needed(step.quorum, len(asked)) and not _groups_lacking(step, asked)
    return Selection(tuple(asked), (*left_out, *more_left_out), None if enough else "reject")


def rules_of(step: Step) -> set[str]:
    """Return the roles, units and managers by which the step finds its approvers. If one of them changes, the
    step may ask other people."""
    rules = [*step.approvers, *(step.if_too_few.ask if isinstance(step.if_too_few, Ask) else [ADMINS])]
    found = set()
    for rule in rules:
        if rule.role is not None:
            found.add(f"role:{rule.role}")
        elif rule.unit is not None:
            found.add(f"unit:{rule.unit}")
        elif rule.unit_manager is not None:
            found.add(f"unit_manager:{rule.unit_manager}")
        elif rule.manager is not None:
            found.add("manager")
    return found


def asked_by_field(step: Step) -> set[str]:
    """Return the subject's top-level fields that name approvers of the step."""
    rules = rules_in(step)
    paths = [rule.field or (rule.manager.of if rule.manager else "") for rule in rules]
    return {path.partition(".")[0] for path in paths if path}


def asks_deciders(step: Step) -> bool:
    """Tell whether the step asks people because they decided an earlier step."""
    return any(rule.decided is not None for rule in step.approvers)


def group_of(approver: Approver, index: int) -> str:
    return approver.group or str(index + 1)


def may_decide(person: Person, step: Step) -> bool:
    """Tell whether the person may decide the step: they have the privilege, or they may decide by link. A
    link is enough only if the step sends e-mails and goes on by itself when it is overdue, since links expire
    and such a person must not block the step for ever."""
    if person.may_decide or not person.by_link:
        return person.may_decide
    return step.by_email and step.due is not None and bool(step.due.then)


def may_be_asked(
    person: Person | None, step: Step, asking: Asking
) -> Literal["yes", "unknown", "inactive", "may_not_decide", "absent", "requester"]:
    """Return "yes" if the step may ask this person, or the reason why it may not."""
    if person is None:
        return "unknown"
    if not person.active:
        return "inactive"
    if not may_decide(person, step):
        return "may_not_decide"
    if step.self_approval != "allowed" and person.id == asking.in_their_place:
        return "requester"
    if step.absent == "left_out" and person.is_absent(asking.now):
        amount = asking.process.subject.amount(asking.content)
        if not asking.directory.delegates(person.id, asking.process.key, amount, asking.now):
            return "absent"
    return "yes"


def _choose(
    step: Step, rules: list[Approver], asking: Asking, *, fallback: bool
) -> tuple[list[AskedPerson], list[LeftOut]]:
    # Only the requester is treated differently from subject to subject. If the one role or unit does not
    # contain them, the selection is the same for all subjects and cached: it may hold thousands of people.
    of_group = len(rules) == 1 and (rules[0].role or rules[0].unit) and step.absent == "asked"
    if of_group and asking.in_their_place not in _named_by_group(rules[0], asking):
        return _everybody(step, rules[0], asking, fallback=fallback)
    return _choose_each(step, rules, asking, fallback=fallback)


def _named_by_group(rule: Approver, asking: Asking) -> frozenset[UUID]:
    """Return everybody with the rule's role, or in its unit."""
    remembered, name = asking.directory.remembered, ("named", rule.role, rule.unit)
    if name not in remembered:
        ids, _ = _group(rule, asking.directory)
        remembered[name] = frozenset(ids)
    found: frozenset[UUID] = remembered[name]
    return found


def _everybody(
    step: Step, rule: Approver, asking: Asking, *, fallback: bool
) -> tuple[list[AskedPerson], list[LeftOut]]:
    """Return who is asked, and who is left out, of the people with a role or in a unit. The requester must
    not be one of them."""
    letters = step.by_email and step.due is not None and bool(step.due.then)
    remembered, name = asking.directory.remembered, ("everybody", rule.role, rule.unit, rule.group, letters)
    if (name, fallback) not in remembered:
        remembered[name, fallback] = _choose_all(step, rule, asking, fallback=fallback)
    asked, left_out = remembered[name, fallback]
    return [*asked], [*left_out]


def _choose_all(
    step: Step, rule: Approver, asking: Asking, *, fallback: bool
) -> tuple[list[AskedPerson], list[LeftOut]]:
    """Do the same as `_choose_each` for one role or unit, if absent people are asked too. This is faster."""
    groups = (group_of(rule, 0),)
    origin: Origin = "fallback" if fallback else "named"
    chosen: list[AskedPerson] = []
    left_out: list[LeftOut] = []
    ids, why = _group(rule, asking.directory)
    people = asking.directory.people
    for person_id in ids:
        person = people[person_id]
        plainly = person.active and person.may_decide
        answer = "yes" if plainly else may_be_asked(person, step, asking)
        if answer == "yes":
            chosen.append(AskedPerson(person_id, groups, why, origin))
        elif answer != "unknown":
            left_out.append(LeftOut(person_id, answer))
    return chosen, left_out


def _group(rule: Approver, directory: Directory) -> tuple[Sequence[UUID], str]:
    """Return the people of a role or unit, each once, and the selector that names them."""
    if rule.role is not None:
        return directory.holders(rule.role), f"role:{rule.role}"
    unit = directory.unit_named(rule.unit) if rule.unit is not None else None
    return directory.members(unit.id) if unit else (), f"unit:{rule.unit}"


def _choose_each(
    step: Step, rules: list[Approver], asking: Asking, *, fallback: bool
) -> tuple[list[AskedPerson], list[LeftOut]]:
    found: dict[UUID, tuple[list[str], str]] = {}
    left_out: dict[UUID, LeftOut] = {}
    for index, rule in enumerate(rules):
        group = group_of(rule, index)
        for person_id, why in named_by(rule, asking):
            answer = may_be_asked(asking.directory.person(person_id), step, asking)
            if answer == "yes":
                groups, _ = found.setdefault(person_id, ([], why))
                if group not in groups:
                    groups.append(group)
            elif answer != "unknown":
                left_out.setdefault(person_id, LeftOut(person_id, answer))
    origin: Origin = "fallback" if fallback else "named"
    chosen = [AskedPerson(person, tuple(groups), why, origin) for person, (groups, why) in found.items()]
    return chosen, list(left_out.values())


def _groups_lacking(step: Step, chosen: list[AskedPerson]) -> list[str]:
    if step.quorum != "one_per_group":
        return []
    served = {group for each in chosen for group in each.groups}
    wanted = dict.fromkeys(group_of(rule, index) for index, rule in enumerate(step.approvers))
    return [group for group in wanted if group not in served]


def named_by(rule: Approver, asking: Asking) -> Iterator[tuple[UUID, str]]:
    """Yield everybody whom one rule names, whether or not they may be asked, with the selector that names
    them."""
    directory = asking.directory
    if rule.person is not None:
        person = directory.named(rule.person)
        if person is not None:
            yield person.id, f"person:{rule.person}"
    elif rule.role is not None or rule.unit is not None:
        ids, why = _group(rule, directory)
        for person_id in ids:
            yield person_id, why
    elif rule.unit_manager is not None:
        unit = directory.unit_named(rule.unit_manager)
        if unit is not None and unit.manager is not None:
            yield unit.manager, f"unit_manager:{rule.unit_manager}"
    elif rule.manager is not None:
        yield from _managers(rule.manager, asking)
    elif rule.decided is not None:
        for person_id in asking.deciders.get(rule.decided, ()):
            yield person_id, f"decided:{rule.decided}"
    elif rule.field is not None:
        for person_id in people_at(rule.field, asking):
            yield person_id, f"field:{rule.field}"


def people_at(path: str, asking: Asking) -> list[UUID]:
    """Return the people whom a field of the subject names. It may hold one person or a list of people, each
    as a record, an id or an e-mail address."""
    if path == "requester":
        return [asking.requester]
    value: Any = asking.content
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    found = []
    for each in value if isinstance(value, list) else [value]:
        named = each.get("id") if isinstance(each, dict) else each
        person = asking.directory.named(str(named)) if named is not None else None
        if person is not None:
            found.append(person.id)
    return found


def _managers(rule: ManagerSelector, asking: Asking) -> Iterator[tuple[UUID, str]]:
    amount = asking.process.subject.amount(asking.content)
    for start in people_at(rule.of, asking):
        above: list[UUID] = []
        for level, manager_id in enumerate(asking.directory.managers_above(start), start=1):
            if level > rule.levels:
                break
            above.append(manager_id)
            if rule.take == "direct":
                yield manager_id, "manager:direct"
                break
            if covers_amount(asking.process, asking.directory.person(manager_id), amount):
                reached = above if rule.take == "up_to_qualified" else above[-1:]
                for person_id in reached:
                    yield person_id, f"manager:{rule.take}"
                break


def covers_amount(process: Process, person: Person | None, amount: Decimal | None) -> bool:
    """Tell whether one of the person's roles may approve the amount. An unknown amount needs a role without a
    limit."""
    if person is None or not person.active or not person.may_decide:
        return False
    limits = process.definition.limits
    for role in person.roles:
        limit = limits.get(role)
        if limit == "unlimited" or (isinstance(limit, Decimal) and amount is not None and amount <= limit):
            return True
    return False
