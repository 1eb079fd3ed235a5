"""Subject types that every tenant has, one YAML file each."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

import yaml

from ...domain.subjects import SubjectType

BUILT_IN_TYPES: Final = {
    (declared := SubjectType.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))).key: declared
    for file in files(__name__).iterdir()
    if file.name.endswith(".yaml")
}
