"""Whom an event lets follow the story, and who sees prices."""

from __future__ import annotations

from uuid import UUID

import pytest

from optima_contracts.approval import Decided, HandedOver, StepPending
from optima_contracts.brief import BriefDrafted, BriefHandedOver
from optima_contracts.economics import BriefPriced, JobEconomicsSet, OrderValued
from optima_contracts.production import PhaseAssigned
from optima_kit.actor import Actor
from trail.application.grants import grants_of
from trail.application.read.access import read_scope_of
from trail.domain.competence import Grant

BRIEF, JOB, APPROVAL = UUID(int=1), UUID(int=2), UUID(int=3)
ANNA, BRUNO, CARLA = UUID(int=11), UUID(int=12), UUID(int=13)


def actor(*privileges: str) -> Actor:
    return Actor(ANNA, UUID(int=99), "Anna", "internal", frozenset(), frozenset(privileges))


def test_the_requester_follows_the_brief() -> None:
    drafted = BriefDrafted(brief_id=BRIEF, number="B-1", title="Espositori", requester_id=ANNA)
    assert grants_of(drafted.type, BRIEF, BRIEF, drafted.model_dump(mode="json")) == [Grant(ANNA, BRIEF)]


def test_approvers_follow_the_brief() -> None:
    pending = StepPending(
        approval_id=APPROVAL, subject_type="brief", subject_id=BRIEF, step="s", approvers=[ANNA, BRUNO]
    )
    grants = grants_of(pending.type, APPROVAL, BRIEF, pending.model_dump(mode="json"))
    assert grants == [Grant(ANNA, BRIEF), Grant(BRUNO, BRIEF)]


def test_who_took_over_follows_the_brief() -> None:
    asked = HandedOver(approval_id=APPROVAL, step="s", from_person_id=ANNA, to_person_id=BRUNO)
    assert grants_of(asked.type, APPROVAL, BRIEF, asked.model_dump(mode="json")) == [Grant(BRUNO, BRIEF)]
    owned = BriefHandedOver(brief_id=BRIEF, number="B-1", from_person_id=ANNA, to_person_id=BRUNO)
    assert grants_of(owned.type, BRIEF, BRIEF, owned.model_dump(mode="json")) == [Grant(BRUNO, BRIEF)]


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
    assert grants_of(decided.type, APPROVAL, BRIEF, decided.model_dump(mode="json")) == [Grant(ANNA, BRIEF)]


def test_an_assignee_follows_the_job_alone() -> None:
    assigned = PhaseAssigned(
        job_id=JOB, order_id=UUID(int=4), phase_id=UUID(int=5), phase="stampa", assignee_id=CARLA
    )
    grants = grants_of(assigned.type, JOB, BRIEF, assigned.model_dump(mode="json"))
    assert grants == [Grant(CARLA, BRIEF, JOB)]


def test_an_unknown_type_lets_nobody_follow() -> None:
    assert grants_of("optima.future.thing.v1", JOB, BRIEF, {"requester_id": str(ANNA)}) == ()


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
