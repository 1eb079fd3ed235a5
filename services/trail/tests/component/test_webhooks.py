"""Webhooks: a real receiver is told of every event, in order, at least once, and of nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from optima_contracts.brief import BriefCommented
from optima_contracts.economics import JobEconomicsSet
from optima_contracts.identity import PersonChanged, RoleChanged, ServiceAccountChanged
from optima_contracts.trail import WebhookChanged, WebhookDisabled
from optima_kit import egress
from optima_kit.actor import Actor
from optima_kit.clock import FixedClock
from optima_kit.db import Database
from optima_kit.egress import EgressGuard
from optima_kit.testing import ServiceHarness
from optima_kit.work import JobRunner
from trail.adapters.postgres import QUERIES
from trail.adapters.receivers import HttpReceivers
from trail.application.deliver_events import deliver_events
from trail.application.schedules import DeliverEvents
from trail.bootstrap import service
from trail.domain.webhooks import PAUSES

from ..conftest import Scene

OWNERS = {"webhook.write", "trail.read_all", "job.economics.read", "brief.price.read"}
OTHER_TENANT = UUID(int=2)


class Receiver:
    """Somebody else's server on this machine: it keeps what it is sent, and answers as it is told to."""

    def __init__(self) -> None:
        self.requests: list[tuple[web.BaseRequest, bytes]] = []
        self.answer: Callable[[web.Request], Any] = lambda _: web.Response(text="thank you")
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._take)
        self.server = TestServer(app)

    async def _take(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request, await request.read()))
        given = self.answer(request)
        return await given if asyncio.iscoroutine(given) else given

    @property
    def port(self) -> int:
        assert self.server.port is not None
        return self.server.port

    def told(self) -> list[str]:
        """The ids of the events, in the order in which they came."""
        return [request.headers["webhook-id"] for request, _ in self.requests]


@dataclass(slots=True)
class Stage:
    """The trail over HTTP, its jobs, a receiver, and names that lead where a test says."""

    scene: Scene
    clock: FixedClock
    app: ServiceHarness
    runner: JobRunner[Any]
    backbone: Database
    receiver: Receiver
    names: dict[str, Sequence[str]] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)

    @property
    def receivers(self) -> HttpReceivers:
        return self.runner.service.resources.receivers  # type: ignore[no-any-return]

    def owner(self, **options: Any) -> Actor:
        privileges = options.pop("privileges", OWNERS)
        return self.app.people.person(tenant_id=self.scene.tenant_id, privileges=privileges, **options)

    def url(self, path: str = "/events", host: str = "hooks.test") -> str:
        return f"http://{host}:{self.receiver.port}{path}"

    async def set_up(self, actor: Actor | None = None, **content: Any) -> Any:
        """The new webhook as its answer shows it."""
        body = {"url": self.url()} | content
        response, view = await self.app.as_(actor or self.owner()).post("/v1/webhooks", body)
        assert response.status == 201, view
        return view

    async def record(self, *events: Any) -> list[str]:
        """Their ids, once the trail has recorded them and owed what follows."""
        await self.scene.record(*events)
        return [str(event.id) for event in events]

    async def comment(self, n: int = 1) -> list[str]:
        events = [
            self.scene.event(BriefCommented(brief_id=UUID(int=k), comment_id=uuid4()), subject=UUID(int=k))
            for k in range(1, n + 1)
        ]
        return await self.record(*events)

    async def price(self) -> list[str]:
        job = uuid4()
        economics = JobEconomicsSet(job_id=job, order_id=uuid4(), cost="1.00", price="3.21", margin="2.21")
        return await self.record(self.scene.event(economics, subject=job))

    async def work(self, *, later: timedelta = timedelta(0)) -> None:
        """Has everything done that is due `later`."""
        self.clock.advance(later)
        await self.runner.run_due(self.backbone.pool, self.clock)

    async def view(self, webhook: Any) -> Any:
        response, view = await self.app.as_(self.owner()).get(f"/v1/webhooks/{webhook['id']}")
        assert response.status == 200
        return view

    async def attempts(self, webhook: Any, query: str = "", actor: Actor | None = None) -> list[Any]:
        client = self.app.as_(actor or self.owner())
        response, page = await client.get(f"/v1/webhooks/{webhook['id']}/attempts{query}")
        assert response.status == 200
        return list(page["items"])


@pytest.fixture
async def stage(scene: Scene) -> AsyncIterator[Stage]:
    # Receivers refuse signatures that are older than five minutes: the clock stands, but at the present.
    clock = FixedClock(datetime.now(UTC))
    scene.clock.set(clock.now())
    settings = scene.settings.model_copy(
        update={
            "environment": "demonstration",
            "webhook_plain_http": True,
            "webhook_networks": (ip_network("127.0.0.1/32"),),
        }
    )
    receiver = Receiver()
    await receiver.server.start_server()
    names: dict[str, Sequence[str]] = {"hooks.test": ["127.0.0.1"]}
    resolved: list[str] = []

    async def resolve(host: str, port: int) -> Sequence[str]:
        resolved.append(host)
        if host not in names:
            raise OSError(host)
        return names[host]

    made = service(settings)
    receivers = HttpReceivers(EgressGuard(settings.egress_exceptions, resolve=resolve))
    made = replace(made, resources=replace(made.resources, receivers=receivers))
    backbone = await Database.open(scene.stored.backbone_url, source="/optima/trail", size=2, clock=clock)
    working = await Database.open(scene.stored.rw_url, source="/optima/trail", size=4, clock=clock)
    async with ServiceHarness.serve(made, scene.stored, clock=clock) as app:
        yield Stage(scene, clock, app, JobRunner(made, working), backbone, receiver, names, resolved)
    await working.close()
    await backbone.close()
    await receiver.server.close()


def says(status: int, **options: Any) -> Callable[[web.Request], web.Response]:
    return lambda _: web.Response(status=status, **options)


class TestDelivery:
    async def test_a_receiver_can_verify_what_the_feed_shows(self, stage: Stage) -> None:
        webhook = await stage.set_up()
        await stage.comment(2)
        await stage.work()
        _, page = await stage.app.as_(stage.owner()).get("/v1/events?type=optima.brief.")
        verifier = Verifier(webhook["secret"]["secret"])
        got = [verifier.verify(body, dict(request.headers)) for request, body in stage.receiver.requests]
        of_briefs = [event for event in got if event["type"].startswith("optima.brief.")]
        assert of_briefs == page["items"]
        assert stage.receiver.requests[0][0].content_type == "application/cloudevents+json"
        with pytest.raises(WebhookVerificationError):
            verifier.verify(stage.receiver.requests[0][1] + b" ", dict(stage.receiver.requests[0][0].headers))

    async def test_every_event_comes_once_in_order_however_many(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.brief."])
        sent = await stage.comment(70) + await stage.comment(5)
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_it_begins_with_what_is_to_come_unless_told_otherwise(self, stage: Stage) -> None:
        history = await stage.comment(3)
        await stage.set_up(types=["optima.brief."])
        await stage.set_up(url=stage.url("/second"), types=["optima.brief."], after=history[1])
        await stage.set_up(url=stage.url("/all"), types=["optima.brief."], from_the_beginning=True)
        await stage.work()
        told: dict[str, list[str]] = {"/events": [], "/second": [], "/all": []}
        for request, _ in stage.receiver.requests:
            told[request.path].append(request.headers["webhook-id"])
        assert told == {"/events": [], "/second": history[2:], "/all": history}

    async def test_only_the_types_that_were_asked_for_come(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.economics.", "optima.brief.approved.v1"])
        await stage.comment(3)
        await stage.work()
        assert stage.receiver.told() == []
        sent = await stage.price()
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_a_tenants_events_go_to_its_own_webhooks_alone(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.brief."])
        comment = BriefCommented(brief_id=uuid4(), comment_id=uuid4())
        await stage.record(stage.scene.event(comment, subject=uuid4(), tenant_id=OTHER_TENANT))
        sent = await stage.comment()
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_a_turn_that_is_repeated_tells_again_and_skips_nothing(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        sent = await stage.comment(5)
        owed = DeliverEvents(webhook_id=UUID(webhook["id"]))
        runs = [_Run(stage), _Run(stage)]
        await asyncio.gather(*(deliver_events(run, stage.receivers, owed) for run in runs))
        told = stage.receiver.told()
        assert sorted(set(told), key=told.index) == sent
        await stage.work()
        assert sorted(set(stage.receiver.told())) == sorted(sent)

    async def test_a_turn_that_died_before_it_was_noted_tells_again_under_the_same_id(
        self, stage: Stage
    ) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        sent = await stage.comment()
        with pytest.raises(ConnectionError):
            await deliver_events(
                _Run(stage, dies_at=2), stage.receivers, DeliverEvents(webhook_id=UUID(webhook["id"]))
            )
        assert stage.receiver.told() == sent
        await stage.work()
        assert stage.receiver.told() == sent * 2


class _Run:
    """A run of the delivery's job, beside the one that is owed."""

    def __init__(self, stage: Stage, *, dies_at: int = 0) -> None:
        self._stage = stage
        self._left = dies_at

    def transaction(self) -> Any:
        if self._left:
            self._left -= 1
            if not self._left:
                raise ConnectionError("the process died")
        return self._ports()

    finish = transaction

    def _ports(self) -> Any:
        @asynccontextmanager
        async def unit() -> AsyncIterator[Any]:
            runner = self._stage.runner
            async with runner.database.transaction(self._stage.scene.tenant_id) as work:
                yield runner.service.ports(work)

        return unit()


class TestFailure:
    async def test_what_failed_is_tried_again_later_and_nothing_overtakes_it(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        stage.receiver.answer = says(500, text="not today")
        sent = await stage.comment(3)
        await stage.work()
        assert stage.receiver.told() == sent[:1]
        view = await stage.view(webhook)
        assert (view["state"], view["failures"]) == ("active", 1)
        sent += await stage.comment(2)
        await stage.work()
        assert stage.receiver.told() == sent[:1], "an event that comes meanwhile does not hasten the attempt"
        owed = DeliverEvents(webhook_id=UUID(webhook["id"]))
        await deliver_events(_Run(stage), stage.receivers, owed)
        assert stage.receiver.told() == sent[:1], "nor does a turn that somebody was woken for too early"
        stage.receiver.answer = says(204)
        await stage.work(later=PAUSES[0] * 1.2)
        assert stage.receiver.told() == [sent[0], *sent]
        assert (await stage.view(webhook))["failures"] == 0

    async def test_a_failure_in_the_middle_repeats_nothing_and_skips_nothing(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.brief."])
        sent = await stage.comment(4)
        stage.receiver.answer = lambda _: web.Response(
            status=500 if len(stage.receiver.requests) == 2 else 200
        )
        await stage.work()
        assert stage.receiver.told() == sent[:2]
        await stage.work(later=PAUSES[0] * 1.2)
        assert stage.receiver.told() == [*sent[:2], *sent[1:]]

    async def test_a_receiver_that_is_away_piles_nothing_up_and_hinders_nobody(self, stage: Stage) -> None:
        stage.names["away.test"] = ["127.0.0.1"]
        await stage.set_up(url="http://away.test:1/", types=["optima.brief."])
        await stage.set_up(types=["optima.brief."])
        sent: list[str] = []
        for _ in range(4):
            sent += await stage.comment(10)
            await stage.work()
        assert stage.receiver.told() == sent
        owed = await stage.scene.stored.fetch(
            "SELECT due_at FROM jobs WHERE state = 'due' AND kind = 'trail.deliver_events'"
        )
        assert len(owed) == 1
        await stage.comment()
        assert owed[0] in await stage.scene.stored.fetch(
            "SELECT due_at FROM jobs WHERE state = 'due' AND kind = 'trail.deliver_events'"
        ), "what comes wakes nobody whose receiver fails"

    async def test_after_the_last_attempt_it_is_disabled_with_a_notice_and_resumed_loses_nothing(
        self, stage: Stage
    ) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        stage.receiver.answer = says(503)
        sent = await stage.comment(2)
        await stage.work()
        for pause in PAUSES:
            assert (await stage.view(webhook))["state"] == "active"
            await stage.work(later=pause * 1.2)
        view = await stage.view(webhook)
        assert (view["state"], view["disabled_because"]) == ("disabled", "unreachable")
        assert stage.receiver.told() == sent[:1] * (len(PAUSES) + 1)
        (notice,) = await stage.scene.stored.published(WebhookDisabled.type)
        assert notice.data["reason"] == "unreachable"
        assert notice.data["host"] == "hooks.test"
        stage.receiver.requests.clear()
        sent += await stage.comment()
        await stage.work(later=timedelta(days=2))
        assert stage.receiver.told() == []
        stage.receiver.answer = says(200)
        response, _ = await stage.app.as_(stage.owner()).post(f"/v1/webhooks/{webhook['id']}/resumption")
        assert response.status == 200
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_gone_disables_at_once(self, stage: Stage) -> None:
        webhook = await stage.set_up()
        stage.receiver.answer = says(410)
        await stage.comment(2)
        await stage.work()
        view = await stage.view(webhook)
        assert (view["state"], view["disabled_because"]) == ("disabled", "gone")
        assert len(stage.receiver.requests) == 1

    async def test_redirects_are_not_followed(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        stage.receiver.answer = says(307, headers={"Location": stage.url("/elsewhere")})
        await stage.comment()
        await stage.work()
        assert [request.path for request, _ in stage.receiver.requests] == ["/events"]
        (attempt,) = await stage.attempts(webhook)
        assert (attempt["outcome"], attempt["status"]) == ("refused", 307)

    async def test_an_endless_answer_is_read_to_a_bound(self, stage: Stage) -> None:
        written = 0

        async def endless(request: web.Request) -> web.StreamResponse:
            nonlocal written
            response = web.StreamResponse(status=500)
            await response.prepare(request)
            try:
                while True:
                    await response.write(b"no\x00\xff!" * 4000)
                    written += 20_000
            except ConnectionError:
                return response

        stage.receiver.answer = endless
        webhook = await stage.set_up(types=["optima.brief."])
        await stage.comment()
        await stage.work()
        (attempt,) = await stage.attempts(webhook)
        assert attempt["answer"].startswith("no \ufffd!no")
        assert len(attempt["answer"]) <= 500
        assert written < 20_000_000

    async def test_silence_ends_in_time(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(egress, "ANSWERED_WITHIN", 0.2)
        released = asyncio.Event()

        async def silent(_: web.Request) -> web.Response:
            await released.wait()
            return web.Response()

        stage.receiver.answer = silent
        webhook = await stage.set_up(types=["optima.brief."])
        await stage.comment()
        await stage.work()
        released.set()
        (attempt,) = await stage.attempts(webhook)
        assert (attempt["outcome"], attempt.get("status")) == ("unreachable", None)
        assert attempt["answer"].startswith("no answer within")

    async def test_the_round_makes_good_what_woke_nobody(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.brief."])
        await stage.work()
        sent = await stage.comment()
        await stage.scene.tamper("DELETE FROM jobs WHERE kind = 'trail.deliver_events'")
        await stage.work()
        assert stage.receiver.told() == []
        await stage.work(later=timedelta(minutes=5))
        assert stage.receiver.told() == sent


async def test_what_an_owner_may_see_is_found_by_index(scene: Scene) -> None:
    for n in range(20):
        subjects = [UUID(int=1000 + 100 * n + k) for k in range(100)]
        await scene.record(
            *(
                scene.event(BriefCommented(brief_id=each, comment_id=uuid4()), subject=each)
                for each in subjects
            )
        )
    await scene.tamper("ANALYZE entries")
    for statement, parameters, index in (
        (QUERIES.find_owner, {"owner_id": UUID(int=1001)}, "entries_by_story"),
        (QUERIES.list_privileges_of_roles, {"keys": ["buyer"]}, "entries_by_type"),
    ):
        async with scene.database.reading(scene.tenant_id) as work:
            plan = await work.fetch(replace(statement, sql=f"EXPLAIN {statement.sql}"), **parameters)
        assert index in "".join(row[0] for row in plan), plan


class TestPlaces:
    async def test_where_names_may_not_lead_no_webhook_is_set_up(self, stage: Stage) -> None:
        stage.names |= {
            "metadata.test": ["169.254.169.254"],
            "inside.test": ["10.1.2.3"],
            "mixed.test": ["93.184.216.34", "192.168.1.1"],
        }
        refusals = {
            "http://metadata.test/latest": "webhook_address_not_allowed",
            "http://inside.test/": "webhook_address_not_allowed",
            "http://mixed.test/": "webhook_address_not_allowed",
            "http://nowhere.test/": "webhook_address_not_allowed",
            "ftp://hooks.test/": "webhook_not_https",
            "http://user:secret@hooks.test/": "webhook_address",
        }
        client = stage.app.as_(stage.owner())
        for url, code in refusals.items():
            response, problem = await client.post("/v1/webhooks", {"url": url})
            assert (response.status, problem["code"], problem["errors"][0]["field"]) == (422, code, "url"), (
                url
            )
        assert await stage.scene.stored.fetch("SELECT FROM webhooks") == []

    async def test_a_name_that_leads_elsewhere_later_is_not_followed(self, stage: Stage) -> None:
        stage.names["rebound.test"] = ["93.184.216.34"]
        webhook = await stage.set_up(
            url=f"http://rebound.test:{stage.receiver.port}/", types=["optima.brief."]
        )
        # 127.0.0.2 reaches the same receiver, but the operator has only named 127.0.0.1.
        for address in ("127.0.0.2", "::ffff:127.0.0.1", "10.0.0.1"):
            stage.names["rebound.test"] = [address]
            await stage.comment()
            await stage.work(later=timedelta(days=1))
            attempt = (await stage.attempts(webhook))[0]
            assert attempt["outcome"] == "not_allowed"
            assert address not in attempt["answer"]
        assert stage.receiver.requests == []

    async def test_what_was_judged_is_what_is_connected_to(self, stage: Stage) -> None:
        await stage.set_up(types=["optima.brief."])
        stage.resolved.clear()
        await stage.comment(3)
        await stage.work()
        assert stage.resolved == ["hooks.test"]
        assert {request.headers["Host"] for request, _ in stage.receiver.requests} == {
            f"hooks.test:{stage.receiver.port}"
        }


class TestSight:
    async def test_who_may_not_see_prices_is_told_of_none(self, stage: Stage) -> None:
        blind = stage.owner(privileges={"webhook.write", "trail.read_all"})
        await stage.set_up(blind, types=["optima.brief.", "optima.economics."])
        await stage.price()
        sent = await stage.comment()
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_who_leads_it_elsewhere_lends_it_their_own_sight(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.economics."])
        sent = await stage.price()
        await stage.work()
        assert stage.receiver.told() == sent
        blind = stage.app.as_(stage.owner(privileges={"webhook.write", "trail.read_all"}))
        path = f"/v1/webhooks/{webhook['id']}"
        body = {"url": stage.url("/mine"), "types": ["optima.economics."]}
        response, view = await blind.put(path, body, headers={"If-Match": '"1"'})
        assert response.status == 200, view
        await stage.price()
        await stage.work()
        assert stage.receiver.told() == sent
        _, page = await blind.get(f"{path}/attempts")
        assert page["items"] == []
        (attempt,) = await stage.attempts(webhook)
        response, problem = await blind.post(f"{path}/attempts/{attempt['id']}/replay")
        assert (response.status, problem["code"]) == (404, "attempt_absent")

    async def test_an_account_that_was_closed_has_no_webhook(self, stage: Stage) -> None:
        owner = stage.owner()
        webhook = await stage.set_up(owner, types=["optima.brief."])

        def account(sequence: int, scopes: set[str], *, active: bool) -> Any:
            fact = ServiceAccountChanged(
                account_id=owner.person_id, name="Gestionale", scopes=sorted(scopes), active=active
            )
            return stage.scene.event(fact, subject=owner.person_id, sequence=sequence)

        await stage.record(account(1, OWNERS, active=True))
        sent = await stage.comment()
        await stage.work()
        assert stage.receiver.told() == sent
        await stage.record(account(2, OWNERS, active=False))
        await stage.comment()
        await stage.work()
        assert stage.receiver.told() == sent
        view = await stage.view(webhook)
        assert (view["state"], view["disabled_because"]) == ("disabled", "owner")

    async def test_a_person_who_loses_a_role_takes_the_prices_along(self, stage: Stage) -> None:
        owner = stage.owner()
        await stage.set_up(owner, types=["optima.brief.", "optima.economics."])
        roles = {"full": OWNERS, "plain": {"webhook.write", "trail.read_all"}}

        def person(sequence: int, *keys: str) -> Any:
            fact = PersonChanged(
                person_id=owner.person_id,
                name="Anna",
                email="anna@example.com",
                kind="internal",
                roles=list(keys),
                active=True,
            )
            return stage.scene.event(fact, subject=owner.person_id, sequence=sequence)

        for key, privileges in roles.items():
            role = uuid4()
            fact = RoleChanged(role_id=role, key=key, privileges=sorted(privileges))
            await stage.record(stage.scene.event(fact, subject=role))
        await stage.record(person(1, "full", "plain"))
        sent = await stage.price()
        await stage.work()
        assert stage.receiver.told() == sent
        await stage.record(person(2, "plain"))
        await stage.price()
        sent += await stage.comment()
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_others_find_no_webhook_and_no_privilege(self, stage: Stage) -> None:
        webhook = await stage.set_up()
        foreign = stage.app.people.person(tenant_id=OTHER_TENANT, privileges=OWNERS)
        path = f"/v1/webhooks/{webhook['id']}"
        secret = webhook["secret"]["id"]
        asked: list[tuple[str, str, Any]] = [
            ("GET", path, None),
            ("PUT", path, {"url": stage.url("/stolen")}),
            ("DELETE", path, None),
            ("POST", f"{path}/pause", None),
            ("POST", f"{path}/resumption", None),
            ("POST", f"{path}/position", {}),
            ("POST", f"{path}/secrets", None),
            ("DELETE", f"{path}/secrets/{secret}", None),
            ("GET", f"{path}/attempts", None),
            ("POST", f"{path}/attempts/{uuid4()}/replay", None),
        ]
        powerless = stage.app.people.person("auditor", tenant_id=stage.scene.tenant_id)
        for method, address, body in asked:
            options = {"json": body} if body is not None else {}
            headers = {"If-Match": '"1"'}
            response, problem = await stage.app.as_(foreign).request(
                method, address, headers=dict(headers), **options
            )
            assert (response.status, problem["code"]) == (404, "webhook_absent"), (method, address)
            response, _ = await stage.app.as_(powerless).request(
                method, address, headers=dict(headers), **options
            )
            assert response.status == 403, (method, address)
        _, page = await stage.app.as_(foreign).get("/v1/webhooks")
        assert page["items"] == []
        _, page = await stage.app.as_(stage.owner()).get("/v1/webhooks")
        assert [each["id"] for each in page["items"]] == [webhook["id"]]

    async def test_who_may_not_read_the_whole_trail_sets_none_up(self, stage: Stage) -> None:
        narrow = stage.app.as_(stage.owner(privileges={"webhook.write"}))
        response, _ = await narrow.post("/v1/webhooks", {"url": stage.url()})
        assert response.status == 403


class TestSecrets:
    async def test_two_live_side_by_side_and_each_verifies(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}/secrets"
        old = webhook["secret"]
        _, new = await client.post(path)
        response, problem = await client.post(path)
        assert (response.status, problem["code"]) == (409, "webhook_has_two_secrets")
        await stage.comment()
        await stage.work()
        request, body = stage.receiver.requests.pop()
        for secret in (old, new):
            assert Verifier(secret["secret"]).verify(body, dict(request.headers))
        response, _ = await client.delete(f"{path}/{old['id']}")
        assert response.status == 204
        await stage.comment()
        await stage.work()
        request, body = stage.receiver.requests.pop()
        assert Verifier(new["secret"]).verify(body, dict(request.headers))
        with pytest.raises(WebhookVerificationError):
            Verifier(old["secret"]).verify(body, dict(request.headers))
        response, problem = await client.delete(f"{path}/{new['id']}")
        assert (response.status, problem["code"]) == (409, "webhook_needs_a_secret")
        response, problem = await client.delete(f"{path}/{old['id']}")
        assert (response.status, problem["code"]) == (404, "webhook_secret_absent")
        assert [each["id"] for each in (await stage.view(webhook))["secrets"]] == [new["id"]]

    async def test_they_are_nowhere_in_clear_after_they_were_shown(
        self, stage: Stage, capsys: pytest.CaptureFixture[str]
    ) -> None:
        webhook = await stage.set_up(url=stage.url("/events?token=of-the-receivers"))
        client = stage.app.as_(stage.owner())
        _, added = await client.post(f"/v1/webhooks/{webhook['id']}/secrets")
        stage.receiver.answer = says(500)
        await stage.comment()
        await stage.work()
        tables = await stage.scene.stored.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        kept = ""
        for (table,) in tables:
            rows = await stage.scene.stored.fetch(f'SELECT t::text FROM "{table}" AS t')
            kept += "".join(row[0] for row in rows if table != "webhooks")
        assert webhook["id"] in kept
        said = kept + "".join(capsys.readouterr())
        for secret in (webhook["secret"]["secret"], added["secret"]):
            assert secret not in said
            assert secret.removeprefix("whsec_") not in said
            assert secret.encode().hex() not in said
        assert "of-the-receivers" not in said


class TestPeople:
    async def test_paused_it_says_nothing_and_resumed_everything(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}"
        response, view = await client.post(f"{path}/pause")
        assert (response.status, view["state"]) == (200, "paused")
        sent = await stage.comment(2)
        await stage.work(later=timedelta(minutes=10))
        assert stage.receiver.told() == []
        response, _ = await client.post(f"{path}/pause")
        assert response.status == 409
        await client.post(f"{path}/resumption")
        await stage.work()
        assert stage.receiver.told() == sent

    async def test_it_can_be_sent_back_and_forward(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}/position"
        sent = await stage.comment(3)
        await stage.work()
        await client.post(path, {"after": sent[0]})
        await stage.work()
        assert stage.receiver.told() == sent + sent[1:]
        stage.receiver.answer = says(500)
        stage.receiver.requests.clear()
        missed = await stage.comment()
        await stage.work()
        stage.receiver.answer = says(200)
        await client.post(path, {})
        sent = await stage.comment()
        await stage.work()
        assert stage.receiver.told() == missed + sent
        response, problem = await client.post(path, {"after": str(uuid4())})
        assert (response.status, problem["code"]) == (422, "event_absent")
        response, problem = await client.post(path, {"after": sent[0], "from_the_beginning": True})
        assert (response.status, problem["code"]) == (422, "two_places")

    async def test_one_delivery_is_replayed_out_of_order(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        sent = await stage.comment(2)
        await stage.work()
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}"
        await client.post(f"{path}/pause")
        first = (await stage.attempts(webhook))[-1]
        response, _ = await client.post(f"{path}/attempts/{first['id']}/replay")
        assert response.status == 202
        await stage.work()
        assert stage.receiver.told() == [*sent, sent[0]]
        newest = (await stage.attempts(webhook))[0]
        assert (newest["event_id"], newest["replay"], newest["outcome"]) == (sent[0], True, "delivered")
        assert (await stage.view(webhook))["state"] == "paused"

    async def test_the_log_tells_what_was_tried_in_pages_and_forgets(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        stage.receiver.answer = says(500, text="busy\x00 <now>")
        sent = await stage.comment(3)
        await stage.work()
        stage.receiver.answer = says(200)
        await stage.work(later=PAUSES[0] * 1.2)
        found = await stage.attempts(webhook)
        assert [each["event_id"] for each in found] == [*reversed(sent), sent[0]]
        failed = found[-1]
        assert (failed["outcome"], failed["status"], failed["answer"]) == ("refused", 500, "busy  <now>")
        assert failed["latency_ms"] >= 0
        assert await stage.attempts(webhook, "?delivered=false") == [failed]
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}/attempts?limit=3"
        _, page = await client.get(path)
        _, rest = await client.get(f"{path}&cursor={page['next_cursor']}")
        assert page["items"] + rest["items"] == found
        await stage.work(later=timedelta(days=15))
        assert await stage.attempts(webhook) == []

    async def test_a_change_while_it_tells_is_not_undone_by_it(self, stage: Stage) -> None:
        webhook = await stage.set_up(types=["optima.brief."])
        sent = await stage.comment(2)
        client, path = stage.app.as_(stage.owner()), f"/v1/webhooks/{webhook['id']}"

        async def meanwhile(_: web.Request) -> web.Response:
            if len(stage.receiver.requests) == 1:
                body = {"url": stage.url("/new"), "types": ["optima.brief."]}
                response, _ = await client.put(path, body, headers={"If-Match": '"1"'})
                assert response.status == 200
            return web.Response()

        stage.receiver.answer = meanwhile
        await stage.work()
        told = [(request.path, request.headers["webhook-id"]) for request, _ in stage.receiver.requests]
        assert told == [("/events", sent[0]), ("/new", sent[0]), ("/new", sent[1])]

    async def test_deleted_it_is_told_nothing_more(self, stage: Stage) -> None:
        webhook = await stage.set_up()
        await stage.comment()
        response, _ = await stage.app.as_(stage.owner()).delete(f"/v1/webhooks/{webhook['id']}")
        assert response.status == 204
        await stage.work(later=timedelta(minutes=10))
        assert stage.receiver.requests == []
        for table in ("webhooks", "webhook_secrets", "webhook_attempts"):
            assert await stage.scene.stored.fetch(f"SELECT FROM {table}") == []

    async def test_a_stale_change_and_a_taken_address_are_refused(self, stage: Stage) -> None:
        webhook = await stage.set_up()
        other = await stage.set_up(url=stage.url("/other"))
        client = stage.app.as_(stage.owner())
        response, problem = await client.post("/v1/webhooks", {"url": stage.url()})
        assert (response.status, problem["code"]) == (409, "webhook_exists")
        path = f"/v1/webhooks/{other['id']}"
        response, problem = await client.put(path, {"url": stage.url()}, headers={"If-Match": '"1"'})
        assert (response.status, problem["code"]) == (409, "webhook_exists")
        response, _ = await client.put(path, {"url": stage.url("/x")}, headers={"If-Match": '"9"'})
        assert response.status == 412
        response, _ = await client.put(path, {"url": stage.url("/x")})
        assert response.status == 428
        assert (await stage.view(webhook))["url"] == stage.url()

    async def test_a_tenant_has_so_many_at_most(self, stage: Stage) -> None:
        for n in range(20):
            await stage.set_up(url=stage.url(f"/{n}"))
        response, problem = await stage.app.as_(stage.owner()).post(
            "/v1/webhooks", {"url": stage.url("/one-more")}
        )
        assert (response.status, problem["code"]) == (409, "webhooks_too_many")

    async def test_every_change_is_told_with_its_author_and_without_the_address(self, stage: Stage) -> None:
        owner = stage.owner()
        webhook = await stage.set_up(owner, url=stage.url("/?token=of-the-receivers"))
        client, path = stage.app.as_(owner), f"/v1/webhooks/{webhook['id']}"
        await client.post(f"{path}/pause")
        await client.post(f"{path}/resumption")
        await client.post(f"{path}/position", {"from_the_beginning": True})
        await client.post(f"{path}/secrets")
        await client.delete(f"{path}/secrets/{webhook['secret']['id']}")
        await client.put(path, {"url": stage.url("/new")}, headers={"If-Match": '"4"'})
        await client.delete(path)
        told = await stage.scene.stored.published(WebhookChanged.type)
        assert [event.data["change"] for event in told] == [
            "created",
            "paused",
            "resumed",
            "moved",
            "secret_added",
            "secret_removed",
            "revised",
            "deleted",
        ]
        assert {event.actorid for event in told} == {owner.person_id}
        assert "of-the-receivers" not in json.dumps([event.data for event in told])
