"""The verdicts on OWASP ASVS, and the list of attacks that are tried, name tests and files that there are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/security/asvs.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([\d.]+) \| [^|]+ \| ([^|]+) \| (.+) \|$", TEXT, re.MULTILINE)
ATTACKS = (ROOT / "tests/security/README.md").read_text(encoding="utf-8")
NAMED = sorted(
    set(re.findall(r"`((?:[\w.-]+/)+[\w.-]+(?:::\w+)?|[\w-]+\.(?:toml|md)|\.dockerignore)`", TEXT + ATTACKS))
)
SOURCES = (ROOT, *ROOT.glob("services/*/src"), *ROOT.glob("shared/*/src"))


@pytest.mark.parametrize("named", NAMED)
def test_what_a_verdict_names_is_there(named: str) -> None:
    name, _, test = named.partition("::")
    found = [source / name for source in SOURCES if (source / name).is_file()]
    assert len(found) == 1, "named from the root or from a package, a file"
    if test:
        assert re.search(rf"^ *(async )?def {test}\(", found[0].read_text(encoding="utf-8"), re.MULTILINE)


def test_each_requirement_has_one_verdict_and_the_sums_are_right() -> None:
    numbers = [number for number, _, _ in ROWS]
    assert numbers == sorted(set(numbers), key=lambda number: [int(part) for part in number.split(".")])
    assert TEXT.count("\n| ") == len(ROWS) + TEXT.count("\n## ")
    sums = Counter(verdict for _, verdict, _ in ROWS)
    told = re.search(
        r"Of all, (\d+) pass, (\d+) are not applicable, (\d+) are the operator's, (\d+) are accepted,"
        r" and (\d+) (?:are gaps|is a gap)\.",
        " ".join(TEXT.split()),
    )
    assert told is not None
    verdicts = ("pass", "not applicable", "operator's", "accepted", "**gap**")
    assert [sums.pop(verdict) for verdict in verdicts] == [*map(int, told.groups())]
    assert not sums


def test_a_pass_names_what_shows_it() -> None:
    bare = [number for number, verdict, where in ROWS if verdict == "pass" and "`" not in where]
    assert bare == []


def test_what_is_accepted_says_what_is_left() -> None:
    accepted = [(number, where) for number, verdict, where in ROWS if verdict == "accepted"]
    bare = [number for number, where in accepted if "Left" not in where and "as 12.3.1" not in where]
    assert bare == []
