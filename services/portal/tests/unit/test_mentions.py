"""In a comment those are mentioned who may see its brief."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from multidict import MultiDict

from portal.adapters.mentions import OFFERED, mentionable, mentioned_in

READER, REQUESTER = UUID(int=1), UUID(int=2)
ROLES = {
    "items": [
        {"key": "purchasing", "privileges": ["brief.read", "brief.read_all"]},
        {"key": "marketing", "privileges": ["brief.read"]},
    ]
}


def person(number: int, name: str, *roles: str, active: bool = True) -> dict[str, Any]:
    email = f"{name.split()[0].casefold()}@caffeaurora.example"
    return {
        "id": str(UUID(int=number)),
        "name": name,
        "email": email,
        "roles": [*roles],
        "active": active,
    }


PEOPLE = {
    "items": [
        person(1, "Anna Rossi", "purchasing"),
        person(2, "Elena Bianchi", "marketing"),
        person(3, "Marta Colombo", "marketing", "purchasing"),
        person(4, "Guido Neri", "marketing"),
        person(5, "Ida Sala", "purchasing", active=False),
    ]
}
BRIEF: dict[str, Any] = {
    "requester": {"id": str(REQUESTER)},
    "revision": 1,
    "submitted_at": "2026-11-30T10:00:00Z",
    "actions": ["comment"],
}


def names(people: Any) -> list[str]:
    return [name for _, name in people.options]


def test_who_sees_the_brief_is_offered() -> None:
    assert names(mentionable(PEOPLE, ROLES, BRIEF, but=READER)) == ["Elena Bianchi", "Marta Colombo"]
    drafted_again = {key: value for key, value in BRIEF.items() if key != "submitted_at"} | {"revision": 2}
    assert names(mentionable(PEOPLE, ROLES, drafted_again, but=REQUESTER)) == ["Anna Rossi", "Marta Colombo"]


@pytest.mark.parametrize(
    ("people", "roles", "changed"),
    [
        (None, ROLES, {}),
        (PEOPLE, None, {}),
        (PEOPLE, ROLES, {"actions": []}),
    ],
)
def test_nobody_is_offered_where_nobody_could_be_mentioned(people: Any, roles: Any, changed: Any) -> None:
    assert mentionable(people, roles, BRIEF | changed, but=READER) is None


def test_a_draft_is_its_requesters_alone() -> None:
    draft = {key: value for key, value in BRIEF.items() if key != "submitted_at"}
    assert mentionable(PEOPLE, ROLES, draft, but=REQUESTER) is None


def test_many_people_are_typed() -> None:
    many = {"items": [person(10 + number, f"Ada {number}", "purchasing") for number in range(OFFERED + 1)]}
    assert mentionable(many, ROLES, BRIEF, but=READER).more
    assert mentionable({"items": [], "next_cursor": "x"}, ROLES, BRIEF, but=READER).more


class Asked:
    """A form, and a directory that finds people by the beginning of their names."""

    language = "it"

    def __init__(self, chosen: list[str], typed: str) -> None:
        self.form: MultiDict[Any] = MultiDict([("mentioned", each) for each in chosen])
        self.form["mentioned_named"] = typed
        self.session = self
        self.services = self
        self.asked = 0

    def text(self, name: str) -> str:
        return str(self.form.get(name, ""))

    async def get(self, _service: str, _path: str, *, text: str, limit: int) -> dict[str, Any]:
        self.asked += 1
        return {"items": [each for each in PEOPLE["items"] if each["name"].startswith(text)][:limit]}


async def test_who_was_chosen_and_typed_is_mentioned() -> None:
    asked: Any = Asked([str(READER)], "Elena Bianchi\nMarta, ")
    assert await mentioned_in(asked) == [str(UUID(int=number)) for number in (1, 2, 3)]


async def test_no_more_are_looked_up_than_the_service_refuses() -> None:
    asked: Any = Asked([], "Elena\n" * 500)
    assert (len(await mentioned_in(asked)), asked.asked) == (21, 21)
