"""Checks the code against the project's own semgrep rules, without network: `python -m
optima_local.semgrep`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from .environments import environment_for
from .layout import ROOT

RULES = ROOT / "tests" / "architecture" / "semgrep" / "rules.yaml"
CODE = ("services", "shared", "deploy/local/src")


class Finding(NamedTuple):
    rule: str
    path: str
    line: int
    message: str


def findings_in(*paths: str | Path) -> list[Finding]:
    """Return what the rules find. Raises CalledProcessError or ValueError if semgrep could not read
    something."""
    programs = environment_for("semgrep", ROOT / "requirements" / "semgrep.txt")
    command: list[str | Path] = [
        programs / "semgrep",
        "scan",
        "--quiet",
        "--json",
        "--metrics",
        "off",
        "--disable-version-check",
    ]
    environment = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        [*command, "--no-git-ignore", "--config", RULES, *paths],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    document = json.loads(run.stdout)
    if document["errors"]:
        raise ValueError(document["errors"])
    return [
        Finding(
            found["check_id"].rpartition(".")[2],
            found["path"],
            found["start"]["line"],
            found["extra"]["message"],
        )
        for found in document["results"]
    ]


if __name__ == "__main__":
    findings = findings_in(*CODE)
    for found in findings:
        print(f"{found.path}:{found.line}: {found.rule}: {found.message}")
    sys.exit(1 if findings else 0)
