"""What costs a service most, as one customer's people may ask for it again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

Known = Mapping[str, Any]
"""What was set up before: ids that stand in addresses, by the names that they have there."""


def _nothing(_: Known) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, slots=True)
class Costly:
    """An operation of a service's API, or a page of the portal, and how it is made to cost much."""

    service: str
    what: str
    who: str
    operation: str
    """As the API's document names it: `POST /v1/orders`."""
    query: str = ""
    sends: Callable[[Known], dict[str, Any]] = field(default=_nothing)
    """The body, as the client takes it."""
    refused: bool = False
    """Whether it is asked in order to be refused."""

    def address(self, known: Known) -> str:
        # Keys are of a process at one service, of a connection at another.
        there = {**known, "key": known.get(self.service, "")}
        path = self.operation.partition(" ")[2].format_map(there)
        return f"{path}?{self.query.format_map(there)}" if self.query else path

    @property
    def method(self) -> str:
        return self.operation.partition(" ")[0]


STEPS: Final = 150
PROCESS: Final[dict[str, Any]] = {
    "key": "grande",
    "name": "Grande",
    "subject": "brief",
    "steps": [
        {"key": f"s{n}", "when": f"brief.title != 'x{n}'", "approvers": [{"role": "admin"}]}
        for n in range(STEPS)
    ],
}
TYPE: Final[dict[str, Any]] = {
    "key": "tabella",
    "name": "Tabella",
    "title": "oggetto",
    "fields": {
        "oggetto": {"type": "text"},
        "righe": {"type": "list", "at_most": 2000, "fields": {"n": {"type": "whole"}, "t": {"type": "text"}}},
    },
}
OF_TYPE: Final[dict[str, Any]] = {
    "key": "tabelle",
    "name": "Tabelle",
    "subject": "tabella",
    "steps": [
        {"key": "uno", "when": "tabella.righe.exists(r, r.n > 1)", "approvers": [{"role": "admin"}]},
        {"key": "due", "approvers": [{"role": "admin"}]},
    ],
}


def _large_subject(_: Known) -> dict[str, Any]:
    rows = [{"n": number % 2, "t": "x" * 20} for number in range(2000)]
    content = {"oggetto": "Grande", "righe": rows}
    return {"json": {"process": "tabelle", "subject_id": str(uuid4()), "content": content}}


def _trial(known: Known) -> dict[str, Any]:
    content = {
        "title": "Prova", "category": "POP", "budget": "500.00", "deadline": "2030-12-20", "number": "B-1",
        "revision": 1, "items": [], "attachments": [],
    }  # fmt: skip
    return {"json": {"requester_id": known["requester_id"], "content": content}}


def _decisions(known: Known) -> dict[str, Any]:
    decision = {"step": "uno", "outcome": "approve", "content_hash": "h"}
    approvals = [known["approval_id"], *(str(uuid4()) for _ in range(499))]
    return {"json": {"items": [decision | {"approval_id": each} for each in approvals]}}


ITEMS: Final = [
    {
        "kind": "locandina",
        "description": f"Locandina {number}",
        "quantity": "100",
        "deliveries": [{"destination": "MI-DUOMO", "quantity": "100"}],
    }
    for number in range(100)
]


def _brief(_: Known) -> dict[str, Any]:
    return {"json": {"title": "Grande", "items": ITEMS}}


def _order(_: Known) -> dict[str, Any]:
    return {"json": {"title": "Grande", "deadline": "2099-12-31", "items": ITEMS}}


def _table_of_people(_: Known) -> dict[str, Any]:
    rows = "".join(f"p{n}@vicini.example,Persona {n},internal,marketing\n" for n in range(1000))
    return {"data": "email,name,kind,roles\n" + rows, "headers": {"Content-Type": "text/csv"}}


def _wrong_password(known: Known) -> dict[str, Any]:
    wrong = {"grant": "password", "email": f"{uuid4()}@vicini.example", "password": "sbagliata davvero"}
    return {"json": wrong | {"tenant": known["tenant"]}}


def _records(_: Known) -> dict[str, Any]:
    records = [{"codice": f"C{number}", "ragione_sociale": "Vicini S.p.A."} for number in range(20)]
    return {"json": {"entity": "customer", "records": records}}


def _file(_: Known) -> dict[str, Any]:
    return {"data": b"%PDF-1.7\n" + bytes(9 << 20), "headers": {"Content-Type": "application/pdf"}}


COSTLY: Final = (
    Costly("approval", "checks of 150 steps", "admin", "POST /v1/processes/{key}/check",
           sends=lambda _: {"json": PROCESS}),
    Costly("approval", "drafts of 150 steps tried", "admin", "POST /v1/processes/{key}/simulation",
           sends=_trial),
    Costly("approval", "replays", "admin", "POST /v1/processes/{key}/replays", sends=lambda _: {"json": {}}),
    Costly("approval", "subjects of 2,000 rows", "admin", "POST /v1/approvals", sends=_large_subject),
    Costly("approval", "500 decisions at once", "admin", "POST /v1/decisions", sends=_decisions),
    Costly("approval", "searches", "admin", "GET /v1/approvals", "text=a"),
    Costly("brief", "briefs of 100 items", "marketing", "POST /v1/briefs", sends=_brief),
    Costly("brief", "searches", "marketing", "GET /v1/briefs", "text=a"),
    Costly("brief", "files of 9 MiB", "marketing", "POST /v1/briefs/{brief_id}/attachments",
           "name=grande.pdf", sends=_file),
    Costly("brief", "figures of spend", "admin", "GET /v1/figures/spend"),
    Costly("erp-bridge", "previews of mappings", "admin",
           "POST /v1/connections/{key}/mapping-previews", sends=_records),
    Costly("identity", "tables of 1,000 people", "admin", "POST /v1/people/imports", "dry_run=true",
           sends=_table_of_people),
    Costly("identity", "searches", "admin", "GET /v1/people", "text=a"),
    Costly("identity", "wrong passwords", "", "POST /v1/tokens", sends=_wrong_password,
           refused=True),
    Costly("logistics", "packing lists", "backoffice", "GET /v1/papers.pdf",
           "paper=packing_list&{shipments}"),
    Costly("logistics", "searches", "backoffice", "GET /v1/articles", "text=a"),
    Costly("logistics", "figures of deliveries", "backoffice", "GET /v1/figures/deliveries"),
    Costly("production", "orders of 100 items", "backoffice", "POST /v1/orders", sends=_order),
    Costly("production", "searches", "backoffice", "GET /v1/orders", "text=a"),
    Costly("production", "figures of work", "admin", "GET /v1/figures/work"),
    Costly("trail", "exports as text", "auditor", "GET /v1/exports", "format=csv"),
    Costly("trail", "exports as PDF", "auditor", "GET /v1/exports/pdf"),
    Costly("trail", "verifications", "auditor", "GET /v1/verification"),
    Costly("portal", "searches on pages", "admin", "GET /search", "text=a"),
    Costly("portal", "inboxes as pages", "direttore", "GET /inbox"),
)  # fmt: skip
"""The costliest of each service: what is worked out, typeset, searched for or counted, and what takes much
in."""
LISTS: Final = {
    "approval": ("direttore", "/v1/inbox"),
    "brief": ("marketing", "/v1/briefs"),
    "erp-bridge": ("admin", "/v1/connections"),
    "identity": ("admin", "/v1/people"),
    "logistics": ("backoffice", "/v1/shipments"),
    "production": ("backoffice", "/v1/orders"),
    "trail": ("auditor", "/v1/entries"),
    "portal": ("marketing", "/briefs"),
}
"""What another customer's people open meanwhile, by service."""
