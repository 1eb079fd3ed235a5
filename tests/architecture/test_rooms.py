"""Where things are decided: rules in the domain, sight beside the use cases, the cut of pages once."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from optima_local.layout import ROOT

SERVICES = sorted(path.parent for path in ROOT.glob("services/*/src/*/bootstrap.py"))
OF_THE_DOMAIN = {"pydantic", "pydantic_core", "optima_kit.refusals", "optima_kit.time_zones"} | {
    f"optima_contracts.{each}" for each in ("money", "quantities")
}
"""What domain code may import beside the standard library and itself."""
ROOMS = {"domain", "application", "adapters", "migrations"}
BESIDE_THEM = {"__init__", "__main__", "bootstrap", "settings"}


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(folder.rglob("*.py")):
        yield file, parsed(file)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)


def functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those of a module and of its classes."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_the_domain_knows_rules_alone(service: Path) -> None:
    for file, tree in trees(service / "domain"):
        for name in imported(tree):
            known = name.partition(".")[0] in sys.stdlib_module_names or name in OF_THE_DOMAIN
            assert known, f"{file} imports {name}"


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_everything_of_a_service_has_its_room(service: Path) -> None:
    folders = {path.name for path in service.iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.stem for path in service.glob("*.py")}
    assert folders <= ROOMS
    assert modules <= BESIDE_THEM


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_endpoints_decide_nobodys_sight(service: Path) -> None:
    """What a reader may see is decided in the application; the portal's navigation leads people to pages."""
    asking = [
        f"{file}:{node.lineno}"
        for file, tree in trees(service / "adapters")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "may"
    ]
    asking = [place for place in asking if not place.startswith(f"{service}/adapters/navigation.py:")]
    templates = [
        file for file in (service / "adapters").rglob("*.html") if ".may(" in file.read_text("utf-8")
    ]
    assert not asking
    assert not templates


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_lists_are_cut_in_one_place(service: Path) -> None:
    for file, tree in trees(service):
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            cut = isinstance(called, ast.Name) and called.id == "Page"
            if cut and isinstance(node, ast.Call):
                cursors = [each for each in node.keywords if each.arg == "next_cursor"]
                assert not cursors, f"{file}:{node.lineno}: use page_of"


WRONG = {
    test_the_domain_knows_rules_alone: ("domain/brief.py", "import aiohttp"),
    test_everything_of_a_service_has_its_room: ("helpers/__init__.py", ""),
    test_endpoints_decide_nobodys_sight: ("adapters/http.py", 'actor.may("brief.read")'),
    test_lists_are_cut_in_one_place: ("application/read/briefs.py", "Page(items=[], next_cursor=None)"),
}


@pytest.mark.parametrize("rule", WRONG, ids=lambda rule: rule.__name__)
def test_each_rule_is_seen_to_break(rule: Callable[[Path], None], tmp_path: Path) -> None:
    place, text = WRONG[rule]
    file = tmp_path / place
    rule(tmp_path)
    file.parent.mkdir(parents=True)
    file.write_text(text)
    with pytest.raises(AssertionError):
        rule(tmp_path)


def test_tests_say_what_their_fixtures_are() -> None:
    """A parameter that takes a fixture of the conftest names the type that the fixture returns or yields."""
    for conftest in sorted(ROOT.glob("services/*/tests/**/conftest.py")):
        fixtures = {
            node.name
            for node in parsed(conftest).body
            if isinstance(node, ast.AsyncFunctionDef)
            and node.returns
            and "Any" not in ast.unparse(node.returns)
        }
        untyped = [
            f"{file.relative_to(ROOT)}:{argument.lineno} {argument.arg}"
            for file, tree in trees(conftest.parent)
            for function in functions(tree.body)
            for argument in function.args.args
            if argument.arg in fixtures
            and (argument.annotation is None or ast.unparse(argument.annotation) == "Any")
        ]
        assert not untyped
