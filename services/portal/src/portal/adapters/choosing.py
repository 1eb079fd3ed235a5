"""Choosing a person: from a list where a company's people fit into one, else by name or e-mail."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from optima_kit.http.html import PageCall

from .client import LISTED, Refused
from .labels import N_
from .rendering import translations_of

_NAMED: Final = 5
"""People in a refusal at most, of those who may have been meant."""
_NOBODY: Final = N_("Nobody is called “{typed}”. Type the name or e-mail of somebody in the company.")
_SEVERAL: Final = N_("“{typed}” may be {people}. Type the e-mail address of the one whom you mean.")


@dataclass(frozen=True, slots=True)
class People:
    options: Sequence[tuple[str, str]]
    """Ids and names."""
    more: bool
    """Than are listed: then a name is typed, and `person_named` finds whose it is."""


def _everybody(_person: Mapping[str, Any]) -> bool:
    return True


def people_of(
    found: Any, *, but: UUID | str | None = None, keep: Callable[[Mapping[str, Any]], bool] = _everybody
) -> Any:
    """The active people of an answer of the directory; what is no answer stays as it is."""
    if not found:
        return found
    return People(
        [
            (each["id"], each["name"])
            for each in found["items"]
            if each["active"] and each["id"] != str(but) and keep(each)
        ],
        "next_cursor" in found,
    )


async def person_named(call: PageCall, typed: str) -> str:
    """The id of the person whom a field names: chosen from a list, or typed as name or e-mail.

    Raises Refused where nobody is called so, and where several are.
    """
    if not typed or _is_id(typed):
        return typed
    found = await call.session.services.get("identity", "/v1/people", text=typed, limit=LISTED)
    meant = meant_by(typed, found["items"])
    if len(meant) == 1:
        return str(meant[0]["id"])
    people = ", ".join(f"{each['name']} ({each['email']})" for each in meant[:_NAMED])
    if len(meant) > _NAMED:
        people += " …"
    detail = translations_of(call.language).gettext(_SEVERAL if meant else _NOBODY)
    raise Refused(422, {"code": "person_unclear", "detail": detail.format(typed=typed, people=people)})


def meant_by(typed: str, found: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Who of the people found may be meant: who is called just so before who only has the words typed."""
    active = [each for each in found if each["active"]]
    wanted = typed.casefold()
    exactly = [each for each in active if wanted in (each["name"].casefold(), each["email"].casefold())]
    return exactly or active


def _is_id(typed: str) -> bool:
    try:
        UUID(typed)
    except ValueError:
        return False
    return True
