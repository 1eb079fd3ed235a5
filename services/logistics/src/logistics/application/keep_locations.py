"""Add and remove the locations of a warehouse, and choose where incoming goods are put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optima_kit.refusals import Absent, Invalid, Refusal, Violations, WrongState

from ..domain.lookups import Warehouse
from .draft_shipment import find_named
from .ports import FoundLookups, LocationRow, Ports


async def add_locations(
    ports: Ports, *, warehouse: str, codes: Sequence[str]
) -> tuple[list[LocationRow], FoundLookups]:
    """Add locations to a warehouse. Those that it has already stay as they are."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    ports.ledger.insert_locations(warehouse, sorted(set(codes)))
    return await ports.ledger.list_locations_named(warehouse, codes), found


async def remove_location(ports: Ports, *, warehouse: str, code: str) -> None:
    """Remove a location. Raises Absent if it is unknown, WrongState if goods lie in it or may come back to
    it."""
    location = await ports.ledger.lock_location(warehouse, code)
    if location is None:
        raise Absent("location_absent")
    if location.used:
        raise WrongState("location_in_use", location=code)
    ports.ledger.delete_location(warehouse, code)


async def keep_put_away(
    ports: Ports, *, warehouse: str, location: str
) -> tuple[list[LocationRow], FoundLookups]:
    """Set the location where incoming goods are put if nobody names another; empty for none. Returns that
    location."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    await locations_must_be_known(ports, warehouse, {"location": location})
    ports.ledger.save_put_away(warehouse, location)
    return await ports.ledger.list_locations_named(warehouse, [location]), found


async def places_for(ports: Ports, warehouse: str, named: Mapping[str, str | None]) -> Mapping[str, str]:
    """Return the location of incoming goods by field: the one `named` or, if that is None, the warehouse's
    default. Raises what `locations_must_be_known` raises."""
    await locations_must_be_known(ports, warehouse, named)
    if all(location is not None for location in named.values()):
        usual = ""
    else:
        usual = await ports.ledger.lock_put_away(warehouse)
    return {field: usual if location is None else location for field, location in named.items()}


async def locations_must_be_known(ports: Ports, warehouse: str, named: Mapping[str, str | None]) -> None:
    """Refuse locations that the warehouse does not have. `named` gives them by field; an empty one means no
    location. Raises Invalid for all unknown ones at once."""
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
