"""Endpoints that prove the trail: its verification, its anchors and the keys that signed them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from optima_kit.http import Call, Page, PageQuery, Routes, View, page_of

from ..application.own_anchor_keys import own_anchor_keys
from ..application.ports import Ports
from ..application.verify_chain import verify_chain
from ..domain.anchors import Anchor, as_jwk
from ..domain.chain import Reason

proof_routes = Routes()


class VerificationView(View):
    intact: bool
    entries: int
    """How many entries were verified and are valid."""
    head: str
    """The hash of the last valid entry. If it is noted elsewhere, later exports can be compared with
    it."""
    anchors: int
    """How many signed anchors are valid, up to the first one that is not."""
    broken_entry: int | None = None
    reason: Reason | None = None


class AnchorView(View):
    day: date
    """The day in UTC."""
    number: int
    """The number of the newest entry at the time of the signature."""
    hash: str
    signed_at: datetime
    kid: str
    signature: str
    """Ed25519, base64url, over the canonical JSON of tenant_id and the fields above."""


class JwkView(View):
    kty: Literal["OKP"]
    crv: Literal["Ed25519"]
    use: Literal["sig"]
    kid: str
    x: str
    signs_from: datetime


class JwkSetView(View):
    keys: list[JwkView]


@proof_routes.get("/v1/verification", privilege="trail.read_all")
async def verification(call: Call[Ports]) -> VerificationView:
    """Verify the tenant's hash chain against its anchors, and name the first entry that fails."""
    outcome = await verify_chain(call.ports)
    view = VerificationView(
        intact=outcome.broken is None,
        entries=outcome.checked,
        head=outcome.head.hash,
        anchors=outcome.anchors,
    )
    if outcome.broken is not None:
        return view.model_copy(
            update={"broken_entry": outcome.broken.number, "reason": outcome.broken.reason}
        )
    return view


@proof_routes.get("/v1/anchors", privilege="trail.read_all")
async def anchors(call: Call[Ports], query: PageQuery) -> Page[AnchorView]:
    """List the signed anchors of each day, oldest first: copies of them prove that nothing was rewritten."""
    after = query.after(date)
    # Sort by day, since the anchors of two days may name the same entry.
    by_day = sorted(await call.ports.anchors.between(0, None), key=lambda anchor: anchor.day)
    found = [anchor for anchor in by_day if after is None or anchor.day > after]
    return page_of(query, found, _anchor_view, lambda each: each.day)


def _anchor_view(anchor: Anchor) -> AnchorView:
    return AnchorView(
        day=anchor.day,
        number=anchor.number,
        hash=anchor.hash,
        signed_at=anchor.signed_at,
        kid=anchor.kid,
        signature=anchor.signature,
    )


@proof_routes.get("/.well-known/trail-anchor-keys.json", public=True)
async def anchor_keys(call: Call[Ports]) -> JwkSetView:
    """List the public keys of all anchors, and the next one two weeks before it signs"""
    async with call.database.reading(NO_TENANT) as work:
        keys = await own_anchor_keys(call.resources.ports(work))
    return JwkSetView(keys=[JwkView.model_validate(as_jwk(key)) for key in keys])


NO_TENANT = UUID(int=0)
"""The keys belong to the service, not to a tenant."""
