"""requirements/npm locks every JavaScript package that tests install, by its hash and without an address."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from optima_local import npm
from optima_local.npm import LOCKS, npm_packages

NAMES = sorted(folder.name for folder in LOCKS.iterdir())
RENEW = "renew it by requirements/compile"


def flaws(package: dict[str, Any], lock: dict[str, Any]) -> list[str]:
    """What a lock lacks, or has too much of."""
    packages = {name: each for name, each in lock["packages"].items() if name}
    wanted = package["dependencies"]
    found = [
        f"{name} is not an exact version" for name in wanted if not re.fullmatch(r"[\d.]+", wanted[name])
    ]
    locked = {name: packages.get(f"node_modules/{name}", {}).get("version") for name in wanted}
    found += [f"{name} is not locked as wanted" for name in wanted if locked[name] != wanted[name]]
    found += [
        f"{name} has no hash"
        for name in packages
        if not packages[name].get("integrity", "").startswith("sha512-")
    ]
    return found + [f"{name} has an address" for name in packages if "resolved" in packages[name]]


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_holds_hashes_and_no_address(name: str) -> None:
    package, lock = (json.loads((LOCKS / name / file).read_text()) for file in npm._FILES)
    assert flaws(package, lock) == [], RENEW


def test_what_a_lock_lacks_is_found() -> None:
    lock = {
        "packages": {
            "": {},
            "node_modules/a": {"version": "1.0.0", "integrity": "sha512-x", "resolved": "somewhere"},
            "node_modules/b": {"version": "1.0.0"},
        }
    }
    assert flaws({"dependencies": {"a": "1.0.1", "b": "^1.0.0"}}, lock) == [
        "b is not an exact version",
        "a is not locked as wanted",
        "b is not locked as wanted",
        "node_modules/b has no hash",
        "node_modules/a has an address",
    ]


def test_a_package_that_is_not_what_was_locked_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is needed")
    monkeypatch.setattr(npm, "PROGRAMS", tmp_path / "programs")
    shutil.copytree(LOCKS / "amqplib", tmp_path / "locks" / "amqplib")
    lock = tmp_path / "locks" / "amqplib" / "package-lock.json"
    lock.write_text(re.sub(r'"sha512-\w{8}', '"sha512-AAAAAAAA', lock.read_text()))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        npm_packages("amqplib", tmp_path / "locks")
    assert "EINTEGRITY" in refused.value.stderr
    assert npm_packages("amqplib").joinpath("node_modules", "amqplib").is_dir()


def test_every_lock_is_used_and_no_package_is_installed_otherwise() -> None:
    places = [npm.ROOT / place for place in ("tests", "services", "deploy/local/src")]
    sources = {
        file: file.read_text(encoding="utf-8")
        for place in places
        for file in place.rglob("*.py")
        if file.name != Path(__file__).name
    }
    asked = {
        name
        for text in sources.values()
        for name in re.findall(r'\bnpm_(?:folder|packages)\("([\w-]+)"', text)
    }
    assert asked == set(NAMES)
    assert {file.name for file, text in sources.items() if re.search(r'"npm", "', text)} == {"npm.py"}
