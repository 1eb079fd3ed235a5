"""Documents as people read them, and where in them something stands."""

from __future__ import annotations

import pytest
import yaml

from portal.adapters.documents import document_of, key_in, line_of
from portal.adapters.pages.processes import content_of

DOCUMENT = """\
key: insegne
steps:
  - key: a
    approvers: [{role: uno}, {role: due}]
  - key: b
    when: "x"
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("key", 1),
        ("steps[0].approvers[1].role", 4),
        ("steps[1].when", 6),
        ("steps[1].nowhere.deeper", 5),
        ("steps[7]", 2),
        ("", 1),
    ],
)
def test_a_place_is_found_by_its_name(path: str, line: int) -> None:
    assert line_of(DOCUMENT, path) == line


@pytest.mark.parametrize("document", ["key: [", "\t", "- a\n- b: [", "", "[]", "just words", "key: 3"])
def test_what_is_no_document_has_no_key(document: str) -> None:
    assert key_in(document) == ""
    assert line_of(document, "steps[0]") in (None, 1)


def test_a_document_is_read_back_as_it_was() -> None:
    definition = {"key": "città", "steps": [{"key": "a", "when": "brief.budget > 5000.0"}], "name": "è"}
    assert yaml.safe_load(document_of(definition)) == definition
    assert document_of(definition).startswith("key: città\n")


def test_a_simulation_supposes_what_was_typed() -> None:
    fields = {
        "title": {"type": "text"},
        "budget": {"type": "money"},
        "revision": {"type": "whole"},
        "purpose": {"type": "text", "optional": True},
        "items": {"type": "list"},
        "lines": {"type": "list", "optional": True},
    }
    typed = {"content-title": "Prova", "content-budget": "1.250,50", "content-revision": "1"}
    wanted = {"title": "Prova", "budget": "1250.50", "revision": 1, "items": []}
    assert content_of(fields, typed, "it") == wanted
