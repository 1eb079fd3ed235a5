"""Files that people upload: shown and saved by others, on whatever system."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 120
_NAMELESS: Final = "file"
_NOT_IN_NAMES: Final = re.compile(r'["<>|:*?]')
_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\.|$)", re.IGNORECASE)
"""What Windows takes for a device, whatever ending follows."""
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of Unicode: controls, marks that turn the direction of writing, what no font has."""
_ENDINGS: Final = {
    "application/pdf": (".pdf",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "text/csv": (".csv",),
}
"""Of the media types that people upload or download, the usual one first."""
BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}
"""The media types that people upload as attachments, and what a file of each begins with."""


def clean_file_name(name: str) -> str:
    """The name without folders, invisible characters and what some system takes for something else, no longer
    than LONGEST. Cleaned again, it stays as it is."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rpartition("/")[2]
    visible = "".join(each for each in last if unicodedata.category(each) not in _INVISIBLE)
    plain = _NOT_IN_NAMES.sub("_", visible)
    if len(plain) > LONGEST:
        stem, dot, ending = plain.rpartition(".")
        kept = f"{dot}{ending}" if stem and len(ending) <= 10 else ""
        plain = plain[: LONGEST - len(kept)] + kept
    # A dot at the beginning hides a file; one at the end, or a space, is lost on Windows.
    plain = plain.strip(". ")
    if _DEVICES.match(plain):
        plain = f"_{plain}"[:LONGEST].strip(". ")
    return plain or _NAMELESS


def file_name(name: str, media_type: str) -> str:
    """The clean name, with an ending of the media type where it has another: nothing is opened as what it is
    not."""
    clean = clean_file_name(name)
    endings = _ENDINGS.get(media_type)
    if endings is None or clean.lower().endswith(endings):
        return clean
    return clean[: LONGEST - len(endings[0])].strip(". ") + endings[0]


def is_of_type(data: bytes, media_type: str) -> bool:
    """Whether the first bytes are those of the media type: a renamed programme is not a PDF."""
    return media_type in BEGINNINGS and data.startswith(BEGINNINGS[media_type])
