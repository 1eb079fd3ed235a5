"""The import rules of pyproject.toml hold, and each of them is seen to break."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

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
    "the domain needs the standard library": ("brief/domain/stray.py", "import optima_contracts.brief"),
    "use cases know the domain": ("brief/application/stray_too.py", "import optima_kit.db"),
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
