"""The decisions that wait for the reader, to be made one by one or many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from optima_kit.http.html import Answer, PageCall, Pages, SeeOther, TemplateAnswer

from ..amounts import plain_number
from ..choosing import people_of, person_named
from ..client import LISTED, Refused, part, with_parts
from ..forms import day_begins, filled, today
from ..inbox_groups import GROUPINGS, ORDER, grouped

pages = Pages()

_MORE_FILTERS = ("requester", "unit", "due", "from", "to")
_FILTERS = ("text", "group", "overdue", "later", *_MORE_FILTERS, "cursor")
_LISTED = 50
_OUTCOMES = ("approve", "request_changes", "reject")


@dataclass(frozen=True, slots=True)
class ChosenRow:
    """One row of the inbox that was chosen in the form."""

    approval_id: str
    step: str
    content_hash: str
    on_behalf_of: str

    @classmethod
    def read(cls, text: str) -> ChosenRow:
        """Read a chosen row. A malformed text becomes a row that matches nothing."""
        return cls(*[*text.split("|"), "", "", "", ""][:4])

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> ChosenRow:
        on_behalf_of = row.get("on_behalf_of", {}).get("id", "")
        return cls(row["approval_id"], row["step"], row["content_hash"], on_behalf_of)

    @property
    def text(self) -> str:
        return "|".join((self.approval_id, self.step, self.content_hash, self.on_behalf_of))


@pages.get("/inbox")
async def show_inbox(call: PageCall) -> Answer:
    services, query = call.session.services, await _query(call)
    counted = {name: value for name, value in query.items() if name not in ("sort", "cursor", "limit")}
    inbox, summary, people, units = await with_parts(
        part(services.get("approval", "/v1/inbox", **query)),
        services.get("approval", "/v1/inbox/summary", **counted),
        services.get("identity", "/v1/people", limit=LISTED),
        services.every("identity", "/v1/units"),
    )
    sees_amounts = bool(summary) and "amount" in summary
    context = {
        "inbox": inbox,
        "groups": grouped(inbox["items"], _grouping(call), call.now) if inbox else [],
        "grouping": _grouping(call),
        "groupings": [each for each in GROUPINGS if each != "amount" or sees_amounts],
        "summary": summary,
        "sees_amounts": sees_amounts,
        "people": people_of(people),
        "units": [(unit["id"], unit["name"]) for unit in units["items"]] if units else [],
        "name_of": lambda row: ChosenRow.of(row).text,
        "narrowed": any(call.query.get(name) for name in _MORE_FILTERS),
        "given": {name: call.query.get(name, "") for name in _FILTERS},
    }
    return TemplateAnswer("inbox.html", context)


@pages.post("/inbox/selection")
async def show_selection(call: PageCall) -> Answer:
    """Show the selected rows and their total amount before they are decided."""
    chosen = {ChosenRow.read(each) for each in call.form.getall("chosen", [])}
    inbox = await call.session.services.get("approval", "/v1/inbox", **await _query(call))
    rows = [row for row in inbox["items"] if ChosenRow.of(row) in chosen]
    if not rows:
        return SeeOther("/inbox")
    return _selection(rows, len(chosen) - len(rows))


@pages.post("/inbox/decisions", max_bytes=1 << 20)
async def decide_at_once(call: PageCall) -> Answer:
    """Decide the chosen rows. Each is decided or refused separately."""
    chosen = [ChosenRow.read(each) for each in call.form.getall("chosen", [])]
    titles = dict(zip(chosen, call.form.getall("title", []), strict=False))
    body = filled(outcome=call.text("outcome"), reason=call.text("reason"))
    items = [
        {
            **filled(step=each.step, content_hash=each.content_hash, on_behalf_of=each.on_behalf_of),
            "approval_id": each.approval_id,
            **body,
        }
        for each in chosen
    ]
    try:
        answered = await call.session.services.send(
            "approval", "POST", "/v1/decisions", {"items": items}, key=call.text("once"), patience=30
        )
    except Refused as refused:
        return TemplateAnswer("problem.html", {"problem": refused}, refused.status)
    results = [
        {**result, "title": titles.get(each, "")}
        for each, result in zip(chosen, answered["items"], strict=True)
    ]
    return TemplateAnswer("inbox_results.html", {"results": results})


def _grouping(call: PageCall) -> str:
    by = call.query.get("group", "")
    return by if by in GROUPINGS else GROUPINGS[0]


async def _query(call: PageCall) -> dict[str, Any]:
    """Return the query for the inbox. Rows postponed to a later day are left out unless they are asked
    for."""
    given = {name: call.query.get(name, "").strip() for name in _FILTERS}
    asked: dict[str, Any] = {name: given[name] or None for name in ("text", "overdue", "cursor")}
    by = _grouping(call)
    # The list isn't sorted by requester or process, so more of it is read to make these groups complete.
    asked |= {"sort": ORDER.get(by), "limit": LISTED if by in ("requester", "process") else _LISTED}
    more = filled(
        requester_id=await person_named(call, given["requester"]),
        unit_id=given["unit"],
        due_before=day_begins(given["due"], later=1),
        min_amount=plain_number(given["from"], call.language),
        max_amount=plain_number(given["to"], call.language),
    )
    return {**asked, **more, **({} if given["later"] else {"back_by": today(call).isoformat()})}


def _selection(rows: Sequence[Mapping[str, Any]], gone: int) -> Answer:
    amounts = [Decimal(row["amount"]) for row in rows if "amount" in row]
    context = {
        "rows": rows,
        "gone": gone,
        "name_of": lambda row: ChosenRow.of(row).text,
        "total": sum(amounts, Decimal(0)) if amounts else None,
        "without_amount": len(rows) - len(amounts),
        "outcomes": [
            each
            for each in _OUTCOMES
            if each != "request_changes" or all(each in row["allows"] for row in rows)
        ],
    }
    return TemplateAnswer("inbox_selection.html", context)
