"""python -m optima_local.demonstration https://{service}.optima.example.com

Carries one brief from the request to its delivery over a cluster's public addresses, as people do. Makes the
demonstration's customer first, where it is missing: a tenant of its own beside whatever is there. The secret
of the platform's client is read from OPTIMA_PLATFORM_CLIENT_SECRET; progress and passwords are kept in
./demonstration.json.
"""

import asyncio
import os
import sys
from pathlib import Path

from ..layout import ROOT
from ..services import find_services
from .show import Stage, run_many


def stage_at(pattern: str, secret: str, folder: Path) -> Stage:
    """The stage whose services have the addresses that the pattern makes of their names."""
    return Stage(
        addresses={service.name: pattern.replace("{service}", service.name) for service in find_services()},
        platform_client=("platform", secret),
        data=ROOT / "deploy" / "demo",
        progress=folder / "demonstration.json",
        drop_folder=folder / "drop",
    )


def main(words: list[str]) -> int:
    secret = os.environ.get("OPTIMA_PLATFORM_CLIENT_SECRET")
    if len(words) != 1 or "{service}" not in words[0] or secret is None:
        sys.stderr.write(__doc__ or "")
        return 2
    load = asyncio.run(run_many(stage_at(words[0], secret, Path.cwd()), 1, 1))
    for failure in load.failures:
        print(f"failed: {failure}")
    print(f"{len(load.journeys)} brief delivered")
    return 1 if load.failures else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
