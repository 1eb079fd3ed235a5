"""Makes PDFs of transport documents and of the other papers of shipments."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from importlib.resources import files
from typing import Final, Literal
from uuid import UUID

from optima_kit.typesetting import Template, Typesetter

from ..application.read.papers import (
    Printable,
    must_fit_in_one_pdf,
    must_have_documents,
    must_have_packages,
    once_together,
)
from ..domain.ddt import Document
from .ddt_sheet import Sheet, ddt_sheet, showable
from .despatch_advice import despatch_advice, gaps
from .paper_sheets import labels, packing_list, paper, pick_list

_HERE: Final = files(__package__)
TEMPLATE: Final = Template(
    file=str(_HERE.joinpath("sheets.typ")), fonts=str(_HERE.joinpath("fonts")), standard="a-3b", seconds=20.0
)

PaperKind = Literal["ddt", "pick_list", "packing_list", "labels"]
TITLES: Final[dict[PaperKind, str]] = {
    "ddt": "Documenti di trasporto",
    "pick_list": "Liste di prelievo",
    "packing_list": "Distinte colli",
    "labels": "Etichette",
}


class Printer:
    def __init__(self) -> None:
        self._typesetter = Typesetter(TEMPLATE)
        self.close = self._typesetter.close

    async def print(self, tenant_id: UUID, document: Document, *, voided_because: str | None = None) -> bytes:
        """Return the document as PDF/A-3b: the same bytes for the same content, whenever and wherever it is
        made.

        It contains the document as XML, if the document is complete enough. `voided_because` stamps it as
        void. Raises TimeoutError after 20 s.
        """
        sheet = document_sheet(document, voided_because)
        return await self._typesetter.typeset(tenant_id, sheet, dated=int(document.issued_at.timestamp()))

    async def print_papers(
        self,
        tenant_id: UUID,
        kind: PaperKind,
        printables: Sequence[Printable],
        now: datetime,
        packages: range,
    ) -> bytes:
        """Return one PDF with a paper of each shipment, or with a label for each of its `packages`. Otherwise
        as `print`."""
        # Drawing hundreds of codes takes a second.
        papers = await asyncio.to_thread(papers_of, kind, printables, packages)
        sheet = paper(TITLES[kind], printables, papers)
        return await self._typesetter.typeset(tenant_id, sheet, dated=int(now.timestamp()))


def document_sheet(document: Document, voided_because: str | None) -> Sheet:
    whole = not voided_because and not any(gaps(document))
    return {
        "title": f"Documento di trasporto n. {document.number}",
        "author": showable(document.sender.name),
        "despatch_advice": despatch_advice(document).decode() if whole else None,
        "papers": [ddt_sheet(document, voided_because)],
    }


def papers_of(kind: PaperKind, printables: Sequence[Printable], packages: range) -> list[Sheet]:
    """Build the papers. Raises Invalid if a document is not issued, if packages were not counted, or if there
    are more labels than fit."""
    if kind == "ddt":
        must_have_documents(printables)
        once = once_together(printables)
        return [ddt_sheet(each.document, each.voided_because) for each in once if each.document]
    if kind == "labels":
        must_have_packages(printables)
        once = once_together(printables)
        must_fit_in_one_pdf(once, packages)
        return [sheet for each in once for sheet in labels(each, packages)]
    return [pick_list(each) if kind == "pick_list" else packing_list(each) for each in printables]
