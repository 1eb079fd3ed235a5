"""Events judged as a program judges them that has read docs/asyncapi.json and nothing else of ours."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).parents[1] / "docs" / "asyncapi.json"


@cache
def validator_of(type_: str) -> Draft202012Validator:
    components = json.loads(DOCUMENT.read_text(encoding="utf-8"))["components"]
    payload = components["messages"][type_]["payload"]
    return Draft202012Validator(payload | {"components": components})
