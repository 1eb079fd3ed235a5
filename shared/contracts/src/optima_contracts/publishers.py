"""Which service may publish which event type. An event from any other service counts as forged, even if
signed."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_BY_CONTEXT: Final = {
    "approval": {"approval"},
    "brief": {"brief"},
    "economics": {"brief", "production"},
    "erp": {"erp-bridge"},
    "identity": {"identity"},
    "logistics": {"logistics"},
    "production": {"production"},
    "trail": {"trail"},
}
PUBLISHERS: Final = tuple(sorted(frozenset[str]().union(*_BY_CONTEXT.values())))
"""The services that publish events."""

_BY_TYPE: Final = {
    "optima.economics.amendment_ended.v1": {"production"},
    "optima.economics.amendment_requested.v1": {"production"},
    "optima.economics.brief_priced.v1": {"brief"},
    "optima.economics.brief_prices_approved.v1": {"brief"},
    "optima.economics.budget_charged.v1": {"brief"},
    "optima.economics.budget_planned.v1": {"brief"},
    "optima.economics.budget_told.v1": {"brief"},
    "optima.economics.catalogue_price_kept.v1": {"brief"},
    "optima.economics.job_set.v1": {"production"},
    "optima.economics.order_valued.v1": {"production"},
}


@lru_cache(maxsize=1024)
def publishers_of(type_: str) -> frozenset[str]:
    """Return the services that may publish this event type. A context that we do not know is published by the
    service of the same name."""
    _, context, *_ = type_.split(".")
    return frozenset(_BY_TYPE.get(type_) or _BY_CONTEXT.get(context, {context}))
