"""Replays of past approvals under a process, and migrations of running ones to its newest version."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, with_parts
from ..process_tree import step_names

pages = Pages()


@pages.get("/replays/{replay_id}")
async def show_replay(call: PageCall, replay_id: UUID) -> Answer:
    services = call.session.services
    replay, people = await with_parts(
        services.get("approval", f"/v1/replays/{replay_id}"),
        services.every("identity", "/v1/people"),
    )
    process = await services.get("approval", _address(replay["process_key"]))
    context = {
        "replay": replay,
        "process": process,
        "people": {each["id"]: each["name"] for each in (people["items"] if people else [])},
        "steps": step_names(process["definition"]),
    }
    return TemplateAnswer("replay.html", context)


@pages.post("/processes/{key}/moves")
async def preview(call: PageCall, key: str) -> Answer:
    begun = await call.session.services.send(
        "approval", "POST", _address(key, "moves"), key=call.text("once")
    )
    return SeeOther(f"/moves/{begun['id']}")


@pages.get("/moves/{move_id}")
async def show_move(call: PageCall, move_id: UUID) -> Answer:
    return await _move(call, move_id)


@pages.post("/moves/{move_id}/{what}")
async def carry_out(call: PageCall, move_id: UUID, what: str) -> Answer:
    try:
        await call.session.services.send(
            "approval",
            "POST",
            f"/v1/moves/{move_id}/{quote(what, safe='')}",
            version=call.text("version"),
            key=call.text("once"),
        )
    except Refused as refused:
        return await _move(call, move_id, refused)
    return SeeOther(f"/moves/{move_id}")


def _address(key: str, what: str = "") -> str:
    return f"/v1/processes/{quote(key, safe='') or '-'}" + (f"/{what}" if what else "")


async def _move(call: PageCall, move_id: UUID, refused: Refused | None = None) -> Answer:
    services = call.session.services
    # Read the items after the migration, so that they are at least as new as its state.
    answer = await services.answered("approval", f"/v1/moves/{move_id}")
    process, items = await with_parts(
        services.get("approval", _address(answer.body["process_key"])),
        services.get("approval", f"/v1/moves/{move_id}/items", limit=100, cursor=call.query.get("cursor")),
    )
    context = {
        "move": answer.body,
        "version": answer.version,
        "items": items,
        "process": process,
        "steps": step_names(process["definition"]),
        "refused": refused,
    }
    return TemplateAnswer("move.html", context, refused.status if refused else 200)
