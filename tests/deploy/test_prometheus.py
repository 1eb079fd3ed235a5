"""Alerts fire past their thresholds and not before, and each leads to a runbook that begins with a
command."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from optima_kit.backbone_metrics import REGISTRY
from optima_kit.metrics import MEASURED
from optima_local.deployment.dashboards import dashboards, queries_of
from optima_local.deployment.entries import service_entries
from optima_local.layout import ROOT

FOLDER = ROOT / "deploy" / "prometheus"
RULES = {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("rules/*.yaml")}
ALERTS = [
    rule for file in RULES.values() for group in file["groups"] for rule in group["rules"] if "alert" in rule
]
TESTS = sorted(FOLDER.glob("tests/*.yaml"))


def told(command: list[str | Path]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_rules_are_sound(promtool: str) -> None:
    assert told([promtool, "check", "rules", *sorted(FOLDER.glob("rules/*.yaml"))]) == ""
    assert len(ALERTS) <= 20


def test_a_page_and_a_ticket_go_where_they_belong(amtool: str) -> None:
    configuration = f"--config.file={FOLDER / 'alertmanager.yaml'}"
    assert told([amtool, "check-config", FOLDER / "alertmanager.yaml"]) == ""
    for severity in {alert["labels"]["severity"] for alert in ALERTS}:
        routed = [amtool, "config", "routes", "test", configuration, f"--verify.receivers={severity}s"]
        assert told([*routed, f"severity={severity}"]) == ""


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_alerts_fire_past_their_threshold_and_not_before(promtool: str, tmp_path: Path, file: Path) -> None:
    """What is tested is whether and for whom; an alert's words are not."""
    for name, rules in RULES.items():
        bare = yaml.safe_load(yaml.safe_dump(rules))
        for group in bare["groups"]:
            for rule in group["rules"]:
                rule.pop("annotations", None)
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / name).write_text(yaml.safe_dump(bare), encoding="utf-8")
    (tmp_path / "tests").mkdir()
    copy = tmp_path / "tests" / file.name
    copy.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    assert told([promtool, "test", "rules", copy]) == ""


def test_every_alert_is_tested_on_both_sides() -> None:
    tested = [test for file in TESTS for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    assert sorted(test["name"] for test in tested) == sorted(alert["alert"] for alert in ALERTS)
    for test in tested:
        (check,) = test["alert_rule_test"]
        assert check["alertname"] == test["name"]
        over = [each["exp_labels"] for each in check["exp_alerts"]]
        assert over
        assert not any("under" in str(labels) for labels in over)
        series = str(test["input_series"])
        assert "under" in series or test["name"] == "OptimaNothingRuns"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_has_a_runbook_that_begins_with_a_command(alert: dict[str, Any]) -> None:
    assert alert["labels"]["severity"] in ("page", "ticket")
    name = alert["annotations"]["runbook_url"].removeprefix("RUNBOOKS/")
    lines = (ROOT / "deploy" / "runbooks" / name).read_text(encoding="utf-8").splitlines()
    assert re.match(r"(kubectl|rabbitmqctl|psql|curl) ", lines[0]), name
    text = "\n".join(lines)
    assert alert["alert"] in text
    for part in ("## What it means", "## What to do", "## When it is over"):
        assert part in text, (name, part)


def test_every_runbook_belongs_to_an_alert() -> None:
    named = {alert["annotations"]["runbook_url"].removeprefix("RUNBOOKS/") for alert in ALERTS}
    assert {path.name for path in (ROOT / "deploy" / "runbooks").glob("*.md")} == named


def expressions() -> list[str]:
    rules = [rule["expr"] for file in RULES.values() for group in file["groups"] for rule in group["rules"]]
    shown = [query for board in dashboards(service_entries()).values() for query in queries_of(board)]
    return rules + shown


def test_every_query_of_a_dashboard_is_sound(promtool: str, tmp_path: Path) -> None:
    """Parsed by Prometheus itself, as rules."""
    named = [{"record": f"query:{n}", "expr": query} for n, query in enumerate(expressions())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": named}]}), encoding="utf-8")
    assert told([promtool, "check", "rules", file]) == ""


def families() -> list[list[str]]:
    """What each metric of each service is called, and its samples."""
    for service in service_entries():
        __import__(f"{service.module}.bootstrap")
    return [names for each in (REGISTRY, MEASURED) for names in each._collector_to_names.values()]


def test_queries_name_metrics_that_there_are() -> None:
    known = {sample for family in families() for sample in family}
    rules = [rule for file in RULES.values() for group in file["groups"] for rule in group["rules"]]
    known |= {rule["record"] for rule in rules if "record" in rule}
    named = {
        name for query in expressions() for name in re.findall(r"\b(?:optima[:_]|process_)[a-z0-9_:]+", query)
    }
    of_any_process = {"optima_build_info", "process_cpu_seconds_total", "process_resident_memory_bytes"}
    assert named - known - of_any_process == set()


def test_the_table_of_questions_names_each_metric_that_there_is() -> None:
    text = (ROOT / "docs" / "architecture" / "watching.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(optima_[a-z0-9_]+)`", text))
    ours = [family for family in families() if any(sample.startswith("optima_") for sample in family)]
    assert [family for family in ours if not named.intersection(family)] == []
    assert named.difference(*ours) == set()
