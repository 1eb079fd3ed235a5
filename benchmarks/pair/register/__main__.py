"""`python -m register all | migrate`: writes a row for every note that was taken."""

from __future__ import annotations

from typing import ClassVar

from pair_service import PairService

from optima_contracts.envelope import EventData
from optima_kit.db import UnitOfWork
from optima_kit.http import Routes
from optima_kit.reactions import Reactions, Received
from optima_kit.run import main
from optima_kit.settings import Settings
from optima_kit.sql import Statement

INSERT_WRITTEN = Statement.parse("INSERT INTO written (id, text) VALUES (:id, :text)")

reactions = Reactions()


class NoteTaken(EventData):
    type: ClassVar[str] = "optima.intake.taken.v1"
    text: str


@reactions.on(NoteTaken)
async def taken(work: UnitOfWork, event: Received[NoteTaken]) -> None:
    """A duplicate never arrives here; order does not matter."""
    work.write(INSERT_WRITTEN, id=event.subject, text=event.data.text)


def service(settings: Settings) -> PairService[UnitOfWork]:
    return PairService(
        name="register",
        package="register",
        settings=settings,
        ports=lambda work: work,
        routes=Routes(),
        reactions=reactions,
    )


if __name__ == "__main__":
    main(service)
