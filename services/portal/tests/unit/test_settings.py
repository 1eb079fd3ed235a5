"""What is typed into the settings' forms, as the services take it."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import MultiDict

from optima_kit.actor import Actor
from optima_kit.ids import new_id
from portal.adapters.fields import Field, in_fields, new_in_fields, typed
from portal.adapters.navigation import navigation_of, settings_of
from portal.adapters.pages.webhooks import chosen_types
from portal.adapters.pages.working_time import day_typed, spans_in_field, spans_typed

FIELDS = (
    Field("name", "Name", required=True),
    Field("percent", "Percent", "number"),
    Field("days", "Days", "whole"),
    Field("passes", "Passes", "flag"),
    Field("country", "Country", otherwise="IT"),
)


class Form:
    language = "it"

    def __init__(self, **form: str) -> None:
        self.form = MultiDict(form)

    def text(self, name: str) -> str:
        return self.form.get(name, "")


def test_a_form_sends_what_was_typed_and_leaves_out_the_rest() -> None:
    call: Any = Form(name="Bologna", percent="2,5", days="30", passes="yes")
    assert typed(call, FIELDS) == {"name": "Bologna", "percent": "2.5", "days": 30, "passes": True}
    nothing: Any = Form()
    assert typed(nothing, FIELDS) == {"passes": False}


def test_what_is_no_number_goes_on_as_it_was_typed() -> None:
    call: Any = Form(percent="molto", days="due")
    assert typed(call, FIELDS) == {"percent": "molto", "days": "due", "passes": False}


def test_fields_hold_what_a_service_knows() -> None:
    known = {"name": "Bologna", "percent": "2.5", "days": 30, "passes": True}
    held = {"name": "Bologna", "percent": "2,5", "days": "30", "passes": "yes", "country": ""}
    assert in_fields(FIELDS, known, "it") == held
    assert new_in_fields(FIELDS)["country"] == "IT"


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("9-13", [["09:00", "13:00"]]),
        ("9:00–13:00, 14.30 - 18", [["09:00", "13:00"], ["14:30", "18:00"]]),
        ("presto", [["presto"]]),
    ],
)
def test_hours_of_work_are_typed_as_people_write_them(text: str, spans: list[list[str]]) -> None:
    assert spans_typed(text) == spans


def test_hours_of_work_stay_the_same_when_they_are_saved_as_shown() -> None:
    shown = spans_in_field([["09:00:00", "13:00:00"], ["14:00:00", "18:00:00"]])
    assert shown == "09:00–13:00, 14:00–18:00"
    assert spans_typed(shown) == [["09:00", "13:00"], ["14:00", "18:00"]]


@pytest.mark.parametrize(("text", "day"), [("24/12/2026", "2026-12-24"), ("Natale", "Natale")])
def test_a_day_is_typed_as_italians_write_it(text: str, day: str) -> None:
    assert day_typed(text) == day


def test_all_of_an_area_stands_for_its_events() -> None:
    brief, order = "optima.brief.submitted.v1", "optima.production.order_started.v1"
    assert chosen_types(["optima.brief.", brief, order]) == ["optima.brief.", order]
    assert chosen_types([brief, order]) == [brief, order]
    assert chosen_types([]) == []


def reader(*privileges: str) -> Actor:
    return Actor(new_id(), new_id(), "Sara", "internal", frozenset(), frozenset(privileges))


def test_settings_are_linked_for_whom_there_are_some() -> None:
    assert [each.address for each in settings_of(reader("price.read"))] == []
    assert "/settings" not in [each.address for each in navigation_of(reader("brief.read"), "/briefs")]
    assert "/settings" in [each.address for each in navigation_of(reader("brief.read", "lookup.write"), "/")]


def test_a_page_beneath_a_link_is_at_it() -> None:
    here = [each.address for each in navigation_of(reader("directory.read"), "/units/marketing") if each.here]
    assert here == ["/people"]
