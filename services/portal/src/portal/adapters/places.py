"""Names of warehouses, destinations and document types, which services identify by code; and forms in which
people type the goods to be shipped between them."""

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
"""How many possible destinations a refusal names at most."""
_NOWHERE: Final = N_("No destination is called “{typed}”. Type the code or name of one.")
_SEVERAL: Final = N_("“{typed}” may be {places}. Type the code of the one that you mean.")


def places_of(found: Any) -> Mapping[str, str]:
    """Return names with town, by code, from a list of the logistics service; empty if it is not available."""
    return {
        each["code"]: f"{each['address']['name']}, {each['address']['city']}"
        for each in (found["items"] if found else [])
    }


async def places_with(
    services: AsPerson, known: Mapping[str, str], codes: Iterable[str]
) -> Mapping[str, str]:
    """Return the `known` places and those with these codes. Codes that are not known are requested one by
    one, because a list may be too long to contain them."""
    missing = sorted({code for code in codes if code not in known and _CODE.fullmatch(code)})
    asked = (part(services.get("logistics", f"/v1/destinations/{code}")) for code in missing)
    found = [each for each in await asyncio.gather(*asked) if each]
    return {**known, **places_of({"items": found})}


def finishers_in(jobs: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the codes of the companies that do phases of these jobs outside, or are paid for them."""
    phases = {
        phase["outside"]["finisher"]
        for job in jobs
        for phase in job.get("phases", [])
        if "finisher" in phase.get("outside", {})
    }
    return phases.union(*(paid_in(job["economics"]) for job in jobs if "economics" in job))


def paid_in(economics: Mapping[str, Any]) -> set[str]:
    """Return the codes of the companies that are paid by cost lines with terms of delivery."""
    return {line["supplier"] for line in economics["cost_lines"] if "supplier" in line and "delivery" in line}


def locations_of(found: Any) -> Mapping[str, list[str]]:
    """Return the location codes in a list of the logistics service, by warehouse."""
    by_warehouse: dict[str, list[str]] = {}
    for each in found["items"] if found else ():
        by_warehouse.setdefault(each["warehouse"]["code"], []).append(each["code"])
    return by_warehouse


def place_typed(chosen: str) -> tuple[str, str, str]:
    """Return, for a place chosen from a list, whether it means goods held back, its location and its lot."""
    held, _, place = chosen.partition("~")
    location, _, lot = place.partition("~")
    return held, location, lot


@dataclass(frozen=True, slots=True)
class Destinations:
    options: Mapping[str, str]
    """Names by code, as from `places_of`."""
    more: bool
    """Whether there are more than listed. A name is then typed, and `destination_of` finds the
    destination."""


def destinations_of(found: Any, besides: Mapping[str, str] | None = None) -> Destinations:
    """Return the destinations to choose from. `besides` are warehouses that may be chosen, too."""
    named = places_of(found)
    more = bool(found) and ("next_cursor" in found or len(named) > LISTED)
    return Destinations({**dict(islice(named.items(), LISTED)), **(besides or {})}, more)


async def destination_of(call: PageCall, field: str = "destination") -> str:
    """Return the code of the destination that a form names: chosen from a list, or typed as code, name or
    town.

    Raises Refused if none or more than one matches.
    """
    typed = call.text(f"{field}_named")
    if not typed:
        return call.text(field)
    found = await call.session.services.get("logistics", "/v1/destinations", text=typed, limit=LISTED)
    meant = meant_by(typed, found["items"])
    if len(meant) == 1:
        return str(meant[0]["code"])
    if not meant and _CODE.fullmatch(typed):
        return typed  # it is a warehouse's code, or the service will refuse it
    several = ", ".join(
        f"{name} ({code})" for code, name in list(places_of({"items": meant}).items())[:_NAMED]
    )
    detail = translations_of(call.language).gettext(_SEVERAL if meant else _NOWHERE)
    raise Refused(422, {"code": "place_unclear", "detail": detail.format(typed=typed, places=several)})


def meant_by(typed: str, found: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the destinations that may be meant: those whose code or else name equals the typed text or, if
    there are none, all that were found."""
    wanted = typed.casefold()
    for exactly in (
        [each for each in found if each["code"].casefold() == wanted],
        [each for each in found if each["address"]["name"].casefold() == wanted],
    ):
        if exactly:
            return exactly
    return found


def types_of(found: Any, fit: Callable[[Mapping[str, Any]], bool]) -> list[tuple[str, str]]:
    """Return code and causale of the document types that `fit`, sorted by causale; empty if the list is not
    available."""
    fitting = [(each["code"], each["text"]) for each in (found["items"] if found else []) if fit(each)]
    return sorted(fitting, key=lambda each: each[1])


def deliveries_typed(typed: str, language: str) -> list[dict[str, str]]:
    """Read deliveries typed one per line, such as `MI01: 300`."""
    lines = [line.rpartition(":") for line in typed.splitlines() if line.strip()]
    return [
        {"destination": destination.strip(), "quantity": plain_number(quantity, language)}
        for destination, _, quantity in lines
    ]


def lines_typed(call: PageCall) -> list[dict[str, str]]:
    """Return the lines that a shipment is to carry: the quantities typed into the fields `quantity-<job>`."""
    return [
        {
            "job_id": name.removeprefix("quantity-"),
            "quantity": plain_number(call.text(name), call.language),
        }
        for name in call.form
        if name.startswith("quantity-") and call.text(name)
    ]
