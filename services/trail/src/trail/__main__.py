"""`python -m trail http|consume|…|reseal`, and `python -m trail verify FILE…`, which needs no server."""

from __future__ import annotations

import sys

from .adapters.verify_command import verify_command

if __name__ == "__main__":
    if sys.argv[1:2] == ["verify"]:
        sys.exit(verify_command(sys.argv[2:]))
    from optima_kit.resealing import RESEAL
    from optima_kit.run import main

    from .bootstrap import service
    from .settings import TrailSettings

    main(service, TrailSettings, {"reseal": RESEAL})
