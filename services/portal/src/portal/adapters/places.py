"""Warehouses, destinations and document types, by name: the services know them by their codes. And the goods
that are typed to go from one to the other."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from optima_kit.http.html import PageCall

from .amounts import plain_number
from .client import LISTED, AsPerson, Refused, part
from .labels import N_
from .rendering import translations_of

_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NAMED: Final = 5
"""Destinations in a refusal at most, of those that may have been meant."""
_NOWHERE: Final = N_("No destination is called “{typed}”. Type the code or name of one.")
_SEVERAL: Final = N_("“{typed}” may be {places}. Type the code of the one that you mean.")


def places_of(found: Any) -> Mapping[str, str]:
    """Code and name with town, of a list of the logistics service; empty where there is none to be had."""
    return {
        each["code"]: f"{each['address']['name']}, {each['address']['city']}"
        for each in (found["items"] if found else [])
    }


async def places_with(
    services: AsPerson, known: Mapping[str, str], codes: Iterable[str]
) -> Mapping[str, str]:
    """The places that are `known`, and those with these codes, each asked for by itself where it is not among
    them: a list may be too long to hold all."""
    missing = sorted({code for code in codes if code not in known and _CODE.fullmatch(code)})
    asked = (part(services.get("logistics", f"/v1/destinations/{code}")) for code in missing)
    found = [each for each in await asyncio.gather(*asked) if each]
    return {**known, **places_of({"items": found})}


def finishers_in(jobs: Iterable[Mapping[str, Any]]) -> set[str]:
    """Codes of the companies that do phases of these jobs outside, or are paid for them."""
    phases = {
        phase["outside"]["finisher"]
        for job in jobs
        for phase in job.get("phases", [])
        if "finisher" in phase.get("outside", {})
    }
    return phases.union(*(paid_in(job["economics"]) for job in jobs if "economics" in job))


def paid_in(economics: Mapping[str, Any]) -> set[str]:
    """Codes of the companies that lines of the cost with terms of delivery are paid to."""
    return {line["supplier"] for line in economics["cost_lines"] if "supplier" in line and "delivery" in line}


def locations_of(found: Any) -> Mapping[str, list[str]]:
    """By warehouse, those of a list of the logistics service."""
    by_warehouse: dict[str, list[str]] = {}
    for each in found["items"] if found else ():
        by_warehouse.setdefault(each["warehouse"]["code"], []).append(each["code"])
    return by_warehouse


def place_typed(chosen: str) -> tuple[str, str, str]:
    """Whether what is held back is meant, location and lot, of a place that was chosen from a list."""
    held, _, place = chosen.partition("~")
    location, _, lot = place.partition("~")
    return held, location, lot


@dataclass(frozen=True, slots=True)
class Destinations:
    options: Mapping[str, str]
    """By code, as `places_of`."""
    more: bool
    """Than are listed: then a name is typed, and `destination_of` finds whose it is."""


def destinations_of(found: Any, besides: Mapping[str, str] | None = None) -> Destinations:
    """Of a list of the logistics service; `besides`: warehouses that may be chosen, too."""
    named = places_of(found)
    more = bool(found) and ("next_cursor" in found or len(named) > LISTED)
    return Destinations({**dict(islice(named.items(), LISTED)), **(besides or {})}, more)


async def destination_of(call: PageCall, field: str = "destination") -> str:
    """The code of the destination that a form names: chosen from a list, or typed as a code, name or town.

    Raises Refused where none is called so, and where several are.
    """
    typed = call.text(f"{field}_named")
    if not typed:
        return call.text(field)
    found = await call.session.services.get("logistics", "/v1/destinations", text=typed, limit=LISTED)
    meant = meant_by(typed, found["items"])
    if len(meant) == 1:
        return str(meant[0]["code"])
    if not meant and _CODE.fullmatch(typed):
        return typed  # a warehouse's, or the service refuses it
    several = ", ".join(
        f"{name} ({code})" for code, name in list(places_of({"items": meant}).items())[:_NAMED]
    )
    detail = translations_of(call.language).gettext(_SEVERAL if meant else _NOWHERE)
    raise Refused(422, {"code": "place_unclear", "detail": detail.format(typed=typed, places=several)})


def meant_by(typed: str, found: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Which of the destinations found may be meant: what is called just so before what has the words."""
    wanted = typed.casefold()
    for exactly in (
        [each for each in found if each["code"].casefold() == wanted],
        [each for each in found if each["address"]["name"].casefold() == wanted],
    ):
        if exactly:
            return exactly
    return found


def types_of(found: Any, fit: Callable[[Mapping[str, Any]], bool]) -> list[tuple[str, str]]:
    """Code and causale of the document types that `fit`, by causale; empty where there are none to be had."""
    fitting = [(each["code"], each["text"]) for each in (found["items"] if found else []) if fit(each)]
    return sorted(fitting, key=lambda each: each[1])


def deliveries_typed(typed: str, language: str) -> list[dict[str, str]]:
    """One a line: `MI01: 300`."""
    lines = [line.rpartition(":") for line in typed.splitlines() if line.strip()]
    return [
        {"destination": destination.strip(), "quantity": plain_number(quantity, language)}
        for destination, _, quantity in lines
    ]


def lines_typed(call: PageCall) -> list[dict[str, str]]:
    """What a shipment is to carry: of each job, what stands in its field `quantity-<job>`, if anything."""
    return [
        {
            "job_id": name.removeprefix("quantity-"),
            "quantity": plain_number(call.text(name), call.language),
        }
        for name in call.form
        if name.startswith("quantity-") and call.text(name)
    ]
