"""React when production closes a line of an order short: nothing more of it is shipped."""

from __future__ import annotations

from optima_contracts.production import JobClosed
from optima_kit.refusals import NotYet

from .allocate_goods import release_what_is_left
from .ports import Ports


async def on_job_closed(ports: Ports, closed: JobClosed) -> None:
    """Close the line. A duplicate event changes nothing. Issued documents stay; drafts can't be issued any
    more. What is set aside for a line from stock and not in a draft goes back to its article. Waits until the
    order is known."""
    accounts = await ports.orders.lock_accounts_of_order(closed.order_id)
    if not await ports.orders.update_closed(closed.order_id, closed.job_id):
        raise NotYet(f"order {closed.order_id} is not known yet")
    if accounts and (order := await ports.orders.lock_order(closed.order_id)):
        await release_what_is_left(ports, order, accounts)
