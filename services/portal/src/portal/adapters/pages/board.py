"""The board of production: open phases of all orders by state, and several given to a person at once."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import Refused, part
from ..forms import NOTHING_SENT, RefusedForm

pages = Pages()

COLUMNS: Final = ("ready", "assigned", "in_progress", "to_inspect", "waiting")
_FILTERS: Final = ("assignee_id", "lateness", "unassigned")


@pages.get("/production")
async def show_board(call: PageCall) -> Answer:
    return await _board(call)


@pages.post("/production/assignments", max_bytes=1 << 20)
async def assign_at_once(call: PageCall) -> Answer:
    """Assign the chosen phases to a person. Each phase is assigned or refused separately."""
    chosen = call.form.getall("chosen", [])
    names = dict(zip(call.form.getall("phase", []), call.form.getall("name", []), strict=False))
    body = {"phase_ids": chosen, "assignee_id": call.text("assignee_id")}
    try:
        answered = await call.session.services.send(
            "production", "POST", "/v1/assignments", body, key=call.text("once"), patience=30
        )
    except Refused as refused:
        return await _board(call, RefusedForm("assignments", call.form, refused))
    results = [{**each, "name": names.get(each["phase_id"], "")} for each in answered["items"]]
    return TemplateAnswer("board_results.html", {"results": results})


async def _board(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    query = {name: call.query.get(name) for name in _FILTERS}
    state = call.query.get("state")
    asked = {"limit": 50, "cursor": call.query.get("cursor"), **query} if state else {"limit": 20, **query}
    columns = [state] if state in COLUMNS else list(COLUMNS)
    found, assignees = await asyncio.gather(
        asyncio.gather(*(part(services.get("production", "/v1/phases", state=s, **asked)) for s in columns)),
        part(services.every("production", "/v1/assignees")),
    )
    people = assignees["items"] if assignees else []
    context = {
        "columns": list(zip(columns, found, strict=True)),
        "whole": state in COLUMNS,
        "assignees": people,
        "assignable": any(
            "assign" in row["actions"] for column in found if column for row in column["items"]
        ),
        "names": [(each["id"], each["name"]) for each in people],
        "chosen": call.form.getall("chosen", []) if sent.refused else [],
        "filtered": _given(query),
        "sent": sent,
        **{name: query[name] or "" for name in _FILTERS},
    }
    return TemplateAnswer("board.html", context, sent.status)


def _given(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: value for name, value in query.items() if value}
