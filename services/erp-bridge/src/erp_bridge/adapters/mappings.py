"""The connectors' own mappings, read from the YAML files beside them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from ..domain.mapping import FieldMapping, Mapping, entity_mapping


@cache
def connector_mapping(file: str) -> Mapping:
    """Read a connector's mapping from a file such as "drop_folder.yaml". In it, a field is either a mapping
    or only its remote name."""
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
