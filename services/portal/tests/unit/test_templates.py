"""Templates are compiled for who first asks for them: here for all."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

from portal.adapters.rendering import environment_of


def test_every_template_compiles() -> None:
    environment = environment_of("it")
    names = environment.list_templates(extensions=["html"])
    assert len(names) > 50
    for name in names:
        environment.get_template(name)


def test_no_template_hides_another() -> None:
    """Pages and their parts are found by name alone."""
    names = Counter(file.name for file in Path(str(files("portal.adapters"))).rglob("*.html"))
    assert [name for name, times in names.items() if times > 1] == []
