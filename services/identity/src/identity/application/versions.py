"""A change is made to what its author has seen."""

from __future__ import annotations

from optima_kit.refusals import PreconditionRequired, Stale


def still_at(version: int, expected: int | None) -> None:
    """`expected`: from If-Match; None where the author did not say."""
    if expected is None:
        raise PreconditionRequired("if_match_missing", field="If-Match")
    if version != expected:
        raise Stale("stale_version", field="If-Match")


def made_anew(expected: int | None) -> None:
    """For what is not there. Whoever names a version means to change what they have seen."""
    if expected is not None:
        raise Stale("stale_version", field="If-Match")
