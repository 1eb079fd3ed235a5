"""Proofs of a brief ("visto si stampi"): versions of a file, their reviews, and annotations on their pages.

Each version is reviewed once, and the review is about its file. Only the newest version counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from optima_kit.refusals import Absent, Invalid, WrongState

from .brief import Brief
from .content import Attachment
from .lifecycle import APPROVED_AND_GOODS_HERE, UNDER_APPROVAL, State
from .rules import day_in_rome

MAX_PROOFS: Final = 20
"""The most proofs of one brief."""
MAX_VERSIONS: Final = 50
MAX_ANNOTATIONS: Final = 200
"""The most annotations of one version."""
MAX_REPLIES: Final = 50
MAX_PAGES: Final = 40
"""The most pages of a file that are shown. An annotation is on one of them."""
WITH_CHANGES: Final = "with_changes"
"""The field of a process that approvers fill in to approve a proof with changes."""


class ProofState(StrEnum):
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    APPROVED_WITH_CHANGES = "approved_with_changes"
    """The proof may be produced once the changes that its annotations ask for are made, without another
    review."""
    REJECTED = "rejected"
    NOT_REVIEWED = "not_reviewed"
    """The review ended without a verdict that holds: nobody could be asked, it was recalled, it was not
    decided in time, or its approval was revoked."""
    SUPERSEDED = "superseded"
    """The next version was submitted while this one was in review."""


class PreviewState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    """The file cannot be shown, because it is damaged, protected or too large."""


@dataclass(slots=True)
class ProofVersion:
    version: int
    file: Attachment
    process: str
    reviewer_ids: tuple[UUID, ...]
    due_on: date | None
    submitted_at: datetime
    submitted_by: UUID
    state: ProofState = ProofState.IN_REVIEW
    approval_id: UUID | None = None
    reason: str | None = None
    ended_at: datetime | None = None
    ended_by: UUID | None = None
    preview: PreviewState = PreviewState.PENDING
    pages: int = 0
    """The number of pages that can be shown."""


@dataclass(slots=True)
class Proof:
    proof_id: UUID
    brief_id: UUID
    title: str
    versions: list[ProofVersion] = field(default_factory=list)
    """Versions, oldest first."""

    @property
    def newest(self) -> ProofVersion:
        return self.versions[-1]

    def version(self, number: int) -> ProofVersion:
        """Return the version with this number. Raises Absent if there is none."""
        for each in self.versions:
            if each.version == number:
                return each
        raise Absent("proof_version_absent")

    def submit(
        self,
        file: Attachment,
        process: str,
        reviewer_ids: Sequence[UUID],
        due_on: date | None,
        *,
        at: datetime,
        by: UUID,
    ) -> ProofVersion:
        """Add the next version, which is in review. The version before it no longer counts. The same file
        again is refused as a mistake, unless its review ended without a verdict that holds."""
        if len(self.versions) >= MAX_VERSIONS:
            raise WrongState("proof_versions_too_many", limit=MAX_VERSIONS)
        if due_on is not None and due_on < day_in_rome(at):
            raise Invalid("proof_due_in_the_past", field="due_on", day=due_on)
        same = bool(self.versions) and self.newest.file.sha256 == file.sha256
        if same and self.newest.state is not ProofState.NOT_REVIEWED:
            raise Invalid("proof_file_unchanged", field="body", version=self.newest.version)
        if self.versions and self.newest.state is ProofState.IN_REVIEW:
            self.newest.state = ProofState.SUPERSEDED
            self.newest.ended_at = at
        made = ProofVersion(
            version=len(self.versions) + 1,
            file=file,
            process=process,
            reviewer_ids=tuple(dict.fromkeys(reviewer_ids)),
            due_on=due_on,
            submitted_at=at,
            submitted_by=by,
        )
        self.versions.append(made)
        return made

    # --- what approval decides

    def review_opened(self, version: int, approval_id: UUID) -> bool:
        found = self.version(version)
        if found.approval_id is not None:
            return False
        found.approval_id = approval_id
        return True

    def review_ended(
        self,
        version: int,
        state: ProofState,
        *,
        approval_id: UUID | None,
        sha256: str | None,
        reason: str | None,
        at: datetime,
        by: UUID | None,
    ) -> bool:
        """End a version's review, and tell whether anything changed. Nothing changes if the version is no
        longer in review (because it has a verdict, or the next version was submitted) or if the verdict is
        about another file."""
        found = self.version(version)
        if found.state is not ProofState.IN_REVIEW or (sha256 is not None and sha256 != found.file.sha256):
            return False
        self._end(found, state, approval_id, reason, at, by)
        return True

    def approval_revoked(
        self, version: int, approval_id: UUID, reason: str, *, at: datetime, by: UUID | None
    ) -> bool:
        """Take the verdict of a version back because its approval was revoked: nobody has rejected its file,
        which may be submitted again. Tell whether anything changed."""
        found = self.version(version)
        if found.state in (ProofState.REJECTED, ProofState.NOT_REVIEWED, ProofState.SUPERSEDED):
            return False
        self._end(found, ProofState.NOT_REVIEWED, approval_id, reason, at, by)
        return True

    @staticmethod
    def _end(
        found: ProofVersion,
        state: ProofState,
        approval_id: UUID | None,
        reason: str | None,
        at: datetime,
        by: UUID | None,
    ) -> None:
        found.state, found.reason, found.ended_at, found.ended_by = state, reason, at, by
        found.approval_id = approval_id or found.approval_id


class Area(BaseModel):
    """A rectangle on a page, measured from the upper left corner in fractions of the page's width and
    height."""

    model_config = ConfigDict(frozen=True)

    x: Decimal
    y: Decimal
    width: Decimal
    height: Decimal


@dataclass(frozen=True, slots=True)
class Reply:
    author_id: UUID
    author_name: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Annotation:
    """A remark about a place on a page of a proof."""

    annotation_id: UUID
    proof_id: UUID
    version: int
    page: int
    area: Area
    text: str
    author_id: UUID
    author_name: str
    at: datetime
    resolved_at: datetime | None = None
    resolved_by: UUID | None = None
    replies: tuple[Reply, ...] = ()


def proofs_may_be_submitted(brief: Brief) -> None:
    """Proofs may be submitted from the brief's submission until all of it is delivered, because work on one
    item may still wait for its proof while goods of another are on their way."""
    if brief.state not in UNDER_APPROVAL | APPROVED_AND_GOODS_HERE | {State.IN_DELIVERY}:
        raise WrongState("brief_takes_no_proofs", number=brief.number, state=brief.state.value)


def version_may_be_annotated(proof: Proof, version: ProofVersion) -> None:
    """A version may be annotated only while it is in review, because annotations serve that review."""
    if version is not proof.newest or version.state is not ProofState.IN_REVIEW:
        raise WrongState("proof_not_in_review", version=version.version)


def annotation_may_be_settled(proof: Proof, version: int) -> None:
    """Annotations may be answered, resolved or reopened only on the newest version."""
    if version != proof.newest.version:
        raise WrongState("proof_version_not_newest", version=version, newest=proof.newest.version)


def mark_lies_on_the_page(version: ProofVersion, page: int, area: Area) -> None:
    """Raise Invalid if the annotation lies outside the file's pages. As long as the pages are not counted,
    any page up to the most that are shown is allowed."""
    most = version.pages if version.preview is PreviewState.READY else MAX_PAGES
    if page > most:
        raise Invalid("annotation_page_absent", field="page", pages=most)
    if area.x + area.width > 1:
        raise Invalid("annotation_beyond_page", field="width")
    if area.y + area.height > 1:
        raise Invalid("annotation_beyond_page", field="height")
