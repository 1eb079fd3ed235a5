"""Work that is owed: timers of steps, and what follows from changes among people."""

from __future__ import annotations

from typing import Final

from optima_kit.jobs import JobKinds

from ..application.on_directory import PEOPLE_CHANGED, PeopleChange, follow_people
from ..application.ports import Ports
from ..application.recording import OVERDUE, REMIND, StepTimer
from ..application.step_timers import remind_of_step, step_overdue

jobs: Final = JobKinds()


@jobs.on(OVERDUE, StepTimer)
async def overdue(ports: Ports, payload: StepTimer) -> None:
    await step_overdue(ports, payload)


@jobs.on(REMIND, StepTimer)
async def remind(ports: Ports, payload: StepTimer) -> None:
    await remind_of_step(ports, payload)


@jobs.on(PEOPLE_CHANGED, PeopleChange)
async def people_changed(ports: Ports, payload: PeopleChange) -> None:
    await follow_people(ports, payload)
