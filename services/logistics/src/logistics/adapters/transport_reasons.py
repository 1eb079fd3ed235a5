"""The causali that come with the product, read from transport_reasons.toml."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

from ..domain.lookups import TransportReason


def _read() -> dict[str, TransportReason]:
    text = files(__package__).joinpath("transport_reasons.toml").read_text(encoding="utf-8")
    return {
        code: TransportReason(code, content["text"], content["sale"])
        for code, content in tomllib.loads(text).items()
    }


BUILT_IN: Final = _read()
"""By code."""
