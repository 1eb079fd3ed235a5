"""Find what has changed about a thing since its reader last looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from optima_kit.http.html import PageCall

from .labels import LABELS
from .postgres import QUERIES

SAME_VISIT: Final = timedelta(minutes=30)
"""Looks that are no farther apart than this belong to the same visit."""


@dataclass(frozen=True, slots=True)
class LastVisit:
    """The state with which the present visit is compared: the end of the previous visit, or the beginning of
    the first one."""

    at: datetime
    revision: int


async def visited(call: PageCall, subject_id: UUID, revision: int) -> LastVisit:
    """Store that the reader looks at the thing now. Return the state with which to compare."""
    session = call.session.session
    async with call.database.transaction(session.tenant_id) as work:
        row = await work.fetchrow(
            QUERIES.save_visit,
            person_id=session.person_id,
            subject_id=subject_id,
            revision=revision,
            now=call.now,
            same_since=call.now - SAME_VISIT,
        )
    assert row is not None, "what is saved is returned"
    return LastVisit(row["before_at"], row["before_revision"])


@dataclass(frozen=True, slots=True)
class Change:
    at: str
    what: str
    """The change's code in the labels `approval_change`."""
    person: Mapping[str, Any] | None = None
    outcome: str = ""
    text: str = ""
    fields: tuple[str, ...] = ()
    """The changed fields of the subject that have a name for people."""


def changes_since(last: datetime, reader: UUID, history: Any, *comments: Any) -> list[Change]:
    """Return what others did since then, from an approval's history and lists of comments, oldest first. A
    list that is not available counts as empty."""
    told = [
        *(_of_history(each) for each in _items(history) if each["kind"] in LABELS["approval_change"]),
        *(change for page in comments for each in _items(page) for change in _of_comment(each)),
    ]
    newer = [
        each
        for each in told
        if datetime.fromisoformat(each.at) > last and (each.person or {}).get("id") != str(reader)
    ]
    return sorted(newer, key=lambda each: datetime.fromisoformat(each.at))


def _items(page: Any) -> list[Mapping[str, Any]]:
    return page["items"] if page else []


def _of_history(entry: Mapping[str, Any]) -> Change:
    outcome = entry.get("outcome", "") if entry["kind"] == "part_decided" else ""
    words = entry.get("reason", "") if entry["kind"] in ("part_decided", "revoked") else ""
    named = [name for name in entry.get("fields", ()) if name in LABELS["subject_field"]]
    by = entry.get("actor") or entry.get("person")
    return Change(entry["at"], entry["kind"], by, outcome, words, tuple(named))


def _of_comment(comment: Mapping[str, Any]) -> list[Change]:
    """Return the changes that a comment makes: one for the comment and another for its answer, if it has one.
    A brief's comment names its writer as `author`, an approval's as `person`."""
    by, at = comment.get("author") or comment["person"], comment.get("at") or comment["written_at"]
    found = [Change(at, "commented", by, text=comment["text"])]
    if "answer" in comment:
        found.append(
            Change(comment["answered_at"], "answered", comment["answered_by"], text=comment["answer"])
        )
    return found
