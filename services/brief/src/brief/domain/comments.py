"""Comments on briefs: whom a comment mentions, and how long its author may change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from optima_kit.refusals import Forbidden, WrongState

EDITABLE_FOR: Final = timedelta(minutes=5)
MOST_UNREAD: Final = 100
"""Unread comments of a brief are counted up to this number, which then means "this many or more"."""


@dataclass(frozen=True, slots=True)
class Version:
    """A former text of a comment."""

    text: str
    at: datetime
    """When the comment got this text."""


@dataclass(frozen=True, slots=True)
class Comment:
    comment_id: UUID
    author_id: UUID
    author_name: str
    text: str
    at: datetime
    mentioned_ids: tuple[UUID, ...] = ()
    edited_at: datetime | None = None
    earlier: tuple[Version, ...] = ()
    """Former texts, oldest first."""


def edited(
    comment: Comment, text: str, mentioned_ids: tuple[UUID, ...], *, by: UUID, now: datetime
) -> Comment:
    comment_may_be_edited(comment, by, now)
    before = Version(comment.text, comment.edited_at or comment.at)
    return replace(
        comment,
        text=text,
        mentioned_ids=mentioned_ids,
        edited_at=now,
        earlier=(*comment.earlier, before),
    )


def comment_may_be_edited(comment: Comment, by: UUID, now: datetime) -> None:
    if comment.author_id != by:
        raise Forbidden("comment_not_own")
    if now - comment.at > EDITABLE_FOR:
        raise WrongState("comment_too_old", minutes=int(EDITABLE_FOR.total_seconds()) // 60)
