"""Goods, parties and documents that break no rule, for tests to break one by one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from logistics.domain.ddt import Document, Parts, Sender, Series, compose
from logistics.domain.document_types import DocumentType, GoodsGoTo
from logistics.domain.lookups import Carrier, Destination, Warehouse
from logistics.domain.orders import Order, OrderLine
from logistics.domain.parties import Party
from logistics.domain.places import Place
from logistics.domain.shipments import Line, Shipment, State, Transport
from logistics.domain.stock import Goods

NOW = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 11, 24)
JOB = UUID(int=1)
ORDER = UUID(int=100)

AURORA = Party(
    "Caffè Aurora S.p.A.",
    "Via Giuseppe Garibaldi 18",
    "40124",
    "Bologna",
    "BO",
    vat_number="01234560371",
    fiscal_code="01234560371",
)
MILANO = Party(
    "Caffè Aurora Milano S.r.l.", "Via Torino 2", "20123", "Milano", "MI", vat_number="07643520567"
)
DUOMO = Party("Caffè Aurora – Duomo", "Piazza del Duomo 12", "20122", "Milano", "MI")
BOLOGNA = Party("Magazzino Bologna", "Via dell'Industria 7", "40138", "Bologna", "BO")
APPENNINO = Party(
    "Autotrasporti Appennino S.r.l.",
    "Via Emilia 220",
    "40068",
    "San Lazzaro di Savena",
    "BO",
    vat_number="02345670372",
)


@pytest.fixture
def order() -> Order:
    line = OrderLine(
        JOB, "Espositore da banco", Decimal(100), "pz", {"MI-DUOMO": Decimal(100)}, produced=Decimal(100)
    )
    return Order(ORDER, "O-2026-0001", UUID(int=200), {JOB: line})


@pytest.fixture
def goods() -> Goods:
    return Goods(on_hand={Place("BO1", JOB): Decimal(100)}, received={JOB: Decimal(100)})


@pytest.fixture
def shipment() -> Shipment:
    return Shipment(
        shipment_id=UUID(int=300),
        order_id=ORDER,
        brief_id=UUID(int=200),
        warehouse="BO1",
        document_type="vendita",
        goods_go_to=GoodsGoTo.RECIPIENT,
        closes_order_line=True,
        destination="MI-DUOMO",
        lines=(Line(JOB, Decimal(60)),),
        transport=Transport(
            by="vettore",
            carrier="APPENNINO",
            freight="franco",
            appearance="scatole/bancali",
            packages=12,
            gross_weight_kg=Decimal("1184.5"),
        ),
        state=State.PICKED,
    )


@pytest.fixture
def parts(shipment: Shipment, order: Order, goods: Goods) -> Parts:
    return Parts(
        shipment=shipment,
        order_number=order.number,
        carried=order.goods,
        goods=goods,
        sender=Sender(AURORA, "Europe/Rome"),
        destination=Destination("MI-DUOMO", MILANO, DUOMO),
        warehouse=Warehouse("BO1", BOLOGNA),
        document_type=DocumentType("vendita", "Vendita", to_be_invoiced=True),
        carrier=Carrier("APPENNINO", APPENNINO),
    )


@pytest.fixture
def document(parts: Parts) -> Document:
    return compose(parts, Series(2026, "", 11, TODAY), issue_date=TODAY, today=TODAY, now=NOW)


def changed(whole: Any, path: str, value: Any) -> Any:
    """A copy of nested dataclasses with the attribute at `path` ("destination.recipient.name") changed."""
    name, _, rest = path.partition(".")
    return replace(whole, **{name: changed(getattr(whole, name), rest, value) if rest else value})
