"""docs/generate: what it has written into docs says what the code says."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from typing import Any, ClassVar

import pytest

from optima_contracts.envelope import EventData

ROOT = Path(__file__).parents[2]


@pytest.fixture
def generate() -> Any:
    """The script `docs/generate` as a module."""
    loader = SourceFileLoader("docs_generate", str(ROOT / "docs" / "generate"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module


def test_the_committed_pages_are_current(generate: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"]) == 0, capsys.readouterr().err


def test_a_stale_or_missing_page_is_noticed(
    generate: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    assert generate.main([]) == 0
    for name, old, new in (
        ("events.md", "required", "optional"),
        ("asyncapi.json", "topic", "fanout"),
        ("privileges.md", "●", ""),
    ):
        page = tmp_path / name
        page.write_text(page.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    (tmp_path / "erp-connectors.md").unlink()
    assert generate.main(["--check"]) == 1
    assert {line.split()[0] for line in capsys.readouterr().err.splitlines()} == {
        f"docs/{name}" for name in generate.PAGES
    }


def test_an_event_that_nobody_explains_is_refused(generate: Any) -> None:
    class Silent(EventData):
        """Subject: the silence."""

        # Not a type of its own, so that the register stays as it is.
        type: ClassVar[str]

    with pytest.raises(ValueError, match="does not say when it is sent"):
        generate.documentation("optima.brief.silent.v1", Silent)
    with pytest.raises(ValueError, match="no sample"):
        generate.subject_of("optima.brief.silent.v1")
    with pytest.raises(ValueError, match="nobody may publish it"):
        generate.services_of("optima.silence.kept.v1", {"brief": {"publishes": []}}, "publishes")
