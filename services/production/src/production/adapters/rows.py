"""Orders, jobs and phases as they are read from rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg

from optima_contracts.quantities import quantity_text

from ..application.ports import (
    Assignee,
    Assignees,
)
from ..domain.amendments import Amendment, OtherQuantity
from ..domain.charges import Bearer, DeliveryTerms
from ..domain.deliveries import Delivery
from ..domain.economics import CostKind, CostLine, Economics
from ..domain.job import Item, Job, Phase
from ..domain.machine import JobState, OrderState, PhaseState
from ..domain.order import LineProgress, Order
from ..domain.outside import CameBack, Outside
from ..domain.plan import Period
from ..domain.sheets import FieldType, SheetEntry


def plain(quantity: Decimal) -> Decimal:
    """Return the quantity without the zeros that the column's scale adds."""
    return Decimal(quantity_text(quantity))


def stored_deliveries(deliveries: Iterable[Delivery]) -> str:
    return json.dumps([{"destination": d.destination, "quantity": str(d.quantity)} for d in deliveries])


def read_deliveries(stored: Iterable[dict[str, Any]]) -> tuple[Delivery, ...]:
    return tuple(Delivery(each["destination"], Decimal(each["quantity"])) for each in stored)


def read_sheet(stored: Sequence[dict[str, Any]]) -> tuple[SheetEntry, ...]:
    return tuple(SheetEntry(**each | {"type": FieldType(each["type"])}) for each in stored)


def read_order(row: asyncpg.Record) -> Order:
    return Order(
        id=row["id"],
        number=row["number"],
        brief_id=row["brief_id"],
        title=row["title"],
        customer=row["customer"],
        deadline=row["deadline"],
        state=OrderState(row["state"]),
        confirmed_at=row["confirmed_at"],
        started_at=row["started_at"],
        ready_at=row["ready_at"],
        delivered_at=row["delivered_at"],
        cancelled_at=row["cancelled_at"],
        cancellation_reason=row["cancellation_reason"],
        goods_have_left=row["goods_have_left"],
        version=row["version"],
    )


def read_jobs(rows: Iterable[asyncpg.Record]) -> tuple[Job, ...]:
    """Build jobs from rows, one for each phase, in order."""
    return tuple(_job(list(of_job)) for _, of_job in groupby(rows, key=itemgetter("id")))


def read_lines(rows: Iterable[asyncpg.Record]) -> dict[UUID, LineProgress]:
    return {
        row["id"]: LineProgress(
            JobState(row["state"]),
            ordered=row["quantity"],
            produced=row["produced"],
            shipped=row["shipped"],
            delivered=row["delivered"],
            closed=row["closed_because"] is not None,
            from_stock=row["article_id"] is not None,
        )
        for row in rows
    }


def read_assignees(rows: Iterable[asyncpg.Record]) -> Assignees:
    return Assignees(
        {
            row["assignee_id"]: Assignee(row["assignee_name"], row["assignee_active"])
            for row in rows
            if row["assignee_name"] is not None
        }
    )


def _job(rows: Sequence[asyncpg.Record]) -> Job:
    row = rows[0]
    return Job(
        id=row["id"],
        order_id=row["order_id"],
        position=row["position"],
        item=Item(
            item_id=row["item_id"],
            kind=row["kind"],
            description=row["description"],
            quantity=plain(row["quantity"]),
            unit=row["unit"],
            deliveries=read_deliveries(row["deliveries"]),
            approved_unit_price=row["approved_unit_price"],
            article_id=row["article_id"],
            confirmed=plain(row["confirmed"]),
        ),
        tolerance_percent=row["tolerance_percent"],
        state=JobState(row["state"]),
        phases=tuple(read_phase(each) for each in rows if each["phase_id"]),
        economics=read_economics(row) if row["valued"] else None,
        blocked_reason=row["blocked_reason"],
        started_at=row["started_at"],
        produced=None if row["produced"] is None else plain(row["produced"]),
        closed_because=row["closed_because"],
        amendment=_open_amendment(row) if row["amendment_id"] else None,
        version=row["version"],
    )


def read_other_quantity(row: asyncpg.Record) -> OtherQuantity | None:
    if row["quantity_after"] is None:
        return None
    return OtherQuantity(
        plain(row["quantity_after"]),
        read_deliveries(row["deliveries_after"]),
        read_deliveries(row["deliveries_before"]),
        plain(row["confirmed_before"]),
    )


def _open_amendment(row: asyncpg.Record) -> Amendment:
    """Build the amendment in approval from a job's row."""
    return Amendment(
        id=row["amendment_id"],
        job_id=row["id"],
        quantity=plain(row["amendment_quantity"]),
        unit_price_before=row["unit_price_before"],
        unit_price=row["amended_unit_price"],
        content_hash=row["content_hash"],
        reason=row["amendment_reason"],
        process=row["process"],
        requested_at=row["requested_at"],
        requested_by=row["requested_by"],
        other=read_other_quantity(row),
        approval_id=row["approval_id"],
    )


def _delivery_terms(stored: dict[str, str]) -> DeliveryTerms:
    return DeliveryTerms(
        UUID(stored["phase_id"]),
        Decimal(stored["tolerance_percent"]),
        Bearer(stored["over"]),
        Bearer(stored["under"]),
    )


def _cost_line(stored: dict[str, Any]) -> CostLine:
    actual, charged, terms = stored.get("actual"), stored.get("charged"), stored.get("delivery")
    return CostLine(
        what=CostKind(stored["what"]),
        description=stored["description"],
        quantity=Decimal(stored["quantity"]),
        unit_cost=Decimal(stored["unit_cost"]),
        supplier=stored["supplier"],
        terms=stored["terms"],
        actual=read_decimal(actual),
        delivery=_delivery_terms(terms) if terms else None,
        charged=read_decimal(charged),
        phase_id=UUID(stored["phase_id"]) if "phase_id" in stored else None,
        given_up=stored.get("given_up", False),
    )


def read_economics(row: asyncpg.Record) -> Economics:
    return Economics(
        cost=row["cost"],
        unit_price=row["unit_price"],
        supplier=row["supplier"],
        materials=row["materials"],
        technical_sheet=row["technical_sheet"],
        vat_code=row["vat_code"],
        price_reason=row["price_reason"],
        cost_lines=tuple(_cost_line(each) for each in row["cost_lines"]),
        sheet=read_sheet(row["sheet"]),
        given_up=row.get("given_up"),
    )


def read_phase(row: asyncpg.Record) -> Phase:
    return Phase(
        id=row["phase_id"],
        key=row["key"],
        name=row["name"],
        after=tuple(row["after"]),
        quality_check=row["quality_check"],
        skippable=row["skippable"],
        state=PhaseState(row["phase_state"]),
        assignee_id=row["assignee_id"],
        attempt=row["attempt"],
        started_at=row["phase_started_at"],
        completed_at=row["completed_at"],
        quantity=None if row["made"] is None else plain(row["made"]),
        note=row["note"],
        unit=row["phase_unit"],
        factor=plain(row["factor"]),
        lost=None if row["lost"] is None else plain(row["lost"]),
        loss_reason=row["loss_reason"],
        starts_on_parts=row["starts_on_parts"],
        needs_proof=row["needs_proof"],
        proof_missing=row["proof_missing"],
        made_so_far=None if row["made_so_far"] is None else plain(row["made_so_far"]),
        share=None if row["share"] is None else plain(row["share"]),
        share_number=row["share_number"],
        planned=Period(row["planned_start"], row["planned_end"]) if row["planned_end"] else None,
        outside=Outside(
            row["finisher"],
            plain(row["sent_outside"] or Decimal(0)),
            CameBack(
                plain(row["good_back"] or Decimal(0)),
                plain(row["scrap_back"] or Decimal(0)),
            ),
            CameBack(plain(row["good_before"]), plain(row["scrap_before"])),
        ),
    )


def read_decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
