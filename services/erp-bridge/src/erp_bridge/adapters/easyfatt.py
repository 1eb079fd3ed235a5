"""The connector to Danea Easyfatt: documents in its XML format, in files and from an address.

Easyfatt can't be called. People export documents as Easyfatt-Xml, each with its customer or supplier, and
import ours; or Easyfatt fetches the orders itself, with user name and password, from an address, as it does
from web shops. In files that Easyfatt exports, a missing tag means an empty value. In files that it imports,
a missing tag means a default, and an empty tag an empty value.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from optima_kit.refusals import Invalid

from ..application.ports import DocumentRange, Endpoint, Rejected
from ..domain.connection import Description, Setting
from ..domain.documents import OutgoingDocument
from ..domain.entities import Entity
from ..domain.import_plan import RemoteRecord
from ..domain.mapping import EntityMapping
from .capabilities import read_from_files, unmapped, written_to_files
from .folder import FolderConnector, RecordFile, check_folder, in_thread

FETCHED: Final = 500
"""How many orders one answer holds. Easyfatt asks again from the last order that it has."""
LEAST_PASSWORD: Final = 12

_OF_SUPPLIERS: Final = frozenset("EHS")
"""Types of documents whose "Customer…" tags name a supplier: purchase orders, goods received, quotations."""
_TYPES: Final[dict[Entity, str]] = {"order": "C", "ddt": "D"}
_OURS: Final = frozenset({"state", "position"})
"""Names in the mapping for which the format has no tag."""
_DEFAULTED: Final = frozenset({"CustomerCode", "Price"})
"""Tags that are left out if we have no value, so that Easyfatt uses its own value."""


def _cannot_carry(entity: Entity) -> tuple[str, ...]:
    return ("cancellation", *unmapped("easyfatt.yaml", entity))


DESCRIPTION: Final = Description(
    key="easyfatt",
    name="Danea Easyfatt (Easyfatt-Xml)",
    proven="recorded",
    settings=(
        Setting("folder", exclusive=True),
        Setting("user", required=False),
        Setting("password", secret=True, required=False),
    ),
    capabilities=(
        read_from_files("customer", "vat_number", "fiscal_code"),
        read_from_files("supplier", "vat_number", "fiscal_code"),
        written_to_files("order", "create", "change", cannot_carry=_cannot_carry("order")),
        written_to_files("ddt", "create", cannot_carry=_cannot_carry("ddt")),
    ),
)


_DECLARED: Final = re.compile(rb"<\?xml[^>]*\bencoding\s*=\s*[\"']([\w.-]+)")


class _DefXml:
    """Implements `folder.FileFormat`."""

    incoming: Mapping[Entity, str] = {"customer": "clienti", "supplier": "fornitori"}
    endings: str = "xml|defxml"
    ending: str = "xml"
    cancels: bool = False

    def read(self, entity: Entity, content: bytes, mapping: EntityMapping) -> RecordFile:
        return _Parties(entity, content, mapping.columns())

    def write(self, document: OutgoingDocument, before: bytes | None) -> bytes:
        made = etree.Element("Document")
        _add(made, "DocumentType", _TYPES[document.entity])
        heading = dict(document.heading)
        if document.entity == "order":
            heading["Number"] = str(_progressive(document.number))
            # Keep the day on which the order was first written, because Easyfatt also asks for orders by day.
            known = next(_documents(before), None) if before is not None else None
            day = known.findtext("Date") if known is not None else None
            heading["Date"] = day or datetime.now(UTC).date().isoformat()
        else:
            heading["Number"], heading["Numbering"] = _numbered(document.number)
        _add_all(made, heading)
        rows = etree.SubElement(made, "Rows")
        for line in document.lines:
            _add_all(etree.SubElement(rows, "Row"), line)
        return _written([made])


class Easyfatt(FolderConnector):
    """Implements `ports.Connector` and `ports.DocumentFeed`."""

    description = DESCRIPTION
    mapping_file = "easyfatt.yaml"
    file_format = _DefXml()

    def check(self, settings: Mapping[str, str]) -> Mapping[str, str]:
        check_folder(settings["folder"])
        if bool(settings.get("user")) != bool(settings.get("password")):
            missing = "password" if settings.get("user") else "user"
            raise Invalid("setting_missing", field=f"settings.{missing}")
        if settings.get("password") and len(settings["password"]) < LEAST_PASSWORD:
            raise Invalid("password_too_short", field="settings.password", least=LEAST_PASSWORD)
        return dict(settings)

    async def fetch(self, endpoint: Endpoint, entity: Entity, wanted: DocumentRange) -> bytes:
        session = self._session(endpoint)
        return await in_thread(lambda: _written(_within(session.left(entity), wanted)))


class _Parties:
    """The customers or suppliers named in a file of documents. Implements `folder.RecordFile`."""

    dialect = "Easyfatt-Xml"

    def __init__(self, entity: Entity, content: bytes, wanted: Sequence[str]) -> None:
        parties: dict[str, RemoteRecord] = {}
        self.header = list(wanted)
        others: set[str] = set()
        for document in _documents(content):
            kind = document.findtext("DocumentType") or "C"
            if (kind in _OF_SUPPLIERS) != (entity == "supplier"):
                others.add(f"DocumentType {kind}")
                continue
            # Not `findtext`: a column that somebody has mapped is a name, whatever a path of it would mean.
            texts = {child.tag: child.text or "" for child in reversed(document)}
            values = {name: texts.get(name, "").strip() for name in wanted}
            key = values.get("CustomerCode") or f"{document.sourceline}"
            parties.pop(key, None)  # the last document that names the party counts
            parties[key] = RemoteRecord(values, line=document.sourceline)
        self.unknown = sorted(others)
        self._records = list(parties.values())
        self.rows = len(self._records)

    def portions(self, size: int, *, skip: int) -> Iterator[list[RemoteRecord]]:
        for begin in range(skip, self.rows, size):
            yield self._records[begin : begin + size]


def _documents(content: bytes) -> Iterator[Any]:
    """Yield the documents, with one at a time in memory. Raises Rejected if the content is not
    Easyfatt-Xml."""
    try:
        found = etree.iterparse(
            io.BytesIO(_as_it_says(content)),
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
        )
        _, root = next(found)
        if root.tag != "EasyfattDocuments" or root.getroottree().docinfo.doctype:
            raise Rejected("file_not_easyfatt")
        for event, element in found:
            if event == "end" and element.tag == "Document":
                yield element
                element.clear()
    except (etree.XMLSyntaxError, StopIteration):
        raise Rejected("file_not_easyfatt") from None


def _as_it_says(content: bytes) -> bytes:
    """Return the content in the encoding that it declares. Some programs declare UTF-8 but write Windows'
    characters, and some begin with an empty line."""
    content = content.lstrip(b" \r\n\t")
    declared = _DECLARED.match(content)
    if declared is not None and declared[1].lower() != b"utf-8":
        return content
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace").encode()
    return content


def _within(files: Iterable[bytes], wanted: DocumentRange) -> Iterator[Any]:
    """Yield the wanted documents by number, at most as many as one answer holds."""
    found: list[tuple[int, bytes]] = []
    for content in files:
        for document in _documents(content):
            number, day = int(document.findtext("Number")), document.findtext("Date")
            if wanted.holds(number, datetime.fromisoformat(day).date()):
                found.append((number, etree.tostring(document)))
    for _, text in sorted(found)[:FETCHED]:
        yield etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True))


def _written(documents: Iterable[Any]) -> bytes:
    root = etree.Element("EasyfattDocuments", AppVersion="2", Creator="Linea OPTIMA")
    parent = etree.SubElement(root, "Documents")
    parent.extend(documents)
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return text


def _add_all(parent: Any, values: Mapping[str, str]) -> None:
    for tag, value in values.items():
        if tag not in _OURS and (value or tag not in _DEFAULTED):
            _add(parent, tag, value)


def _add(parent: Any, tag: str, value: str) -> None:
    try:
        etree.SubElement(parent, tag).text = value
    except ValueError:  # the tag is not a valid name, or the value has characters that XML can't hold
        raise Rejected("value_not_for_xml", field=tag) from None


def _progressive(number: str) -> int:
    """Return an order's number with the year in front, so that numbers always grow, because Easyfatt
    continues behind the last number that it has: "O-2026-0007" → 202600007."""
    found = re.fullmatch(r"\D*(\d{4})\D+(\d{1,5})", number)
    if found is None:
        raise Rejected("order_number_not_progressive", number=number)
    return int(found[1]) * 100_000 + int(found[2])


def _numbered(number: str) -> tuple[str, str]:
    """Split a number from the text behind it: "12/2026" → ("12", "/2026")."""
    found = re.fullmatch(r"(\d+)(.*)", number)
    if found is None:
        raise Rejected("order_number_not_progressive", number=number)
    return found[1], found[2]
