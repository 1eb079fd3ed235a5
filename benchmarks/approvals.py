"""Measures the approval service alone and prints each figure beside its budget.

    python benchmarks/approvals.py                 engine, publication, simulation, limits
    python benchmarks/approvals.py --stored        and decisions and inbox with 10,000 and 1,000,000 approvals
    python benchmarks/approvals.py --crowded       only 10,000 people, and what another tenant's work delays

    python benchmarks/approvals.py --stored --sizes 500 3000          the same in a minute, to see it work

`--stored` and `--crowded` fill databases on the server that OPTIMA_TEST_POSTGRES_URL names, and drop them.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog
import yaml
from measure.stack import Figure, print_figures

from approval.adapters.cel import CelConditions
from approval.adapters.documents import read_document
from approval.adapters.postgres import Store
from approval.bootstrap import service
from approval.domain import engine
from approval.domain.conditions import read_condition
from approval.domain.costs import MOST_WORK, sizes_of, work_of
from approval.domain.directory import Directory, Person
from approval.domain.process import Definition, Process, process
from approval.domain.publication import publication_flaws
from approval.domain.replay import answers_of, compare, paces_of
from approval.domain.subjects import MOST_VALUES, DatedContent, SubjectType
from approval.settings import ApprovalSettings
from optima_contracts.identity import PersonChanged
from optima_kit.actor import Actor
from optima_kit.consumer import BATCH
from optima_kit.refusals import Malformed
from optima_kit.run import collect_seldom
from optima_kit.testing import ServiceHarness, settings_for, temporary_database

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TENANT = UUID("019ab400-0001-7001-8a5d-3c1e0f000001")
PAST = 10_000
"""Approvals over which a draft is replayed."""
SIZES = (10_000, 1_000_000)
INBOX = 2_000
"""Approvals that wait for the person whose inbox is read, however many are stored."""
SAMPLES = 400
NEIGHBOURLY = 100
"""Requests of another tenant beside each noise."""
PURCHASERS = 10_000

ROLES = ("purchasing", "marketing-lead", "director", "admin", "marketing")
IDS = {role: uuid4() for role in ROLES}
FIVE_STEPS = """
key: cinque-passi
name: Cinque passi
subject: brief
steps:
  - {key: uno, approvers: [{role: purchasing}]}
  - {key: due, approvers: [{role: marketing-lead}]}
  - {key: tre, when: brief.budget > 5000.0, approvers: [{role: director}]}
  - {key: quattro, approvers: [{role: admin}]}
  - {key: cinque, approvers: [{role: purchasing}]}
"""
WHO = {
    "uno": "purchasing",
    "due": "marketing-lead",
    "tre": "director",
    "quattro": "admin",
    "cinque": "purchasing",
}


def brief_type() -> SubjectType:
    text = files("approval.adapters.subject_types").joinpath("brief.yaml").read_text()
    return SubjectType.model_validate(yaml.safe_load(text))


def directory() -> Directory:
    people = {
        id_: Person(id_, role.title(), f"{role}@example.it", frozenset({role})) for role, id_ in IDS.items()
    }
    return Directory(people, roles=frozenset(ROLES))


def ready(document: dict[str, Any]) -> Process:
    subject, conditions = brief_type(), CelConditions()
    definition = Definition.model_validate(document)
    return process(definition, 1, subject, lambda text: conditions.compile(text, subject))


def content(number: int = 1) -> dict[str, Any]:
    return {
        "number": f"B-{number}",
        "revision": 1,
        "title": f"Espositori {number}",
        "category": "POP",
        "budget": "8000.00",
        "deadline": "2026-12-31",
        "requester": {"id": str(IDS["marketing"]), "name": "Marketing", "roles": ["marketing"]},
        "items": [{"item_id": "1", "kind": "espositore", "description": "x", "quantity": "10", "unit": "pz"}],
        "attachments": [],
    }


def subject(number: int = 1) -> engine.Subject:
    return engine.Subject("brief", uuid4(), 1, IDS["marketing"], content(number), "hash")


# -- in memory: CPU time of this process, so that what else runs on the machine counts less


def engine_speed(seconds: float) -> Figure:
    """Whole runs of five steps, opening included; the median of rounds."""
    rules, people = ready(yaml.safe_load(FIVE_STEPS)), directory()
    decisions = [engine.Decision(step, "approve", IDS[role], "hash") for step, role in WHO.items()]
    about, approval_id, rates = subject(), uuid4(), []
    for _ in range(5):
        ends, done, began = time.process_time() + seconds / 5, 0, time.process_time()
        while time.process_time() < ends:
            for _ in range(50):
                run = engine.open_approval(approval_id, rules, about, NOW, people).approval
                for decision in decisions:
                    run = engine.decide(run, rules, decision, NOW, people).approval
                done += len(decisions)
        rates.append(done / (time.process_time() - began))
    rate = statistics.median(rates)
    return Figure("engine, decisions of a five-step process", rate, "/s", "≥ 50,000 /s", rate >= 50_000)


def publication_time() -> Figure:
    """Each time with conditions that have never been compiled before."""
    people, kind, took = directory(), brief_type(), []
    for round_ in range(9):
        steps = [
            {
                "key": f"s{i}",
                "when": f'brief.budget > {round_}{i:03}.0 && brief.category == "POP"',
                "approvers": [{"role": ROLES[i % 4]}],
            }
            for i in range(200)
        ]
        document = {"key": "lungo", "name": "Lungo", "subject": "brief", "steps": steps}
        began = time.process_time()
        definition = Definition.model_validate(document)
        assert publication_flaws(definition, kind, CelConditions(), people) == []
        took.append(time.process_time() - began)
    spent = statistics.median(took) * 1000
    return Figure("publication of a 200-step process", spent, "ms", "≤ 50 ms", spent <= 50)


def simulation_time() -> Figure:
    """A draft over 10,000 approvals that are over, as a replay compares them."""
    rules, people = ready(yaml.safe_load(FIVE_STEPS)), directory()
    past = []
    for number in range(PAST):
        run = engine.open_approval(uuid4(), rules, subject(number), NOW, people).approval
        for step, role in WHO.items():
            run = engine.decide(
                run, rules, engine.Decision(step, "approve", IDS[role], "hash"), NOW, people
            ).approval
        past.append(run)
    document = yaml.safe_load(FIVE_STEPS)
    document["steps"][2]["when"] = "brief.budget > 9000.0"
    draft = ready(document)
    began = time.process_time()
    answers: dict[UUID, Any] = {}
    for run in past:
        for person, taken in answers_of(run):
            answers.setdefault(person, []).append(taken)
    paces = paces_of(answers)
    differing = sum(compare(run, rules, draft, paces, people).differs for run in past)
    spent = time.process_time() - began
    assert differing == PAST
    return Figure(f"simulation of {PAST:,} past approvals", spent, "s", "≤ 5 s", spent <= 5)


def largest_subject_time() -> Figure:
    """A condition over every row of the largest subject, which no other condition has read."""
    fields = {"consegne": {"type": "list", "fields": {"pezzi": {"type": "number"}}}}
    kind = SubjectType.model_validate(
        {"key": "o", "name": "O", "fields": {"righe": {"type": "list", "fields": fields}}}
    )
    row = {"consegne": [{"pezzi": "2"}] * (MOST_VALUES // 200 // 2 - 3)}
    condition = CelConditions().compile("o.righe.exists(r, r.consegne.exists(d, d.pezzi > 5.0))", kind)
    took = []
    for _ in range(9):
        began = time.process_time()
        assert condition(DatedContent({"righe": [row] * 200}, None)) is False
        took.append(time.process_time() - began)
    spent = statistics.median(took) * 1000
    return Figure("a condition over the largest subject", spent, "ms", "≤ 250 ms", spent <= 250)


def work_time() -> Figure:
    """A condition that takes nearly all the work there may be: rows beside rows."""
    kind = SubjectType.model_validate(
        {"key": "o", "name": "O", "fields": {"note": {"type": "list", "of": "text"}}}
    )
    expression = 'o.note.exists(a, o.note.exists(b, a == b + "x"))'
    subject: dict[str, Any] = {"note": [f"n{number}" for number in range(34)]}
    condition = CelConditions().compile(expression, kind)
    work = work_of(read_condition(expression, kind).loops, sizes_of(subject))
    assert MOST_WORK / 2 < work <= MOST_WORK, work
    began = time.process_time()
    assert condition(DatedContent(subject, None)) is False
    spent = (time.process_time() - began) / work * 1e6
    return Figure("a unit of a condition's work", spent, "µs", "≤ 0.2 µs", spent <= 0.2)


def large_document_time() -> Figure:
    """The longest of those that are refused for having too many parts."""
    text = "{" + ",".join(f"k{number}: [a, b]" for number in range(20_000)) + "}"
    began = time.process_time()
    try:
        read_document(Definition, text.encode(), "application/yaml")
    except Malformed:
        spent = (time.process_time() - began) * 1000
        return Figure("refusal of a document that is too large", spent, "ms", "≤ 1,000 ms", spent <= 1000)
    raise AssertionError("it is too large")


# -- over HTTP, with many stored

FILL = """
SELECT set_config('optima.tenant', '{tenant}', false);
INSERT INTO approvals (approval_id, process_key, process_version, subject_type, subject_id, subject_revision,
    subject_sequence, correlation_id, title, amount, requester_id, state, content, content_hash, steps,
    choices, version, opened_at, ended_at)
SELECT ('019ab400-' || lpad(to_hex(n / 65536), 4, '0') || '-7001-8a5d-' || lpad(to_hex(n), 12, '0'))::uuid,
    'cinque-passi', 1, 'brief', gen_random_uuid(), 1, 1, gen_random_uuid(),
    'Espositori ' || n, 8000, '{requester}', 'approved', '{content}', 'hash', '{steps}', '{{}}', 6,
    now() - n * interval '1 minute', now() - n * interval '1 minute'
FROM generate_series(1, {count}) AS n;
INSERT INTO concerned (person_id, approval_id) SELECT '{requester}', approval_id FROM approvals;
INSERT INTO approval_events (approval_id, number, at, event)
SELECT approval_id, number, opened_at, '{{"kind": "reminded", "step": "uno", "people": []}}'
FROM approvals, generate_series(1, 2) AS number;
INSERT INTO approval_words (word, approval_id)
SELECT unnest(tsvector_to_array(search)), approval_id FROM approvals;
"""


async def stored_figures(fewer: int, more: int) -> list[Figure]:
    """Both databases are measured in turn, sample by sample: what else the machine does meets both."""
    print(f"  filling databases with {fewer:,} and {more:,} approvals", file=sys.stderr)
    shown = []
    async with _Desk(fewer) as few, _Desk(more) as many:
        collect_seldom()  # as a service does once it has started
        for name in ("decide", "inbox", "own"):
            took: dict[_Desk, list[float]] = {few: [], many: []}
            for number in range(SAMPLES + 20):
                for desk in (few, many):
                    began = time.perf_counter()
                    await getattr(desk, name)()
                    if number >= 20:
                        took[desk].append(time.perf_counter() - began)
            p99 = {desk: _p99(times) for desk, times in took.items()}
            ratio = p99[many] / p99[few]
            title = {"decide": "decision", "inbox": "inbox", "own": "own approvals"}[name]
            shown += [
                Figure(f"{title}, p99 with {fewer:,} stored", p99[few] * 1000, "ms"),
                Figure(f"{title}, p99 with {more:,} stored", p99[many] * 1000, "ms"),
                Figure(f"{title}: ratio", ratio, "×", "≤ 1.5 ×", ratio <= 1.5),
                Figure(
                    f"{title}: ratio of medians",
                    statistics.median(took[many]) / statistics.median(took[few]),
                    "×",
                ),
            ]
        shown.append(Figure("decisions over HTTP, one process", await few.rate(8.0), "/s"))
    return shown


async def crowded_figures() -> list[Figure]:
    """A tenant of many people, and one beside another that does its worst, all served by one process."""
    async with _Desk(1000) as desk:
        collect_seldom()  # as a service does once it has started
        shown = await _neighbour_figures(desk)
        spent = await desk.take_in(PURCHASERS)
        shown.append(Figure(f"intake of {PURCHASERS:,} people", spent, "s", "≤ 60 s", spent <= 60))
        spent = await desk.opening()
        name = f"submission to a step that asks {PURCHASERS:,}"
        shown.append(Figure(name, spent * 1000, "ms", "≤ 500 ms", spent <= 0.5))
    return shown


async def _neighbour_figures(desk: _Desk) -> list[Figure]:
    """How much longer another tenant's inbox takes while this one does what costs most, again and again."""
    admin = desk.app.as_(desk.person("admin"))
    neighbour = desk.app.as_(desk.app.people.person("purchasing", tenant_id=uuid4()))
    steps = [
        {
            "key": f"s{i}",
            "when": f"brief.budget > {i}.0 || brief.title != 'x{i}'",
            "approvers": [{"role": "admin"}],
        }
        for i in range(150)
    ]
    large = {"key": "grande", "name": "Grande", "subject": "brief", "steps": steps}
    unreadable = "{" + ",".join(f"k{number}: [a, b]" for number in range(20_000)) + "}"
    simulated = {"requester_id": str(IDS["marketing"]), "content": content()}
    await admin.put("/v1/processes/grande", large)

    noises: dict[str, Callable[[], Awaitable[object]]] = {
        "checks of 150 steps": lambda: admin.post("/v1/processes/grande/check", large),
        "simulations of 150 steps": lambda: admin.post("/v1/processes/grande/simulation", simulated),
        "documents that are too large": lambda: admin.put(
            "/v1/processes/x", data=unreadable, headers={"Content-Type": "application/yaml"}
        ),
    }

    async def slowest(noise: Callable[[], Awaitable[object]] | None) -> float:
        async def makes_noise() -> None:
            while noise is not None:
                await noise()

        making, took = asyncio.create_task(makes_noise()), []
        for _ in range(NEIGHBOURLY):
            began = time.perf_counter()
            response, _ = await neighbour.get("/v1/inbox")
            took.append(time.perf_counter() - began)
            assert response.status == 200
            await asyncio.sleep(0.01)
        making.cancel()
        with suppress(asyncio.CancelledError):
            await making
        return _p99(took)

    alone, shown = await slowest(None), []
    for name, noise in noises.items():
        delay = (await slowest(noise) - alone) * 1000
        shown.append(Figure(f"p99 beside {name}, later by", delay, "ms", "≤ 250 ms", delay <= 250))
    return shown


def _p99(took: list[float]) -> float:
    return sorted(took)[int(len(took) * 0.99)]


class _Desk:
    """The service in this process, on a filled database of its own."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.stack = AsyncExitStack()
        self.store = Store()
        """Kept as a service keeps it, with what it has read of the directory and of processes."""

    async def __aenter__(self) -> _Desk:
        database = await self.stack.enter_async_context(temporary_database("approval"))
        self.url = database.superuser_url
        await self.fill()
        app = ServiceHarness.serve(service(settings_for(database, ApprovalSettings)), database, pool_size=8)
        self.app = await self.stack.enter_async_context(app)
        self.actor = self.person("purchasing")
        self.requester = self.person("marketing")
        self.waiting = await self.open_approvals(INBOX)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stack.aclose()

    def person(self, role: str) -> Actor:
        return self.app.people.person(role, tenant_id=TENANT, person_id=IDS[role])

    async def fill(self) -> None:
        import orjson

        rules, people = ready(yaml.safe_load(FIVE_STEPS)), directory()
        run = engine.open_approval(uuid4(), rules, subject(), NOW, people).approval
        for step, role in WHO.items():
            run = engine.decide(
                run, rules, engine.Decision(step, "approve", IDS[role], "hash"), NOW, people
            ).approval
        steps = orjson.dumps(run.steps, option=orjson.OPT_NON_STR_KEYS).decode()
        connection = await asyncpg.connect(self.url)
        await connection.execute(
            FILL.format(
                tenant=TENANT,
                requester=IDS["marketing"],
                content=orjson.dumps(content()).decode().replace("'", "''"),
                steps=steps,
                count=self.count,
            ),
            timeout=3600,
        )
        await connection.execute("VACUUM ANALYZE", timeout=3600)
        await connection.execute(f"SELECT set_config('optima.tenant', '{TENANT}', false)")
        await connection.executemany(
            "INSERT INTO people (person_id, name, email, external, roles, language, active)"
            " VALUES ($1, $2, $3, false, $4, 'it', true)",
            [(id_, role, f"{role}@example.it", [role]) for role, id_ in IDS.items()],
        )
        await connection.executemany(
            "INSERT INTO roles (role_id, key, privileges) VALUES (gen_random_uuid(), $1, $2)",
            [(role, ["approval.decide"]) for role in ("marketing-lead", "director")],
        )
        await connection.execute("INSERT INTO directory_stamps (stamp) VALUES (gen_random_uuid())")
        document = yaml.safe_load(FIVE_STEPS)
        await connection.execute(
            "INSERT INTO processes (process_id, key, name, subject_type, document, version, published,"
            " changed_at) VALUES (gen_random_uuid(), $1, 'x', 'brief', $2, 2, 1, now())",
            document["key"],
            orjson.dumps(document).decode(),
        )
        await connection.execute(
            "INSERT INTO process_versions (key, number, document, subject, published_at)"
            " VALUES ($1, 1, $2, $3, now())",
            document["key"],
            orjson.dumps(document).decode(),
            brief_type().model_dump_json(),
        )
        await connection.close()

    async def open_approvals(self, count: int) -> list[str]:
        """As the reaction to a submitted brief does."""
        from approval.application.open_approval import open_approval

        opened = []
        for start in range(0, count, 50):
            async with self.app.database.transaction(TENANT) as work:
                for number in range(start, min(start + 50, count)):
                    held = await open_approval(
                        self.store.ports(work), "cinque-passi", subject(number), uuid4(), 1
                    )
                    opened.append(str(held.approval.id))
        return opened

    async def decide(self) -> None:
        body = {"step": "uno", "outcome": "approve", "content_hash": "hash"}
        path = f"/v1/approvals/{self.waiting.pop()}/decisions"
        response, answer = await self.app.as_(self.actor).post(path, body)
        assert response.status == 200, answer

    async def inbox(self) -> None:
        response, page = await self.app.as_(self.actor).get("/v1/inbox")
        assert response.status == 200
        assert len(page["items"]) == 50

    async def own(self) -> None:
        response, page = await self.app.as_(self.requester).get("/v1/approvals")
        assert response.status == 200
        assert len(page["items"]) == 50

    async def take_in(self, count: int) -> float:
        """Seconds that a consumer takes for what identity tells of an import."""
        hired = [
            PersonChanged(
                person_id=uuid4(),
                name=f"Persona {number}",
                email=f"persona{number}@example.it",
                kind="internal",
                roles=["purchasing"],
                active=True,
            )
            for number in range(count)
        ]
        began = time.perf_counter()
        for start in range(0, count, BATCH):
            await self.app.deliver(*hired[start : start + BATCH], tenant_id=TENANT)
        return time.perf_counter() - began

    async def opening(self) -> float:
        """Seconds of a submission, the directory's reading included."""
        took = []
        for _ in range(5):
            began = time.perf_counter()
            await self.open_approvals(1)
            took.append(time.perf_counter() - began)
        return max(took)

    async def rate(self, seconds: float) -> float:
        self.waiting += await self.open_approvals(6000)
        ends, done, began = time.perf_counter() + seconds, 0, time.perf_counter()

        async def client() -> None:
            nonlocal done
            while time.perf_counter() < ends and self.waiting:
                await self.decide()
                done += 1

        await asyncio.gather(*(client() for _ in range(8)))
        return done / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stored", action="store_true")
    parser.add_argument("--crowded", action="store_true")
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, metavar=("FEWER", "MORE"))
    parser.add_argument("--seconds", type=float, default=10.0)
    wanted = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if wanted.crowded:
        figures = asyncio.run(crowded_figures())
    else:
        figures = [
            engine_speed(wanted.seconds),
            publication_time(),
            simulation_time(),
            largest_subject_time(),
            work_time(),
            large_document_time(),
        ]
    if wanted.stored:
        figures += asyncio.run(stored_figures(*wanted.sizes))
    print_figures(figures)


if __name__ == "__main__":
    main()
