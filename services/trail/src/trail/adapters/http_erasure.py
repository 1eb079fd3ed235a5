"""The endpoint that erases a person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from optima_kit.http import Call, PersonView, Routes, View

from ..application.erase_person import erase_person
from ..application.ports import Ports

erasure_routes = Routes()


class ErasureView(View):
    person: PersonView
    erased_at: datetime


@erasure_routes.post("/v1/people/{person_id}/erasure", privilege="trail.erase")
async def erase(call: Call[Ports], person_id: UUID) -> ErasureView:
    """Erase a person's texts from the trail, for good.

    Their name, their address and what they wrote in their own words then read "cancellato su richiesta". The
    chain and earlier exports can still be verified. To erase the recipient of goods, give the id of the
    shipment.
    """
    return ErasureView(person=PersonView(id=person_id), erased_at=await erase_person(call.ports, person_id))
