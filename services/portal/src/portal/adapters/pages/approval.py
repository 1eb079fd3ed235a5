"""One approval: what is asked, who else decides, and the reader's own decision."""

from __future__ import annotations

from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, Shown

from ..client import Refused, part

pages = Pages()


@pages.get("/approvals/{approval_id}")
async def show_approval(call: PageCall, approval_id: UUID) -> Answer:
    return await _page(call, approval_id)


@pages.post("/approvals/{approval_id}/decision")
async def decide(call: PageCall, approval_id: UUID) -> Answer:
    decision = {
        name: call.text(name) for name in ("step", "outcome", "content_hash", "reason", "on_behalf_of")
    }
    body = {name: value for name, value in decision.items() if value}
    try:
        await call.session.services.send(
            "approval", "POST", f"/v1/approvals/{approval_id}/decisions", body, key=call.text("once")
        )
    except Refused as refused:
        return await _page(call, approval_id, refused=refused, reason=decision["reason"])
    return SeeOther("/inbox")


async def _page(
    call: PageCall, approval_id: UUID, *, refused: Refused | None = None, reason: str = ""
) -> Answer:
    services = call.session.services
    approval = await services.get("approval", f"/v1/approvals/{approval_id}")
    own = [
        {"step": step, **action}
        for step in approval["steps"]
        for action in step.get("actions", ())
        if action["may"]
    ]
    brief = None
    if approval["subject_type"] == "brief":
        brief = await part(services.get("brief", f"/v1/briefs/{approval['subject_id']}"))
    context = {"approval": approval, "own": own, "brief": brief, "refused": refused, "reason": reason}
    return Shown("approval.html", context, refused.status if refused else 200)
