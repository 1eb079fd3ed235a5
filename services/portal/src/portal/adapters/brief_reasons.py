"""The reason why a brief came back: a person's text, or a code of the approval service if nobody wrote
one."""

from __future__ import annotations

import re
from typing import Final

from .labels import LABELS

_CODE: Final = re.compile(r"([a-z_]+)(:[A-Za-z0-9._-]+)?")
_BY_APPROVAL: Final = {"approval_not_opened", "approval_expired", "recalled", "rejected", "changes_requested"}


def reason_code(cause: str, reason: str) -> str | None:
    """Return the code at the beginning of a reason, before the step or process that it concerns. Return None
    if the reason is a person's own text."""
    code = _CODE.fullmatch(reason) if cause in _BY_APPROVAL else None
    return code[1] if code and code[1] in LABELS["brief_reason"] else None
