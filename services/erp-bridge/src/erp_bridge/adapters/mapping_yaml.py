"""Read and write a mapping as YAML, entity by entity and field by field.

customer:
  code: codice
  payment_method: {remote: modalita, code_map: {MP12: RIBA, MP05: BON}}
"""

from __future__ import annotations

from collections.abc import Mapping as Table
from dataclasses import MISSING, fields
from typing import Any, ClassVar, Final

import yaml
from pydantic import TypeAdapter, ValidationError

from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain.entities import Entity
from ..domain.mapping import EntityMapping, FieldMapping
from ..domain.mapping import Mapping as FieldMap
from .mapped_field import MappedField

MOST_PROBLEMS: Final = 50

_SHAPE: Final = TypeAdapter(dict[Entity, dict[str, MappedField | str]])


class _Texts(yaml.SafeLoader):
    """A YAML loader that reads every value as text: a code 007 does not become 7, and NO does not become
    false."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


def read_mapping(text: str) -> dict[Entity, dict[str, FieldMapping]]:
    """Read a mapping. Raises Invalid with line and column if the text is not YAML, and Violations with each
    wrong place."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, yaml.SafeLoader)):
            # A few nested aliases can expand to more than fits into memory.
            raise Invalid("mapping_has_aliases", field="yaml")
        content = _Texts(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise Invalid("mapping_is_no_yaml", field="yaml", line=line, column=column) from None
    except yaml.YAMLError:
        raise Invalid("mapping_is_no_yaml", field="yaml", line=1, column=1) from None
    try:
        read = _SHAPE.validate_python(content if content is not None else {})
    except ValidationError as error:
        raise Violations(_problems(error)) from None
    return {
        entity: {
            name: FieldMapping(mapped) if isinstance(mapped, str) else mapped.field_mapping()
            for name, mapped in fields_.items()
        }
        for entity, fields_ in read.items()
    }


def write_mapping(mapping: FieldMap) -> str:
    """Write the mapping in force, without values that equal the defaults."""
    content = {entity: _entity(each) for entity, each in mapping.entities.items()}
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _entity(mapping: EntityMapping) -> dict[str, Any]:
    return {name: _short(_told(mapped)) for name, mapped in mapping.fields.items()}


def _told(mapped: FieldMapping) -> dict[str, Any]:
    told = {}
    for each in fields(FieldMapping):
        value = getattr(mapped, each.name)
        usual = {} if each.default is MISSING else each.default
        if each.name == "remote" or value != usual:
            told[each.name] = dict(value) if isinstance(value, Table) else value
    return told


def _short(told: dict[str, Any]) -> str | dict[str, Any]:
    return str(told["remote"]) if told.keys() == {"remote"} else told


def _problems(error: ValidationError) -> list[Refusal]:
    places = {".".join(str(part) for part in each["loc"][:2]): each for each in error.errors()}
    return [Invalid("mapping_value_wrong", field=f"yaml.{place}") for place in list(places)[:MOST_PROBLEMS]]
