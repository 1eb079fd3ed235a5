"""A link leads to a list, for those to whom its service opens it."""

from __future__ import annotations

from logistics.adapters.http_shipments import routes as logistics_shipments
from logistics.adapters.http_stock import routes as logistics_stock
from portal.adapters.navigation import LINKS
from production.adapters.http import routes as production


def test_a_link_stands_for_whom_its_list_is_open() -> None:
    lists = {
        route.path.removeprefix("/v1"): route.privilege
        for route in (*production.items, *logistics_shipments.items, *logistics_stock.items)
        if route.method == "GET"
    }
    links = {link.address: link.privilege for link in LINKS if link.address in lists}
    assert links.keys() == {"/tasks", "/orders", "/shipments", "/stock"}
    assert all(lists[address] == privilege for address, privilege in links.items())
