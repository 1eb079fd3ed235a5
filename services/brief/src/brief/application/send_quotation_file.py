"""A supplier adds a file to their quotation, or takes one back, until the deadline."""

from __future__ import annotations

import hashlib
from uuid import UUID

from optima_contracts.brief import QuotationFileChanged
from optima_kit.actor import Actor
from optima_kit.ids import new_id

from ..domain.quotations import QuotationFile, QuotationRequest
from .answer_request import own_quotation_to_change
from .attach_file import SentFile, file_is_what_it_says
from .ports import Ports


async def send_quotation_file(
    ports: Ports, actor: Actor, quotation_id: UUID, sent: SentFile
) -> tuple[QuotationRequest, QuotationFile]:
    """Add a file to the supplier's quotation. Like the quote, its content stays in this service."""
    file_is_what_it_says(sent.data, sent.media_type)
    request = await own_quotation_to_change(ports, actor, quotation_id)
    file = QuotationFile(
        file_id=new_id(),
        name=sent.name,
        media_type=sent.media_type,
        size=len(sent.data),
        sha256=hashlib.sha256(sent.data).hexdigest(),
        sent_at=ports.now,
    )
    request.take_file(request.quotations[0], file)
    ports.quotations.insert_file(quotation_id, file, sent.data)
    _tell(ports, request, file, taken_back=False)
    return request, file


async def take_back_quotation_file(
    ports: Ports, actor: Actor, quotation_id: UUID, file_id: UUID
) -> QuotationRequest:
    request = await own_quotation_to_change(ports, actor, quotation_id)
    file = request.give_back_file(request.quotations[0], file_id, ports.now)
    ports.quotations.delete_file(file_id)
    _tell(ports, request, file, taken_back=True)
    return request


def _tell(ports: Ports, request: QuotationRequest, file: QuotationFile, *, taken_back: bool) -> None:
    (own,) = request.quotations
    changed = QuotationFileChanged(
        brief_id=request.brief_id,
        quotation_id=own.quotation_id,
        supplier_id=own.supplier_id,
        file_id=file.file_id,
        sha256=file.sha256,
        taken_back=taken_back,
    )
    ports.outbox.add(changed, subject=own.quotation_id, correlation=request.brief_id)
