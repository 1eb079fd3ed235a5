"""`python -m production http | relay | consume | work | migrate | all`."""

from optima_kit.run import main

from .bootstrap import service

main(service)
