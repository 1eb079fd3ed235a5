"""The kinds of work that may wait for a person: how each is found, and which page lists all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import urlencode

from .labels import N_

SHOWN: Final = 4
"""How many things of one kind the start page shows."""


@dataclass(frozen=True, slots=True)
class Work:
    key: str
    """The key by which the start page's template distinguishes the kinds."""
    title: str
    """In English; the template translates it."""
    privileges: tuple[str, ...]
    """The privileges that the service requires; the person must hold all of them."""
    service: str
    path: str
    page: str
    filters: Mapping[str, str] = field(default_factory=dict)
    """The filters that reduce the list to waiting work, both in the service's list and on the page."""
    postponable: bool = False
    """Whether a person may postpone it to a day. Until then it does not wait for them."""
    counted: bool = False
    """Whether the service counts it by state instead of listing it."""

    @property
    def address(self) -> str:
        return f"{self.page}?{urlencode(self.filters)}" if self.filters else self.page

    def query(self, today: date) -> Mapping[str, Any]:
        back = {"back_by": today.isoformat()} if self.postponable else {}
        rows = {} if self.counted else {"limit": SHOWN}
        return {**self.filters, **back, **rows}


WORK: Final = (
    Work(
        "approvals",
        N_("To decide"),
        ("approval.decide",),
        "approval",
        "/v1/inbox",
        "/inbox",
        postponable=True,
    ),
    Work("tasks", N_("My tasks"), ("phase.work",), "production", "/v1/tasks", "/tasks"),
    Work(
        "briefs",
        N_("My briefs that are not submitted"),
        ("brief.read", "brief.create"),
        "brief",
        "/v1/briefs",
        "/briefs",
        {"requester": "me", "state": "draft"},
    ),
    Work(
        "briefs",
        N_("Briefs without prices"),
        ("brief.read", "brief.price", "brief.price.read"),
        "brief",
        "/v1/briefs",
        "/briefs",
        {"priced": "false", "state": "submitted,in_approval"},
    ),
    Work(
        "phases",
        N_("Phases that nobody has"),
        ("phase.read", "phase.assign"),
        "production",
        "/v1/phases",
        "/production",
        {"unassigned": "true"},
    ),
    Work(
        "phases",
        N_("Work to be inspected"),
        ("phase.read", "phase.inspect"),
        "production",
        "/v1/phases",
        "/production",
        {"state": "to_inspect"},
    ),
    Work(
        "shipments",
        N_("Shipments under way"),
        ("shipment.read", "shipment.write"),
        "logistics",
        "/v1/figures/shipments",
        "/shipments",
        counted=True,
    ),
    Work(
        "failures",
        N_("To correct with the ERP"),
        ("erp.read", "erp.sync"),
        "erp-bridge",
        "/v1/failures",
        "/erp/failures",
    ),
)
