"""Name the locations of a warehouse, and check that those are known to which goods are put."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from optima_kit.refusals import Invalid, Refusal, Violations

from ..domain.lookups import Warehouse
from .draft_shipment import find_named
from .ports import FoundLookups, Ports


async def add_locations(
    ports: Ports, *, warehouse: str, codes: Sequence[str]
) -> tuple[list[tuple[str, str]], FoundLookups]:
    """Those that it has already stay."""
    found = await find_named(ports, ("warehouse", Warehouse, warehouse))
    added = sorted(set(codes))
    ports.ledger.insert_locations(warehouse, added)
    return [(warehouse, code) for code in added], found


async def locations_must_be_known(ports: Ports, warehouse: str, named: Mapping[str, str | None]) -> None:
    """`named`: by field. Goods may be put to none. Raises Invalid for all that the warehouse lacks."""
    codes = {code for code in named.values() if code}
    if not codes:
        return
    unknown = await ports.ledger.unknown_locations(warehouse, codes)
    wrong: list[Refusal] = [
        Invalid("location_unknown", field=field, location=code, warehouse=warehouse)
        for field, code in named.items()
        if code in unknown
    ]
    if wrong:
        raise wrong[0] if len(wrong) == 1 else Violations(wrong)
