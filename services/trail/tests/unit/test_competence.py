"""Whom an event lets follow the story, and who sees prices."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from optima_contracts.approval import Decided, HandedOver, StepPending
from optima_contracts.brief import BriefDrafted, BriefHandedOver
from optima_contracts.economics import (
    BriefPriced,
    BudgetCharged,
    BudgetPlanned,
    BudgetTold,
    JobEconomicsSet,
    OrderValued,
)
from optima_contracts.production import PhaseAssigned, PhaseGivenBack, PhaseUnassigned, SharesJoined
from optima_kit.actor import Actor
from trail.application.grants import assignment_of, grants_of
from trail.application.read.access import read_scope_of
from trail.domain.competence import Assignment, Grant

BRIEF, JOB, APPROVAL, ORDER, PHASE = (UUID(int=number) for number in range(1, 6))
ANNA, BRUNO, CARLA = UUID(int=11), UUID(int=12), UUID(int=13)


def actor(*privileges: str) -> Actor:
    return Actor(ANNA, UUID(int=99), "Anna", "internal", frozenset(), frozenset(privileges))


def test_the_requester_follows_the_brief() -> None:
    drafted = BriefDrafted(brief_id=BRIEF, number="B-1", title="Espositori", requester_id=ANNA)
    assert grants_of(drafted.type, BRIEF, drafted.model_dump(mode="json")) == [Grant(ANNA, BRIEF)]


def test_approvers_follow_the_brief() -> None:
    pending = StepPending(
        approval_id=APPROVAL, subject_type="brief", subject_id=BRIEF, step="s", approvers=[ANNA, BRUNO]
    )
    grants = grants_of(pending.type, BRIEF, pending.model_dump(mode="json"))
    assert grants == [Grant(ANNA, BRIEF), Grant(BRUNO, BRIEF)]


def test_who_took_over_follows_the_brief() -> None:
    asked = HandedOver(approval_id=APPROVAL, step="s", from_person_id=ANNA, to_person_id=BRUNO)
    assert grants_of(asked.type, BRIEF, asked.model_dump(mode="json")) == [Grant(BRUNO, BRIEF)]
    owned = BriefHandedOver(brief_id=BRIEF, number="B-1", from_person_id=ANNA, to_person_id=BRUNO)
    assert grants_of(owned.type, BRIEF, owned.model_dump(mode="json")) == [Grant(BRUNO, BRIEF)]


def test_a_decision_for_another_lets_only_the_other_follow() -> None:
    decided = Decided(
        approval_id=APPROVAL,
        subject_type="brief",
        subject_id=BRIEF,
        subject_revision=1,
        content_hash="h",
        step="s",
        person_id=CARLA,
        on_behalf_of=ANNA,
        outcome="approved",
    )
    assert grants_of(decided.type, BRIEF, decided.model_dump(mode="json")) == [Grant(ANNA, BRIEF)]


def test_a_phase_is_its_assignees_until_another_has_it_or_nobody() -> None:
    phase: dict[str, Any] = {"job_id": JOB, "order_id": ORDER, "phase_id": PHASE, "phase": "stampa"}
    assigned = PhaseAssigned(**phase, assignee_id=CARLA)
    given_back = PhaseGivenBack(**phase, former_assignee_id=CARLA, reason="Macchina ferma")
    unassigned = PhaseUnassigned(**phase, former_assignee_id=CARLA)
    for event, assignee_id in ((assigned, CARLA), (given_back, None), (unassigned, None)):
        data = event.model_dump(mode="json")
        assert grants_of(event.type, BRIEF, data) == ()
        assert assignment_of(event.type, BRIEF, data) == Assignment(PHASE, assignee_id, JOB, BRIEF)


def test_a_share_that_is_joined_with_another_is_nobodys() -> None:
    event = SharesJoined(
        job_id=JOB,
        order_id=ORDER,
        phase_id=uuid4(),
        phase="stampa",
        share_id=PHASE,
        quantity="100",
        unit="pz",
        assignee_id=CARLA,
    )
    assert assignment_of(event.type, BRIEF, event.model_dump(mode="json")) == Assignment(
        PHASE, None, JOB, BRIEF
    )


def test_an_unknown_type_lets_nobody_follow() -> None:
    assert grants_of("optima.future.thing.v1", BRIEF, {"requester_id": str(ANNA)}) == ()


def test_budgets_need_their_own_privilege_and_that_for_prices() -> None:
    for held in ((), ("budget.read",), ("brief.price.read", "job.economics.read", "trail.read_all")):
        assert not read_scope_of(actor(*held)).shows_type(BudgetCharged.type), held
    scope = read_scope_of(actor("budget.read", "brief.price.read"))
    for event in (BudgetCharged, BudgetPlanned, BudgetTold):
        assert scope.shows_type(event.type)


@pytest.mark.parametrize(
    ("privileges", "brief_prices", "economics"),
    [
        ((), False, False),
        (("brief.price.read",), True, False),
        (("job.economics.read",), True, True),
        (("trail.read_all",), False, False),
    ],
)
def test_prices_need_their_privilege(
    privileges: tuple[str, ...], brief_prices: bool, economics: bool
) -> None:
    scope = read_scope_of(actor(*privileges))
    assert scope.shows_type(BriefPriced.type) is brief_prices
    assert scope.shows_type(JobEconomicsSet.type) is economics
    assert scope.shows_type(OrderValued.type) is economics
    assert scope.shows_type("optima.economics.something_new.v1") is economics
    assert scope.shows_type(BriefDrafted.type)
