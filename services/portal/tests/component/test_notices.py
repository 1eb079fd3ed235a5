"""Events become notices on people's pages, and mails as each wishes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from optima_contracts.approval import StepPending
from optima_contracts.brief import (
    BriefCommented,
    BriefCommentsRead,
    BriefContent,
    BriefDelivered,
    BriefOverBudget,
    BriefSubmitted,
)
from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonChanged
from optima_contracts.production import OrderChanged, PhaseAssigned, PhaseSplit
from optima_contracts.trail import PersonErased
from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.pages import PageQuery
from optima_kit.reactions import Received
from optima_kit.service import Service
from optima_kit.testing.postbox import Postbox, postbox_open
from optima_kit.work import JobRunner
from portal.adapters.messages import reactions
from portal.adapters.notices import PortalPorts
from portal.application.ports import FollowedBrief
from portal.bootstrap import service
from portal.domain.notices import Notice, Preferences
from portal.settings import PortalSettings

ANNA, PAOLO, APPROVAL, BRIEF = (uuid4() for _ in range(4))
PENDING = StepPending(
    approval_id=APPROVAL,
    subject_type="brief",
    subject_id=BRIEF,
    step="direzione",
    step_name="Direzione",
    title="Vetrina di Natale",
    approvers=[ANNA, PAOLO],
    recipients=[ANNA, PAOLO],
)


@dataclass
class Portal:
    service: Service[PortalPorts]
    database: Database
    backbone_url: str
    clock: FixedClock
    postbox: Postbox
    tenant_id: UUID

    async def tell(self, event: EventData, *, subject: UUID = APPROVAL, actor: UUID | None = None) -> None:
        reaction = reactions.to(event.type)
        assert reaction is not None
        received = Received(
            data=event,
            id=uuid4(),
            type=event.type,
            source="/optima/approval",
            subject=subject,
            sequence=1,
            time=self.clock.now(),
            tenant_id=self.tenant_id,
            correlation_id=BRIEF,
            causation_id=None,
            actor_id=actor,
            on_behalf_of=None,
            traceparent=None,
            body=b"",
        )
        cause = received.cause(self.clock.now())
        async with self.database.transaction(self.tenant_id, cause) as work:
            await reaction.handle(self.service.ports(work), received)

    async def know(self, person_id: UUID, name: str, *, active: bool = True) -> None:
        email = f"{name.lower()}@a.example"
        person = PersonChanged(
            person_id=person_id, name=name, email=email, kind="internal", roles=[], active=active
        )
        await self.tell(person, subject=person_id)

    async def choose(self, person_id: UUID, preferences: Preferences) -> None:
        async with self.database.transaction(self.tenant_id) as work:
            PortalPorts(work).notices.save_preferences(person_id, preferences)

    async def notices(self, person_id: UUID) -> list[Notice]:
        async with self.database.reading(self.tenant_id) as work:
            return list(await PortalPorts(work).notices.list_notices(person_id, PageQuery()))

    async def mails(self, *, after: timedelta = timedelta()) -> list[tuple[str, str]]:
        """Addressee and subject of what has left by then."""
        self.clock.advance(after)
        backbone = await asyncpg.create_pool(self.backbone_url, min_size=1, max_size=1)
        try:
            await JobRunner(self.service, self.database).run_due(backbone, self.clock)
        finally:
            await backbone.close()
        sent, self.postbox.letters = self.postbox.letters, []
        return [(str(each["To"]), str(each["Subject"])) for each in sent]


@pytest.fixture
async def portal(database_for: Any) -> AsyncIterator[Portal]:
    stored = await database_for("portal")
    async with AsyncExitStack() as stack:
        postbox = await stack.enter_async_context(postbox_open())
        needed = {name for name, field in PortalSettings.model_fields.items() if field.is_required()}
        own = {
            "database_url": stored.rw_url,
            "database_backbone_url": stored.backbone_url,
            "broker_url": "amqp://none",
            "environment": "demonstration",
            "issuer": "http://issuer.test",
            "key_secret": "only-for-tests-0123456789abcdefghij",
            "mail_url": postbox.url,
        }
        settings = PortalSettings(**{**dict.fromkeys(needed - own.keys(), "http://none.test"), **own})
        clock = FixedClock(datetime(2026, 11, 30, 11, 0, tzinfo=UTC))
        database = await Database.open(stored.rw_url, source="/optima/portal", size=2, clock=clock)
        stack.push_async_callback(database.close)
        portal = Portal(service(settings), database, stored.backbone_url, clock, postbox, uuid4())
        await portal.know(ANNA, "Anna")
        await portal.know(PAOLO, "Paolo")
        yield portal


async def test_what_came_without_a_mail_server_is_not_mailed_once_there_is_one(portal: Portal) -> None:
    served = portal.service
    portal.service = replace(served, ports=partial(PortalPorts, mails=False))
    await portal.tell(PENDING)
    portal.service = served
    assert [each.title for each in await portal.notices(ANNA)] == [PENDING.title]
    assert await portal.mails() == []
    await portal.tell(PENDING.model_copy(update={"title": "Vetrina di Pasqua"}))
    assert [each for each in await portal.mails() if each[0] == "anna@a.example"] == [
        ("anna@a.example", "Aspetta la tua decisione: Vetrina di Pasqua")
    ]


async def test_each_is_told_as_they_wish(portal: Portal) -> None:
    await portal.choose(PAOLO, Preferences({"to_decide": "page"}))
    await portal.tell(PENDING)
    for person in (ANNA, PAOLO):
        (notice,) = await portal.notices(person)
        assert (notice.what, notice.title, notice.detail) == ("step_pending", PENDING.title, "Direzione")
        assert notice.address == f"/approvals/{APPROVAL}"
    assert await portal.mails() == [("anna@a.example", "Aspetta la tua decisione: Vetrina di Natale")]
    assert await portal.mails() == []


async def test_what_happens_in_quiet_hours_comes_in_one_mail_afterwards(portal: Portal) -> None:
    await portal.choose(ANNA, Preferences(quiet_from=time(11), quiet_until=time(14)))
    for _ in range(3):
        await portal.tell(PENDING.model_copy(update={"recipients": [ANNA]}))
        portal.clock.advance(timedelta(minutes=10))
    assert await portal.mails() == []
    assert await portal.mails(after=timedelta(hours=2)) == [("anna@a.example", "3 avvisi da Linea OPTIMA")]


async def test_a_digest_leaves_once_with_what_was_not_read(portal: Portal) -> None:
    await portal.choose(ANNA, Preferences({"to_decide": "digest"}, digest_at=time(18, 30)))
    for _ in range(3):
        await portal.tell(PENDING.model_copy(update={"recipients": [ANNA]}))
    read = (await portal.notices(ANNA))[0]
    async with portal.database.transaction(portal.tenant_id) as work:
        assert await PortalPorts(work).notices.read_notice(ANNA, read.notice_id) == read.address
        assert await PortalPorts(work).notices.read_notice(PAOLO, read.notice_id) is None
    assert await portal.mails(after=timedelta(hours=6)) == []
    assert await portal.mails(after=timedelta(hours=1)) == [("anna@a.example", "2 avvisi da Linea OPTIMA")]


async def test_a_task_tells_its_assignee_and_a_delivery_the_requester(portal: Portal) -> None:
    phase_id, job_id = uuid4(), uuid4()
    task = PhaseAssigned(job_id=job_id, order_id=uuid4(), phase_id=phase_id, phase="stampa", assignee_id=ANNA)
    await portal.tell(task, subject=job_id)
    await portal.tell(task, subject=job_id, actor=ANNA)
    (notice,) = await portal.notices(ANNA)
    assert (notice.kind, notice.address) == ("task", f"/tasks/{phase_id}")
    async with portal.database.transaction(portal.tenant_id) as work:
        PortalPorts(work).notices.save_brief(BRIEF, FollowedBrief(PAOLO, "Vetrina"))
    await portal.tell(BriefDelivered(brief_id=BRIEF, order_id=uuid4()), subject=BRIEF)
    (notice,) = await portal.notices(PAOLO)
    assert (notice.what, notice.title, notice.address) == ("brief_delivered", "Vetrina", f"/briefs/{BRIEF}")


async def test_who_has_the_rest_of_a_split_task_is_told(portal: Portal) -> None:
    job_id, phase_id = uuid4(), uuid4()
    split = PhaseSplit(
        job_id=job_id,
        order_id=uuid4(),
        phase_id=phase_id,
        phase="stampa",
        share_id=uuid4(),
        quantity="40",
        unit="pz",
        assignee_id=ANNA,
    )
    await portal.tell(split, subject=job_id, actor=PAOLO)
    await portal.tell(split, subject=job_id, actor=ANNA)
    await portal.tell(split.model_copy(update={"assignee_id": None}), subject=job_id, actor=PAOLO)
    (notice,) = await portal.notices(ANNA)
    assert (notice.what, notice.address) == ("phase_split", f"/tasks/{phase_id}")


async def test_the_requester_is_told_that_their_order_was_changed(portal: Portal) -> None:
    async with portal.database.transaction(portal.tenant_id) as work:
        PortalPorts(work).notices.save_brief(BRIEF, FollowedBrief(PAOLO, "Vetrina"))
    order_id = uuid4()
    changed = OrderChanged(
        order_id=order_id,
        number="O-2026-0001",
        brief_id=BRIEF,
        deadline=date(2027, 1, 31),
        lines=[],
        reason="Rinviata",
    )
    await portal.tell(changed, subject=order_id, actor=ANNA)
    await portal.tell(changed, subject=order_id, actor=PAOLO)
    await portal.tell(changed.model_copy(update={"brief_id": None}), subject=order_id, actor=ANNA)
    (notice,) = await portal.notices(PAOLO)
    assert (notice.what, notice.title, notice.address) == ("order_changed", "Vetrina", f"/briefs/{BRIEF}")


async def test_who_plans_budgets_is_told_of_a_brief_that_waits(portal: Portal) -> None:
    budget_id = uuid4()
    over = BriefOverBudget(
        brief_id=BRIEF,
        number="B-2026-0001",
        revision=1,
        approval_id=APPROVAL,
        requester_id=ANNA,
        title="Vetrina",
        budget_id=budget_id,
        recipients=[PAOLO],
    )
    await portal.tell(over, subject=BRIEF)
    await portal.tell(over.model_copy(update={"budget_id": None}), subject=BRIEF)
    (notice,) = await portal.notices(PAOLO)
    assert (notice.what, notice.title, notice.address) == ("over_budget", "Vetrina", f"/budgets/{budget_id}")
    assert await portal.notices(ANNA) == []


async def test_who_left_gets_no_mail_and_who_was_erased_leaves_nothing(portal: Portal) -> None:
    await portal.know(ANNA, "Anna", active=False)
    await portal.tell(PENDING)
    assert [to for to, _ in await portal.mails()] == ["paolo@a.example"]
    await portal.tell(PersonErased(person_id=PAOLO), subject=PAOLO)
    assert await portal.notices(PAOLO) == []
    assert await portal.notices(ANNA) != []


async def test_who_is_mentioned_in_a_comment_is_told(portal: Portal) -> None:
    comment = BriefCommented(brief_id=BRIEF, comment_id=uuid4(), mentioned_ids=[ANNA, PAOLO])
    await portal.tell(comment, subject=BRIEF, actor=PAOLO)
    (notice,) = await portal.notices(ANNA)
    assert (notice.what, notice.address) == ("brief_commented", f"/briefs/{BRIEF}")
    assert await portal.notices(PAOLO) == []


async def test_who_has_read_all_comments_is_told_of_none_any_more(portal: Portal) -> None:
    for subject in (BRIEF, APPROVAL):
        comment = BriefCommented(brief_id=subject, comment_id=uuid4(), mentioned_ids=[ANNA, PAOLO])
        await portal.tell(comment, subject=subject)

    async def unread(person: UUID) -> list[str]:
        return [each.address for each in await portal.notices(person) if each.read_at is None]

    for all_read, left in ((False, 2), (True, 1)):
        read = BriefCommentsRead(brief_id=BRIEF, comment_id=uuid4(), all_read=all_read)
        await portal.tell(read, subject=BRIEF, actor=ANNA)
        assert len(await unread(ANNA)) == left
    assert await unread(ANNA) == [f"/briefs/{APPROVAL}"]
    assert len(await unread(PAOLO)) == 2


async def test_who_looks_after_a_type_is_told_of_its_briefs(portal: Portal) -> None:
    content = BriefContent(
        title="Vetrina", category="POP", budget="10.00", deadline=date(2027, 1, 8), items=[]
    )
    submitted = BriefSubmitted(
        brief_id=BRIEF,
        number="B-2026-0001",
        revision=1,
        content_hash="x",
        process="prova",
        requester_id=PAOLO,
        purchasing_owner_id=ANNA,
        content=content,
    )
    await portal.tell(submitted, subject=BRIEF, actor=PAOLO)
    (notice,) = await portal.notices(ANNA)
    assert (notice.what, notice.title, notice.address) == ("brief_submitted", "Vetrina", f"/briefs/{BRIEF}")
    assert await portal.notices(PAOLO) == []
