"""python -m identity http | relay | consume | work | migrate | all | rotate-keys | announce | reseal"""

from __future__ import annotations

from optima_kit.run import main

from .adapters.commands import COMMANDS
from .bootstrap import service
from .settings import IdentitySettings

if __name__ == "__main__":
    main(service, IdentitySettings, COMMANDS)
