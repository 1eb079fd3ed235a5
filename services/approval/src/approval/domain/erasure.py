"""What somebody wrote and what they are called, taken out of an approval's events. What was decided stays."""

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
from .approvers import Asked

OWN_TEXTS: Final = {"order_amendment": ("reason",)}
"""By subject type: fields of the content in which its requester writes in their own words."""
UNNAMED = "documento"
"""What a file is called whose name was erased."""


class Erasure:
    """Goes through the events of one approval in their order."""

    def __init__(self, person: UUID) -> None:
        self._person = person
        self._written = set[str]()
        """An end repeats the reason of the decision that brought it about."""

    def of(self, event: Event, actor: UUID | None) -> Event:
        """The event without the person's texts; the same one where it has none."""
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

    def _by_id(self, asked: Asked) -> Asked:
        """A rule may name somebody by their address."""
        if asked.person != self._person or not asked.why.startswith("person:"):
            return asked
        return replace(asked, why=f"person:{self._person}")


def without_name(content: Any, person: str) -> Any:
    """The content with the person's name left out wherever it holds the person."""
    if isinstance(content, list):
        return [without_name(each, person) for each in content]
    if not isinstance(content, dict):
        return content
    whole = {name: without_name(each, person) for name, each in content.items()}
    return whole | {"name": ""} if whole.get("id") == person and "name" in whole else whole
