"""Why a brief came back: in a person's words, or by a code of approval's where nobody wrote any."""

from __future__ import annotations

import re
from typing import Final

from .labels import LABELS

_CODE: Final = re.compile(r"([a-z_]+)(:[A-Za-z0-9._-]+)?")
_BY_APPROVAL: Final = {"approval_not_opened", "approval_expired", "recalled", "rejected", "changes_requested"}


def reason_code(cause: str, reason: str) -> str | None:
    """The code that a reason begins with, before the step or process that it is about; None of a person's
    own words."""
    code = _CODE.fullmatch(reason) if cause in _BY_APPROVAL else None
    return code[1] if code and code[1] in LABELS["brief_reason"] else None
