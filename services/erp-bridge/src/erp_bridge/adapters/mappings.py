"""The connectors' own mappings, read from the YAML files beside them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from ..domain.mapping import FieldMapping, Mapping, entity_mapping


@cache
def connector_mapping(file: str) -> Mapping:
    """`file`: "drop_folder.yaml". A field is a mapping or, where it has but a name, a text."""
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    return Mapping(
        {
            entity: entity_mapping(
                entity,
                {
                    name: FieldMapping(mapped) if isinstance(mapped, str) else FieldMapping(**mapped)
                    for name, mapped in fields.items()
                },
            )
            for entity, fields in yaml.safe_load(text).items()
        }
    )
