"""Look up kinds of item and customers."""

from __future__ import annotations

from dataclasses import asdict

from optima_kit.actor import Actor
from optima_kit.pages import Page, PageQuery, page_of
from optima_kit.refusals import Absent

from ...domain.economics import PricePolicy
from ...domain.kinds import Kind
from ..ports import Customer, Ports
from .access import actions_on_kind, actions_on_price_policy
from .views import CustomerView, KindPhaseView, KindView, PricePolicyView, SheetFieldView


async def list_kinds(ports: Ports, actor: Actor, query: PageQuery) -> Page[KindView]:
    """List kinds by key."""
    found = await ports.kinds.list_kinds(query.after(str), query.rows)
    return page_of(query, found, lambda kind: show_kind(actor, kind), lambda kind: kind.key)


async def read_kind(ports: Ports, actor: Actor, key: str) -> KindView:
    kind = (await ports.kinds.list_named([key])).get(key)
    if kind is None:
        raise Absent("kind_absent")
    return show_kind(actor, kind)


def show_kind(actor: Actor, kind: Kind) -> KindView:
    return KindView(
        key=kind.key,
        name=kind.name,
        phases=[
            KindPhaseView(
                key=phase.key,
                name=phase.name,
                after=phase.after,
                quality_check=phase.quality_check,
                skippable=phase.skippable,
                unit=phase.unit,
                factor=phase.factor,
                starts_on_parts=phase.starts_on_parts,
                needs_proof=phase.needs_proof,
                days=phase.days,
                daily_quantity=phase.daily_quantity,
            )
            for phase in kind.phases
        ],
        sheet=[SheetFieldView(**asdict(each)) for each in kind.sheet],
        tolerance_percent=kind.tolerance_percent,
        version=kind.version,
        actions=actions_on_kind(actor),
    )


def show_price_policy(actor: Actor, policy: PricePolicy) -> PricePolicyView:
    return PricePolicyView(
        tolerance_percent=policy.tolerance_percent,
        process=policy.process,
        version=policy.version,
        actions=actions_on_price_policy(actor),
    )


async def list_customers(ports: Ports, query: PageQuery) -> Page[CustomerView]:
    """List customers by code."""
    found = await ports.customers.list_customers(query.after(str), query.rows)
    return page_of(query, found, _customer, lambda customer: customer.code)


async def read_customer(ports: Ports, code: str) -> CustomerView:
    customer = await ports.customers.find_customer(code)
    if customer is None:
        raise Absent("customer_absent")
    return _customer(customer)


def _customer(customer: Customer) -> CustomerView:
    return CustomerView(
        code=customer.code,
        payment_method=customer.payment_method,
        payment_terms=customer.payment_terms,
        **{name: value for name, value in customer.legal.items() if name in CustomerView.model_fields},
    )
