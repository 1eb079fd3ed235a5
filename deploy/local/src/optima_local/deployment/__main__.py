"""python -m optima_local.deployment [--check]

Writes the files that are generated from deploy/services.toml, or only lists the stale ones.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..layout import ROOT
from .broker_access import broker_access
from .chart import CHART, chart_schema, chart_values
from .compose import compose
from .dashboards import dashboard_text, dashboards
from .entries import ServiceEntry, service_entries
from .lists import with_lists
from .settings_table import settings_table


def files() -> dict[Path, Callable[[], str]]:
    """Return each file that is generated from deploy/services.toml, with the function that makes its text."""
    services = service_entries()
    by_name = sorted(services, key=lambda service: service.name)
    rules = ROOT / "pyproject.toml"
    return {
        ROOT / "deploy" / "rabbitmq" / "access.toml": lambda: broker_access(by_name),
        ROOT / "deploy" / "compose.yaml": lambda: compose(services),
        ROOT / "docs" / "settings.md": lambda: settings_table(services),
        CHART / "values.yaml": lambda: chart_values(services),
        CHART / "values.schema.json": lambda: chart_schema(services),
        **_dashboards(services),
        **_rules(),
        rules: lambda: with_lists(rules.read_text(encoding="utf-8"), by_name),
    }


def _dashboards(services: list[ServiceEntry]) -> dict[Path, Callable[[], str]]:
    """Return the dashboards, once beside Prometheus's rules for people to use, and once inside the chart,
    which cannot read files outside it."""
    return {
        folder / f"{name}.json": partial(dashboard_text, board)
        for folder in (ROOT / "deploy" / "grafana", CHART / "files" / "dashboards")
        for name, board in dashboards(services).items()
    }


def _rules() -> dict[Path, Callable[[], str]]:
    return {
        CHART / "files" / "rules" / file.name: partial(file.read_text, encoding="utf-8")
        for file in sorted((ROOT / "deploy" / "prometheus" / "rules").glob("*.yaml"))
    }


def stale() -> list[str]:
    """Return the files that differ from what would be generated."""
    return [
        str(file.relative_to(ROOT))
        for file, text in files().items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text()
    ]


def main(words: list[str]) -> int:
    if words == ["--check"]:
        for name in stale():
            sys.stderr.write(f"{name} is not current: python -m optima_local.deployment, and commit it\n")
        return 1 if stale() else 0
    for file, text in files().items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
