"""An export is verified with nothing but the file."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from optima_kit.actor import Actor
from optima_kit.refusals import Forbidden
from trail.adapters.verify_command import verify_command
from trail.application.export_entries import export_entries, harmless
from trail.application.ports import Ports
from trail.domain.chain import BEGINNING, Head, SealedEntry, extend
from trail.domain.entry import Occurrence, canonical_json

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
TENANT = UUID(int=1)


class StoredTrail:
    """The trail as a list."""

    def __init__(self, entries: list[SealedEntry]) -> None:
        self.stored = entries

    async def chain(self, *, after: int = 0) -> AsyncIterator[Sequence[SealedEntry]]:
        for each in self.stored:
            if each.entry.number > after:
                yield [each]

    async def head(self) -> Head:
        last = self.stored[-1]
        return Head(last.entry.number, last.hash)


def ports(*types: str) -> Ports:
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
            canonical_json({"nota": "più €"}),
        )
        for n, kind in enumerate(types, 1)
    ]
    return Ports(
        trail=StoredTrail(extend(BEGINNING, occurrences, tenant_id=TENANT, recorded_at=NOW)), now=NOW
    )  # type: ignore[arg-type]


def auditor(*more: str) -> Actor:
    return Actor(UUID(int=2), TENANT, "Ada", "internal", frozenset(), frozenset({"trail.read_all", *more}))


PLAIN, PRICED = "optima.brief.drafted.v1", "optima.economics.job_set.v1"


async def exported(tmp_path: Path, actor: Actor, *types: str, after: int = 0, limit: int = 100) -> Path:
    file = tmp_path / f"export-{after}.jsonl"
    file.write_bytes(await export_entries(ports(*types), actor, form="jsonl", after=after, limit=limit))
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
    lines[1] = json.dumps({**json.loads(lines[1]), field: value})
    file.write_text("\n".join(lines))
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out.startswith("broken: entry 2 does not match")


async def test_a_removed_and_a_swapped_line_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await exported(tmp_path, auditor(), PLAIN, PLAIN, PLAIN)
    first, second, third = file.read_text().splitlines(keepends=True)
    file.write_text(first + third)
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out == "broken: entry 2 is missing\n"
    file.write_text(first + third + second)
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


@pytest.mark.parametrize(
    "text", ["", "no\n", "[]\n", '{"number":1}\n', '{"number":"1","hash":"","previous_hash":""}\n']
)
def test_what_is_no_export_is_said_to_be_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text)
    assert verify_command([str(file)]) == 1
    assert capsys.readouterr().out.startswith("not verifiable: ")


async def test_only_who_reads_everything_exports() -> None:
    actor = Actor(UUID(int=2), TENANT, "Ada", "internal", frozenset(), frozenset({"trail.export"}))
    with pytest.raises(Forbidden):
        await export_entries(ports(PLAIN), actor, form="jsonl", after=0, limit=10)


@pytest.mark.parametrize("cell", ["=1+1", "+39", "-2", "@x", "\tx"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("2026-11-24") == "2026-11-24"


async def test_csv_opens_with_a_header() -> None:
    text = (await export_entries(ports(PLAIN), auditor(), form="csv", after=0, limit=10)).decode("utf-8-sig")
    header, row = text.splitlines()
    assert header.startswith("number;occurred_at;")
    assert row.startswith("1;2026-11-24T09:30:00.000000+00:00;")
