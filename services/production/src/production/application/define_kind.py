"""An admin defines a kind of item and its phases."""

from __future__ import annotations

from decimal import Decimal

from optima_contracts.production import KindDefined
from optima_kit.ids import new_id
from optima_kit.refusals import PreconditionRequired, Stale

from ..domain.kinds import Kind, PhaseDefinition, kind_key_is_well_formed, phases_must_form_a_graph
from ..domain.sheets import SheetField, choices_are_of_choices, fields_are_distinct
from .ports import Ports
from .unblock_jobs import unblock_jobs


async def define_kind(
    ports: Ports,
    key: str,
    expected_version: int | None,
    *,
    name: str,
    phases: tuple[PhaseDefinition, ...],
    tolerance_percent: Decimal,
    sheet: tuple[SheetField, ...] = (),
) -> Kind:
    """Define a kind, or a new version of it. Running jobs keep the phases that they began with; jobs that
    waited for this kind get these. The sheet applies to all economics that are set from now on."""
    kind_key_is_well_formed(key)
    phases_must_form_a_graph(phases)
    fields_are_distinct(sheet)
    choices_are_of_choices(sheet)
    known = await ports.kinds.lock_kind(key)
    if known and expected_version is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if expected_version is not None and (known is None or known.version != expected_version):
        raise Stale("stale_version", field="If-Match")
    kind = Kind(
        id=known.id if known else new_id(),
        key=key,
        name=name,
        phases=phases,
        tolerance_percent=tolerance_percent,
        version=known.version + 1 if known else 1,
        sheet=sheet,
    )
    ports.kinds.upsert_kind(kind)
    for order_id in await ports.orders.list_orders_blocked(key):
        order = await ports.orders.lock_order(order_id)
        assert order is not None
        jobs = unblock_jobs(order.jobs, {key: kind}, ports.schedule(order.order.deadline))
        ports.orders.update_order(order, order.with_jobs(*jobs))
    ports.outbox.add(
        KindDefined(
            kind_id=kind.id,
            key=key,
            name=name,
            version=kind.version,
            phases=[phase.key for phase in phases],
        ),
        subject=kind.id,
        correlation=kind.id,
    )
    return kind
