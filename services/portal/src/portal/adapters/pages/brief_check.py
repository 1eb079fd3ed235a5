"""The last page of a draft: all that was written, what is missing, who will approve and why."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, part
from ..drafts import asked_on, pages_of
from ..foreseen import foreseen_of, names_of_groups
from ..kinds import names_of_kinds
from .brief_form import type_of

pages = Pages()


@pages.get("/briefs/{brief_id}/edit/check")
async def show_check(call: PageCall, brief_id: UUID) -> Answer:
    return await _page(call, brief_id, call.query.get("process", ""))


@pages.post("/briefs/{brief_id}/edit/check")
async def submit(call: PageCall, brief_id: UUID) -> Answer:
    process = call.text("process")
    try:
        await call.session.services.send(
            "brief",
            "POST",
            f"/v1/briefs/{brief_id}/submission",
            {"process": process},
            version=call.text("version"),
            key=call.text("once"),
        )
    except Refused as refused:
        return await _page(call, brief_id, process, refused)
    return SeeOther(f"/briefs/{brief_id}")


async def _page(call: PageCall, brief_id: UUID, process_key: str, refused: Refused | None = None) -> Answer:
    services = call.session.services
    brief, processes, kinds, names = await asyncio.gather(
        services.get("brief", f"/v1/briefs/{brief_id}"),
        part(services.every("approval", "/v1/processes")),
        part(services.every("production", "/v1/kinds")),
        names_of_groups(call),
    )
    if "submit" not in brief["actions"]:
        return SeeOther(f"/briefs/{brief_id}")
    brief_type = await type_of(call, brief)
    shown = pages_of(brief_type, brief["form"])
    answers = [(page, asked_on(page, brief["form"])) for page in shown if page.form]
    published = [
        each
        for each in (processes["items"] if processes else [])
        if "published" in each and each["subject"] == "brief"
    ]
    wanted = process_key or (brief_type or {}).get("process", "")
    chosen = next((each for each in published if each["key"] == wanted), published[0] if published else None)
    complete = _is_complete(brief, answers)
    foreseen = None
    if chosen and complete:
        owner = (brief_type or {}).get("purchasing_owner")
        foreseen = await foreseen_of(call, brief, owner, chosen)
    context = {
        "brief": brief,
        "pages": shown,
        "page": shown[-1],
        "type": brief_type,
        "answers": answers,
        "kinds": names_of_kinds(kinds),
        "processes": published,
        "chosen": chosen,
        "complete": complete,
        "foreseen": foreseen,
        "names": names,
        "refused": refused,
    }
    return TemplateAnswer("brief_check.html", context, refused.status if refused else 200)


def _is_complete(brief: Any, answers: Any) -> bool:
    """Tell whether all values that a submission requires are there. Only the service says whether they are
    valid."""
    needed = all(brief.get(name) for name in ("category", "budget", "deadline", "items"))
    return needed and all(
        key in brief["form"] for _, asked in answers for key, _, required in asked if required
    )
