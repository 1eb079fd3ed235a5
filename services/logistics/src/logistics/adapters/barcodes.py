"""Bar codes and QR codes as pictures (SVG): Code 128, and GS1-128 for the numbers of packages."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import accumulate
from typing import Final

import segno

# Widths of bars and spaces by value (ISO/IEC 15417, table 1). The last but one starts set C, the last stops.
_SIX: Final = (
    "212222222122222221121223121322131222122213122312132212221213221312231212112232122132122231113222"
    "123122123221223211221132221231213212223112312131311222321122321221312212322112322211212123212321"
    "232121111323131123131321112313132113132311211313231113231311112133112331132131113123113321133121"
    "313121211331231131213113213311213131311123311321331121312113312311332111314111221411431111111224"
    "111422121124121421141122141221112214112412122114122411142112142211241211221114413111241112134111"
    "111242121142121241114212124112124211411212421112421211212141214121412121111143111341131141114113"
    "114311411113411311113141114131311141411131211412211214211232"
)
WIDTHS: Final = [*(_SIX[place : place + 6] for place in range(0, len(_SIX), 6)), "2331112"]
_FNC1: Final = 102
_START_C: Final = 105
_STOP: Final = 106
_QUIET: Final = 10
"""The least number of white modules on each side."""


def gs1_128(sscc: str) -> str:
    """Draw the number of a package as GS1-128: application identifier 00 and its 18 digits."""
    return _bars(code_values(f"00{sscc}"))


def code_values(digits: str) -> list[int]:
    """Return the values of GS1-128 in set C, two digits each: start, FNC1, data, checksum modulo 103,
    stop."""
    data = [_FNC1, *(int(digits[place : place + 2]) for place in range(0, len(digits), 2))]
    checksum = (_START_C + sum(place * value for place, value in enumerate(data, 1))) % 103
    return [_START_C, *data, checksum, _STOP]


def qr(text: str) -> str:
    """Draw a QR code that a telephone reads at a glance. Up to 15 % of it may be damaged."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(picture, kind="svg", xmldecl=False, border=2)
    return picture.getvalue().decode()


def _bars(values: Iterable[int]) -> str:
    widths = [int(width) for value in values for width in WIDTHS[value]]
    ends = list(accumulate(widths, initial=_QUIET))
    bars = "".join(
        f"M{start} 0h{width}v50h-{width}z" for start, width in zip(ends[::2], widths[::2], strict=True)
    )
    whole = ends[-1] + _QUIET
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} 50"><path d="{bars}"/></svg>'
