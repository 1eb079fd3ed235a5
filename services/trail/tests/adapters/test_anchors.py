"""Anchors: one a day, signed by keys that change, and a rewritten or shortened chain no longer fits them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from optima_contracts.brief import BriefCommented
from optima_contracts.trail import ChainAnchored
from optima_kit.sql import Statement
from optima_kit.work import JobRunner
from trail.adapters.signatures import AnchorKeyMaker
from trail.adapters.verify_command import verify_command
from trail.application.anchor_chain import ANCHOR_CHAIN
from trail.application.verify_chain import verify_chain
from trail.domain.anchors import SHOWN_BEFORE
from trail.domain.chain import ChainBreak, Verification, hash_of
from trail.domain.entry import Entry

from ..conftest import Scene

TENANT, OTHER = UUID(int=1), UUID(int=2)
THE_DAY = date(2026, 11, 24)


def commented(scene: Scene, n: int, **options: Any) -> Any:
    brief = UUID(int=100 + n)
    return scene.event(BriefCommented(brief_id=brief, comment_id=UUID(int=n)), subject=brief, **options)


def runner(scene: Scene) -> JobRunner[Any]:
    return JobRunner(scene.app.service, scene.database)


async def verified(scene: Scene) -> Verification:
    async with scene.database.reading(TENANT) as work:
        return await verify_chain(scene.ports(work))


async def come_midnight(scene: Scene) -> None:
    """The next day has begun, and what is due is done."""
    clock = scene.clock
    clock.set(datetime.combine(clock.now().date() + timedelta(days=1), datetime.min.time(), UTC))
    clock.advance(timedelta(minutes=2))
    await scene.app.run_due_jobs()


async def hear_of_anchors(scene: Scene) -> None:
    """What the trail publishes comes back to it like every other event."""
    await scene.record(*await scene.app.published(ChainAnchored))


@pytest.fixture
async def anchored(scene: Scene) -> Any:
    """Six entries of a day that is over and anchored, and two of the next."""
    await scene.record(*(commented(scene, n) for n in range(6)))
    await come_midnight(scene)
    await scene.record(*(commented(scene, n) for n in range(6, 8)))
    return scene


async def test_a_days_first_entry_owes_its_anchor(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    await scene.record(commented(scene, 2))
    await scene.record(commented(scene, 3, tenant_id=OTHER))
    jobs = await scene.stored.fetch("SELECT tenant_id, kind, key, due_at, revision FROM jobs ORDER BY 1")
    due = datetime(2026, 11, 25, 0, 1, tzinfo=UTC)
    assert [tuple(job) for job in jobs] == [
        (tenant, ANCHOR_CHAIN, "2026-11-24", due, 1) for tenant in (TENANT, OTHER)
    ]


async def test_it_is_made_once_by_any_number_of_workers(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    scene.clock.advance(timedelta(days=1))
    (job,) = await scene.stored.fetch("UPDATE jobs SET hinted_at = now() RETURNING id")
    await asyncio.gather(*(runner(scene).run(job["id"], TENANT) for _ in range(5)))
    (again,) = await scene.stored.fetch(
        "UPDATE jobs SET state = 'due', hinted_at = now(), finished_at = NULL RETURNING id"
    )
    await runner(scene).run(again["id"], TENANT)
    (row,) = await scene.stored.fetch("SELECT day, number FROM anchors")
    assert tuple(row) == (THE_DAY, 1)
    assert len(await scene.stored.published(ChainAnchored.type)) == 1
    assert len(await scene.stored.fetch("SELECT FROM anchor_keys")) == 1
    assert [tuple(job) for job in await scene.stored.fetch("SELECT state, attempts FROM jobs")] == [
        ("done", 0)
    ]
    assert (await verified(scene)).anchors == 1


async def test_an_anchor_is_an_event_that_others_can_hold_against_the_public_key(anchored: Any) -> None:
    (event,) = await anchored.stored.published(ChainAnchored.type)
    told = ChainAnchored.model_validate(event.data)
    (sixth,) = await anchored.stored.fetch("SELECT hash FROM entries WHERE number = 6")
    assert (told.day, told.number, told.hash) == (THE_DAY, 6, sixth["hash"])
    async with anchored.database.reading(TENANT) as work:
        (anchor,) = await anchored.ports(work).anchors.between(0, None)
        (key,) = await anchored.ports(work).anchor_keys.all()
    assert (told.kid, told.signature) == (key.kid, anchor.signature)
    maker = AnchorKeyMaker("whichever")
    assert maker.signature_holds(key.public, anchor.message(), told.signature)
    assert not maker.signature_holds(key.public, anchor.message() + b" ", told.signature)


async def test_every_day_is_anchored_since_an_anchor_is_an_entry(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    for _ in range(3):
        await come_midnight(scene)
        await hear_of_anchors(scene)
    rows = await scene.stored.fetch("SELECT day, number FROM anchors ORDER BY day")
    assert [tuple(row) for row in rows] == [(THE_DAY + timedelta(days=n), n + 1) for n in range(3)]
    outcome = await verified(scene)
    assert (outcome.broken, outcome.checked, outcome.anchors) == (None, 4, 3)


async def test_days_that_end_at_the_same_entry_are_all_paged_through(scene: Scene) -> None:
    await scene.record(commented(scene, 1))
    scene.clock.advance(timedelta(hours=15))  # the next day, and nothing anchored yet
    await scene.record(commented(scene, 2))
    scene.clock.advance(timedelta(days=1))
    await scene.app.run_due_jobs()
    rows = await scene.stored.fetch("SELECT number FROM anchors")
    assert [row["number"] for row in rows] == [2, 2]
    paged, more = [], ""
    auditor = scene.app.sign_in("auditor")
    while True:
        _, page = await auditor.get(f"/v1/anchors?limit=1{more}")
        paged += [each["day"] for each in page["items"]]
        if "next_cursor" not in page:
            break
        more = f"&cursor={page['next_cursor']}"
    response, _ = await auditor.get("/v1/anchors?cursor=WzJd")
    assert response.status == 422
    assert paged == ["2026-11-24", "2026-11-25"]


async def test_keys_change_with_overlap_and_old_anchors_still_hold(scene: Scene) -> None:
    known: dict[str, datetime] = {}
    for n in range(40):
        await scene.record(commented(scene, n))
        await come_midnight(scene)
        now = scene.clock.now()
        keys = await scene.stored.fetch("SELECT * FROM anchor_keys ORDER BY signs_from")
        for key in keys:
            known.setdefault(key["kid"], now)
        (newest,) = await scene.stored.fetch("SELECT kid FROM anchors ORDER BY day DESC LIMIT 1")
        with_private = [key["kid"] for key in keys if key["sealed"] is not None]
        assert newest["kid"] in with_private
        assert len(with_private) <= 2
        scene.clock.advance(timedelta(days=6))
    keys = await scene.stored.fetch("SELECT kid, signs_from FROM anchor_keys ORDER BY signs_from")
    assert len(keys) == 4
    for key in keys[1:]:
        assert key["signs_from"] - known[key["kid"]] >= SHOWN_BEFORE
    outcome = await verified(scene)
    assert (outcome.broken, outcome.anchors) == (None, 40)


async def rewrite(scene: Scene, first: int, *, without: int = 0) -> None:
    """The chain with other data from an entry on (or without one), all hashes and the head made to fit: what
    somebody does who has the database and knows how the trail works."""
    async with scene.database.reading(TENANT) as work:
        trail = scene.ports(work).trail
        entries = await trail.portion(after=0, through=1_000)
    previous = entries[first - 2].hash if first > 1 else "0" * 64
    statements = []
    for sealed in entries[first - 1 :]:
        entry: Entry = sealed.entry
        if entry.number == without:
            statements.append(f"DELETE FROM entries WHERE number = {without}")
            continue
        data = entry.occurrence.data
        if entry.number == first:
            data = data.replace("comment_id", "remark_id")
        changed = entry.canonical().replace(entry.occurrence.data, data)
        previous = hash_of(previous, changed)
        statements.append(
            f"UPDATE entries SET data = '{data}', hash = '{previous}' WHERE number = {entry.number}"
        )
    await scene.tamper(*statements, f"UPDATE heads SET hash = '{previous}'")


async def test_a_rewritten_chain_no_longer_fits_the_anchor(anchored: Any) -> None:
    assert (await verified(anchored)).broken is None
    await rewrite(anchored, 4)
    outcome = await verified(anchored)
    assert (outcome.broken, outcome.checked) == (ChainBreak(6, "rewritten"), 8)


async def test_an_entry_taken_out_is_missing_though_all_hashes_were_made_to_fit(anchored: Any) -> None:
    await rewrite(anchored, 3, without=3)
    assert (await verified(anchored)).broken == ChainBreak(3, "missing")


async def test_what_came_after_the_last_anchor_is_the_heads_alone(anchored: Any) -> None:
    await rewrite(anchored, 7)
    assert (await verified(anchored)).broken is None


@pytest.mark.parametrize("left", [5, 1, 0])
async def test_a_chain_cut_off_before_its_anchor_is_found(anchored: Any, left: int) -> None:
    await anchored.tamper(
        f"DELETE FROM entries WHERE number > {left}",
        f"UPDATE heads SET number = {left}, hash = coalesce((SELECT hash FROM entries"
        f" WHERE number = {left}), repeat('0', 64))",
    )
    assert (await verified(anchored)).broken == ChainBreak(left + 1, "missing")


async def sign_with_a_key_of_ones_own(anchored: Any) -> None:
    """The chain rewritten, and its anchor signed anew: what whoever has the database alone can do."""
    await rewrite(anchored, 4)
    theirs = AnchorKeyMaker("another secret")
    key = theirs.new_key(anchored.now - timedelta(days=90))
    async with anchored.database.reading(TENANT) as work:
        (anchor,) = await anchored.ports(work).anchors.between(0, None)
        (sixth,) = (await anchored.ports(work).trail.hashes_at([6])).values()
    forged = replace(anchor, kid=key.kid, hash=sixth)
    signature = theirs.signature(key, forged.message())
    await anchored.tamper(
        f"INSERT INTO anchor_keys VALUES ('{key.kid}', '\\x{key.public.hex()}',"
        f" '\\x{key.attestation.hex()}', '\\x{key.sealed.hex()}', '{key.signs_from.isoformat()}')",
        f"UPDATE anchors SET kid = '{key.kid}', hash = '{sixth}', signature = '{signature}'",
    )


async def test_a_key_of_ones_own_cannot_be_made_the_services(anchored: Any) -> None:
    await sign_with_a_key_of_ones_own(anchored)
    assert (await verified(anchored)).broken == ChainBreak(6, "forged_anchor")


def test_a_key_attested_under_a_former_secret_holds_beside_a_new_one() -> None:
    begins = datetime(2026, 11, 25, tzinfo=UTC)
    key = AnchorKeyMaker("old").new_key(begins)
    both = AnchorKeyMaker("new,old")
    assert both.made(key)
    assert both.signature_holds(key.public, b"message", both.signature(key, b"message"))
    assert AnchorKeyMaker("new").made(both.new_key(begins))
    assert not AnchorKeyMaker("new,other").made(key)


async def test_an_export_does_not_vouch_for_a_key_of_ones_own(
    anchored: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "export.jsonl"

    async def exported() -> str:
        _, data = await anchored.app.sign_in("auditor").get("/v1/exports")
        file.write_bytes(data)
        return str(file)

    assert verify_command([await exported()]) == 0
    await sign_with_a_key_of_ones_own(anchored)
    assert verify_command([await exported()]) == 1
    assert "entry 6 has an anchor that no known key signed" in capsys.readouterr().out


@pytest.mark.parametrize("statement", ["UPDATE anchors SET number = 1", "DELETE FROM anchors"])
async def test_the_service_itself_cannot_change_an_anchor(anchored: Any, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with anchored.database.transaction(TENANT) as work:
            await work.execute(Statement.parse(statement))


@pytest.mark.parametrize("change", ["number = 5", "day = '2026-11-20'", "signature = repeat('A', 86)"])
async def test_an_anchor_changed_by_hand_is_forged(anchored: Any, change: str) -> None:
    await anchored.tamper(f"UPDATE anchors SET {change}")
    broken = (await verified(anchored)).broken
    assert broken is not None
    assert broken.reason == "forged_anchor"
