"""Every refusal has its text in both languages, and every text has a refusal that says it."""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest
from pydantic_core.core_schema import ErrorType

from optima_kit import refusals

from ..security.conftest import SERVICES

KIT = "optima_kit"
REASONS = re.compile(r"(already|bad|cannot|invalid|missing|no|not|too|unknown|wrong)_|.*_not_found$")
"""What no refusal code begins with: first the thing, then what is the matter with it. And what is not there
is `absent`."""
IMPERSONAL = re.compile(
    r"(?:^|[.:;!?] |, o |, poi )(?!lettere)"
    r"\w+(?:(?:[aei]r|rr)e|[aeu]r(?:l[aoie]|ne|gli|si)|ir(?:l[aoie]|ne|si))\b"
)
"""An instruction in the infinitive: "Controllare l'indirizzo." Pages, which show these texts, say "tu"."""
FORMAL = re.compile(r"\b(?:vostr[aoie]|voi|a lei)\b", re.IGNORECASE)
RAISED = {
    name
    for name, kind in vars(refusals).items()
    if isinstance(kind, type) and issubclass(kind, refusals.Refusal)
} | {"PydanticCustomError"}


@cache
def nodes_of(package: str) -> list[ast.AST]:
    source = Path(str(files(package)))
    return [
        node
        for file in source.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]


def texts_of(package: str) -> dict[str, object]:
    catalogue = files(f"{package}.http" if package == KIT else f"{package}.adapters")
    return tomllib.loads(catalogue.joinpath("refusals.toml").read_text(encoding="utf-8"))


def raised_in(nodes: list[ast.AST]) -> set[str]:
    """Return the codes that are written out where a refusal is made, also as one of two."""
    own = {
        node.name
        for node in nodes
        if isinstance(node, ast.ClassDef) and RAISED & set(map(name_of, node.bases))
    }
    calls = [node for node in nodes if isinstance(node, ast.Call) and name_of(node.func) in RAISED | own]
    codes = [
        code
        for call in calls
        for code in call.args[:1] + [each.value for each in call.keywords if each.arg == "code"]
    ]
    codes += [each for code in codes if isinstance(code, ast.IfExp) for each in (code.body, code.orelse)]
    return {code.value for code in codes if isinstance(code, ast.Constant) and isinstance(code.value, str)}


def name_of(node: ast.expr) -> str:
    return str(getattr(node, "attr", getattr(node, "id", "")))


def named_in(package: str) -> re.Pattern[str]:
    """Matches the codes that the code of `package` writes out, or puts together."""
    whole = {
        re.escape(node.value)
        for node in nodes_of(package)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    }
    composed = {
        "".join(re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+" for part in node.values)
        for node in nodes_of(package)
        if isinstance(node, ast.JoinedStr)
    }
    return re.compile("|".join(whole | {each for each in composed if re.search("[a-z]_|_[a-z]", each)}))


@pytest.mark.parametrize("package", [KIT, *SERVICES])
def test_every_refusal_has_its_text(package: str) -> None:
    assert sorted(raised_in(nodes_of(package)) - texts_of(KIT).keys() - texts_of(package).keys()) == []


@pytest.mark.parametrize(
    "code",
    [
        'raise Invalid("unsaid", field="name")',
        'refusals.Invalid(code="unsaid")',
        'problems.append(Invalid("unsaid" if name else "column_missing"))',
        'class Broken(Invalid): ...\nBroken("unsaid")',
    ],
)
def test_a_refusal_without_text_is_noticed(code: str) -> None:
    assert "unsaid" in raised_in(list(ast.walk(ast.parse(code))))


@pytest.mark.parametrize("package", SERVICES)
def test_every_text_has_its_refusal(package: str) -> None:
    named = named_in(package)
    assert [code for code in texts_of(package) if not named.fullmatch(code)] == []


def test_every_text_of_the_kit_is_said_by_somebody() -> None:
    named = [named_in(package) for package in (KIT, *SERVICES)]
    codes = texts_of(KIT).keys() - set(get_args(ErrorType))
    assert sorted(code for code in codes if not any(each.fullmatch(code) for each in named)) == []


@pytest.mark.parametrize("package", SERVICES)
def test_a_refusal_says_first_what_it_is_about(package: str) -> None:
    assert sorted(code for code in texts_of(package) if REASONS.match(code)) == []


@pytest.mark.parametrize("package", [KIT, *SERVICES])
def test_what_to_do_is_said_as_pages_speak_to_their_reader(package: str) -> None:
    italian = {code: str(text["it"]) for code, text in texts_of(package).items() if isinstance(text, dict)}
    other = {code: text for code, text in italian.items() if IMPERSONAL.search(text) or FORMAL.search(text)}
    assert other == {}
