"""React when identity sends the tenant's legal identity: it is the sender of every document from now on."""

from __future__ import annotations

from optima_contracts.identity import TenantChanged

from ..domain.ddt import Sender
from .facts import party_of
from .ports import Ports


async def on_tenant_changed(ports: Ports, changed: TenantChanged) -> None:
    """Store the identity. Only the newest event counts. Issued documents keep their text."""
    ports.senders.save(Sender(party_of(changed.legal), changed.time_zone))
