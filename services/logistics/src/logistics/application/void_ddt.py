"""Void a transport document and, if requested, draft the shipment again. The number stays used."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.logistics import DdtVoided, ShipmentDrafted

from .changing import consignment_to_change, save_and_tell
from .facts import facts_of
from .ports import Ports, ShipmentRow


async def void_ddt(
    ports: Ports, shipment_id: UUID, expected_version: int | None, *, reason: str, reissue: bool
) -> ShipmentRow:
    """Return the voided shipment. Its `replaced_by` names the new draft, whose `replaces` names it. The same
    happens to all shipments under the document: their new drafts travel together again."""
    consignment = await consignment_to_change(ports, shipment_id, expected_version)
    consignment_id = ports.new_id() if reissue and consignment.others else None
    if consignment_id:
        ports.shipments.insert_consignment(consignment_id)
    after = [_void(ports, row, reason, consignment_id, reissue=reissue) for row in consignment.rows]
    return after[0]


def _void(
    ports: Ports, row: ShipmentRow, reason: str, consignment_id: UUID | None, *, reissue: bool
) -> ShipmentRow:
    replacement = row.shipment.reissue(ports.new_id(), consignment_id) if reissue else None
    voided = row.shipment.void(reason, replacement.shipment_id if replacement else None)
    assert row.ddt is not None
    ports.ledger.insert_movements(voided.goods_come_back(ports.new_id, reason))
    fact = DdtVoided(
        **facts_of(voided, row.goods), number=row.ddt.number, reason=reason, replaced_by=voided.replaced_by
    )
    after = save_and_tell(ports, row, voided, fact)
    if replacement:
        ports.shipments.insert_shipment(replacement)
        ports.outbox.add(
            ShipmentDrafted(**facts_of(replacement, row.goods)),
            subject=replacement.shipment_id,
            correlation=replacement.correlation,
        )
    return after
