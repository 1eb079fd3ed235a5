"""A process: a tenant's approval rules as a document that an admin writes.

The document is a sequence of nodes. A node is a step that people approve, a set of parallel branches, or a
choice between cases. Branches and cases hold sequences of their own. Keys are unique in the whole document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final, Literal, LiteralString

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from .subjects import DatedContent, FieldName, FieldType, SubjectType
from .turns import Work, finished
from .values import Flag, Whole

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]
Condition = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
"""A CEL expression over the subject, which it reads under the name of its type: `brief.budget > 5000.0`."""
FieldPath = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$")]
_MONEY: Final = re.compile(r"\d{1,12}(\.\d{1,2})?", re.ASCII)
_HOURS: Final = re.compile(r"\d{1,4}(\.\d{1,2})?", re.ASCII)
_CLOCK: Final = re.compile(r"(\d{1,4}):([0-5]\d)", re.ASCII)
_ITALIAN: Final = re.compile(r"\d{1,3}(\.\d{3})+(,\d+)?|\d+,\d+", re.ASCII)
"""Numbers as Italians write them, such as `2.500`, `2.500,00` and `12,50`: a point groups thousands, and a
comma begins the decimals."""


def _limit(raw: Any) -> Decimal | Literal["unlimited"]:
    """Read a limit such as `2500` or `2500.00`, quoted or not. Three decimals are refused, since an Italian
    reader would take `2.500` for thousands."""
    if raw == "unlimited":
        return "unlimited"
    return _written(raw, _MONEY, "money_form")


def _hours(raw: Any) -> Decimal:
    if isinstance(raw, str) and (clock := _CLOCK.fullmatch(raw.strip())):
        facts = {"written": raw, "write": f"{int(clock[1]) + int(clock[2]) / 60:.4g}"}
        raise PydanticCustomError("hours_as_clock", "Hours are a number", facts)
    return _written(raw, _HOURS, "hours_form")


def _written(raw: Any, form: re.Pattern[str], code: LiteralString) -> Decimal:
    text = "" if isinstance(raw, bool) else str(raw).strip()
    if form.fullmatch(text):
        return Decimal(text)
    if _ITALIAN.fullmatch(text):
        whole, _, cents = text.partition(",")
        write = whole.replace(".", "") + (f".{cents[:2]}" if cents else "")
        facts = {"written": text, "write": write}
        raise PydanticCustomError("italian_number", "A point comes before the decimals", facts)
    raise PydanticCustomError(code, "A plain decimal number is needed")


Hours = Annotated[Decimal, BeforeValidator(_hours), Field(gt=0, le=2000)]
Limit = Annotated[
    Decimal | Literal["unlimited"],
    PlainValidator(_limit),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": ["number", "string"], "pattern": r"^\d{1,12}(\.\d{1,2})?$"},
                {"const": "unlimited"},
            ]
        }
    ),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ManagerSelector(_Part):
    """The managers above a person."""

    of: FieldPath = "requester"
    """The field of the subject that holds the person."""
    take: Literal["direct", "first_qualified", "up_to_qualified"] = "direct"
    """Which of the managers: only the direct one, the first whose limit covers the amount, or everybody up to
    and including that one."""
    levels: Annotated[Whole, Field(ge=1, le=10)] = 10
    """How far up the chain is followed."""


class Approver(_Part):
    """A rule that says whom to ask. It names people in exactly one way."""

    person: str | None = None
    """An e-mail address or a person's id."""
    role: Key | None = None
    unit: Key | None = None
    """Everybody in the unit."""
    unit_manager: Key | None = None
    manager: ManagerSelector | None = None
    field: FieldPath | None = None
    """A field of the subject that holds a person, several people, or a person's id."""
    decided: Key | None = None
    """The key of an earlier step, whose deciders are asked."""
    group: Key | None = None
    """The group for the quorum `one_per_group`. Without it, each rule is a group of its own."""

    @model_validator(mode="after")
    def names_people_in_one_way(self) -> Approver:
        ways = (self.person, self.role, self.unit, self.unit_manager, self.manager, self.field, self.decided)
        if sum(way is not None for way in ways) != 1:
            raise PydanticCustomError("approver_one_way", "Name people in exactly one way")
        return self


class AtLeast(_Part):
    at_least: Annotated[Whole, Field(ge=1, le=1000)]


class Percent(_Part):
    percent: Annotated[Whole, Field(ge=1, le=100)]


class Ask(_Part):
    ask: Annotated[list[Approver], Field(min_length=1, max_length=50)]


class BackTo(_Part):
    back_to: Key


Quorum = Literal["any", "all", "one_per_group"] | AtLeast | Percent
Rejection = Literal["any", "impossible"] | AtLeast | Percent
"""How many rejections reject a step. `impossible` means only when the quorum can no longer be met."""
Overdue = Literal["escalate", "approve", "reject", "skip", "expire"]


Allowed = Literal["abstain", "request_changes", "forward"]
ALLOWED: tuple[Allowed, ...] = ("abstain", "request_changes", "forward")


class Due(_Part):
    """When a step is due and what happens then. Times are working hours of the tenant's calendar, counted
    from when the step began to wait."""

    hours: Hours
    remind: Annotated[list[Hours], Field(max_length=10, default_factory=list)]
    then: Annotated[list[Overdue], Field(max_length=10, default_factory=list)]
    """The actions that are carried out one after the other, each time that the hours are over. After the last
    one nothing more happens."""


class Evidence(_Part):
    """What may be attached to a decision."""

    media_types: Annotated[
        list[Literal["application/pdf", "image/png", "image/jpeg"]], Field(min_length=1, max_length=3)
    ]
    at_most: Annotated[Whole, Field(ge=1, le=20)] = 5
    required: Flag = False


Decided = Literal["approved", "rejected"]
"""The outcomes of a step that people have decided, or that was decided because it was overdue."""


SetValue = Annotated[
    str | int | bool, BeforeValidator(lambda raw: str(raw) if isinstance(raw, Decimal) else raw)
]


class Notice(_Part):
    """A notice that tells people how the step was decided, at once or some time later."""

    on: Decided = "approved"
    after: Hours | None = None
    """How many working hours after the decision the notice is sent, or None for at once."""
    to: Annotated[list[Approver], Field(min_length=1, max_length=20)]
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Step(_Part):
    """A point where people approve."""

    key: Key
    name: Name = ""
    when: Condition | None = None
    approvers: Annotated[list[Approver], Field(min_length=1, max_length=50)]
    quorum: Quorum = "any"
    distinct: Flag | None = None
    """Whether different people have to decide, each for one part only. If None, this is so with the quorum
    `all` or `one_per_group`."""
    rejection: Rejection = "any"
    self_approval: Literal["forbidden", "skipped", "allowed"] = "forbidden"
    """What happens if the requester is one of the approvers: others decide (`forbidden`), the step is skipped
    (`skipped`), or the requester decides too (`allowed`)."""
    same_person: Literal["asked_again", "once"] = "asked_again"
    """With `once`, a person who approved the same content in the step right before has approved this one
    too."""
    absent: Literal["asked", "left_out"] = "asked"
    """Whether a person who is absent and has no delegate is asked."""
    if_too_few: Literal["skip", "reject"] | Ask | None = None
    """What happens if fewer people can be asked than the quorum needs. If None, the admins are asked too."""
    requires: list[FieldName] = Field(default_factory=list)
    """Fields of the subject that must have a value before the step can be approved."""
    material_fields: list[FieldName] | None = None
    """The fields whose amendment reopens the step, or None for all fields."""
    fills: list[FieldName] = Field(default_factory=list)
    """Fields of the process that approvers of this step fill in."""
    shows: list[FieldName] = Field(default_factory=list)
    """Protected fields that approvers of this step see."""
    due: Due | None = None
    on_rejection: Literal["stop", "requester"] | BackTo = "stop"
    allows: set[Allowed] = Field(default_factory=lambda: set(ALLOWED))
    reasons: set[Literal["approve", "abstain"]] = Field(default_factory=set)
    """Outcomes that need a reason. Rejections and requests for changes always need one."""
    evidence: Evidence | None = None
    by_email: Flag = False
    """Whether everybody who is asked gets an e-mail with a link to decide without signing in."""
    sets: dict[Decided, dict[FieldName, SetValue]] = Field(default_factory=dict)
    """The values that fields of the process take when the step is decided, by outcome."""
    notices: Annotated[list[Notice], Field(max_length=10, default_factory=list)]


class Branch(_Part):
    key: Key
    name: Name = ""
    when: Condition | None = None
    steps: Annotated[list[Node], Field(min_length=1, max_length=200)]


class Parallel(_Part):
    """Branches that run at the same time. `join` says how many of those that run must be approved."""

    key: Key
    name: Name = ""
    when: Condition | None = None
    parallel: Annotated[list[Branch], Field(min_length=2, max_length=50)]
    join: Literal["all", "any"] | AtLeast = "all"


class Case(_Part):
    key: Key
    name: Name = ""
    when: Condition | None = None
    """The case's condition. The one case without a condition is taken if no other is."""
    steps: Annotated[list[Node], Field(max_length=200, default_factory=list)]


class Choice(_Part):
    """A choice between cases, exactly one of which is taken."""

    key: Key
    name: Name = ""
    when: Condition | None = None
    match: Literal["one", "first"] = "one"
    """With `one`, cases that could hold at the same time are refused at publication. With `first`, the first
    case that holds is taken, in the document's order."""
    choose: Annotated[list[Case], Field(min_length=2, max_length=50)]


def _kind_of_node(raw: Any) -> str:
    keys = raw if isinstance(raw, Mapping) else getattr(raw, "__dict__", {})
    if "parallel" in keys:
        return "parallel"
    return "choice" if "choose" in keys else "step"


Node = Annotated[
    Annotated[Step, Tag("step")] | Annotated[Parallel, Tag("parallel")] | Annotated[Choice, Tag("choice")],
    Discriminator(_kind_of_node),
]


class FilledField(_Part):
    """A field that approvers fill in, or that a step sets when it is decided. Conditions and `requires` read
    it like a field of the subject."""

    type: Literal["text", "flag", "whole", "number", "money", "date"]
    name: Name = ""


class Definition(_Part):
    """The document of a process. `limits` says up to which amount, in euro, each role may approve; a role
    that is not listed may not. `fields` are those that approvers fill in or steps set."""

    key: Key
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    subject: FieldName
    limits: dict[Key, Limit] = Field(default_factory=dict)
    fields: Annotated[dict[FieldName, FilledField], Field(max_length=50, default_factory=dict)]
    steps: Annotated[list[Node], Field(min_length=1, max_length=200)]


Branch.model_rebuild()
Case.model_rebuild()
Parallel.model_rebuild()
Choice.model_rebuild()
Definition.model_rebuild()

Predicate = Callable[[DatedContent], bool]
"""A compiled condition over a subject's content. Raises ValueError if it can't be decided."""


Enclosing = tuple[tuple["Parallel | Choice", "Branch | Case"], ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A step's place in the document: the branches and cases around it, the outermost first, and its position
    in each sequence."""

    enclosing: Enclosing
    position: tuple[int, ...]
    """The step's index in each enclosing sequence, the outermost first."""


RULES = 7
"""The number of the rules by which the engine reads versions that are published now. A version keeps the
rules under which it was published. Earlier rules differ as follows:

- rules 1: a person who decides without saying for whom decides for the person whom they stand in for, and one
person may decide for several people of a step; - before rules 3: a branch that an amendment closes goes on to
its end; - before rules 4: an approval keeps no day for conditions to read; - before rules 5: a choice that a
condition passed over has to be decided all the same; - before rules 6: an escalation merges parts into one
even if that decides the step; - before rules 7: conditions compute with binary floating-point numbers
(doubles)."""


@dataclass(frozen=True, slots=True)
class Process:
    """A published version, ready to run: the document, its subject type and its compiled conditions."""

    version: int
    definition: Definition
    subject: SubjectType
    """The subject type, with the fields that approvers fill in."""
    conditions: Mapping[str, Predicate] = field(default_factory=dict, repr=False, compare=False)
    steps: Mapping[str, Step] = field(default_factory=dict, repr=False, compare=False)
    places: Mapping[str, Place] = field(default_factory=dict, repr=False, compare=False)
    choices: Mapping[str, Choice] = field(default_factory=dict, repr=False, compare=False)
    rules: int = RULES
    deciding_again: frozenset[str] = field(default=frozenset(), repr=False, compare=False)
    """The steps whose deciders are asked by another step or receive a notice."""

    @property
    def key(self) -> str:
        return self.definition.key

    @property
    def submitted(self) -> SubjectType:
        """The subject type without the fields that approvers fill in."""
        if not self.definition.fields:
            return self.subject
        fields = {n: f for n, f in self.subject.fields.items() if n not in self.definition.fields}
        return self.subject.model_copy(update={"fields": fields})

    def wants_different_people(self, step: Step) -> bool:
        """Tell whether each person may decide only one part of the step, their own or another's."""
        if step.distinct is not None:
            return step.distinct
        return self.rules > 1 and step.quorum in ("all", "one_per_group")

    def case_for(self, choice: Choice, dated: DatedContent) -> Case | None:
        """Return the first case whose condition is true or, if every condition is false, the case without
        one. Return None if a condition can't be decided, since a case is never guessed."""
        otherwise: Case | None = None
        told = True
        for case in choice.choose:
            if case.when is None:
                otherwise = case
                continue
            answer = self.answer(case.key, dated)
            if answer is True:
                return case
            told = told and answer is False
            if not told and choice.match == "first":
                return None
        return otherwise if told else None

    def reaches(self, key: str, dated: DatedContent) -> bool:
        """Tell whether every condition around the step, and its own, holds for the content. While a choice
        can't be decided yet, each of its cases counts as reachable."""
        return self._holds_around(self.places[key].enclosing, dated) and self.holds(key, dated)

    def _holds_around(self, enclosing: Enclosing, dated: DatedContent) -> bool:
        for node, inner in enclosing:
            if not self.holds(node.key, dated):
                return False
            if isinstance(node, Choice):
                taken = self.case_for(node, dated)
                if taken is not None and taken is not inner:
                    return False
            elif not self.holds(inner.key, dated):
                return False
        return True

    def leads_to(self, choice: Choice, dated: DatedContent) -> bool:
        """Tell whether every condition around a choice, and its own, holds for the content."""
        for place in self.places.values():
            nodes = [node for node, _ in place.enclosing]
            if choice in nodes:
                around = place.enclosing[: nodes.index(choice)]
                return self._holds_around(around, dated) and self.holds(choice.key, dated)
        return False

    def from_step_on(self, key: str) -> list[str]:
        """List the step and all steps that come after it in its sequence, in document order."""
        target = self.places[key]
        depth, around = len(target.enclosing), _keys(target)
        return [
            other
            for other, place in self.places.items()
            if _keys(place)[:depth] == around and place.position[depth] >= target.position[-1]
        ]

    def steps_before(self, key: str) -> list[str]:
        """List the steps that come before this one in its own sequence and in the sequences around it, in
        document order."""
        place = self.places[key]
        sequences = [self.definition.steps, *(inner.steps for _, inner in place.enclosing)]
        return [
            step.key
            for nodes, index in zip(sequences, place.position, strict=True)
            for step, _, _ in walk(nodes[:index])
        ]

    def holds(self, key: str, dated: DatedContent) -> bool:
        """Tell whether the condition of the node, branch or case `key` holds. A condition that can't be
        decided counts as true, since asking more people is the safe choice."""
        return self.answer(key, dated) is not False

    def answer(self, key: str, dated: DatedContent) -> bool | None:
        """Return the result of the condition of `key` for the content, or None if it can't be decided. Return
        True if there is no condition."""
        condition = self.conditions.get(key)
        if condition is None:
            return True
        try:
            return condition(dated)
        except ValueError:
            return None


def with_filled_fields(subject: SubjectType, definition: Definition) -> SubjectType:
    """Return the subject type with the process's own fields added. These hide no field of the subject."""
    if not definition.fields:
        return subject
    added = {name: FieldType(type=each.type, optional=True) for name, each in definition.fields.items()}
    return subject.model_copy(update={"fields": added | subject.fields})


def form_of(definition: Definition, names: Iterable[str]) -> SubjectType:
    """Return a subject type that consists of some of the process's own fields, all of them required."""
    fields = {name: FieldType(type=definition.fields[name].type) for name in names}
    return SubjectType(key="form", name="Form", fields=fields)


def process(
    definition: Definition,
    version: int,
    subject: SubjectType,
    compiled: Callable[[str], Predicate],
    rules: int = RULES,
) -> Process:
    """Make a definition ready to run. Raises ValueError if a condition can't be compiled."""
    return finished(preparing(definition, version, subject, compiled, rules))


def preparing(
    definition: Definition,
    version: int,
    subject: SubjectType,
    compiled: Callable[[str], Predicate],
    rules: int = RULES,
) -> Work[Process]:
    """Do the same as `process`, in slices."""
    conditions = {}
    for key, when, _ in conditions_of(definition):
        conditions[key] = compiled(when)
        yield
    places = {step.key: place for step, place, _ in walk(definition.steps)}
    steps = {step.key: step for step, _, _ in walk(definition.steps)}
    choices = {part.key: part for part, _ in keyed(definition.steps) if isinstance(part, Choice)}
    rules_of_all = [rule for step in steps.values() for rule in (*rules_in(step), *told_by(step))]
    again = frozenset(rule.decided for rule in rules_of_all if rule.decided)
    return Process(version, definition, subject, conditions, steps, places, choices, rules, again)


def judging(process: Process, dated: DatedContent) -> Work[Process]:
    """Evaluate all conditions for the content, one in each slice, and return a process that knows their
    results."""
    answers = {}
    for key in process.conditions:
        answers[key] = process.answer(key, dated)
        yield
    known = {
        key: partial(_known_answer, condition, dated, answers[key])
        for key, condition in process.conditions.items()
    }
    return replace(process, conditions=known)


def _known_answer(condition: Predicate, of: DatedContent, answer: bool | None, dated: DatedContent) -> bool:
    if dated != of:
        return condition(dated)
    if answer is None:
        raise ValueError("it can't be told")
    return answer


def rules_in(step: Step) -> list[Approver]:
    """List all approver rules of the step, including those for the case that it finds too few people."""
    return [*step.approvers, *(step.if_too_few.ask if isinstance(step.if_too_few, Ask) else ())]


def told_by(step: Step) -> list[Approver]:
    """List all rules that name the recipients of the step's notices."""
    return [rule for notice in step.notices for rule in notice.to]


def join_needed(node: Parallel, running: int) -> int:
    """Return how many of the running branches must be approved."""
    if isinstance(node.join, AtLeast):
        return min(node.join.at_least, running)
    return running if node.join == "all" else min(1, running)


def _keys(place: Place) -> list[str]:
    return [inner.key for _, inner in place.enclosing]


def inner_of(node: Parallel | Choice, path: str) -> Iterator[tuple[Branch | Case, str]]:
    """Yield the branches or cases of a node, with their paths in the document."""
    if isinstance(node, Parallel):
        for index, branch in enumerate(node.parallel):
            yield branch, f"{path}.parallel[{index}]"
    else:
        for index, case in enumerate(node.choose):
            yield case, f"{path}.choose[{index}]"


def walk(
    nodes: list[Node], inside: Place = Place((), ()), path: str = "steps"
) -> Iterator[tuple[Step, Place, str]]:
    """Yield every step in document order, with its place and its path in the document."""
    for index, node in enumerate(nodes):
        here, position = f"{path}[{index}]", (*inside.position, index)
        if isinstance(node, Step):
            yield node, Place(inside.enclosing, position), here
        else:
            for inner, where in inner_of(node, here):
                within = Place((*inside.enclosing, (node, inner)), position)
                yield from walk(inner.steps, within, f"{where}.steps")


def keyed(
    nodes: list[Node], path: str = "steps"
) -> Iterator[tuple[Step | Parallel | Choice | Branch | Case, str]]:
    """Yield everything that has a key, in document order, with its path in the document."""
    for index, node in enumerate(nodes):
        here = f"{path}[{index}]"
        yield node, here
        if isinstance(node, Step):
            continue
        for inner, where in inner_of(node, here):
            yield inner, where
            yield from keyed(inner.steps, f"{where}.steps")


def conditions_of(definition: Definition) -> Iterator[tuple[str, str, str]]:
    """Yield every condition as (key of what it guards, expression, path in the document)."""
    for part, path in keyed(definition.steps):
        if part.when is not None:
            yield part.key, part.when, f"{path}.when"
