"""python -m optima_local.demonstration https://{service}.optima.example.com
python -m optima_local.demonstration compose

Takes one brief from its request to its delivery, as people do, at a cluster's public addresses or at those of
deploy/compose.yaml. If the demonstration's customer is missing, it is made first, as a tenant of its own
besides the existing ones. The secret of the platform's client is read from OPTIMA_PLATFORM_CLIENT_SECRET.
Progress and passwords are stored in ./demonstration.json."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..deployment.compose import PLATFORM_SECRET, addresses
from ..deployment.entries import service_entries
from ..layout import ROOT
from .show import Stage, run_many


def addresses_of(pattern: str) -> dict[str, str]:
    """Return the services' addresses, which the pattern makes from their names."""
    return {service.name: pattern.replace("{service}", service.name) for service in service_entries()}


def stage_at(where: Mapping[str, str], secret: str, folder: Path) -> Stage:
    """Return a stage whose services have these addresses."""
    return Stage(
        addresses=where,
        platform_client=("platform", secret),
        data=ROOT / "deploy" / "demo",
        progress=folder / "demonstration.json",
        drop_folder=folder / "drop",
    )


def main(words: list[str]) -> int:
    secret = os.environ.get("OPTIMA_PLATFORM_CLIENT_SECRET", "")
    match words:
        case ["compose"]:
            stage = stage_at(addresses(service_entries()), secret or PLATFORM_SECRET, Path.cwd())
        case [pattern] if "{service}" in pattern and secret:
            stage = stage_at(addresses_of(pattern), secret, Path.cwd())
        case _:
            sys.stderr.write(__doc__ or "")
            return 2
    load = asyncio.run(run_many(stage, 1, 1))
    for failure in load.failures:
        print(f"failed: {failure}")
    print(f"{len(load.journeys)} brief delivered")
    return 1 if load.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
