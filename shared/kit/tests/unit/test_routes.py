"""What an endpoint says about itself comes from its handler's docstring."""

from __future__ import annotations

from optima_kit.http import Call, Routes, View


class Thing(View):
    name: str


async def read_thing(call: Call[None]) -> Thing:
    """Read a thing of which there is so much to say, in one sentence without a comma, that the summary takes
    two lines.

    What follows is not part of it."""
    raise NotImplementedError


def test_a_summary_is_the_first_paragraph_however_many_lines_it_takes() -> None:
    routes = Routes()
    routes.get("/v1/thing", privilege="thing.read")(read_thing)
    (route,) = routes.items
    assert route.summary.startswith("Read a thing of which")
    assert route.summary.endswith("that the summary takes two lines")
