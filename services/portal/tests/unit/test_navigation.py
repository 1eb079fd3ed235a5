"""A link leads to a list, for those to whom its service opens it."""

from __future__ import annotations

import re

from logistics.adapters.http_shipments import routes as logistics_shipments
from logistics.adapters.http_stock import routes as logistics_stock
from portal.adapters.navigation import LINKS
from portal.adapters.pages import pages
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


NOBODYS = re.compile(r"/(|me(/.*)?|notices(/.*)?|live(/.*)?|delegations|second-factor|papers\.pdf)")
"""Pages of who is signed in rather than of a task, and files."""


def test_a_page_stands_beneath_one_link() -> None:
    """It is marked where the reader is, so that a page beneath another leads back to it."""
    paths = [route.path for route in pages.items if route.method == "GET" and not route.public]
    for path in (each for each in paths if not NOBODYS.fullmatch(each)):
        above = [link.address for link in LINKS if link.holds(path.removesuffix(".csv"))]
        assert len(above) == 1, (path, above)
