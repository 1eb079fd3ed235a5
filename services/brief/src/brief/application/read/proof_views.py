"""What a reader gets to see of proofs. What has no value is absent."""

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
    """Bytes."""
    sha256: str
    """What is approved: the hash of the file's content."""


class ProofVersionView(View):
    version: int
    file: ProofFileView
    state: ProofState
    process: str
    reviewers: list[PersonView]
    """Whom the submitter named."""
    due_on: date | None
    submitted_at: datetime
    submitted_by: PersonView
    approval_id: UUID | None
    reason: str | None
    """Of the verdict, in the words of whoever gave it."""
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
    """Of the newest version, which alone counts."""
    versions: list[ProofVersionView]
    """The newest first."""
    actions: list[ProofAction]
    """What the reader may do now."""


class AreaView(View):
    """A rectangle on a page, in parts of its width and height, from the upper left corner."""

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
    """The oldest first."""
    actions: list[AnnotationAction]
    """What the reader may do now."""
