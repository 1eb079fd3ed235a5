"""The mapping of one field, as clients send it in JSON and in YAML."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optima_kit.http import Command, Text

from ..domain.mapping import FieldMapping

MappedCode = Annotated[str, Text(100)]
MappedCodes = Annotated[list[MappedCode], Field(min_length=1, max_length=50)]


class MappedField(Command):
    remote: Annotated[str, Text(100)]
    transform: Literal["upper", "decimal_comma", "date_it"] | None = None
    owner: Literal["erp", "optima", "both"] = "erp"
    default: Annotated[str, Text(200)] | None = None
    empty: Literal["clear", "keep"] = "clear"
    code_map: Annotated[dict[MappedCode, MappedCode | MappedCodes], Field(max_length=500)] = Field(
        default_factory=dict
    )

    def field_mapping(self) -> FieldMapping:
        return FieldMapping(**self.model_dump())
