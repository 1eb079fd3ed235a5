"""Whatever happens, in whatever order: the engine against a naive evaluator that shares no code with it."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from hypothesis.strategies._internal.lazy import unwrap_strategies

from approval.domain.approval import (
    Approval,
    Ended,
    Migrated,
    PartDecided,
    PartForwarded,
    StepEnded,
    StepReopened,
    StepRun,
    rebuild,
)
from approval.domain.process import RULES
from optima_kit.refusals import Invalid, Refusal
from optima_kit.testing.nights import AT_NIGHT

# -- the reference: outcomes by definition, from votes and from the document, without any progress kept


def satisfied(quorum: Any, votes: list[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether a quorum is met once everybody has voted."""
    approvals = sum(vote == "approved" for vote, _ in votes)
    voters = sum(vote in ("approved", "rejected") for vote, _ in votes)
    if quorum == "any":
        return approvals >= 1
    if quorum == "all":
        return voters >= 1 and approvals == voters
    if quorum == "one_per_group":
        groups = {group for _, names in votes for group in names}
        approving = {group for vote, names in votes if vote == "approved" for group in names}
        return bool(groups) and groups == approving
    if "at_least" in quorum:
        return approvals >= quorum["at_least"]
    return approvals >= 1 and Fraction(approvals, voters) >= Fraction(quorum["percent"], 100)


def rejected_by_rule(rule_: Any, votes: list[tuple[str, tuple[str, ...]]]) -> bool:
    rejections = sum(vote == "rejected" for vote, _ in votes)
    voters = sum(vote != "abstained" for vote, _ in votes)
    if rule_ == "any":
        return rejections >= 1
    if rule_ == "impossible":
        return False
    if "at_least" in rule_:
        return rejections >= rule_["at_least"]
    return rejections >= 1 and Fraction(rejections, voters) >= Fraction(rule_["percent"], 100)


def reference_verdict(step: dict[str, Any], votes: list[tuple[str, tuple[str, ...]]]) -> str | None:
    """Approved when no completion of the votes could fail the quorum, rejected when none could meet it.
    Those who were added are no part of that: each of them has to approve, unless they abstain."""
    added = [vote for vote, groups in votes if any(group.startswith("+") for group in groups)]
    votes = [
        (vote, tuple(group for group in groups if not group.startswith("+")))
        for vote, groups in votes
        if not groups or any(not group.startswith("+") for group in groups)
    ]
    of_voters = voters_verdict(step, votes)
    if "rejected" in (of_voters, *added):
        return "rejected"
    return None if "requested" in added else of_voters


def voters_verdict(step: dict[str, Any], votes: list[tuple[str, tuple[str, ...]]]) -> str | None:
    if rejected_by_rule(step.get("rejection", "any"), votes):
        return "rejected"
    open_ = [i for i, (vote, _) in enumerate(votes) if vote == "requested"]
    outcomes = set()
    for choice in itertools.product(("approved", "rejected", "abstained"), repeat=len(open_)):
        completed = list(votes)
        for i, vote in zip(open_, choice, strict=True):
            completed[i] = (vote, votes[i][1])
        outcomes.add(satisfied(step.get("quorum", "any"), completed))
    if outcomes == {True}:
        return "approved"
    return "rejected" if outcomes == {False} else None


def reference_outcome(nodes: list[dict[str, Any]], approval: Approval) -> str:
    """`passed`, `failed` or `open`, for a sequence of the document, by its steps' states."""
    results = [reference_node(node, approval) for node in nodes]
    if "failed" in results:
        return "failed"
    return "passed" if all(result == "passed" for result in results) else "open"


def reference_node(node: dict[str, Any], approval: Approval) -> str:
    if "parallel" in node:
        running = [branch for branch in node["parallel"] if not all_skipped(branch["steps"], approval)]
        results = [reference_outcome(branch["steps"], approval) for branch in running]
        join = node.get("join", "all")
        need = len(running) if join == "all" else min(1 if join == "any" else join["at_least"], len(running))
        if results.count("passed") >= need:
            return "passed"
        return "failed" if len(running) - results.count("failed") < need else "open"
    if "choose" in node:
        # A rejection stands, also when another case is taken later on.
        if any(reference_outcome(case["steps"], approval) == "failed" for case in node["choose"]):
            return "failed"
        taken = approval.choices.get(node["key"])
        if taken is None:
            return "passed" if all_skipped([node], approval) else "open"
        case = next(case for case in node["choose"] if case["key"] == taken)
        return reference_outcome(case["steps"], approval)
    state = approval.steps[node["key"]].state
    if state in ("approved", "skipped", "not_required"):
        return "passed"
    return "failed" if state == "rejected" else "open"


def reference_current(nodes: list[dict[str, Any]], approval: Approval) -> Iterator[str]:
    """Steps that must be waiting for people while the approval is open."""
    for node in nodes:
        result = reference_node(node, approval)
        if result == "passed":
            continue
        if result == "failed":
            return
        if "parallel" in node:
            for branch in node["parallel"]:
                if reference_outcome(branch["steps"], approval) == "open":
                    yield from reference_current(branch["steps"], approval)
        elif "choose" in node:
            taken = approval.choices[node["key"]]
            for case in node["choose"]:
                if case["key"] == taken:
                    yield from reference_current(case["steps"], approval)
        else:
            yield node["key"]
        return


def all_skipped(nodes: list[dict[str, Any]], approval: Approval) -> bool:
    return all(approval.steps[step["key"]].state == "skipped" for step in steps_of(nodes))


def steps_of(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        inner = node.get("parallel") or node.get("choose")
        if inner is None:
            yield node
        else:
            for part in inner:
                yield from steps_of(part["steps"])


# -- documents


NAMES = ("marta", "mirco", "lia", "paolo", "piera", "dario", "ada")


def _rows(content: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = content["items"]
    return rows


def _days_left(content: dict[str, Any]) -> int:
    return (date.fromisoformat(content["deadline"]) - content["today"]).days


DELIVERED = "brief.items.all(i, i.deliveries.exists(d, d.quantity > 5.0))"
MEANINGS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "brief.budget > 5000.0": lambda c: float(c["budget"]) > 5000,
    "brief.budget <= 5000.0": lambda c: float(c["budget"]) <= 5000,
    "brief.budget <= 3000.0": lambda c: float(c["budget"]) <= 3000,
    "brief.budget > 3000.0": lambda c: float(c["budget"]) > 3000,
    'brief.category == "POP"': lambda c: c["category"] == "POP",
    'brief.category == "GADGET"': lambda c: c["category"] == "GADGET",
    "has(brief.quote_total) && brief.quote_total > 2000.0": lambda c: float(c.get("quote_total", 0)) > 2000,
    "brief.quote_total > 2000.0": lambda c: float(c["quote_total"]) > 2000,
    "size(brief.items) > 1": lambda c: len(_rows(c)) > 1,
    'brief.items.exists(i, i.kind == "gadget")': lambda c: any(row["kind"] == "gadget" for row in _rows(c)),
    DELIVERED: lambda c: all(
        any(float(each["quantity"]) > 5 for each in row["deliveries"]) for row in _rows(c)
    ),
    'brief.requester.unit == "marketing"': lambda c: c["requester"]["unit"] == "marketing",
    "sum(brief.items.map(i, i.quantity)) > 10.0": lambda c: (
        sum(Fraction(row["quantity"]) for row in _rows(c)) > 10
    ),
    'count(brief.items.map(i, lower(i.kind) == "gadget")) > 1': lambda c: (
        sum([row["kind"].lower() == "gadget" for row in _rows(c)]) > 1
    ),
    "brief.deadline < today + days(3)": lambda c: _days_left(c) < 3,
    "brief.deadline >= today + days(3)": lambda c: _days_left(c) >= 3,
    "has(brief.rank) && brief.rank > 1": lambda c: c.get("rank", 0) > 1,
    'has(brief.route) && brief.route == "fast"': lambda c: c.get("route") == "fast",
    'brief.route != "slow"': lambda c: c["route"] != "slow",
    '"director" in brief.requester.roles': lambda c: "director" in c["requester"]["roles"],
}
"""Conditions over fields, records, rows, rows of rows and the day, and what a reader takes them to mean."""
CONDITIONS = (None, None, None, None, *MEANINGS)


def told(condition: str | None, content: dict[str, Any]) -> bool | None:
    """None: it can't be told."""
    try:
        return condition is None or MEANINGS[condition](content)
    except (KeyError, TypeError):
        return None


def case_told(node: dict[str, Any], content: dict[str, Any]) -> str | None:
    """The case that a choice must have taken; None: it can't have taken any."""
    answers = [(case, told(case["when"], content)) for case in node["choose"] if "when" in case]
    for case, answer in answers:
        if answer is True:
            return str(case["key"])
        if answer is None and node.get("match") == "first":
            return None
    others = [case["key"] for case in node["choose"] if "when" not in case]
    return others[0] if others and all(answer is False for _, answer in answers) else None


def conditions_around(
    nodes: list[dict[str, Any]], content: dict[str, Any], around: tuple[bool | None, ...] = ()
) -> Iterator[tuple[str, tuple[bool | None, ...]]]:
    """For every step, what each condition on the way to it says; the last is its own."""
    for node in nodes:
        here = (*around, told(node.get("when"), content))
        for branch in node.get("parallel", ()):
            inner = (*here, told(branch.get("when"), content))
            yield from conditions_around(branch["steps"], content, inner)
        for case in node.get("choose", ()):
            taken = case_told(node, content)
            is_taken = None if taken is None else taken == case["key"]
            yield from conditions_around(case["steps"], content, (*here, is_taken))
        if "approvers" in node:
            yield node["key"], here


SELECTORS = (
    {"role": "purchasing"},
    {"role": "director"},
    {"role": "marketing"},
    {"unit": "marketing"},
    {"unit_manager": "azienda"},
    {"person": "lia@example.it"},
    {"manager": {}},
    {"manager": {"take": "first_qualified"}},
    {"manager": {"take": "up_to_qualified"}},
    {"field": "requester"},
)


@st.composite
def steps(draw: st.DrawFn, key: str, earlier: list[str]) -> dict[str, Any]:
    selectors = (*SELECTORS, *({"decided": each} for each in earlier))
    step: dict[str, Any] = {
        "key": key,
        "approvers": draw(st.lists(st.sampled_from(selectors), min_size=1, max_size=3)),
    }

    def maybe(name: str, *values: Any) -> None:
        value = draw(st.sampled_from((None, *values)))
        if value is not None:
            step[name] = value

    maybe("quorum", "all", "one_per_group", {"at_least": 2}, {"percent": 50}, {"percent": 67})
    maybe("distinct", True, False)
    maybe("rejection", "impossible", {"at_least": 2}, {"percent": 50})
    maybe("when", *CONDITIONS)
    maybe("self_approval", "skipped", "allowed")
    maybe("same_person", "once")
    maybe("absent", "left_out")
    maybe("if_too_few", "skip", "reject", {"ask": [{"role": "marketing"}]})
    maybe("requires", ["quote_total"])
    maybe("material_fields", ["title"], ["budget", "quote_total"])
    maybe("on_rejection", "requester", *({"back_to": each} for each in earlier))
    maybe(
        "due",
        {"hours": 8, "then": ["escalate", "escalate", "reject"]},
        {"hours": 8, "then": ["approve"]},
        {"hours": 4, "remind": [2], "then": ["skip"]},
        {"hours": 4, "then": ["escalate", "expire"]},
    )
    maybe("evidence", {"media_types": ["application/pdf"]})
    maybe("fills", ["rank"], ["rank", "note"])
    maybe(
        "sets",
        {"approved": {"route": "fast"}},
        {"approved": {"route": "slow"}, "rejected": {"route": "fast"}},
    )
    return step


@st.composite
def sequences(draw: st.DrawFn, counter: list[int], depth: int, least: int = 1) -> list[dict[str, Any]]:
    nodes: list[dict[str, Any]] = []
    earlier: list[str] = []
    for _ in range(draw(st.integers(least, 3 if depth == 0 else 2))):
        counter[0] += 1
        key = f"n{counter[0]}"
        kind = draw(st.sampled_from(("step", "step", "parallel", "choice") if depth < 2 else ("step",)))
        node: dict[str, Any] = {"key": key}
        if kind == "step":
            node = draw(steps(key, list(earlier)))
            earlier.append(key)
        elif kind == "parallel":
            node["parallel"] = [
                branch | {"steps": draw(sequences(counter, depth + 1))}
                for branch in _named(counter, "b", draw(st.integers(2, 3)))
            ]
            for branch in node["parallel"]:
                _maybe_when(draw, branch)
            node["join"] = draw(st.sampled_from(("all", "any", {"at_least": 2})))
        else:
            node["match"], whens = draw(st.sampled_from(CHOICES))
            node["choose"] = _named(counter, "c", len(whens))
            for case, when in zip(node["choose"], whens, strict=True):
                case |= {"when": when} if when else {}
                case["steps"] = draw(sequences(counter, depth + 1, least=0))
            _maybe_when(draw, node)
        nodes.append(node)
    return nodes


CHOICES = (
    ("one", ("brief.budget <= 3000.0", None)),
    ("one", ('brief.category == "GADGET"', None)),
    ("one", ("brief.budget <= 3000.0", "brief.budget > 3000.0")),
    ("one", ("size(brief.items) > 1", None)),
    ("one", ("brief.deadline < today + days(3)", "brief.deadline >= today + days(3)")),
    ("one", ("sum(brief.items.map(i, i.quantity)) > 10.0", None)),
    ("one", ('brief.items.exists(i, i.kind == "gadget")', None)),
    ("first", ("brief.budget > 5000.0", "size(brief.items) > 1", None)),
    ("first", (DELIVERED, "brief.budget > 3000.0", None)),
    ("first", ("brief.budget <= 5000.0", "brief.quote_total > 2000.0", None)),
)


def _named(counter: list[int], prefix: str, count: int) -> list[dict[str, Any]]:
    named = []
    for _ in range(count):
        counter[0] += 1
        named.append({"key": f"{prefix}{counter[0]}"})
    return named


def _maybe_when(draw: st.DrawFn, part: dict[str, Any]) -> None:
    condition = draw(st.sampled_from(CONDITIONS))
    if condition is not None:
        part["when"] = condition


FIELDS = {"rank": {"type": "whole"}, "note": {"type": "text"}, "route": {"type": "text"}}
"""What approvers fill in, and what steps set."""


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    nodes = draw(sequences([0], 0))
    limits = {"director": "6000.00", "marketing-lead": "3000.00", "admin": "unlimited"}
    return {"limits": limits, "fields": FIELDS, "steps": nodes}


ITEMS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(("gadget", "Gadget", "poster")),
        "quantity": st.sampled_from(("3.5", "6.5", "9")),
        "deliveries": st.lists(st.sampled_from(({"quantity": "3"}, {"quantity": "9"})), max_size=2),
    },
)
"""Also rows that lack what no submission may lack: the engine doesn't rely on it."""


def contents() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "budget": st.sampled_from(("1000.00", "3000.00", "5000.00", "5000.01", "9000.00")),
            "category": st.sampled_from(("POP", "GADGET")),
            "title": st.sampled_from(("Uno", "Due")),
            "deadline": st.sampled_from(("2026-11-25", "2026-11-26", "2026-11-28", "2026-12-20")),
            "items": st.lists(ITEMS, max_size=2),
            "quote_total": st.sampled_from((None, "2000.00", "2000.01", "7000.00")),
        }
    )


# -- what may happen


VALUES: dict[str, tuple[Any, ...]] = {"rank": (1, 2), "note": ("A", "B")}
PDF = {"name": "preventivo.pdf", "media_type": "application/pdf", "size": 10, "sha256": "0" * 64}
ACTS = ("approve", "approve", "approve", "reject", "abstain", "request_changes")
ROLES = ("purchasing", "director", "marketing", "marketing-lead")


class Approvals(RuleBasedStateMachine):
    def __init__(self, new_world: Any, keep: Callable[[Any], None] | None = None) -> None:
        super().__init__()
        self.world = new_world()
        self.keep = keep
        self.hashes = itertools.count(2)
        self.ended: Approval | None = None
        self.told = self.looked_at = self.read = 0
        self.added = 0
        self.earlier_nodes: Any = None

    @initialize(document=documents(), content=contents(), requester=st.sampled_from(NAMES))
    def begin(self, document: dict[str, Any], content: dict[str, Any], requester: str) -> None:
        self.document, self.nodes = document, document["steps"]
        self.by_key = {step["key"]: step for step in steps_of(self.nodes)}
        self.day = self.is_today()
        self.filled: dict[str, Any] = {}
        if self.is_undecided("open", document=document, requester=requester, content=content):
            reject()

    def is_today(self) -> date:
        """In Rome, where the tenant is."""
        return (self.world.now + timedelta(hours=1)).date()

    def judged(self) -> dict[str, Any]:
        """What conditions are read over: the content, what was filled in and set, and the day on which it
        came to be so."""
        return {**self.world.run.content, **self.values(), "today": self.day}

    def values(self) -> dict[str, Any]:
        """What was filled in, and what the document says that steps set which were decided since."""
        new, self.read = self.world.history[self.read :], len(self.world.history)
        for event in new:
            if isinstance(event, StepEnded):
                self.filled |= self.by_key.get(event.step, {}).get("sets", {}).get(event.outcome, {})
        return self.filled

    def pending(self) -> list[str]:
        return [key for key, run in self.world.run.steps.items() if run.state == "pending"]

    @precondition(lambda self: self.pending())
    @rule(data=st.data(), act=st.sampled_from(ACTS), for_someone=st.sampled_from((False, False, False, True)))
    def decide(self, data: st.DataObject, act: Any, for_someone: bool) -> None:
        step = data.draw(st.sampled_from(self.pending()))
        asked = sorted(self.world.asked(step))
        name = data.draw(st.sampled_from(NAMES if for_someone or not asked else asked))
        for_ = data.draw(st.sampled_from(NAMES)) if for_someone else None
        evidence = [PDF] if "evidence" in self.by_key[step] else []
        world = self.world
        wanted = self.by_key[step].get("fills", ()) if act == "approve" else ()
        filled = {n: data.draw(st.sampled_from(VALUES[n])) for n in wanted}
        others = {part.state for part in world.run.steps[step].parts.values()}
        before = {n: self.filled[n] for n in wanted if n in self.filled}
        taken = self.attempt(
            "decide",
            name=name,
            step=step,
            act=act,
            reason="perché sì",
            for_=for_,
            evidence=evidence,
            **({"filled": filled} if filled else {}),
        )
        if taken:
            assert "approved" not in others or before.items() <= filled.items()
            self.filled |= filled
        if taken and world.id(name) == world.directory.in_place_of(world.run.requester):
            assert self.by_key[step].get("self_approval") == "allowed"

    @rule(name=st.sampled_from(NAMES), step=st.sampled_from(("n1", "n2", "n9")))
    def decide_about_other_content(self, name: str, step: str) -> None:
        assert not self.attempt("decide", name=name, step=step, content_hash="unread")

    @precondition(lambda self: self.pending())
    @rule(data=st.data(), to=st.sampled_from(NAMES))
    def forward(self, data: st.DataObject, to: str) -> None:
        step = data.draw(st.sampled_from(self.pending()))
        name = data.draw(st.sampled_from(sorted(self.world.asked(step)) or NAMES))
        self.attempt("forward", name=name, to=to, step=step)

    @precondition(lambda self: self.pending())
    @rule(data=st.data(), to=st.sampled_from(NAMES), by=st.sampled_from(NAMES))
    def reassign(self, data: st.DataObject, to: str, by: str) -> None:
        step = data.draw(st.sampled_from(self.pending()))
        name = data.draw(st.sampled_from(sorted(self.world.asked(step)) or NAMES))
        if self.attempt("reassign", name=name, to=to, step=step, by=by):
            assert by not in (to, self.requester())
            assert name not in self.world.asked(step)
            assert to in self.world.asked(step)

    @precondition(lambda self: self.pending())
    @rule(data=st.data(), name=st.sampled_from(NAMES), administers=st.booleans())
    def add_approver(self, data: st.DataObject, name: str, administers: bool) -> None:
        step = data.draw(st.sampled_from(self.pending()))
        asked = self.world.asked(step)
        by = data.draw(st.sampled_from(NAMES if administers or not asked else sorted(asked)))
        if self.attempt("add_approver", name=name, step=step, by=by, administers=administers):
            assert name != by
            assert administers or by in asked
            assert self.world.asked(step) == {*asked, name}

    @precondition(lambda self: self.voted())
    @rule(data=st.data(), by=st.sampled_from((None, None, *NAMES)))
    def withdraw_decision(self, data: st.DataObject, by: str | None) -> None:
        step, name = data.draw(st.sampled_from(self.voted()))
        part = self.world.run.steps[step].parts[self.world.id(name)]
        may = {name, self.name_of(part.decided_by)}
        by = by or self.name_of(part.decided_by) or name
        if self.attempt("withdraw_decision", name=name, step=step, by=by):
            assert by in may
        elif by in may:
            # Where the person may not be asked again, what follows may be a choice that can't be decided.
            assert self.world.journal[-1]["refused"] in self.world.undecided

    def voted(self) -> list[tuple[str, str]]:
        """Decided parts of steps that wait."""
        return [
            (step, str(self.name_of(part.person)))
            for step in self.pending()
            for part in self.world.run.steps[step].parts.values()
            if part.state in ("approved", "rejected", "abstained")
        ]

    def name_of(self, person_id: Any) -> str | None:
        person = self.world.people.get(person_id)
        return person.name.lower() if person is not None else None

    def requester(self) -> str | None:
        return self.name_of(self.world.directory.in_place_of(self.world.run.requester))

    @rule(content=contents())
    def amend(self, content: dict[str, Any]) -> None:
        world = self.world
        before, told = world.run, len(world.history)
        if not self.attempt("amend", content_hash=f"hash-{next(self.hashes)}", **content):
            if world.journal[-1]["refused"] in world.undecided:
                after = {**before.content, **content, **self.values(), "today": self.is_today()}
                assert None in [case_told(node, _without_nulls(after)) for node in choices_of(self.nodes)]
            return
        self.day = self.is_today()
        changed = {name for name in content if before.content.get(name) != world.run.content.get(name)}
        reopened = {e.step for e in world.history[told:] if isinstance(e, StepReopened)}
        for key, run in before.steps.items():
            material = self.by_key[key].get("material_fields")
            touched = changed if material is None else changed & set(material)
            if run.state == "approved":
                reached = world.rules.reaches(key, world.run.dated)
                assert (key in reopened) == bool(touched and reached), key

    @rule(name=st.sampled_from(NAMES), active=st.booleans())
    def come_or_go(self, name: str, active: bool) -> None:
        self.attempt("come_or_go", name=name, active=active)

    @rule(name=st.sampled_from(NAMES), successor=st.sampled_from(NAMES))
    def depart(self, name: str, successor: str) -> None:
        if name == successor:
            return
        asking = {step for step in self.pending() if name in self.world.asked(step)}
        if self.attempt("depart", name=name, successor=successor):
            assert all(name not in self.world.asked(step) for step in asking)

    @rule(name=st.sampled_from(NAMES), role=st.sampled_from(ROLES))
    def take_role(self, name: str, role: str) -> None:
        self.attempt("take_role", name=name, role=role)

    @rule(name=st.sampled_from(NAMES), hours=st.integers(0, 30))
    def be_absent(self, name: str, hours: int) -> None:
        self.attempt("be_absent", name=name, hours=hours)

    @rule(giver=st.sampled_from(NAMES), taker=st.sampled_from(NAMES), hours=st.integers(1, 30))
    def delegate(self, giver: str, taker: str, hours: int) -> None:
        self.world.do("delegate", giver=giver, taker=taker, hours=hours)

    @rule(hours=st.integers(0, 30))
    def time_passes(self, hours: int) -> None:
        self.is_undecided("time_passes", hours=hours)

    @rule(name=st.sampled_from(NAMES), luck=st.integers(0, 9))
    def recall(self, name: str, luck: int) -> None:
        if luck == 0:
            self.attempt("recall", name=name)
        elif luck == 1:
            self.attempt("cancel", reason="annullato")

    @precondition(lambda self: self.world.run.state != "open")
    @rule(name=st.sampled_from(NAMES), administers=st.booleans())
    def revoke(self, name: str, administers: bool) -> None:
        world, state = self.world, self.world.run.state
        approved = {
            self.name_of(part.decided_by or part.person)
            for run in world.run.steps.values()
            for part in run.parts.values()
            if part.state == "approved"
        }
        before = world.run
        if self.attempt("revoke", name=name, reason="Prezzo sbagliato", administers=administers):
            assert state == "approved"
            assert administers or name in approved
            assert (world.run.state, world.run.steps) == ("revoked", before.steps)
            self.ended = world.run

    @rule(data=st.data())
    def migrate(self, data: st.DataObject) -> None:
        """To the same document with a step changed, taken away or added."""
        world = self.world
        nodes = copy.deepcopy(self.nodes)
        change = data.draw(st.sampled_from(("quorum", "remove", "add", "condition")))
        if change == "add":
            self.added += 1
            inside = data.draw(st.sampled_from(list(sequences_in(nodes))))
            at = data.draw(st.integers(0, len(inside)))
            inside.insert(at, {"key": f"a{self.added}", "approvers": [{"role": "director"}]})
        elif change == "remove" and len(nodes) > 1:
            nodes.pop(data.draw(st.integers(0, len(nodes) - 1)))
        elif found := list(steps_of(nodes)):
            step = data.draw(st.sampled_from(found))
            if change == "quorum":
                step["quorum"] = "all" if step.get("quorum", "any") == "any" else "any"
            else:
                step["when"] = "brief.budget > 3000.0"
        kept = {step["key"] for step in steps_of(nodes)}
        named = [key for step in steps_of(nodes) for key in (*_targets(step), *_deciding_before(step))]
        if any(key not in kept for key in named):
            return
        old = world.rules
        started = {
            key: run
            for key, run in world.run.steps.items()
            if run.state != "waiting"
            and not (run.state == "skipped" and run.because in ("condition", "case"))
        }
        if self.attempt("migrate", document={**self.document, "steps": nodes}):
            for key, run in started.items():
                assert old.steps[key] == world.rules.steps[key]
                asked_anew = world.run.steps[key].round > run.round
                if asked_anew:
                    # It had to wait for a step that is new before it: who has left since is not asked again.
                    assert not {vote for vote, _ in votes_of(run)} & {"approved", "rejected", "abstained"}
                else:
                    assert world.run.steps[key].parts.keys() >= run.parts.keys()
            self.earlier_nodes, self.nodes = self.nodes, nodes
            self.by_key |= {step["key"]: step for step in steps_of(nodes)}
            if world.run.state == "open":
                assert {*self.pending()} <= {*reference_current(nodes, world.run)}, "in their order"

    @precondition(lambda self: self.earlier_nodes is not None)
    @rule()
    def take_migration_back(self) -> None:
        world, told = self.world, len(self.world.history)
        before = world.run.before_migration
        moved = max(i for i, event in enumerate(world.history) if isinstance(event, Migrated))
        acted = any(isinstance(event, PartDecided | PartForwarded) for event in world.history[moved:])
        if self.attempt("take_migration_back"):
            assert not acted
            back = rebuild(world.history[: told + 1])
            assert (back.steps, back.choices) == (before.steps, before.choices)
            self.nodes = self.earlier_nodes
            self.by_key |= {step["key"]: step for step in steps_of(self.nodes)}
        self.earlier_nodes = None

    def is_undecided(self, what: str, **how: Any) -> bool:
        """Does it; whether that ended at a choice of which no case can be taken."""
        try:
            self.world.do(what, **how)
        except Invalid as refusal:
            if refusal.code not in self.world.undecided:
                raise
            return True
        return False

    def attempt(self, what: str, **how: Any) -> bool:
        """Whether it was done; a refusal leaves everything as it was."""
        before, told = self.world.run, len(self.world.history)
        try:
            self.world.do(what, **how)
        except Refusal:
            assert self.world.run is before
            assert len(self.world.history) == told
            return False
        return True

    def teardown(self) -> None:
        if self.keep is not None and self.world.approval is not None:
            self.keep(self.world)

    # -- what must hold

    @invariant()
    def a_finished_approval_never_changes(self) -> None:
        if self.world.approval is None:
            return
        if self.ended is not None:
            assert self.world.run == self.ended
        elif self.world.run.state != "open":
            self.ended = self.world.run

    @invariant()
    def everything_ends_with_the_approval(self) -> None:
        if self.world.approval is None or self.world.run.state == "open":
            return
        for run in self.world.run.steps.values():
            assert run.state not in ("waiting", "pending")
            assert all(part.state != "requested" for part in run.parts.values())

    @invariant()
    def steps_are_decided_as_their_votes_say(self) -> None:
        if self.world.approval is None:
            return
        for key, run in self.world.run.steps.items():
            if run.state == "pending":
                assert reference_verdict(self.by_key[key], votes_of(run)) is None, key
            elif run.because == "votes" and run.state in ("approved", "rejected"):
                was = [
                    ("requested" if vote == "not_required" else vote, groups)
                    for vote, groups in votes_of(run)
                ]
                assert reference_verdict(self.by_key[key], was) == run.state, key

    @invariant()
    def the_outcome_is_what_the_document_says(self) -> None:
        if self.world.approval is None:
            return
        run = self.world.run
        expected = reference_outcome(self.nodes, run)
        if run.state == "open":
            assert expected == "open"
            for key in reference_current(self.nodes, run):
                assert run.steps[key].state == "pending", key
        elif run.state in ("approved", "revoked"):
            assert expected == "passed"
        elif run.state == "rejected":
            assert expected == "failed"

    @invariant()
    def choices_are_taken_as_their_conditions_say(self) -> None:
        if self.world.approval is None or self.world.run.state != "open":
            return
        for node in choices_of(self.nodes):
            taken = self.world.run.choices.get(node["key"])
            if taken is not None:
                assert taken == case_told(node, self.judged()), node["key"]

    @invariant()
    def what_cannot_be_told_is_asked(self) -> None:
        """A step falls away by a condition only where one is false, and is asked only where none is."""
        if self.world.approval is None or self.world.run.state != "open":
            return
        answers = dict(conditions_around(self.nodes, self.judged()))
        for key, run in self.world.run.steps.items():
            if run.state == "skipped" and run.because in ("condition", "case"):
                assert False in answers[key], key
            elif run.state == "pending":
                assert False not in answers[key], key

    @invariant()
    def fields_have_what_was_filled_in_and_set(self) -> None:
        if self.world.approval is not None:
            assert self.world.run.filled == self.values()

    @invariant()
    def what_is_sent_back_begins_again_there(self) -> None:
        new, self.looked_at = self.world.history[self.looked_at :], len(self.world.history)
        for index, event in enumerate(new):
            if not isinstance(event, StepEnded) or (event.outcome, event.because) != ("rejected", "votes"):
                continue
            after = new[index + 1 :]
            if targets := _targets(self.by_key[event.step]):
                # Unless, where it begins again, there is nobody left.
                nobody = any(isinstance(e, StepEnded) and e.because == "nobody" for e in after)
                assert nobody or not any(isinstance(e, Ended) and e.outcome == "rejected" for e in after)
                reopened = {e.step for e in after if isinstance(e, StepReopened)}
                assert {*targets, event.step} <= reopened

    @invariant()
    def nobody_approves_their_own_request_unless_allowed(self) -> None:
        if self.world.approval is None:
            return
        requester = self.world.run.requester
        for key, run in self.world.run.steps.items():
            for part in run.parts.values():
                if part.decided_by == requester:
                    assert part.person == requester
                    assert self.by_key[key].get("self_approval") == "allowed"

    @invariant()
    def where_people_must_differ_each_signs_once(self) -> None:
        """By the document alone: under `all` and `one_per_group` unless it says otherwise."""
        if self.world.approval is None:
            return
        for key, run in self.world.run.steps.items():
            step = self.by_key[key]
            if step.get("distinct", step.get("quorum") in ("all", "one_per_group")):
                voted = [p for p in run.parts.values() if p.state in ("approved", "rejected", "abstained")]
                signed = [part.decided_by or part.person for part in voted]
                assert len(signed) == len(set(signed)), key

    @invariant()
    def history_only_grows(self) -> None:
        """And replaying it gives the same state: `World.took` sees to that, each time."""
        assert len(self.world.history) >= self.told
        self.told = len(self.world.history)


def sequences_in(nodes: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    yield nodes
    for node in nodes:
        for inner in (*node.get("parallel", ()), *node.get("choose", ())):
            yield from sequences_in(inner["steps"])


def choices_of(nodes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "choose" in node:
            yield node
        for inner in (*node.get("parallel", ()), *node.get("choose", ())):
            yield from choices_of(inner["steps"])


def _without_nulls(content: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def _targets(step: dict[str, Any]) -> list[str]:
    rule_ = step.get("on_rejection")
    return [rule_["back_to"]] if isinstance(rule_, dict) else []


def _deciding_before(step: dict[str, Any]) -> list[str]:
    """Steps whose deciders it asks."""
    return [approver["decided"] for approver in step["approvers"] if "decided" in approver]


def votes_of(run: StepRun) -> list[tuple[str, tuple[str, ...]]]:
    return [(part.state, part.groups) for part in run.parts.values() if part.state != "cancelled"]


@pytest.mark.timeout(0)
def test_the_engine_keeps_its_promises(new_world):
    run_state_machine_as_test(
        lambda: Approvals(new_world),
        settings=settings(
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


# -- many sequences, without what Hypothesis needs to make a failing one small


AFTER_THE_END = 5
"""Attempts on what is over, of which Hypothesis makes as many as fit into a sequence."""


class Dice:
    """Draws evenly from the strategies that are used here: a hundredth of the effort of Hypothesis."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def draw(self, strategy: Any, label: str | None = None) -> Any:
        strategy = unwrap_strategies(strategy)
        match type(strategy).__name__:
            case "SampledFromStrategy" | "JustStrategy":
                return self.random.choice(strategy.elements)
            case "BooleansStrategy":
                return self.random.random() < 0.5
            case "IntegersStrategy":
                return self.random.randint(strategy.start, strategy.end)
            case "ListStrategy":
                count = self.random.randint(strategy.min_size, strategy.max_size)
                return [self.draw(strategy.element_strategy) for _ in range(count)]
            case "FixedDictStrategy":
                chosen = [name for name in strategy.optional or () if self.random.random() < 0.5]
                drawn = strategy.mapping | {name: strategy.optional[name] for name in chosen}
                return {name: self.draw(inner) for name, inner in drawn.items()}
            case "CompositeStrategy":
                return strategy.definition(self.draw, *strategy.args, **strategy.kwargs)
            case "DataStrategy":
                return self
        raise NotImplementedError(type(strategy).__name__)

    def sequence(self, machine: RuleBasedStateMachine, most: int) -> int:
        """How many steps were done; 0 where nothing could begin."""

        def do(step: Any) -> None:
            step.function(machine, **{name: self.draw(each) for name, each in step.arguments.items()})
            for each in machine.invariants:
                each.function(machine)

        try:
            for step in machine.setup_state().initializers:
                do(step)
        except UnsatisfiedAssumption:
            return 0
        # Some do without some rules, so that others have more to say.
        share = self.random.choice((0.4, 0.7, 1.0))
        allowed = [step for step in machine.rules if self.random.random() < share] or machine.rules
        done = over = 0
        while done < most and over < AFTER_THE_END:
            possible = [step for step in allowed if all(holds(machine) for holds in step.preconditions)]
            if not possible:
                break
            do(self.random.choice(possible))
            done += 1
            over += machine.world.run.state != "open"
        machine.teardown()
        return done


@pytest.mark.timeout(0)
@pytest.mark.filterwarnings("ignore:Using `reject` outside")
def test_many_sequences(new_world):
    """A hundred by day, 20,000 at night; others by `OPTIMA_ENGINE_SEQUENCES=20000:40000`, one alone, to see
    why it fails, by `=17:18`."""
    usual = "0:20000" if AT_NIGHT else "0:100"
    first, _, end = os.environ.get("OPTIMA_ENGINE_SEQUENCES", usual).partition(":")
    begun = steps_done = 0
    for seed in range(int(first), int(end)):
        try:
            done = Dice(seed).sequence(Approvals(new_world), 40)
        except Exception as error:
            error.add_note(f"OPTIMA_ENGINE_SEQUENCES={seed}:{seed + 1}")
            raise
        begun += done > 0
        steps_done += done
        if seed % 500 == 499:
            print(f"{begun} sequences up to {seed}, {steps_done} steps", flush=True)
    assert begun > (int(end) - int(first)) / 2 or int(end) - int(first) < 10


# -- recording runs for test_golden_histories.py

RECORDED = Path(__file__).parents[1] / "golden" / f"histories-{RULES}.jsonl.gz"


CHANGES_THE_WORLD = {"be_absent", "come_or_go", "delegate", "depart", "take_role", "time_passes"}
"""Acts whose effect stays where the approval is over, and refuses them or has nothing to tell."""


def without_what_is_over(journal: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of what is refused because all is over, one example will do. What changes the clock or the people
    stays: a revocation may follow."""
    kinds = [[event["kind"] for event in entry.get("events", ())] for entry in journal]
    over = next((i for i, each in enumerate(kinds) if "ended" in each), len(journal))
    return journal[: over + 2] + [
        entry for entry in journal[over + 2 :] if entry.get("events") or entry["do"] in CHANGES_THE_WORLD
    ]


def test_what_is_recorded_can_be_gone_through_again(new_world):
    recorded = Counter[str]()

    def goes_the_same_way(world: Any) -> None:
        journal, again = without_what_is_over(world.course()), new_world()
        for entry in journal:
            how = {name: tuple(v) if name == "evidence" else v for name, v in entry["with"].items()}
            with suppress(Refusal):
                again.do(entry["do"], **how)
        assert again.course() == journal
        recorded.update(entry["do"] for entry in journal)

    # Of the last three, something changes the clock after the end, and a revocation follows.
    for seed in (*range(20), 271, 306, 373):
        Dice(seed).sequence(Approvals(new_world, goes_the_same_way), 12)
    assert recorded["time_passes"]


@pytest.mark.skipif("OPTIMA_RECORD_HISTORIES" not in os.environ, reason="records new runs on request")
@pytest.mark.timeout(0)
def test_record_histories(new_world):
    wanted = int(os.environ["OPTIMA_RECORD_HISTORIES"])
    runs = []
    if RECORDED.exists():
        runs = [json.loads(line) for line in gzip.decompress(RECORDED.read_bytes()).splitlines()]
    known = {json.dumps(run["journal"][0], sort_keys=True) for run in runs}
    seen = Counter[str](word for run in runs for word in _features(run["journal"]))
    candidates: list[dict[str, Any]] = []

    def keep(world: Any) -> None:
        journal = without_what_is_over(world.course())
        first = json.dumps(journal[0], sort_keys=True)
        if first not in known and len(journal) >= 5:
            known.add(first)
            candidates.append(
                {"journal": journal, "ends": {"state": world.run.state, "steps": world.steps()}}
            )

    for seed in range(len(runs), len(runs) + 4 * wanted):
        Dice(seed).sequence(Approvals(new_world, keep), 12)
    for _ in range(min(wanted, len(candidates))):
        # The run with the rarest features next, so that few runs go through much.
        best = max(candidates, key=lambda run: sum(1 / (1 + seen[f]) for f in _features(run["journal"])))
        candidates.remove(best)
        runs.append(best)
        seen.update(_features(best["journal"]))
    RECORDED.parent.mkdir(exist_ok=True)
    text = "".join(json.dumps(run, separators=(",", ":"), ensure_ascii=False) + "\n" for run in runs)
    RECORDED.write_bytes(gzip.compress(text.encode(), mtime=0))


def _features(journal: list[dict[str, Any]]) -> set[str]:
    found = set()
    for entry in journal:
        found.add(f"{entry['do']}:{entry.get('refused', '')}")
        for event in entry.get("events", ()):
            found.add(":".join(str(event.get(name, "")) for name in ("kind", "outcome", "because")))
            found.update(["filled"] if event.get("filled") else [])
            if event["kind"] == "step_opened":
                found.update(each["why"].partition(":")[0] for each in event.get("asked", ()))
    return found
