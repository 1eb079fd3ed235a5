"""docs/settings.md names each setting that the code reads, with its default, unit and secrecy; no other."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pytest
from pydantic import SecretStr

from optima_kit.settings import Settings
from optima_local.deployment.entries import service_entries
from optima_local.deployment.settings_table import Setting, settings_model, settings_of, settings_table
from optima_local.layout import ROOT

SERVICES = service_entries()
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb", "putenv"}
SPEAKING = {"settings", "Settings", *ENVIRONMENT}
BY_A_LIST_OF_NAMES = "environment_without_secrets"
"""Hands PATH and the like on to a program that it starts."""


class Planted(Settings):
    answer_seconds: float = 1.5
    """How long nobody waits."""
    word: SecretStr | None = None
    """What nobody says."""


class WithoutUnit(Settings):
    length: int = 7
    """How long it is."""


class WithoutMeaning(Settings):
    answer_seconds: float = 1.5


@cache
def modules() -> dict[Path, ast.Module]:
    """Those that speak of settings or of the environment."""
    return {
        file.relative_to(ROOT): ast.parse(text)
        for place in (ROOT / "shared", *(ROOT / "services").iterdir())
        for file in place.rglob("src/**/*.py")
        if "testing" not in file.parts
        if any(word in (text := file.read_text(encoding="utf-8")) for word in SPEAKING)
    }


@cache
def names_that_are_read() -> set[str]:
    """Every attribute that the code reads of anything."""
    return {
        node.attr
        for module in modules().values()
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


def reads_of_the_environment(module: ast.Module) -> list[str]:
    """Where the module reads variables past the settings: the function's name, or "" at its top."""
    found = []

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        match node:
            case ast.Attribute(attr=name) | ast.alias(name=name) if name in ENVIRONMENT:
                found.append(function)
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(module, "")
    return found


def unread(settings: Iterable[Setting]) -> set[str]:
    """The settings that nothing asks for by name."""
    read = {f"OPTIMA_{name.upper()}" for name in names_that_are_read()}
    return {setting.variable for setting in settings} - read


def test_the_code_reads_its_environment_by_its_settings_alone() -> None:
    found = {
        (file, function)
        for file, module in modules().items()
        for function in reads_of_the_environment(module)
    }
    assert {function for _, function in found} == {BY_A_LIST_OF_NAMES}, found


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['OPTIMA_X']",
        "import os\nos.getenv('OPTIMA_X')",
        "from os import environ\nenviron.get(name)",
        "def f():\n    import os\n    return {**os.environ}",
    ],
)
def test_a_variable_that_is_read_otherwise_is_found(source: str) -> None:
    assert reads_of_the_environment(ast.parse(source)) in ([""], ["f"])


def test_every_setting_of_the_table_is_read_and_one_that_is_not_is_found() -> None:
    for service in SERVICES:
        assert unread(settings_of(settings_model(service))) == set(), service.name
    assert unread(settings_of(Planted)) == {"OPTIMA_ANSWER_SECONDS", "OPTIMA_WORD"}


def test_a_setting_more_is_in_the_table_with_all_that_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings_table(SERVICES).splitlines()
    monkeypatch.setattr(
        "optima_local.deployment.settings_table.settings_model",
        lambda service: Planted if service.name == "trail" else settings_model(service),
    )
    after = settings_table(SERVICES).splitlines()
    assert [line for line in after if line not in before] == [
        "| `OPTIMA_ANSWER_SECONDS` | `1.5` | seconds |  | How long nobody waits. | `env` |",
        "| `OPTIMA_WORD` | none |  | yes | What nobody says. | a key of the service's Secret |",
    ]
    assert [line for line in before if line not in after], "the trail's own settings are no longer told"


def test_a_setting_without_a_meaning_or_a_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="answer_seconds has no docstring"):
        settings_of(WithoutMeaning)
    with pytest.raises(ValueError, match="length is a number: its name says no unit"):
        settings_of(WithoutUnit)
