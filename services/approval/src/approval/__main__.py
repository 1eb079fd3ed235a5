"""`python -m approval http | relay | consume | work | migrate | all`."""

from optima_kit.run import main

from .bootstrap import service
from .settings import ApprovalSettings

if __name__ == "__main__":
    main(service, ApprovalSettings)
