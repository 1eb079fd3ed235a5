"""The reader's own tasks, nearest deadline first."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..client import part

pages = Pages()


@pages.get("/tasks")
async def show_tasks(call: PageCall) -> Answer:
    done = call.query.get("state") == "done"
    cursor = call.query.get("cursor")
    state = "done" if done else None
    tasks = await part(
        call.session.services.get("production", "/v1/tasks", limit=50, state=state, cursor=cursor)
    )
    return TemplateAnswer("tasks.html", {"tasks": tasks, "done": done})
