"""A night's check: what a policy scanner says of the rendered chart, each finding either mended or explained
here."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import helm_python as helm
import pytest
import yaml

from optima_kit.testing.nights import NIGHTLY
from optima_local.environments import environment_for
from optima_local.layout import ROOT

pytestmark = [NIGHTLY, pytest.mark.timeout(600)]

EXAMPLES = ("minimal", "production", "external-issuer")
EXPLAINED = {
    "CKV_K8S_11": "no limit on CPU: one would hold a process still while the node idles; its request shares a"
    " busy node fairly, and memory, which cannot be shared out again, is limited",
    "CKV_K8S_15": "a release's tag or digest never names another image: one that is there need not be asked"
    " for again, and pods start while the registry is away; `image.pullPolicy` says otherwise",
    "CKV_K8S_21": "whoever installs names the namespace (`helm --namespace`), so manifests name none",
    "CKV_K8S_35": "Secrets are variables, each by reference: a process reads its settings in one way, hides"
    " them in logs and in reports of errors, and what it starts inherits none of them",
    "CKV_K8S_43": "`services.NAME.digest` pins an image; the digests of your registry no example can know",
}
"""Checks that find something and may, and why."""


def scanned(framework: str, folder: Path) -> dict[str, set[str]]:
    """What is found, by check: the resources."""
    programs = environment_for("checkov", ROOT / "requirements" / "checkov.txt")
    done = subprocess.run(
        [
            *(programs / "checkov", "--directory", folder, "--framework", framework),
            *("--output", "json", "--skip-download", "--quiet", "--compact"),
        ],
        env=os.environ | {"LOG_LEVEL": "ERROR"},
        capture_output=True,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["summary"]["parsing_errors"] == 0
    assert told["summary"]["passed"] > 0, "it looked at nothing"
    found: dict[str, set[str]] = {}
    for each in told["results"]["failed_checks"]:
        found.setdefault(f"{each['check_id']} {each['check_name']}", set()).add(each["resource"])
    return found


def test_no_finding_is_without_an_explanation(tmp_path: Path) -> None:
    chart = ROOT / "deploy" / "helm"
    for example in EXAMPLES:
        values = yaml.safe_load((chart / "examples" / f"{example}.yaml").read_text(encoding="utf-8"))
        files = helm.Chart.load(chart / "optima").render(values=values, name="optima", namespace="optima")
        for name, text in files.items():
            if not name.endswith("NOTES.txt"):
                file = tmp_path / example / Path(name).name
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
    found = scanned("kubernetes", tmp_path)
    known = {check.split()[0] for check in found}
    assert {check: at for check, at in found.items() if check.split()[0] not in EXPLAINED} == {}
    assert EXPLAINED.keys() - known == set(), "found no more: take them out"
