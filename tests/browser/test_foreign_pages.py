"""A page shows nobody what their own token would not get from the service that it is about.

Every address that somebody is led to is asked for as each role, over HTTP and without a browser.
"""

from __future__ import annotations

import re
from typing import Final

import pytest

from optima_local.demonstration.client import Person, StepFailed
from optima_local.demonstration.customer import Customer
from tests.stack import Stack

from .conftest import ROLES
from .reading import Reading, kind_of, read_as
from .world import customer_of, done

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(240),
]

OF_ONE: Final = {
    "/approvals/{approval_id}": ("approval", "/v1/approvals/{0}"),
    "/articles/{code}": ("logistics", "/v1/articles/{0}"),
    "/brief-types/{key}": ("brief", "/v1/brief-types/{0}"),
    "/briefs/{brief_id}": ("brief", "/v1/briefs/{0}"),
    "/briefs/{brief_id}/revisions": ("brief", "/v1/briefs/{0}"),
    "/budgets/{budget_id}": ("brief", "/v1/budgets/{0}"),
    "/catalogue-prices/{price_id}": ("brief", "/v1/catalogue-prices/{0}"),
    "/erp/connections/{key}": ("erp-bridge", "/v1/connections/{0}"),
    "/orders/{order_id}": ("production", "/v1/orders/{0}"),
    "/orders/{order_id}/phases/{phase_id}/messages": ("production", "/v1/phases/{1}/messages"),
    "/own-ddts/{shipment_id}": ("logistics", "/v1/own-ddts/{0}"),
    "/people/{person_id}": ("identity", "/v1/people/{0}"),
    "/processes/{key}": ("approval", "/v1/processes/{0}"),
    "/production/kinds/{key}": ("production", "/v1/kinds/{0}"),
    "/proofs/{proof_id}": ("brief", "/v1/proofs/{0}"),
    "/quotation-requests/{request_id}": ("brief", "/v1/quotation-requests/{0}"),
    "/quotations/{quotation_id}": ("brief", "/v1/quotations/{0}"),
    "/shipments/{shipment_id}": ("logistics", "/v1/shipments/{0}"),
    "/tasks/{phase_id}": ("production", "/v1/tasks/{0}"),
}
"""Pages about one thing, and what their service answers about it."""
OF_MANY: Final = {
    "/articles": ("logistics", "/v1/articles", "/articles/{code}"),
    "/briefs": ("brief", "/v1/briefs", "/briefs/{brief_id}"),
    "/budgets": ("brief", "/v1/budgets", "/budgets/{budget_id}"),
    "/catalogue-prices": ("brief", "/v1/catalogue-prices", "/catalogue-prices/{price_id}"),
    "/erp/failures": ("erp-bridge", "/v1/failures", "/erp/failures/{failure_id}"),
    "/orders": ("production", "/v1/orders", "/orders/{order_id}"),
    "/people": ("identity", "/v1/people", "/people/{person_id}"),
    "/processes": ("approval", "/v1/processes", "/processes/{key}"),
    "/production": ("production", "/v1/phases", "/orders/{order_id}"),
    "/shipments": ("logistics", "/v1/shipments", "/shipments/{shipment_id}"),
    "/stock": ("logistics", "/v1/stock", "/articles/{code}"),
    "/webhooks": ("trail", "/v1/webhooks", "/webhooks/{webhook_id}"),
}
"""Lists: where the service refuses theirs, the page leads to none of them."""


def things_of(kind: str, address: str) -> list[str]:
    """What the address names in the places of its kind."""
    found = re.fullmatch(re.sub(r"\\{[a-z_]+\\}", "([^/?]+)", re.escape(kind)), address.partition("?")[0])
    assert found is not None, (kind, address)
    return list(found.groups())


async def grants(customer: Customer, person: Person, service: str, path: str) -> bool:
    try:
        await customer.api.as_(person, "GET", service, path)
    except StepFailed as failed:
        if re.search(r": 40[34] ", str(failed)):
            return False
        raise
    return True


@pytest.mark.sampled(8)
@pytest.mark.parametrize("role", ROLES)
def test_a_page_shows_no_more_than_the_readers_own_token(
    stack: Stack, people: dict[str, Person], walks: dict[str, list[Reading]], role: str
) -> None:
    wanted = dict.fromkeys(reading.address for readings in walks.values() for reading in readings)
    places = [each for each in wanted if (kind := kind_of(each)) in OF_ONE or kind in OF_MANY]
    assert len({kind_of(each) for each in places}) >= 20

    async def look() -> list[str]:
        answered = await read_as(stack.addresses["services"]["portal"], people[role], "caffe-aurora", places)
        faults = []
        async with customer_of(stack.stage) as customer:
            for place, (status, links) in answered.items():
                kind = kind_of(place)
                if kind in OF_ONE:
                    service, path = OF_ONE[kind]
                    granted = await grants(
                        customer, people[role], service, path.format(*things_of(kind, place))
                    )
                    if granted != (status == 200):
                        faults.append(f"{place}: {status}, though granted is {granted}")
                else:
                    service, path, of_one = OF_MANY[kind]
                    led = [each for each in links if kind_of(each) == of_one]
                    if led and not await grants(customer, people[role], service, path):
                        faults.append(f"{place} leads to {led[0]}")
                if status >= 500:
                    faults.append(f"{place}: {status}")
        return faults

    assert not done(look())
