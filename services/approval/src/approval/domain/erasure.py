"""Removes a person's texts and name from an approval's events. What was decided stays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from .approval import (
    Amended,
    ApproverAdded,
    Ended,
    Event,
    Opened,
    PartDecided,
    PartForwarded,
    PartReassigned,
    PartRequested,
    PartsRequested,
    Revoked,
    StepOpened,
)
from .approvers import AskedPerson

OWN_TEXTS: Final = {"order_amendment": ("reason",)}
"""The fields of the content in which the requester writes in their own words, by subject type."""
UNNAMED = "documento"
"""The name of a file after its own name was erased."""


class Erasure:
    """Removes one person's texts from the events of one approval, which it must be given in order."""

    def __init__(self, person: UUID) -> None:
        self._person = person
        self._written = set[str]()
        """The reasons that the person gave: the end of an approval repeats the reason of its last
        decision."""

    def of(self, event: Event, actor: UUID | None) -> Event:
        """Return the event without the person's texts, or the same event if it has none."""
        match event:
            case PartDecided() if event.by == self._person:
                self._written.add(event.reason or "")
                documents = tuple({**each, "name": UNNAMED} for each in event.evidence)
                return replace(event, reason=None, evidence=documents)
            case StepOpened() | PartsRequested():
                return replace(event, asked=tuple(map(self._by_id, event.asked)))
            case PartRequested():
                return replace(event, asked=self._by_id(event.asked))
            case Revoked() if event.by == self._person:
                return replace(event, reason="")
            case PartForwarded() | PartReassigned() | ApproverAdded() if event.by == self._person:
                return replace(event, reason=None)
            case Ended() if event.reason is not None:
                own = event.by == self._person or (actor == self._person and event.outcome == "cancelled")
                return replace(event, reason=None) if own or event.reason in self._written else event
            case Opened() if event.subject_type in OWN_TEXTS and event.requester == self._person:
                content = without_name(event.content, str(self._person))
                return replace(event, content=content | dict.fromkeys(OWN_TEXTS[event.subject_type], ""))
            case Opened() | Amended():
                return replace(event, content=without_name(event.content, str(self._person)))
        return event

    def _by_id(self, asked: AskedPerson) -> AskedPerson:
        """Replace the person's e-mail address, by which a rule may have named them, by their id."""
        if asked.person != self._person or not asked.why.startswith("person:"):
            return asked
        return replace(asked, why=f"person:{self._person}")


def without_name(content: Any, person: str) -> Any:
    """Return the content with an empty name wherever it holds the person."""
    if isinstance(content, list):
        return [without_name(each, person) for each in content]
    if not isinstance(content, dict):
        return content
    whole = {name: without_name(each, person) for name, each in content.items()}
    return whole | {"name": ""} if whole.get("id") == person and "name" in whole else whole
