"""The pages. One Python file and one template each; a new one is added to the list here."""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import Any

from optima_kit.http.html import SESSION_COOKIE, Answer, Handler, PageCall, Pages, SeeOther, TemplateAnswer

from ..client import Refused, ServiceAway
from ..proof import with_proof
from . import (
    approval,
    articles,
    board,
    brief,
    brief_check,
    brief_form,
    brief_proof,
    brief_revisions,
    brief_type_form,
    brief_types,
    briefs,
    budgets,
    call_off,
    catalogue_prices,
    company,
    counts,
    decide,
    delegations,
    erp,
    expected_returns,
    figures,
    goods,
    inbox,
    join,
    kinds,
    live,
    locations,
    lookup_tables,
    me,
    notices,
    order,
    order_form,
    orders,
    own_ddts,
    papers,
    password_reset,
    people,
    people_import,
    phase_messages,
    plan,
    price_policy,
    process_settings,
    process_steps,
    process_trials,
    processes,
    quotation,
    quotation_request,
    quotations,
    readiness,
    request_quotations,
    roles,
    search,
    second_factor,
    service_accounts,
    settings,
    shipment,
    shipments,
    sign_in,
    sign_in_provider,
    spend,
    stock,
    supplier_receipts,
    task,
    tasks,
    third_parties,
    to_be_invoiced,
    today,
    trail,
    units,
    warehouse_figures,
    webhooks,
    working_time,
)

_MODULES = (
    sign_in,
    sign_in_provider,
    join,
    password_reset,
    decide,
    today,
    inbox,
    approval,
    briefs,
    brief,
    brief_check,
    brief_form,
    brief_proof,
    brief_revisions,
    brief_type_form,
    brief_types,
    budgets,
    tasks,
    task,
    quotation_request,
    request_quotations,
    quotations,
    quotation,
    orders,
    order_form,
    order,
    phase_messages,
    board,
    plan,
    figures,
    kinds,
    shipments,
    spend,
    papers,
    expected_returns,
    third_parties,
    own_ddts,
    to_be_invoiced,
    warehouse_figures,
    shipment,
    stock,
    articles,
    supplier_receipts,
    call_off,
    catalogue_prices,
    counts,
    goods,
    people,
    processes,
    process_settings,
    process_steps,
    process_trials,
    roles,
    units,
    settings,
    readiness,
    company,
    service_accounts,
    people_import,
    working_time,
    price_policy,
    lookup_tables,
    webhooks,
    search,
    erp,
    trail,
    delegations,
    me,
    notices,
    second_factor,
    live,
    locations,
)


def _explained(handler: Handler) -> Handler:
    """Wrap a handler so that the page explains a failure of its main request: the service is away, refuses,
    or the session has ended."""

    @wraps(handler)
    async def explained(call: PageCall, **arguments: Any) -> Answer:
        try:
            return await with_proof(call, handler, arguments)
        except ServiceAway:
            return TemplateAnswer("away.html", {}, 503)
        except Refused as refused:
            if refused.status == 401:
                return SeeOther("/sign-in", {SESSION_COOKIE: None})
            return TemplateAnswer("problem.html", {"problem": refused}, refused.status)

    return explained


pages = Pages(
    [replace(route, handler=_explained(route.handler)) for module in _MODULES for route in module.pages.items]
)
