"""The keys that vouch for anchors."""

from __future__ import annotations

from ..domain.anchors import AnchorKey
from .ports import Ports


async def own_anchor_keys(ports: Ports) -> list[AnchorKey]:
    """Of the keys that the database holds, those that the service made: another vouches for nothing."""
    return [key for key in await ports.anchor_keys.all() if ports.key_maker.made(key)]
