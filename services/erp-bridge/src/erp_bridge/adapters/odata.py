"""Common parts of ERPs' OData interfaces: literals in filters, and the schema in `$metadata`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from lxml import etree

from ..application.ports import Unreachable
from ..domain.entities import Entity
from ..domain.schema import RemoteSchema
from .record_session import DocumentSession

_EDM: Final = "{http://docs.oasis-open.org/odata/ns/edm}"


class ODataSession(DocumentSession):
    """Implements `ports.Session.schema` from the interface's metadata."""

    types: ClassVar[Mapping[Entity, str]]
    """The name of the interface's type for each entity."""
    read: ClassVar[Mapping[Entity, tuple[str, ...]]]
    order_fields: ClassVar[frozenset[str]]
    """The fields of an order that are written."""

    async def schema(self, entity: Entity) -> RemoteSchema | None:
        metadata = await self._rest.call("GET", "$metadata", headers={"Accept": "application/xml"})
        fields = entity_fields(str(metadata), self.types[entity])
        if entity == "order":
            return RemoteSchema(fields, written=self.order_fields)
        return RemoteSchema(fields, read=frozenset(self.read[entity]))


def literal(text: str) -> str:
    """Quote a text for a filter."""
    return "'" + text.replace("'", "''") + "'"


def entity_fields(metadata: str, type_name: str) -> dict[str, bool]:
    """Return the fields of an entity type and whether each requires a value; empty if there is no such type.

    Raises Unreachable if the text is not OData metadata.
    """
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True)
    try:
        root = etree.fromstring(metadata.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise Unreachable("remote_unreachable", error=type(error).__name__) from error
    found: dict[str, bool] = {}
    for each in root.iterfind(f".//{_EDM}EntityType[@Name='{type_name}']/*"):
        if each.tag in (f"{_EDM}Property", f"{_EDM}NavigationProperty"):
            found[str(each.get("Name"))] = each.get("Nullable") == "false"
    return found
