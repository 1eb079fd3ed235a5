"""What an endpoint, and the fields that it takes and returns, say about themselves comes from docstrings."""

from __future__ import annotations

from optima_kit.field_docstrings import field_docstrings
from optima_kit.http import Call, PageQuery, Routes, View
from optima_kit.http.openapi import openapi_document


class Named(View):
    name: str
    """The name by which people
    know it."""


class Maker(View):
    town: str


class Thing(Named):
    weight: int
    maker: Maker | None = None
    """Who made it, if that is known."""


class ThingQuery(PageQuery):
    text: str | None = None
    """Words of the name."""


async def read_thing(call: Call[None], query: ThingQuery) -> Thing:
    """Read a thing of which there is so much to say, in one sentence without a comma, that the summary takes
    two lines.

    What follows is not part of it."""
    raise NotImplementedError


def routes() -> Routes:
    declared = Routes()
    declared.get("/v1/thing", privilege="thing.read")(read_thing)
    return declared


def test_a_summary_is_the_first_paragraph_however_many_lines_it_takes() -> None:
    (route,) = routes().items
    assert route.summary.startswith("Read a thing of which")
    assert route.summary.endswith("that the summary takes two lines")


def test_fields_and_parameters_are_described_by_their_docstrings() -> None:
    document = openapi_document("Things", "1", routes())
    fields = document["components"]["schemas"]["Thing"]["properties"]
    assert {name: field.get("description") for name, field in fields.items()} == {
        "name": "The name by which people know it.",
        "weight": None,
        "maker": "Who made it, if that is known.",
    }
    parameters = document["paths"]["/v1/thing"]["get"]["parameters"]
    assert {each["name"]: each.get("description") for each in parameters} == {
        "limit": None,
        "cursor": None,
        "text": "Words of the name.",
    }


def test_without_source_code_fields_have_no_docstrings() -> None:
    made = type("Made", (), {"__module__": "a module that nobody has", "__annotations__": {"name": str}})
    assert field_docstrings(made) == {}
