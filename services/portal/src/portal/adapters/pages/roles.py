"""Which role may do what."""

from __future__ import annotations

from optima_kit.http.html import Answer, PageCall, Pages, Shown

from ..client import with_parts

pages = Pages()


@pages.get("/roles")
async def show_roles(call: PageCall) -> Answer:
    services = call.session.services
    roles, privileges = await with_parts(
        services.get("identity", "/v1/roles", limit=200), services.get("identity", "/v1/privileges")
    )
    return Shown("roles_matrix.html", {"roles": roles["items"], "privileges": privileges})
