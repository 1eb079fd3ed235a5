"""Refusals of /v1/tokens in the form that OAuth clients expect (RFC 6749 §5.2)."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

_OF_THE_REQUEST: Final = (400, 401, 422)
_OF_THE_CLIENT: Final = {"client_refused", "client_incomplete"}


def oauth_error(problem: dict[str, Any]) -> dict[str, Any]:
    """Add `error` and `error_description` to a problem, and set the status that belongs to them. A problem
    that is not a mistake in the request, such as a rate limit, stays as it is."""
    if problem["status"] not in _OF_THE_REQUEST:
        return problem
    codes = {problem["code"], *(error["code"] for error in problem.get("errors", ()))}
    if codes & _OF_THE_CLIENT:
        status, error = 401, "invalid_client"
    elif problem["status"] == 401:
        status, error = 400, "invalid_grant"
    elif "union_tag_invalid" in codes:
        status, error = 400, "unsupported_grant_type"
    else:
        status, error = 400, "invalid_request"
    return problem | {
        "status": status,
        "error": error,
        "error_description": _plain(problem["detail"]),
    }


def _plain(text: str) -> str:
    """Return the text in characters that a description may have: ASCII without quotation marks and
    backslashes."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return ascii_only.replace('"', "'").replace("\\", "/")
