"""The bridge with a double of an ERP at the other end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..conftest import Bridge
from .systems import recorded


async def test_both_sides_are_compared_each_day_at_the_hour_that_is_wanted(bridge: Bridge) -> None:
    """And no more once nobody wants it."""
    async with recorded("odoo") as remote:
        await remote.add_customer("C1", "Cliente 1", "07643520567")
        wanted = {
            "connector": "odoo",
            "settings": {**remote.endpoint.settings, **remote.endpoint.secrets},
            "exchanges": {"customer": {"enabled": False, "compare_at": "03:00"}},
        }
        response, view = await bridge.as_("admin").put("/v1/connections/odoo", json=wanted)
        assert (response.status, view["exchanges"]["customer"]["compare_at"]) == (200, "03:00")

        async def compared() -> list[int]:
            """How many were missing here, the newest comparison first."""
            _, listed = await bridge.as_("admin").get("/v1/reconciliations")
            return [each["missing_here"] for each in listed["items"]]

        await bridge.work()
        assert await compared() == []
        for days in (1, 2):
            bridge.clock.advance(timedelta(days=1))
            await bridge.work()
            assert await compared() == [1] * days
        del wanted["exchanges"]["customer"]["compare_at"]
        changed = {"json": wanted, "headers": {"If-Match": '"1"'}}
        await bridge.as_("admin").put("/v1/connections/odoo", **changed)
        bridge.clock.advance(timedelta(days=1))
        await bridge.work()
        assert len(await compared()) == 2
