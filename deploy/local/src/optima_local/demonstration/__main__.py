"""python -m optima_local.demonstration https://{service}.optima.example.com
python -m optima_local.demonstration compose

Carries one brief from the request to its delivery over a cluster's public addresses, or over those of
deploy/compose.yaml, as people do. Makes the demonstration's customer first, where it is missing: a tenant of
its own beside whatever is there. The secret of the platform's client is read from
OPTIMA_PLATFORM_CLIENT_SECRET; progress and passwords are kept in ./demonstration.json.
"""

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
    """The services' addresses, which the pattern makes of their names."""
    return {service.name: pattern.replace("{service}", service.name) for service in service_entries()}


def stage_at(where: Mapping[str, str], secret: str, folder: Path) -> Stage:
    """The stage whose services have those addresses."""
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
