"""An export is verified with nothing but the file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden
from trail.adapters.signatures import AnchorKeyMaker
from trail.adapters.verify_command import verify_command
from trail.application.export_entries import export_entries
from trail.domain.anchors import Anchor, AnchorKey, as_jwk
from trail.domain.chain import BEGINNING, Head, SealedEntry, extend
from trail.domain.entry import Occurrence, canonical_json

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TENANT = UUID(int=1)
MAKER = AnchorKeyMaker("a-secret-of-these-tests")


class Stored:
    """The trail, its anchors and keys as lists; the ports that an export asks."""

    def __init__(self, entries: list[SealedEntry]) -> None:
        self.stored = entries
        self.anchors_made: list[Anchor] = []
        self.key = MAKER.new_key(NOW)
        self.key_maker = MAKER
        self.trail = self.anchors = self.anchor_keys = self

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Any]:
        yield self

    async def portion(self, *, after: int, through: int) -> list[SealedEntry]:
        return [each for each in self.stored if after < each.entry.number <= min(through, after + 2)]

    async def hashes_at(self, numbers: Sequence[int]) -> Mapping[int, str]:
        return {each.entry.number: each.hash for each in self.stored if each.entry.number in numbers}

    async def texts(self, entries: Sequence[SealedEntry]) -> Mapping[UUID, Any]:
        return {}

    async def head(self) -> Head:
        last = self.stored[-1]
        return Head(last.entry.number, last.hash)

    async def between(self, after: int, through: int | None) -> list[Anchor]:
        return [anchor for anchor in self.anchors_made if after < anchor.number <= (through or 99)]

    async def all(self) -> list[AnchorKey]:
        return [self.key]

    def anchored(self, number: int, *, day: date = date(2026, 11, 24)) -> Stored:
        entry = self.stored[number - 1]
        anchor = Anchor(TENANT, day, number, entry.hash, NOW, self.key.kid)
        self.anchors_made.append(replace(anchor, signature=MAKER.signature(self.key, anchor.message())))
        return self


def stored(*types: str, note: str = "più €") -> Stored:
    occurrences = [
        Occurrence(
            UUID(int=n),
            "/optima/brief",
            kind,
            UUID(int=7),
            n,
            UUID(int=7),
            None,
            None,
            None,
            NOW,
            canonical_json({"nota": note}),
        )
        for n, kind in enumerate(types, 1)
    ]
    return Stored(extend(BEGINNING, occurrences, tenant_id=TENANT, recorded_at=NOW))


def auditor(*more: str) -> Actor:
    return Actor(UUID(int=2), TENANT, "Ada", "internal", frozenset(), frozenset({"trail.read_all", *more}))


PLAIN, PRICED = "optima.brief.drafted.v1", "optima.economics.job_set.v1"


async def exported(
    tmp_path: Path, actor: Actor, *types: str, after: int = 0, limit: int = 100, of: Stored | None = None
) -> Path:
    file = tmp_path / f"export-{after}.jsonl"
    source = of or stored(*types)
    parts = await export_entries(source.reading, actor, form="jsonl", after=after, limit=limit)
    file.write_bytes(b"".join([part async for part in parts]))
    return file


async def test_an_export_is_intact(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN)
    assert verify_command([str(file)]) == 0
    assert capsys.readouterr().out.startswith("intact: 3 entries, the last is 3 with hash ")


async def test_exports_in_portions_verify_together(tmp_path: Path) -> None:
    first = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN, limit=2)
    second = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN, after=2)
    assert verify_command([str(first), str(second)]) == 0
    assert verify_command([str(second)]) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("actor_id", str(UUID(int=9))),
        ("data", {"nota": "meno"}),
        ("hash", "0" * 64),
        ("previous_hash", "0" * 64),
    ],
)
async def test_a_changed_field_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, value: object
) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN)
    lines = file.read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), field: value})
    file.write_text("\n".join(lines))
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out.startswith("broken: entry 2 does not match")


async def test_a_line_written_otherwise_is_read_as_json_reads_it(tmp_path: Path) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN)
    header, first, second = file.read_text().splitlines()
    file.write_text("\n".join([header, json.dumps(json.loads(first), indent=None, sort_keys=True), second]))
    assert verify_command([str(file)]) == 0
    for addition in (',"type":"optima.other.v1"}', ',"data":{}}', ',"number":1,"actor_id":"x"}'):
        file.write_text("\n".join([header, first[:-1] + addition, second]))
        assert verify_command([str(file)]) == 1


async def test_a_removed_and_a_swapped_line_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN)
    header, first, second, third = file.read_text().splitlines(keepends=True)
    file.write_text(header + first + third)
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out == "broken: entry 2 is missing\n"
    file.write_text(header + first + third + second)
    assert verify_command([str(file)]) == 1


async def test_prices_are_left_out_and_the_rest_verifies_as_partial(tmp_path: Path) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PRICED, PLAIN)
    assert "economics" not in file.read_text()
    assert verify_command([str(file)]) == 1
    assert verify_command(["--partial", str(file)]) == 0
    with_prices = await exported(tmp_path, auditor("job.economics.read"), PLAIN, PRICED, PLAIN)
    assert verify_command([str(with_prices)]) == 0


async def test_alteration_is_found_in_a_partial_export(tmp_path: Path) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PRICED, PLAIN)
    file.write_text(file.read_text().replace("pi\\u00f9", "meno"))
    assert verify_command(["--partial", str(file)]) == 1


async def test_an_export_cut_off_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN)
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:-1]))
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out == "broken: entry 3 is missing\n"


async def test_anchors_are_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = await exported(tmp_path, auditor(), of=stored(PLAIN, PLAIN, PLAIN).anchored(1).anchored(3))
    assert verify_command([str(file)]) == 0
    assert "2 signed anchors hold" in capsys.readouterr().out


async def test_two_days_may_be_anchored_by_the_same_entry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = stored(PLAIN, PLAIN).anchored(2).anchored(2, day=date(2026, 11, 25))
    assert verify_command([str(await exported(tmp_path, auditor(), of=told))]) == 0
    assert "2 signed anchors hold" in capsys.readouterr().out
    first, second = told.anchors_made
    rewritten = replace(first, hash="0" * 64)
    told.anchors_made = [
        replace(rewritten, signature=MAKER.signature(told.key, rewritten.message())),
        second,
    ]
    assert verify_command([str(await exported(tmp_path, auditor(), of=told))]) == 1


async def test_a_rewritten_chain_no_longer_fits_its_anchors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = stored(PLAIN, PLAIN, PLAIN).anchored(2)
    told.stored = stored(PLAIN, PLAIN, PLAIN, note="meno").stored
    file = await exported(tmp_path, auditor(), of=told)
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out.startswith(
        "broken: entry 2 or one since the anchor before it was rewritten"
    )


async def test_a_chain_shorter_than_its_anchors_was_cut_off(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await exported(tmp_path, auditor(), of=stored(PLAIN, PLAIN, PLAIN).anchored(3))
    header, first, *_ = file.read_text().splitlines()
    file.write_text(f"{json.dumps(json.loads(header) | {'last': 1})}\n{first}\n")
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out == "broken: entry 2 is missing\n"


@pytest.mark.parametrize(
    ("field", "value"),
    [("signature", "A" * 86), ("hash", "0" * 64), ("day", "2026-11-23"), ("number", 1), ("kid", "other")],
)
async def test_a_forged_anchor_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, value: object
) -> None:
    file = await exported(tmp_path, auditor(), of=stored(PLAIN, PLAIN).anchored(2))
    header, *lines = file.read_text().splitlines()
    read = json.loads(header)
    read["anchors"][0][field] = value
    file.write_text("\n".join([json.dumps(read), *lines]))
    assert verify_command([str(file)]) == 1
    assert "has an anchor that no known key signed" in capsys.readouterr().out


async def test_a_key_that_was_not_yet_in_use_signs_nothing(tmp_path: Path) -> None:
    told = stored(PLAIN).anchored(1)
    told.key = replace(told.key, signs_from=NOW.replace(year=2027))
    assert verify_command([str(await exported(tmp_path, auditor(), of=told))]) == 1


async def test_keys_known_from_elsewhere_find_who_forges_a_whole_export(tmp_path: Path) -> None:
    true, forged = stored(PLAIN).anchored(1), stored(PLAIN, note="meno").anchored(1)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [as_jwk(true.key)]}))
    file = await exported(tmp_path, auditor(), of=forged)
    assert verify_command([str(file)]) == 0
    assert verify_command(["--keys", str(keys), str(file)]) == 1
    file = await exported(tmp_path, auditor(), of=true)
    assert verify_command(["--keys", str(keys), str(file)]) == 0


async def test_anchors_hold_in_a_partial_export(tmp_path: Path) -> None:
    file = await exported(tmp_path, auditor(), of=stored(PLAIN, PRICED, PLAIN).anchored(2))
    assert verify_command(["--partial", str(file)]) == 0
    told = stored(PLAIN, PRICED, PLAIN).anchored(2)
    told.stored = stored(PLAIN, PRICED, PLAIN, note="meno").stored
    file = await exported(tmp_path, auditor(), of=told)
    assert verify_command(["--partial", str(file)]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no\n",
        "[]\n",
        '{"number":1}\n',
        '{"number":"1","hash":"","previous_hash":""}\n',
        '{"anchors":[{}],"keys":[],"last":1,"tenant_id":"x"}\n',
        '{"anchors":[],"keys":[],"last":0,"tenant_id":"00000000-0000-0000-0000-000000000001"}\n',
        "più\n",
    ],
)
def test_what_is_no_export_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text, encoding="utf-8")
    assert verify_command([str(file)]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("not verifiable: ")
    assert told.out == ""


@pytest.mark.parametrize(
    "arguments", [[], ["/nowhere/x.jsonl"], ["--what", "x"], ["--keys", "/nowhere/keys.json", "x"]]
)
def test_what_was_not_asked_for_as_it_should_be_is_explained(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify_command(arguments) == 2
    assert capsys.readouterr().err


async def test_only_who_reads_everything_exports() -> None:
    actor = Actor(UUID(int=2), TENANT, "Ada", "internal", frozenset(), frozenset({"trail.export"}))
    with pytest.raises(Forbidden):
        await export_entries(stored(PLAIN).reading, actor, form="jsonl", after=0, limit=10)


async def test_csv_opens_with_a_header() -> None:
    parts = await export_entries(stored(PLAIN).reading, auditor(), form="csv", after=0, limit=10)
    header, row = b"".join([part async for part in parts]).decode("utf-8-sig").splitlines()
    assert header.startswith("number;occurred_at;")
    assert row.startswith("1;2026-11-24T09:30:00.000000+00:00;")
