"""Check that the author of a change has seen the present version."""

from __future__ import annotations

from optima_kit.refusals import PreconditionRequired, Stale


def still_at(version: int, expected: int | None) -> None:
    """Raise Stale unless `expected`, from If-Match, is the present version. Raises PreconditionRequired if it
    is None because If-Match is missing."""
    if expected is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if version != expected:
        raise Stale("stale_version", field="If-Match")


def made_anew(expected: int | None) -> None:
    """Raise Stale if a version is expected although the thing does not exist."""
    if expected is not None:
        raise Stale("stale_version", field="If-Match")
