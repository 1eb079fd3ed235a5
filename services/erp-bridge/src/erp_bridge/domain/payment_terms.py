"""Payment terms as Italian ERPs write them: "RB 30/60/90 gg FM+10".

Grammar: `<mode> [n[/n…] gg <DF|FM>[+k]]`. The mode names how one pays; n are days after the invoice (DF)
or, with FM, after the end of the month of the invoice; k is the day of the month after that. Thirty days
"fine mese" are one month. A mode alone means at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from optima_kit.refusals import Invalid

METHOD_OF_MODE: Final = {
    "RB": "MP12",
    "RIBA": "MP12",
    "BB": "MP05",
    "BO": "MP05",
    "RD": "MP01",
    "SDD": "MP19",
}
"""FatturaPA payment method that a mode stands for."""

MOST_INSTALMENTS: Final = 24

_TERMS = re.compile(
    r"(?P<mode>[A-Z]+)"
    r"(?: (?P<days>\d{1,3}(?:/\d{1,3})*) ?GG ?(?P<start>DF|FM)(?: ?\+ ?(?P<day>\d{1,2}))?)?"
)


@dataclass(frozen=True, slots=True)
class Instalment:
    share: Decimal
    """Percent of the amount, two decimals; the shares of all instalments make 100."""
    months: int
    days: int
    start: Literal["invoice", "month_end"]
    day: int | None
    """Day of the month on which it falls due; 31 is the month's last. None: counted from the start."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    text: str
    """As normalised: "RB 60 gg FM"."""
    mode: str
    method: str
    instalments: tuple[Instalment, ...]


def parse_payment_terms(text: str) -> PaymentTerms:
    """Raises Invalid, field `payment_terms`, for what the grammar does not know."""
    found = _TERMS.fullmatch(" ".join(text.upper().split()))
    if found is None or found["mode"] not in METHOD_OF_MODE:
        raise Invalid("payment_terms_unreadable", field="payment_terms", text=text[:80])
    days = [int(each) for each in found["days"].split("/")] if found["days"] else [0]
    if len(days) > MOST_INSTALMENTS or days != sorted(set(days)):
        raise Invalid("payment_terms_unreadable", field="payment_terms", text=text[:80])
    extra = int(found["day"]) if found["day"] else None
    if extra is not None and not 1 <= extra <= 31:
        raise Invalid("payment_terms_unreadable", field="payment_terms", text=text[:80])
    start = found["start"] or "DF"
    shares = _equal_shares(len(days))
    instalments = tuple(_instalment(n, start, extra, share) for n, share in zip(days, shares, strict=True))
    mode = found["mode"]
    return PaymentTerms(_normalised(found), mode, METHOD_OF_MODE[mode], instalments)


def _instalment(n: int, start: str, extra: int | None, share: Decimal) -> Instalment:
    if start == "DF":
        return Instalment(share, months=0, days=n, start="invoice", day=extra)
    months, days = (n // 30, 0) if n % 30 == 0 else (0, n)
    return Instalment(share, months=months, days=days, start="month_end", day=extra or 31)


def _equal_shares(count: int) -> list[Decimal]:
    """Percentages that make exactly 100; the last takes the remaining cents."""
    share = (Decimal(100) / count).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    return [share] * (count - 1) + [Decimal(100) - share * (count - 1)]


def _normalised(found: re.Match[str]) -> str:
    if not found["days"]:
        return found["mode"]
    extra = f"+{int(found['day'])}" if found["day"] else ""
    days = "/".join(str(int(each)) for each in found["days"].split("/"))
    return f"{found['mode']} {days} gg {found['start']}{extra}"
