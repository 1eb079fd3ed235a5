"""The document types that come with the product, read from document_types.toml."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Final

from ..domain.document_types import DocumentType


def _read() -> dict[str, DocumentType]:
    text = files(__package__).joinpath("document_types.toml").read_text(encoding="utf-8")
    return {code: DocumentType(code, **content) for code, content in tomllib.loads(text).items()}


BUILT_IN: Final = _read()
"""These document types by code."""
