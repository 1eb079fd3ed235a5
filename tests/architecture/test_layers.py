"""Where things are decided: visibility beside the use cases, the cut of pages once."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from optima_local.layout import ROOT

SERVICES = sorted(path.parent for path in ROOT.glob("services/*/src/*/bootstrap.py"))
LAYERS = {"domain", "application", "adapters", "migrations"}
BESIDE_LAYERS = {"__init__", "__main__", "bootstrap", "settings"}
_ASKS = re.compile(r"[\w.]+\.may|[\w.]*\bactor\.require|[\w.]*\bactor\.privileges|getattr\([\w.]*\bactor, .*")
_TEMPLATE_ASKS = re.compile(r"\.may\(|\bactor\.privileges|\bactor ?\| ?attr")
_MAY_ASK = {
    "identity/adapters/directory.py",  # begins units of work as the kit does, with the endpoint's privilege
    "portal/adapters/navigation.py",  # leads people to the pages that they can use
    "portal/adapters/pages/people.py",
    "portal/adapters/pages/roles.py",  # says which privileges the reader can't grant
}


def trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for file in sorted(folder.rglob("*.py")):
        yield file, parsed(file)


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Those of a module and of its classes."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from functions(node.body)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_every_module_is_in_a_layer(service: Path) -> None:
    folders = {path.name for path in service.iterdir() if path.is_dir() and path.name != "__pycache__"}
    modules = {path.stem for path in service.glob("*.py")}
    assert folders <= LAYERS
    assert modules <= BESIDE_LAYERS


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_adapters_check_no_privileges(service: Path) -> None:
    """What an actor may see or do is decided in the application."""
    adapters = service / "adapters"
    asking = [
        f"{file}:{node.lineno}"
        for file, tree in trees(adapters)
        if file.relative_to(service.parent).as_posix() not in _MAY_ASK
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and _ASKS.fullmatch(ast.unparse(node))
    ]
    templates = [file for file in adapters.rglob("*.html") if _TEMPLATE_ASKS.search(file.read_text("utf-8"))]
    assert not asking
    assert not templates


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_only_page_of_cuts_lists(service: Path) -> None:
    for file, tree in trees(service):
        for node in ast.walk(tree):
            cut = isinstance(node, ast.keyword) and node.arg == "next_cursor"
            assert not cut, f"{file}:{node.lineno}: use page_of"


WRONG = [
    (test_every_module_is_in_a_layer, "helpers/__init__.py", ""),
    (test_adapters_check_no_privileges, "adapters/http.py", 'actor.may("brief.read")'),
    (test_adapters_check_no_privileges, "adapters/http.py", "ask = call.actor.may"),
    (test_adapters_check_no_privileges, "adapters/http.py", 'call.actor.require("brief.read")'),
    (test_adapters_check_no_privileges, "adapters/http.py", '"brief.read" in call.actor.privileges'),
    (test_adapters_check_no_privileges, "adapters/http.py", 'getattr(actor, "may")("brief.read")'),
    (test_adapters_check_no_privileges, "adapters/brief.html", "{% if actor.may('brief.read') %}"),
    (test_adapters_check_no_privileges, "adapters/brief.html", "{{ 'brief.read' in actor.privileges }}"),
    (test_only_page_of_cuts_lists, "application/read/briefs.py", "Page(items=[], next_cursor=None)"),
    (test_only_page_of_cuts_lists, "application/read/briefs.py", "Page[V](items=[], next_cursor=None)"),
    (test_only_page_of_cuts_lists, "application/read/briefs.py", "pages.Page(items=[], next_cursor=None)"),
]


@pytest.mark.parametrize(("rule", "place", "text"), WRONG)
def test_each_rule_is_seen_to_break(
    rule: Callable[[Path], None], place: str, text: str, tmp_path: Path
) -> None:
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
