"""Views of proofs. A field without a value is absent."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from optima_kit.fields import Fraction, PersonView, View

from ...domain.proofs import PreviewState, ProofState
from .access import AnnotationAction, ProofAction, ProofVersionAction


class ProofFileView(View):
    name: str
    media_type: str
    size: int
    """Size in bytes."""
    sha256: str
    """Hash of the file's content, which is what reviewers approve."""


class ProofVersionView(View):
    version: int
    file: ProofFileView
    state: ProofState
    process: str
    reviewers: list[PersonView]
    """The reviewers whom the submitter named."""
    due_on: date | None
    submitted_at: datetime
    submitted_by: PersonView
    approval_id: UUID | None
    reason: str | None
    """Reason for the verdict, in the words of the person who gave it."""
    ended_at: datetime | None
    ended_by: PersonView | None
    preview: PreviewState
    pages: int
    """Pages that can be looked at."""
    actions: list[ProofVersionAction]
    """What the reader may do now."""


class ProofView(View):
    id: UUID
    brief_id: UUID
    title: str
    state: ProofState
    """State of the newest version, the only one that counts."""
    versions: list[ProofVersionView]
    """Versions, newest first."""
    actions: list[ProofAction]
    """What the reader may do now."""


class AreaView(View):
    """A rectangle on a page, measured from the upper left corner in fractions of the page's width and
    height."""

    x: Fraction
    y: Fraction
    width: Fraction
    height: Fraction


class ReplyView(View):
    author: PersonView
    text: str
    at: datetime


class AnnotationView(View):
    id: UUID
    page: int
    area: AreaView
    text: str
    author: PersonView
    at: datetime
    resolved_at: datetime | None
    resolved_by: PersonView | None
    replies: list[ReplyView]
    """Replies, oldest first."""
    actions: list[AnnotationAction]
    """What the reader may do now."""
