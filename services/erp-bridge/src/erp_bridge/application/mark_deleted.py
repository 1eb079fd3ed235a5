"""Mark records as deleted that an ERP no longer has."""

from __future__ import annotations

from collections.abc import Sequence

from ..domain.connection import Connection
from ..domain.ddt_invoice import INVOICED
from ..domain.entities import Entity
from .import_invoices import withdraw_invoices
from .ports import Ports


async def mark_deleted(
    ports: Ports, connection: Connection, entity: Entity, remote_ids: Sequence[str]
) -> int:
    """Mark the links as deleted without removing anything. Return how many were linked."""
    if entity == INVOICED:
        await withdraw_invoices(ports, connection, remote_ids)
    return await ports.records.mark_deleted(connection.connection_id, entity, remote_ids)
