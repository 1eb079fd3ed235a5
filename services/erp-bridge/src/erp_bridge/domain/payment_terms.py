"""Payment terms as Italian firms write them: "RB 30/60/90 gg FM+10", "Ricevuta bancaria 60 giorni fine mese".

Grammar: `[mode] [n[/n…] gg [DF|FM][+k]]`, each part in the words and abbreviations that are in use. The
mode names how one pays; n are days after the invoice (DF, also where nothing is said) or, with FM, after the
end of the month of the invoice; k is the day of the month after that. Thirty days "fine mese" are one month.
A mode alone means at once.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from optima_kit.refusals import Invalid

METHOD_OF_MODE: Final[dict[str, str | None]] = {
    "RB": "MP12",
    "RIBA": "MP12",
    "BB": "MP05",
    "BO": "MP05",
    "RD": "MP01",
    "AS": "MP02",
    "CC": "MP08",
    "RID": "MP09",
    "MAV": "MP13",
    "SDD": "MP19",
    "": None,
}
"""FatturaPA payment method that a mode stands for; terms without a mode say when, and not how."""

MOST_INSTALMENTS: Final = 24

_MODES: Final = (
    ("RIBA", r"RI ?\.? ?BA|RICEVUT[AE] BANCARI[AE]"),
    ("RB", r"RB"),
    ("BB", r"BB|BON|BONIF(?:ICO)?(?: BANC(?:ARIO)?)?(?: ANTICIPATO)?|ANTICIPATO|VERSAMENTO"),
    ("BO", r"BO"),
    ("RD", r"RD|RIM(?:ESSA)? DIR(?:ETTA)?|CONTANTI?|CONTRASSEGNO|CASSA"),
    ("AS", r"AS|ASS(?:EGNO)?(?: BANC(?:ARIO)?)?"),
    ("CC", r"CC|CARTA(?: DI CREDITO)?"),
    ("RID", r"RID"),
    ("MAV", r"MAV"),
    ("SDD", r"SDD|SEPA(?: DD| SDD)?|ADDEBITO(?: DIRETTO)?(?: SEPA)?"),
)
_AT_ONCE: Final = r"A VISTA|VISTA FATTURA|VF|ALL ORDINE|ALLA CONSEGNA|IMMEDIATO"
_DAYS: Final = (
    r"(?:A )?(?P<days>\d{1,3}(?:[/,;-]\d{1,3})*) ?(?:GG|GIORNI|G)?"
    r"(?: ?(?P<start>DFFM|DF ?FM|FMDF|FM|FINE MESE|(?:D(?:ALLA )?|DATA )?F(?:ATTURA|T) FINE MESE|F ?MESE"
    r"|DF|D ?F|(?:DALLA )?(?:DATA )?(?:FATTURA|FATT|FT)))?"
    r"(?: ?(?:\+|AL|IL|GIORNO) ?(?P<day>\d{1,2})(?: ?(?:GG|GIORNI|DEL MESE|MS|MESE SUCCESSIVO))?)?"
)
_TERMS: Final = re.compile(
    "(?:" + "|".join(f"(?P<{mode}>{words})" for mode, words in _MODES) + ")?"
    rf" ?(?:{_DAYS}|(?P<at_once>{_AT_ONCE}))?"
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
    method: str | None
    """None: the words say when one pays, and not how."""
    instalments: tuple[Instalment, ...]


@lru_cache(maxsize=1024)  # a hundred thousand customers pay in a few dozen ways
def parse_payment_terms(text: str) -> PaymentTerms:
    """Raises Invalid, field `payment_terms`, for what the grammar does not know."""
    plain = _plain(text)
    found = _TERMS.fullmatch(plain)
    if found is None or not plain:
        raise _unreadable(text)
    days = [int(each) for each in re.split(r"\D", found["days"])] if found["days"] else [0]
    if len(days) > MOST_INSTALMENTS or days != sorted(set(days)):
        raise _unreadable(text)
    extra = int(found["day"]) if found["day"] else None
    if extra is not None and not 1 <= extra <= 31:
        raise _unreadable(text)
    start = "FM" if found["start"] and re.search("FM|MESE", found["start"]) else "DF"
    shares = _equal_shares(len(days))
    instalments = tuple(_instalment(n, start, extra, share) for n, share in zip(days, shares, strict=True))
    mode = next((mode for mode, _ in _MODES if found[mode]), "")
    told = found["days"] is not None
    return PaymentTerms(
        _normalised(mode, days if told else None, start, extra), mode, METHOD_OF_MODE[mode], instalments
    )


def _unreadable(text: str) -> Invalid:
    return Invalid("payment_terms_unreadable", field="payment_terms", text=text[:80])


def _plain(text: str) -> str:
    """Capitals without accents, dots and stray spaces: "Ri.Ba. 60 gg. f.m." → "RIBA 60 GG FM"."""
    decomposed = unicodedata.normalize("NFKD", text.upper())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    # A dot between two letters joins an abbreviation, any other ends one.
    joined = re.sub(r"(?<=\b[A-Z])\.(?=[A-Z]\b)|(?<=RI)\.(?=BA)", "", bare)
    spaced = re.sub(r"[.':_()]", " ", joined)
    return " ".join(re.sub(r" ?([/+]) ?", r"\1", spaced).split())


def _instalment(n: int, start: str, extra: int | None, share: Decimal) -> Instalment:
    if start == "DF":
        return Instalment(share, months=0, days=n, start="invoice", day=extra)
    months, days = (n // 30, 0) if n % 30 == 0 else (0, n)
    return Instalment(share, months=months, days=days, start="month_end", day=extra or 31)


def _equal_shares(count: int) -> list[Decimal]:
    """Percentages that make exactly 100; the last takes the remaining cents."""
    share = (Decimal(100) / count).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    return [share] * (count - 1) + [Decimal(100) - share * (count - 1)]


def _normalised(mode: str, days: list[int] | None, start: str, extra: int | None) -> str:
    if days is None:
        return mode or "0 gg DF"
    told = f"{'/'.join(map(str, days))} gg {start}" + (f"+{extra}" if extra else "")
    return f"{mode} {told}".strip()
