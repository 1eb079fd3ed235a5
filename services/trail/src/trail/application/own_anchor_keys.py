"""Reads the keys that vouch for anchors."""

from __future__ import annotations

from ..domain.anchors import AnchorKey
from .ports import Ports


async def own_anchor_keys(ports: Ports) -> list[AnchorKey]:
    """Return those keys in the database that this service made. Any other key vouches for nothing."""
    return [key for key in await ports.anchor_keys.all() if ports.key_maker.made(key)]
