"""ruff and our own rules for semgrep find what they are for. `./optima test` holds the code base to them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from optima_local.checks import THOROUGH_CHECKS
from optima_local.layout import ROOT
from optima_local.semgrep import RULES, findings_in

EXAMPLES = RULES.with_name("examples.py")
_MARK = re.compile(r"# ruleid: ([a-z-]+)")


@pytest.mark.timeout(300)
@pytest.mark.skipif("OPTIMA_TEST_FAST" in os.environ, reason="takes as long as all other quick tests")
def test_each_semgrep_rule_finds_its_examples_and_nothing_else() -> None:
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    marked = {(found[1], number + 1) for number, line in enumerate(lines, 1) if (found := _MARK.search(line))}
    rules = {rule["id"] for rule in yaml.safe_load(RULES.read_text(encoding="utf-8"))["rules"]}
    assert {rule for rule, _ in marked} == rules, "a rule without an example"
    assert {rule for rule in rules if f"# ok: {rule}" in "\n".join(lines)} == rules
    assert {(found.rule, found.line) for found in findings_in(EXAMPLES)} == marked


DANGEROUS = {
    "S301": "import pickle\npickle.loads(data)\n",
    "S307": "eval(condition)\n",
    "S311": "import random\nrandom.random()\n",
    "S324": "import hashlib\nhashlib.md5(data)\n",
    "S506": "import yaml\nyaml.load(text)\n",
    "S602": "import subprocess\nsubprocess.run('ls ' + name, shell=True)\n",
    "harmless": "import hashlib\nhashlib.sha256(data)\n",
}


def test_ruff_finds_what_is_dangerous(tmp_path: Path) -> None:
    for rule, code in DANGEROUS.items():
        (tmp_path / f"{rule}.py").write_text(code, encoding="utf-8")
    ruff = Path(sys.executable).with_name("ruff")
    command = [ruff, "check", "--no-cache", "--output-format", "json", "--config", ROOT / "pyproject.toml"]
    run = subprocess.run([*command, tmp_path], capture_output=True, text=True, check=False)
    found = {(Path(each["filename"]).stem, each["code"]) for each in json.loads(run.stdout)}
    assert run.returncode == 1
    assert {(rule, rule) for rule in DANGEROUS if rule != "harmless"} <= found
    assert not {code for name, code in found if name == "harmless" and code.startswith("S")}


def test_semgrep_is_among_the_checks() -> None:
    assert "semgrep" in {name for name, _ in THOROUGH_CHECKS}
