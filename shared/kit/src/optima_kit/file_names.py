"""Checks names and contents of uploaded files, which other people see and save on any system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 120
_NAMELESS: Final = "file"
_NOT_IN_NAMES: Final = re.compile(r'["<>|:*?]')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""The names that Windows takes for a device, with any ending."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""The Unicode categories of invisible characters: controls, marks that change the direction of writing, and
characters that no font has."""
_ENDINGS: Final = {
    "application/pdf": (".pdf",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "text/csv": (".csv",),
}
"""The endings of the media types that people upload or download, the usual one first."""
BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
"""The media types that people may upload as attachments, with the first bytes of a file of each type."""


def clean_file_name(name: str) -> str:
    """Return a file's name without folders, invisible characters and what some systems misinterpret, and not
    longer than LONGEST. Cleaning it again changes nothing."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(each for each in last if unicodedata.category(each) not in _INVISIBLE)
    plain = _NOT_IN_NAMES.sub("_", visible)
    if len(plain) > LONGEST:
        stem, dot, ending = plain.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        plain = plain[: LONGEST - len(kept)] + kept
    # A dot at the beginning hides a file. Windows drops a dot or a space at the end.
    plain = plain.strip(". ")
    if _DEVICES.match(plain):
        plain = f"_{plain}"[:LONGEST].strip(". ")
    return plain or _NAMELESS


def file_name(name: str, media_type: str) -> str:
    """Return the clean name with an ending of the media type, so that no file is opened as another type."""
    clean = clean_file_name(name)
    endings = _ENDINGS.get(media_type)
    if endings is None or clean.lower().endswith(endings):
        return clean
    return clean[: LONGEST - len(endings[0])].strip(". ") + endings[0]


def is_of_type(data: bytes, media_type: str) -> bool:
    """Tell whether the data begins like a file of the media type, so that a renamed program is not taken for
    a PDF."""
    return media_type in BEGINNINGS and data.startswith(BEGINNINGS[media_type])
