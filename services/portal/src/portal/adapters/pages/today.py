"""The start page of a person who does work of several kinds: what waits for them, kind by kind."""

from __future__ import annotations

import asyncio

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import HIDDEN, part
from ..forms import today
from ..navigation import work_of
from ..waiting import Work

pages = Pages()


@pages.get("/today")
async def show_today(call: PageCall) -> Answer:

    async def ask(work: Work) -> tuple[Work, object]:
        found = await part(call.session.services.get(work.service, work.path, **work.query(today(call))))
        return work, found

    found = await asyncio.gather(*(ask(work) for work in work_of(call.session.actor)))
    waiting = [(work, answer) for work, answer in found if answer is not HIDDEN and not _is_empty(answer)]
    return TemplateAnswer("today.html", {"today": today(call).isoformat(), "waiting": waiting})


def _is_empty(answer: object) -> bool:
    """Tell whether a service found nothing. A service that did not answer may have something."""
    if not isinstance(answer, dict):
        return False
    if "states" in answer:
        return not any(each["shipments"] for each in answer["states"])
    return not answer["items"]
