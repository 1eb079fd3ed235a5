"""`python -m erp_bridge http|relay|consume|work|migrate|all|reseal`."""

from __future__ import annotations

from optima_kit.resealing import RESEAL
from optima_kit.run import main

from .bootstrap import BridgeSettings, service

if __name__ == "__main__":
    main(service, BridgeSettings, {"reseal": RESEAL})
