"""What a new company has set up and what is still missing, each with a link to its page."""

from __future__ import annotations

import asyncio
from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part
from ..navigation import leads_to
from ..readiness import LINES, Line, query_of, standing_of

pages = Pages()


@pages.get("/readiness")
async def show_readiness(call: PageCall) -> Answer:
    lines = [line for line in LINES if leads_to(call.session.actor, line.reached)]
    answers = await asyncio.gather(*(_asked(call, line) for line in lines))
    standings = [standing_of(line, answer) for line, answer in zip(lines, answers, strict=True)]
    needed = [each for each in standings if each.line.needed]
    context = {
        "standings": standings,
        "needed": len(needed),
        "done": sum(each.state == "done" for each in needed),
    }
    return TemplateAnswer("readiness.html", context)


async def _asked(call: PageCall, line: Line) -> Any:
    services = call.session.services
    if line.path == "/v1/working-time":
        answer = await part(services.answered(line.service, line.path))
        return {"version": answer.version} if answer else answer
    return await part(services.get(line.service, line.path, **query_of(line)))
