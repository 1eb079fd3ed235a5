"""Proofs of a brief ("visto si stampi"): files in versions, a review of each, and marks on their pages.

A version is reviewed once, and what is reviewed is its file. Only the newest version counts.
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
"""Of one brief."""
MAX_VERSIONS: Final = 50
MAX_ANNOTATIONS: Final = 200
"""Of one version."""
MAX_REPLIES: Final = 50
MAX_PAGES: Final = 40
"""Pages of a file that are shown; marks lie on one of them."""
WITH_CHANGES: Final = "with_changes"
"""The field of a process that approvers fill in to approve a proof with changes."""


class ProofState(StrEnum):
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    APPROVED_WITH_CHANGES = "approved_with_changes"
    """It may be made once the changes that its marks ask for are done, without another look."""
    REJECTED = "rejected"
    NOT_REVIEWED = "not_reviewed"
    """Its review ended without a verdict: nobody could be asked, it was recalled, or time ran out."""
    SUPERSEDED = "superseded"
    """The next version came while it was in review."""


class PreviewState(StrEnum):
    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"
    """The file can't be shown: it is damaged, protected, or too large."""


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
    """That can be shown."""


@dataclass(slots=True)
class Proof:
    proof_id: UUID
    brief_id: UUID
    title: str
    versions: list[ProofVersion] = field(default_factory=list)
    """The oldest first."""

    @property
    def newest(self) -> ProofVersion:
        return self.versions[-1]

    def version(self, number: int) -> ProofVersion:
        """Raises Absent where there is none."""
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
        """The next version, in review. The one before it counts no longer. The same file again is a slip,
        unless the review of it ended without a verdict."""
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
        """Whether the version got its verdict: it has one, and approval counts of exactly its file. What ends
        after the next version came changes nothing."""
        found = self.version(version)
        if found.state is not ProofState.IN_REVIEW or (sha256 is not None and sha256 != found.file.sha256):
            return False
        self._end(found, state, approval_id, reason, at, by)
        return True

    def approval_revoked(
        self, version: int, approval_id: UUID, reason: str, *, at: datetime, by: UUID | None
    ) -> bool:
        """What was approved no longer is."""
        found = self.version(version)
        if found.state in (ProofState.REJECTED, ProofState.NOT_REVIEWED, ProofState.SUPERSEDED):
            return False
        self._end(found, ProofState.REJECTED, approval_id, reason, at, by)
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
    """A rectangle on a page, in parts of its width and height, from the upper left corner."""

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
    """What somebody says of a place on a page."""

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
    """From its submission until all of it was delivered: while goods of one item travel, work on another may
    still wait for its proof."""
    if brief.state not in UNDER_APPROVAL | APPROVED_AND_GOODS_HERE | {State.IN_DELIVERY}:
        raise WrongState("brief_takes_no_proofs", number=brief.number, state=brief.state.value)


def version_may_be_annotated(proof: Proof, version: ProofVersion) -> None:
    """Marks say what to judge: once it is judged, there are no more."""
    if version is not proof.newest or version.state is not ProofState.IN_REVIEW:
        raise WrongState("proof_not_in_review", version=version.version)


def annotation_may_be_settled(proof: Proof, version: int) -> None:
    """Answers, and what is done about a mark, belong to the newest version."""
    if version != proof.newest.version:
        raise WrongState("proof_version_not_newest", version=version, newest=proof.newest.version)


def mark_lies_on_the_page(version: ProofVersion, page: int, area: Area) -> None:
    """Of a file whose pages are not counted yet, any page that could be shown."""
    most = version.pages if version.preview is PreviewState.READY else MAX_PAGES
    if page > most:
        raise Invalid("annotation_page_absent", field="page", pages=most)
    if area.x + area.width > 1:
        raise Invalid("annotation_beyond_page", field="width")
    if area.y + area.height > 1:
        raise Invalid("annotation_beyond_page", field="height")
