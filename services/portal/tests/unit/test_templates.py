"""Templates are compiled for who first asks for them: here for all."""

from __future__ import annotations

from portal.adapters.rendering import environment_of


def test_every_template_compiles() -> None:
    environment = environment_of("it")
    names = environment.list_templates(extensions=["html"])
    assert len(names) > 50
    for name in names:
        environment.get_template(name)
