from __future__ import annotations

from pathlib import Path

import identity
from optima_kit.testing import undocumented_refusals


def test_every_refusal_has_its_text_in_both_languages() -> None:
    assert undocumented_refusals("identity", Path(identity.__file__).parent) == set()
