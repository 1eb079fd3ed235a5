"""What a reader may do now with shipments, stock, orders and lookup tables.

A person with the read privilege of a list sees everything of the tenant in it: goods and documents show no
prices. A person who only works on phases sees their own DDTs (`whose_ddts`).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from optima_kit.actor import Actor

from ...domain.counts import Count, CountAction, CountState
from ...domain.orders import Order, OrderLine
from ...domain.shipments import MOST_PROOFS, POSSIBLE_IN, ShipmentAction, may_send_out, may_ship
from ...domain.stock import Goods
from ..ports import LocationRow, ShipmentRow, StockRow

StockAction = Literal["adjust", "hold", "end_hold"]
LineAction = Literal["receive", "allocate", "release", "ship", "send_out"]
LocationAction = Literal["remove", "put_away"]
LookupAction = Literal["rewrite"]

PRIVILEGES: Final[Mapping[ShipmentAction, str]] = {
    "arrange": "shipment.write",
    "revise": "shipment.write",
    "label": "shipment.write",
    "pick": "shipment.write",
    "name_picks": "shipment.write",
    "issue": "ddt.issue",
    "depart": "shipment.write",
    "deliver": "shipment.write",
    "refuse": "shipment.write",
    "prove": "shipment.write",
    "take_back": "shipment.write",
    "void": "ddt.issue",
    "cancel": "shipment.write",
}


def whose_ddts(actor: Actor) -> UUID:
    """Return the id of the person whose own DDTs may be read. A DDT is a person's own if it was sent to a
    destination where they work now, or if every phase whose goods it carries was assigned to them when it was
    issued. Any other is absent for them: drafts, finished goods, and DDTs that also carry other people's
    goods. The statements `list_own` and `find_own` follow this rule (`own_document` in queries.sql)."""
    return actor.person_id


def actions_on_shipment(actor: Actor, row: ShipmentRow) -> list[ShipmentAction]:
    """List the actions that are possible in the shipment's present state; any other is refused. `issue` may
    still be refused for what the document lacks."""
    possible = [action for action, states in POSSIBLE_IN.items() if row.shipment.state in states]
    if not row.wanted or not all(each.can_be_issued for each in row.companions):
        possible = [action for action in possible if action != "issue"]
    if row.shipment.transport.packages is None:
        possible = [action for action in possible if action != "label"]
    if row.proofs >= MOST_PROOFS:
        possible = [action for action in possible if action != "prove"]
    if not row.shipment.can_come_back:
        possible = [action for action in possible if action != "take_back"]
    return [action for action in possible if actor.may(PRIVILEGES[action])]


def actions_on_stock(actor: Actor, row: StockRow) -> list[StockAction]:
    """List the actions on stock. It can always be adjusted, because a count may come out higher at any
    time."""
    if not actor.may("stock.write"):
        return []
    allowed: dict[StockAction, bool] = {
        "adjust": True,
        "hold": row.on_hand - row.reserved - row.held > 0,
        "end_hold": row.held > 0,
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_location(actor: Actor, row: LocationRow) -> list[LocationAction]:
    """List the actions that are possible now; any other is refused."""
    if not actor.may("lookup.write"):
        return []
    return ["put_away"] if row.used else ["remove", "put_away"]


def actions_on_count(actor: Actor, count: Count) -> list[CountAction]:
    """List the actions that are possible now; any other is refused. `post` may still be refused for missing
    reasons."""
    if count.state is not CountState.OPEN or not actor.may("stock.write"):
        return []
    postable = bool(count.lines) and count.may_be_posted_by(actor.person_id)
    return ["count", "post", "cancel"] if postable else ["count", "cancel"]


def actions_on_line(
    actor: Actor,
    order: Order,
    goods: Goods,
    line: OrderLine,
    allocatable: Mapping[str, Decimal],
    releasable: Mapping[str, Decimal],
) -> list[LineAction]:
    """List the actions that succeed for some quantity; any other is refused for every quantity."""
    allowed: dict[LineAction, bool] = {
        "receive": goods.receivable(order, line) > 0 and actor.may("stock.write"),
        "allocate": bool(allocatable) and actor.may("stock.write"),
        "release": bool(releasable) and actor.may("stock.write"),
        "send_out": may_send_out(order, goods, line) and actor.may("shipment.write"),
        "ship": may_ship(order, goods, line) and actor.may("shipment.write"),
    }
    return [action for action, possible in allowed.items() if possible]


def actions_on_lookup(actor: Actor) -> list[LookupAction]:
    return ["rewrite"] if actor.may("lookup.write") else []
