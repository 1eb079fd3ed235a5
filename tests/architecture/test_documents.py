"""Links between documents lead somewhere, and the list of decisions is complete."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from optima_local.layout import ROOT

DECISIONS = ROOT / "docs" / "decisions"
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)\s#]+)")


def documents() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / path for path in listed.stdout.splitlines()]


def broken_links(document: Path) -> list[str]:
    links = LINK.findall(document.read_text(encoding="utf-8"))
    return [link for link in links if not (document.parent / link).exists()]


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_of_a_document_lead_to_files(document: Path) -> None:
    assert broken_links(document) == []


def test_a_broken_link_is_noticed(tmp_path: Path) -> None:
    document = tmp_path / "page.md"
    document.write_text("[here](page.md#part), [there](../gone.md), [elsewhere](https://example.com)")
    assert broken_links(document) == ["../gone.md"]


def test_the_list_of_decisions_names_each_with_its_title() -> None:
    listed = dict(re.findall(r"^- \[(.+)\]\((\d{4}-.+\.md)\)$", (DECISIONS / "README.md").read_text(), re.M))
    titles = {
        path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# "): path.name
        for path in DECISIONS.glob("0*.md")
    }
    assert listed == titles
