"""Name the locations of a warehouse, remove them, and find where goods are put that come into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optima_kit.refusals import Absent, Invalid, Refusal, Violations, WrongState

from ..domain.lookups import Warehouse
from .draft_shipment import find_named
from .ports import FoundLookups, LocationRow, Ports


async def add_locations(
    ports: Ports, *, warehouse: str, codes: Sequence[str]
) -> tuple[list[LocationRow], FoundLookups]:
    """Those that it has already stay."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    ports.ledger.insert_locations(warehouse, sorted(set(codes)))
    return await ports.ledger.list_locations_named(warehouse, codes), found


async def remove_location(ports: Ports, *, warehouse: str, code: str) -> None:
    """Raises Absent for an unknown one, WrongState where goods lie in it or may come back to it."""
    location = await ports.ledger.lock_location(warehouse, code)
    if location is None:
        raise Absent("location_absent")
    if location.used:
        raise WrongState("location_in_use", location=code)
    ports.ledger.delete_location(warehouse, code)


async def keep_put_away(
    ports: Ports, *, warehouse: str, location: str
) -> tuple[list[LocationRow], FoundLookups]:
    """From now on goods that come are put to `location` where nobody says otherwise, or to none where it is
    empty. Returns it."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    await locations_must_be_known(ports, warehouse, {"location": location})
    ports.ledger.save_put_away(warehouse, location)
    return await ports.ledger.list_locations_named(warehouse, [location]), found


async def places_for(ports: Ports, warehouse: str, named: Mapping[str, str | None]) -> Mapping[str, str]:
    """Where goods that come are put: `named`, by field, and otherwise where the warehouse puts them. Raises
    as `locations_must_be_known`."""
    await locations_must_be_known(ports, warehouse, named)
    if all(location is not None for location in named.values()):
        usual = ""
    else:
        usual = await ports.ledger.lock_put_away(warehouse)
    return {field: usual if location is None else location for field, location in named.items()}


async def locations_must_be_known(ports: Ports, warehouse: str, named: Mapping[str, str | None]) -> None:
    """`named`: by field. Goods may be put to none. Raises Invalid for all that the warehouse lacks."""
    codes = {code for code in named.values() if code}
    if not codes:
        return
    known = await ports.ledger.lock_locations(warehouse, codes)
    wrong: list[Refusal] = [
        Invalid("location_unknown", field=field, location=code, warehouse=warehouse)
        for field, code in named.items()
        if code and code not in known
    ]
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Violations(wrong)
