"""Choose a person from a list or, if the company has too many people for a list, by name or e-mail."""

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
"""How many possible people a refusal names at most."""
_NOBODY: Final = N_("Nobody is called “{typed}”. Type the name or e-mail of somebody in the company.")
_SEVERAL: Final = N_("“{typed}” may be {people}. Type the e-mail address of the one whom you mean.")


@dataclass(frozen=True, slots=True)
class People:
    options: Sequence[tuple[str, str]]
    """Ids and names."""
    more: bool
    """Whether there are more people than listed. A name is then typed, and `person_named` finds the
    person."""


def _everybody(_person: Mapping[str, Any]) -> bool:
    return True


def people_of(
    found: Any, *, but: UUID | str | None = None, keep: Callable[[Mapping[str, Any]], bool] = _everybody
) -> Any:
    """Return the active people in an answer of the directory. A missing answer is returned unchanged."""
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
    """Return the id of the person whom a field names: chosen from a list, or typed as name or e-mail.

    Raises Refused if nobody or more than one person has that name.
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
    """Return the active people who may be meant: those whose name or e-mail equals the typed text or, if
    there are none, all who were found."""
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
