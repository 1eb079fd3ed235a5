"""A destination is chosen from a list, or named where the list would be too long."""

from __future__ import annotations

from typing import Any

import pytest

from portal.adapters.client import Refused
from portal.adapters.places import destination_of, destinations_of, finishers_in, places_with

DUOMO = {"code": "MI-DUOMO", "address": {"name": "Caffè Aurora Duomo", "city": "Milano"}}
SEMPIONE = {"code": "MI-SEMPIONE", "address": {"name": "Caffè Aurora Sempione", "city": "Milano"}}


class Asked:
    """A form, and the destinations that the service finds for what was typed into it."""

    language = "it"

    def __init__(self, found: list[dict[str, Any]], **form: str) -> None:
        self.form, self.found, self.texts = form, found, list[str]()
        self.session = self
        self.services = self

    def text(self, name: str) -> str:
        return self.form.get(name, "")

    async def get(self, _service: str, _path: str, *, text: str, limit: int) -> dict[str, Any]:
        self.texts.append(text)
        return {"items": self.found[:limit]}


def test_a_list_that_was_cut_says_so() -> None:
    assert not destinations_of({"items": [DUOMO]}).more
    cut = destinations_of({"items": [DUOMO], "next_cursor": "x"}, {"BO1": "Magazzino, Bologna"})
    assert (cut.more, [*cut.options]) == (True, ["MI-DUOMO", "BO1"])
    many = destinations_of({"items": [{**DUOMO, "code": str(number)} for number in range(201)]})
    assert (many.more, len(many.options)) == (True, 200)


async def test_what_was_chosen_is_not_looked_up() -> None:
    asked: Any = Asked([], destination="MI-DUOMO")
    assert (await destination_of(asked), asked.texts) == ("MI-DUOMO", [])


@pytest.mark.parametrize(
    ("typed", "found", "code"),
    [
        ("mi-duomo", [DUOMO, SEMPIONE], "MI-DUOMO"),
        ("caffè aurora sempione", [DUOMO, SEMPIONE], "MI-SEMPIONE"),
        ("duomo", [DUOMO], "MI-DUOMO"),
        ("BO1", [], "BO1"),
    ],
)
async def test_one_is_found_by_code_and_name(typed: str, found: list[Any], code: str) -> None:
    asked: Any = Asked(found, destination_named=typed)
    assert await destination_of(asked) == code


@pytest.mark.parametrize(
    ("typed", "found", "said"),
    [
        ("milano", [DUOMO, SEMPIONE], "Caffè Aurora Duomo, Milano (MI-DUOMO)"),
        ("via Roma 1", [], "Nessuna destinazione si chiama «via Roma 1»"),
    ],
)
async def test_what_is_unclear_is_refused(typed: str, found: list[Any], said: str) -> None:
    asked: Any = Asked(found, destination_named=typed)
    with pytest.raises(Refused) as refused:
        await destination_of(asked)
    assert said in refused.value.detail


class Known:
    """The warehouse's own service, which has these destinations and refuses all others."""

    def __init__(self, *found: dict[str, Any]) -> None:
        self.found = {f"/v1/destinations/{each['code']}": each for each in found}
        self.asked = list[str]()

    async def get(self, _service: str, path: str) -> dict[str, Any]:
        self.asked.append(path)
        if path not in self.found:
            raise Refused(404, {"code": "destination_absent"})
        return self.found[path]


async def test_who_does_a_phase_outside_has_a_name_beyond_the_list() -> None:
    terms = {"phase_id": "p", "tolerance_percent": "5"}
    lines = [
        {"supplier": "MI-SEMPIONE", "delivery": terms},
        {"supplier": "Carta & C.", "delivery": terms},
        {"supplier": "GONE", "delivery": terms},
        {"supplier": "Stamperia"},
    ]
    jobs = [{"phases": [{"outside": {"finisher": "MI-DUOMO"}}, {}], "economics": {"cost_lines": lines}}, {}]
    services = Known(SEMPIONE)
    named = await places_with(services, {"MI-DUOMO": "Caffè"}, finishers_in(jobs))  # type: ignore[arg-type]
    assert named == {"MI-DUOMO": "Caffè", "MI-SEMPIONE": "Caffè Aurora Sempione, Milano"}
    assert services.asked == ["/v1/destinations/GONE", "/v1/destinations/MI-SEMPIONE"]
