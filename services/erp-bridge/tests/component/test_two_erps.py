"""Two ERPs of one tenant whose codes clash: what one knows never reaches the other.

The oracle is what each ERP was made of: which company it knows under which code.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from stdnum import luhn

from optima_contracts.erp import CustomerChanged
from optima_contracts.production import OrderConfirmed, OrderLine

from ..conftest import HEADER, Bridge
from .test_exports import rows

COMPANIES = 12
CODES = [f"C{number}" for number in range(9)]
"""Fewer than there are companies: most stand for two, one in each ERP."""


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    vat_number: str

    @classmethod
    def number(cls, number: int) -> Company:
        stem = f"{7643520 + number:07d}056"
        return cls(f"Ditta {number} S.r.l.", stem + str(luhn.calc_check_digit(stem)))

    def row(self, code: str) -> str:
        return f"{code};{self.name};{self.vat_number};;Via 1;20123;Milano;MI;MP12;RB 60 gg FM\n"


async def order_for(bridge: Bridge, customer_id: UUID) -> UUID:
    order_id = uuid4()
    line = OrderLine(
        job_id=uuid4(), item_id=None, kind="x", description="x", quantity="1", unit="pz", deliveries=[]
    )
    confirmed = OrderConfirmed(
        order_id=order_id,
        number=f"O-{order_id.hex[:8]}",
        brief_id=None,
        customer=None,
        customer_id=customer_id,
        deadline=bridge.clock.now().date(),
        lines=[line],
    )
    await bridge.tell(confirmed, subject=order_id, correlation=order_id)
    return order_id


@pytest.mark.parametrize("seed", range(3))
async def test_each_erp_has_the_orders_of_its_own_customers_under_its_own_codes(
    bridge: Bridge, seed: int
) -> None:
    chance = random.Random(seed)
    companies = [Company.number(each) for each in range(COMPANIES)]
    erps: dict[str, dict[Company, str]] = {}
    for erp in ("uno", "due"):
        known = chance.sample(companies, len(CODES))
        erps[erp] = dict(zip(known, chance.sample(CODES, len(CODES)), strict=True))
        settings = {"connector": "drop-folder", "settings": {"folder": erp}}
        await bridge.as_("admin").put(f"/v1/connections/{erp}", json=settings)
    # Their files come in turns, some of their customers in the first, all in the second.
    for share in (0.5, 1.0):
        for erp, codes in chance.sample(list(erps.items()), 2):
            told = list(codes.items())[: round(len(codes) * share)]
            incoming = bridge.root / str(bridge.tenant_id) / erp / "in"
            incoming.mkdir(parents=True, exist_ok=True)
            file = HEADER + "".join(company.row(code) for company, code in told)
            (incoming / "clienti.csv").write_text(file, "utf-8")
            await bridge.as_("backoffice").post(f"/v1/connections/{erp}/imports", json={})
    assert await bridge.failures() == []
    changed = await bridge.stored.published(CustomerChanged.type)
    ids = {each.data["legal"]["name"]: UUID(each.data["customer_id"]) for each in changed}
    assert len({each.data["customer_id"] for each in changed}) == len(ids) == len(set().union(*erps.values()))
    orders = {
        str(await order_for(bridge, ids[company.name])): company
        for company in companies
        if company.name in ids
    }
    await bridge.work()
    for erp, codes in erps.items():
        found = {}
        for file in (bridge.root / str(bridge.tenant_id) / erp / "out" / "ordini").iterdir():
            (row,) = rows(file)
            found[orders[row["riferimento"]]] = row["codice_cliente"]
        assert found == codes
