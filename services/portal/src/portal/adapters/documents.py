"""Read documents that people write as YAML, and find lines in them. Few people use YAML, so its library is
imported only when it is needed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any


def document_of(definition: Mapping[str, Any]) -> str:
    """Write a definition as YAML in its own order, with accented letters as they are."""
    import yaml

    return yaml.safe_dump(dict(definition), sort_keys=False, allow_unicode=True, width=100)


def definition_in(document: str) -> dict[str, Any]:
    """Read a document's definition. It is empty if the text is not YAML, or not a mapping."""
    import yaml

    try:
        read = yaml.safe_load(document)
    except yaml.YAMLError:
        return {}
    return read if isinstance(read, dict) else {}


def key_in(document: str) -> str:
    """Return the key that a document states; empty if it states none, or is not YAML."""
    key = definition_in(document).get("key")
    return key if isinstance(key, str) else ""


def line_of(document: str, path: str) -> int | None:
    """Return the line, counted from 1, of a path such as `steps[0].approvers[1].role`, or of its nearest
    existing ancestor. Return None if the text is not YAML."""
    import yaml

    try:
        node = yaml.compose(document, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    line = 1 if node is not None else None
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        found = _within(node, name, index)
        if found is None:
            break
        line, node = found
    return line


def flaws_in(errors: Iterable[Mapping[str, Any]], document: str) -> dict[int, list[str]]:
    """Return the texts of errors by the line of the document that they concern."""
    flaws: dict[int, list[str]] = {}
    for error in errors:
        line = error.get("line") or line_of(document, error.get("field", ""))
        if line is not None:
            flaws.setdefault(line, []).append(str(error["detail"]))
    return dict(sorted(flaws.items()))


def _within(node: Any, name: str, index: str) -> tuple[int, Any] | None:
    import yaml

    if isinstance(node, yaml.SequenceNode) and index and int(index) < len(node.value):
        below = node.value[int(index)]
        return below.start_mark.line + 1, below
    if isinstance(node, yaml.MappingNode) and name:
        for key, below in node.value:
            if key.value == name:
                return key.start_mark.line + 1, below
    return None
