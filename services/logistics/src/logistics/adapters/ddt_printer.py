"""Makes PDFs of transport documents."""

from __future__ import annotations

from importlib.resources import files
from typing import Final
from uuid import UUID

from optima_kit.typesetting import Template, Typesetter

from ..domain.ddt import Document
from .ddt_sheet import sheet_of
from .despatch_advice import despatch_advice, gaps

_HERE: Final = files(__package__)
TEMPLATE: Final = Template(
    file=str(_HERE.joinpath("ddt.typ")), fonts=str(_HERE.joinpath("fonts")), standard="a-3b", seconds=20.0
)


class DdtPrinter:
    def __init__(self) -> None:
        self._typesetter = Typesetter(TEMPLATE)
        self.close = self._typesetter.close

    async def print(self, tenant_id: UUID, document: Document, *, voided_because: str | None = None) -> bytes:
        """The document as PDF/A-3b: the same bytes for the same content, whenever and wherever it is made.

        It carries the document as XML, where that lacks nothing. `voided_because` stamps it as void. Raises
        TimeoutError after 20 s.
        """
        whole = not voided_because and not any(gaps(document))
        xml = despatch_advice(document) if whole else None
        sheet = sheet_of(document, voided_because, despatch_advice=xml)
        return await self._typesetter.typeset(tenant_id, sheet, dated=int(document.issued_at.timestamp()))
