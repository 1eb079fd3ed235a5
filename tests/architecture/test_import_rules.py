"""The import rules of pyproject.toml and of this module hold, and each of them is seen to break."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")

# Into which module a forbidden import is written, for each rule.
VIOLATIONS = {
    "domain < application < adapters < bootstrap": (
        "brief/application/stray.py",
        "from ..adapters import http",
    ),
    "services never import each other": ("brief/adapters/stray.py", "import trail.domain"),
    "the contracts need pydantic alone": ("optima_contracts/stray.py", "import optima_kit.ids"),
    "the kit knows no service": ("optima_kit/stray.py", "import identity.domain"),
}


def lint_imports(shadowing: Path | None = None) -> str:
    environment = os.environ | ({"PYTHONPATH": str(shadowing)} if shadowing else {})
    command = [LINT_IMPORTS, "--no-cache", "--config", ROOT / "pyproject.toml"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def test_every_rule_is_kept() -> None:
    told = lint_imports()
    assert "0 broken" in told, told


def test_every_rule_breaks_when_it_is_violated(tmp_path: Path) -> None:
    for folder in (
        "shared/contracts/src/optima_contracts",
        "shared/kit/src/optima_kit",
        "services/brief/src/brief",
    ):
        shutil.copytree(ROOT / folder, tmp_path / Path(folder).name)
    for module, line in VIOLATIONS.values():
        (tmp_path / module).write_text(f"{line}\n")

    told = lint_imports(shadowing=tmp_path)

    unbroken = [
        rule
        for rule in VIOLATIONS
        if not any("BROKEN" in line and rule in line for line in told.splitlines())
    ]
    assert not unbroken, told


def test_every_rule_has_a_violation_here() -> None:
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    assert [
        name for contract in configured if not any(rule in (name := contract["name"]) for rule in VIOLATIONS)
    ] == []


# What each layer may import besides its own service. A name allows the package and what is in it.
_DOMAIN = """
__future__ ast base64 bisect collections contextlib dataclasses datetime decimal enum functools hashlib hmac
ipaddress itertools json math re statistics types typing unicodedata uuid zoneinfo pydantic pydantic_core
optima_contracts.money optima_contracts.quantities optima_kit.refusals optima_kit.time_zones
"""
_APPLICATION = f"""{_DOMAIN}
asyncio logging operator random secrets time urllib.parse weakref optima_contracts
optima_kit.actor optima_kit.file_names optima_kit.ids optima_kit.ports optima_kit.spreadsheets
"""
ALLOWED = {
    "domain": _DOMAIN.split(),
    "application": _APPLICATION.split(),
    "application/read": [*_APPLICATION.split(), "optima_kit.fields", "optima_kit.pages"],
}


def imports_not_allowed(code: str, allowed: list[str]) -> set[str]:
    """Return the imports in this code, also those inside functions, that are not in `allowed`."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module not in allowed:
            found |= {f"{node.module}.{each.name}" for each in node.names}
        elif isinstance(node, ast.Name) and node.id == "__import__":
            found.add(node.id)
    return {name for name in found if not any(f"{name}.".startswith(f"{each}.") for each in allowed)}


def test_domain_and_use_cases_import_only_what_is_allowed() -> None:
    found = {}
    for path in ROOT.glob("services/*/src/*/*/**/*.py"):
        package = path.relative_to(ROOT).parts[4:-1]
        layer = next((each for each in ("/".join(package[:2]), package[0]) if each in ALLOWED), None)
        if layer and (names := imports_not_allowed(path.read_text(encoding="utf-8"), ALLOWED[layer])):
            found[path.relative_to(ROOT)] = names
    assert found == {}


@pytest.mark.parametrize(
    "code",
    [
        "import aio_pika",
        "from jinja2 import Template",
        "def late() -> None:\n    import segno",
        "import importlib\nimportlib.import_module('asyncpg')",
        "__import__('asyncpg')",
        "from optima_kit import db",
        "import optima_kit.db as refusals",
        "import optima_contracts.brief",
        "import socket",
    ],
)
def test_an_import_that_is_not_allowed_is_found(code: str) -> None:
    assert imports_not_allowed(code, ALLOWED["domain"])
