"""Store a photo, a signature or a signed document that proves a delivery."""

from __future__ import annotations

import hashlib
from uuid import UUID

from optima_contracts.logistics import DeliveryProved
from optima_kit.actor import Actor
from optima_kit.file_names import is_of_type
from optima_kit.refusals import Invalid

from ..domain.shipments import DeliveryProof
from .changing import shipment_to_change
from .ports import DeliveryProofRow, Ports


async def prove_delivery(
    ports: Ports, actor: Actor, shipment_id: UUID, *, name: str, media_type: str, data: bytes
) -> DeliveryProofRow:
    """Store a proof; if the shipment travelled with others, it is theirs too. Raises WrongState before the
    delivery, and Invalid for a file that is not of its stated type."""
    if not is_of_type(data, media_type):
        raise Invalid("file_is_not_its_media_type", field="body", media_type=media_type)
    row = await shipment_to_change(ports, shipment_id, None)
    row.shipment.prove(row.proofs)
    proof = DeliveryProof(
        ports.new_id(),
        row.shipment.document_id,
        name,
        media_type,
        len(data),
        hashlib.sha256(data).hexdigest(),
    )
    ports.shipments.insert_proof(proof, data)
    assert row.ddt is not None
    fact = DeliveryProved(
        proof_id=proof.proof_id,
        shipment_id=shipment_id,
        ddt_number=row.ddt.number,
        name=name,
        media_type=media_type,
        size=proof.size,
        sha256=proof.sha256,
    )
    ports.outbox.add(fact, subject=shipment_id, correlation=row.shipment.correlation)
    return DeliveryProofRow(proof, ports.now, actor.person_id)
