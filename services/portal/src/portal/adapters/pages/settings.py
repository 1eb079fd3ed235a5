"""Links to the pages for settings that are made once and changed seldom."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, TemplateAnswer

from ..navigation import settings_of

pages = Pages()


@pages.get("/settings")
async def show_settings(call: PageCall) -> Answer:
    return TemplateAnswer("settings.html", {"links": settings_of(call.session.actor)})
