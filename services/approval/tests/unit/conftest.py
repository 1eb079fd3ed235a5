"""A small company, and what it takes to run a process in memory."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from importlib.resources import files
from typing import Any, ClassVar
from uuid import UUID, uuid5

import pytest
import yaml
from pydantic import TypeAdapter

from approval.adapters.cel import CelConditions
from approval.domain import engine
from approval.domain.approval import Approval, Event, rebuild
from approval.domain.directory import Delegation, Directory, Person, Unit
from approval.domain.process import RULES, Definition, Process, process, with_filled_fields
from approval.domain.run import Result
from approval.domain.subjects import SubjectType
from optima_kit.refusals import Invalid, Refusal, WrongState

_EVENTS: TypeAdapter[Event] = TypeAdapter(Event)
SPACE = UUID("0192f000-0000-7000-8000-000000000000")
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def person_id(name: str) -> UUID:
    return uuid5(SPACE, name)


@cache
def brief_type() -> SubjectType:
    text = files("approval.adapters").joinpath("subject_types/brief.yaml").read_text()
    return SubjectType.model_validate(yaml.safe_load(text))


@dataclass
class World:
    """Marta asks; Paolo and Piera purchase; Lia leads marketing; Dario directs; Ada administers."""

    now: datetime = MONDAY
    people: dict[UUID, Person] = field(default_factory=dict)
    units: dict[UUID, Unit] = field(default_factory=dict)
    delegations: tuple[Delegation, ...] = ()
    approval: Approval | None = None
    process: Process | None = None
    history: list[Event] = field(default_factory=list)
    journal: list[dict[str, Any]] = field(default_factory=list)
    earlier: Process | None = None
    read_by: int = RULES
    """The rules by which the engine reads what is defined."""
    undecided: ClassVar = ("choice_undecided", "choice_without_case")
    """Refusals at a choice of which no case can be taken."""

    def __post_init__(self) -> None:
        marketing, company = person_id("unit marketing"), person_id("unit company")
        self.units = {
            company: Unit(company, "azienda", None, person_id("dario")),
            marketing: Unit(marketing, "marketing", company, person_id("lia")),
        }
        for name, roles, unit in (
            ("marta", "marketing", marketing),
            ("mirco", "marketing", marketing),
            ("lia", "marketing marketing-lead", marketing),
            ("paolo", "purchasing", company),
            ("piera", "purchasing", company),
            ("dario", "director", company),
            ("ada", "admin", company),
        ):
            self.people[person_id(name)] = Person(
                person_id(name), name.title(), f"{name}@example.it", frozenset(roles.split()), unit
            )

    @staticmethod
    def brief_type() -> SubjectType:
        return brief_type()

    def id(self, name: str) -> UUID:
        return person_id(name)

    @property
    def directory(self) -> Directory:
        roles = frozenset(role for person in self.people.values() for role in person.roles)
        return Directory(self.people, self.units, self.delegations, roles)

    def change(self, name: str, **changes: Any) -> None:
        self.people[person_id(name)] = replace(self.people[person_id(name)], **changes)

    def leave(self, name: str) -> None:
        self.change(name, active=False)

    def depart(self, name: str, successor: str) -> None:
        """They leave, and somebody takes over."""
        self.change(name, active=False, successor=person_id(successor))
        self.people_change()

    def delegate(self, giver: str, taker: str, hours: float = 24, **scope: Any) -> None:
        until = self.now + timedelta(hours=hours)
        delegation = Delegation(
            uuid5(SPACE, f"{giver}>{taker}"), person_id(giver), person_id(taker), self.now, until, **scope
        )
        self.delegations = (*self.delegations, delegation)

    def content(self, **changes: Any) -> dict[str, Any]:
        content: dict[str, Any] = {
            "number": "B-1",
            "revision": 1,
            "title": "Espositori",
            "category": "POP",
            "budget": "8000.00",
            "deadline": "2026-12-20",
            "requester": {"id": str(person_id("marta")), "name": "Marta", "roles": ["marketing"]},
            "items": [],
            "attachments": [],
        }
        return {name: value for name, value in (content | changes).items() if value is not None}

    def define(self, document: Any, version: int = 1) -> Process:
        """A process from a document, from YAML, or from its steps alone."""
        document = yaml.safe_load(document) if isinstance(document, str) else document
        if isinstance(document, list):
            document = {"steps": document}
        definition = Definition.model_validate(
            {"key": "prova", "name": "Prova", "subject": "brief"} | document
        )
        subject, conditions = with_filled_fields(brief_type(), definition), CelConditions()
        compiled = partial(conditions.compile, subject=subject, exact=self.read_by > 6)
        return process(definition, version, subject, compiled, self.read_by)

    def open(
        self, document: Any, requester: str = "marta", content: dict[str, Any] | None = None, **changes: Any
    ) -> World:
        self.process = self.define(document)
        subject = engine.Subject(
            "brief",
            person_id("brief"),
            1,
            person_id(requester),
            self.content(**(content or {}), **changes),
            "hash-1",
        )
        result = engine.open_approval(person_id("approval"), self.process, subject, self.now, self.directory)
        return self.took(result)

    def took(self, result: Result) -> World:
        self.approval = result.approval
        self.history += result.events
        assert rebuild(self.history) == result.approval
        return self

    @property
    def run(self) -> Approval:
        assert self.approval is not None
        return self.approval

    @property
    def rules(self) -> Process:
        assert self.process is not None
        return self.process

    def decide(
        self,
        name: str,
        step: str,
        act: engine.Act = "approve",
        reason: str | None = None,
        *,
        for_: str | None = None,
        content_hash: str | None = None,
        evidence: Sequence[dict[str, Any]] = (),
        filled: dict[str, Any] | None = None,
    ) -> World:
        decision = engine.Decision(
            step,
            act,
            person_id(name),
            content_hash or self.run.content_hash,
            person_id(for_) if for_ else None,
            reason,
            tuple(evidence),
            filled or {},
        )
        return self.took(engine.decide(self.run, self.rules, decision, self.now, self.directory))

    def amend(self, content_hash: str = "hash-2", **changes: Any) -> World:
        content = {**self.run.content, **changes}
        content = {name: value for name, value in content.items() if value is not None}
        return self.took(engine.amend(self.run, self.rules, content, content_hash, self.now, self.directory))

    def people_change(self) -> World:
        return self.took(engine.people_changed(self.run, self.rules, self.now, self.directory))

    def time_is_over(self, step: str) -> World:
        run = self.run.steps[step]
        return self.took(
            engine.overdue(
                self.run, self.rules, step, run.round, run.overdue_actions, self.now, self.directory
            )
        )

    # what tests that record and replay do, with arguments that are plain JSON

    def do(self, what: str, **how: Any) -> None:
        """Does it and notes what came of it: the events, or the refusal, which goes on."""
        told = len(self.history)
        entry: dict[str, Any] = {"do": what, "with": how}
        self.journal.append(entry)
        try:
            getattr(self, what)(**how)
        except Refusal as refusal:
            entry["refused"] = refusal.code
            raise
        entry["events"] = self.history[told:]

    def course(self) -> list[dict[str, Any]]:
        """What was done and what came of it, as it is recorded."""
        course = []
        for entry in self.journal:
            told = (
                {"events": [self.readable(event) for event in entry["events"]]} if "events" in entry else {}
            )
            course.append({**entry, **told})
        written: list[dict[str, Any]] = json.loads(json.dumps(course, default=list))
        return written

    def readable(self, event: Event) -> dict[str, Any]:
        """An event as it is stored, with names in place of ids."""
        stored = _EVENTS.dump_python(event, mode="json")
        names = {str(person): self.people[person].name.lower() for person in self.people}

        def named(value: Any) -> Any:
            if isinstance(value, dict):
                return {key: named(inner) for key, inner in value.items()}
            if isinstance(value, list):
                return [named(inner) for inner in value]
            for id_, name in names.items() if isinstance(value, str) else ():
                value = value.replace(id_, name)
            return value

        return {key: value for key, value in named(stored).items() if value not in (None, [], {})}

    def come_or_go(self, name: str, active: bool) -> None:
        self.change(name, active=active, **({"successor": None} if active else {}))
        self.people_change()

    def take_role(self, name: str, role: str) -> None:
        self.change(name, roles=frozenset({role}))
        self.people_change()

    def be_absent(self, name: str, hours: int) -> None:
        self.change(name, absent_until=self.now + timedelta(hours=hours))
        self.people_change()

    def time_passes(self, hours: int) -> None:
        self.now += timedelta(hours=hours)
        for key, run in list(self.run.steps.items()):
            # A step that came up meanwhile has a due time of its own.
            current = self.run.steps[key]
            if current.state == "pending" and run.due_at is not None and run.due_at <= self.now:
                self.remind(key)
                self.time_is_over(key)

    def remind(self, step: str) -> None:
        run = self.run.steps[step]
        self.took(engine.remind(self.run, self.rules, step, run.round, self.now, self.directory))

    def forward(self, name: str, to: str, step: str, reason: str | None = None) -> None:
        by, person = person_id(name), person_id(to)
        self.took(engine.forward(self.run, self.rules, step, by, person, reason, self.now, self.directory))

    def reassign(self, name: str, to: str, step: str, by: str) -> None:
        people = (person_id(name), person_id(to), person_id(by))
        self.took(engine.reassign(self.run, self.rules, step, *people, None, self.now, self.directory))

    def add_approver(self, name: str, step: str, by: str, administers: bool = False) -> None:
        people = (person_id(name), person_id(by))
        result = engine.add_approver(
            self.run, self.rules, step, *people, None, self.now, self.directory, administers=administers
        )
        self.took(result)

    def withdraw_decision(self, name: str, step: str, by: str) -> None:
        people = (person_id(name), person_id(by))
        self.took(engine.withdraw_decision(self.run, self.rules, step, *people, self.now, self.directory))

    def recall(self, name: str) -> None:
        self.took(engine.recall(self.run, self.rules, person_id(name), None, self.now, self.directory))

    def revoke(self, name: str, reason: str, administers: bool = False) -> None:
        result = engine.revoke(
            self.run, self.rules, person_id(name), reason, self.now, self.directory, administers=administers
        )
        self.took(result)

    def cancel(self, reason: str) -> None:
        self.took(engine.cancel(self.run, self.rules, reason, None, self.now, self.directory))

    def migrate(self, document: Any) -> None:
        """To the next version, which the document says."""
        new = self.define(document, self.rules.version + 1)
        self.took(engine.migrate(self.run, self.rules, new, None, self.now, self.directory))
        self.earlier, self.process = self.process, new

    def take_migration_back(self) -> None:
        if self.earlier is None:
            raise WrongState("migration_settled")
        self.took(engine.revert_migration(self.run, self.earlier, None, self.now, self.directory))
        self.process, self.earlier = self.earlier, None
        # Who left or came meanwhile is noticed as always: a choice of which no case can be taken waits.
        try:
            self.people_change()
        except Invalid as refusal:
            if refusal.code not in self.undecided:
                raise

    def steps(self) -> dict[str, str]:
        return {key: run.state for key, run in self.run.steps.items()}

    def asked(self, step: str) -> set[str]:
        parts = self.run.steps[step].parts.values()
        return {self.people[p.person].name.lower() for p in parts if p.state == "requested"}

    def parts(self, step: str) -> dict[str, str]:
        return {self.people[p.person].name.lower(): p.state for p in self.run.steps[step].parts.values()}


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def new_world() -> type[World]:
    """For tests that begin anew many times."""
    return World
