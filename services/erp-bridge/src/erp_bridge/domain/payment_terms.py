"""Payment terms as Italian firms write them: "RB 30/60/90 gg FM+10", "Ricevuta bancaria 60 giorni fine mese".

Grammar: `[mode] [n[/n…] gg|mesi [DF|FM][+k]]`, each part in the words and abbreviations that are in use; the
mode may also come last ("60 gg FM bonifico"). The mode is the method of payment, as FatturaPA's code is
("MP12"). n counts days after the invoice (DF, which is the default) or, with FM, after the end of the
invoice's month; k is a day of the following month. Thirty days "fine mese" are one month. A mode alone means
immediate payment.
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
    "AC": "MP03",
    "PC": "MP06",
    "CC": "MP08",
    "RID": "MP09",
    "MAV": "MP13",
    "CCP": "MP18",
    "SDD": "MP19",
    "COMP": "MP22",
    "PAGOPA": "MP23",
    "": None,
}
"""FatturaPA's payment method by mode. Terms without a mode state when to pay, but not how."""

_MODE_OF_METHOD: Final = {
    "MP01": "RD",
    "MP02": "AS",
    "MP03": "AC",
    "MP05": "BB",
    "MP06": "PC",
    "MP08": "CC",
    "MP09": "RID",
    "MP12": "RIBA",
    "MP13": "MAV",
    "MP18": "CCP",
    "MP19": "SDD",
    "MP20": "SDD",
    "MP21": "SDD",
    "MP22": "COMP",
    "MP23": "PAGOPA",
}

MOST_INSTALMENTS: Final = 24
LONGEST: Final = 200
"""How many characters of a text are examined; a longer text is refused."""

_DIRECT: Final = r"(?:RD|RIM(?:ESSA)? DIR(?:ETTA)?)"
_MODES: Final = (
    ("RIBA", r"R ?I ?-?B ?A|RIC(?:EV(?:UT[AE])?)? ?BANC(?:ARI[AE])?"),
    ("RB", r"R/?B"),
    ("CCP", r"CCP|(?:VERSAMENTO )?(?:BOLL(?:ETTINO)? )?(?:DI |SU )?(?:(?:C/C|CONTO CORRENTE) )?POSTALE"),
    (
        "BB",
        rf"B/?B|(?:{_DIRECT}(?: (?:CON|A MEZZO|MEZZO|TRAMITE))? )?BON(?:IF(?:ICO)?)?(?: BANC?(?:ARIO)?)?"
        r"(?: (?:SEPA|ISTANTANEO|ESTERO|EUROPEO))?(?: (?:SU )?(?:NS|NOSTRA|VS|VOSTRA) BANCA)?"
        r"(?: ANTICIPATO)?|ANTICIPATO|VERSAMENTO|(?:BANK |WIRE )TRANSFER(?: IN ADVANCE)?|IN ADVANCE",
    ),
    ("BO", r"BO"),
    ("RD", rf"{_DIRECT}|CONTRASSEGNO(?: CONTANTI)?|CONTANT[EI]|CASH|(?:PRONTA )?CASSA"),
    ("AC", r"AC|A/C|ASS(?:EGNO)? CIRC(?:OLARE)?"),
    ("AS", r"AS|A/B|(?:CONTRASSEGNO (?:CON )?)?ASS(?:EGNO)?(?: BANC(?:ARIO)?)?(?: NON TRASFERIBILE)?"),
    ("PC", r"PC|CAMBIALE|TRATTA|PAGHERO(?: CAMBIARIO)?|VAGLIA CAMBIARIO"),
    ("CC", r"CC|(?:CARTA(?: DI CREDITO)?(?:/PAYPAL)?|PAYPAL)(?: ANTICIPATO)?|BANCOMAT|POS"),
    ("RID", r"(?:ADDEBITO )?RID(?: BANC(?:ARIO)?)?"),
    ("MAV", r"(?:BOLL(?:ETTINO)? )?M ?AV"),
    (
        "SDD",
        r"(?:RID[ /-])?(?:SEPA )?(?:(?:CORE|B2B) )?(?:SDD|DD|DIRECT DEBIT)(?: (?:CORE|B2B))?"
        r"|SEPA(?: (?:CORE|B2B))?"
        r"|ADDEBITO(?: DIRETTO)?(?: SEPA)?(?: (?:IN|SU) (?:C/C|CONTO(?: CORRENTE)?))?",
    ),
    ("COMP", r"COMP(?:ENSAZIONE)?"),
    ("PAGOPA", r"PAGO ?PA"),
)
_AT_ONCE: Final = (
    r"(?:A )?VISTA(?: (?:FATTURA|FATT|FT))?|VF|RF|IMMEDIATO|ALL ORDINE|(?:A |(?:AD )?AVVISO )?MERCE PRONTA"
    r"|(?:A |AL )?RIC(?:EVIMENTO)? (?:DELLA )?(?:FATTURA|FATT|FT|MERCE)"
    r"|(?:A |ALLA )?CONSEGNA(?: (?:DELLA )?MERCE)?"
)
_OF_INVOICE: Final = (
    r"DF|D ?F|(?:DAL |DALLA |DELLA )?(?:DATA )?(?:RICEVIMENTO |EMISSIONE |DELLA |DI )*"
    r"(?:FATTURA(?:ZIONE)?|FATT|FT|DOCUMENTO|DOC)|RF"
)
_MONTH_END: Final = r"F ?M|FINE MESE|F ?MESE"
_START: Final = (
    rf"DFFM|FMDF|(?:{_OF_INVOICE}) ?(?:{_MONTH_END})|(?:{_MONTH_END}) ?(?:{_OF_INVOICE})"
    rf"|{_MONTH_END}|{_OF_INVOICE}"
)
_NEXT_MONTH: Final = r"(?:DEL )?(?:MESE|M) ?(?:SUCCESSIVO|SUCC|S)|DEL MESE"
_DAY: Final = (
    r"(?: ?(?:(?:\+|(?:(?:ENTRO|SCAD(?:ENZA)?) )?(?:AL|IL)(?: GIORNO)?|GIORNO"
    # "FM SCAD. 10" names a day of the month, but "FM SCAD. 30 GG" a number of days.
    r"|SCAD(?:ENZA)?(?! ?\d+ ?(?:GG|GIORNI)))"
    r" ?(?P<day>\d{1,2})(?: ?(?:GG|GIORNI))?"
    rf"(?: ?(?:{_NEXT_MONTH}))?"
    rf"|(?P<day_of_next>\d{{1,2}}) ?(?:(?:GG|GIORNI) )?(?:{_NEXT_MONTH})))?"
)
_DAYS: Final = (
    r"(?:A |ENTRO )?(?P<days>\d{1,3}(?:[/,;-]\d{1,3}| \d{2,3})*) ?(?:(?P<months>MES[EI])|GG|GIORNI|G)?"
    rf"(?: ?(?P<start>{_START}))?"
)
_MODE: Final = "|".join(f"(?P<{mode}>{words})" for mode, words in _MODES)
_TERMS: Final = re.compile(
    r"(?:(?:PAG(?:AMENTO)?|PAYMENT) )?(?:IN |CON |TRAMITE |A MEZZO )?(?:"
    + _MODE
    + rf")? ?(?:(?:{_DAYS}|(?P<month_end>{_MONTH_END})){_DAY}|(?P<at_once>{_AT_ONCE}|{_OF_INVOICE}))?"
)
_MODE_BEHIND: Final = re.compile(rf"(?P<terms>.+?) (?:(?:IN|CON|TRAMITE|A MEZZO|MEZZO) )?(?P<mode>{_MODE})")
_SAYS_NOTHING: Final = re.compile(
    r"^NET\b|\bNET$|\b(?:SALVO BUON FINE|SBF|NETT[OI]|TP0[123]|POSTICIPATO(?=.*\d))\b|\b100 ?%"
    r"|(?:\b(?:CON|SENZA|PIU) |\+ ?)?\bSPESE(?: (?:DI )?INCASSO)?\b"
    r"|\b(?:IBAN )?IT\d\d[A-Z]\d{10}[0-9A-Z]{12}\b"
)
_METHOD: Final = re.compile(r"\bMP(\d\d)\b")
_COUNT: Final = re.compile(r"\b(\d{1,2}) RAT[AE](?: A)?\b")
_DAYS_WORD: Final = r"(?:GG|GIORNI)"
_OF_STRANGERS: Final = (
    (re.compile(r"\bDAYS\b"), "GG"),
    (re.compile(r"\b(?:EOM|END OF (?:THE )?MONTH)\b"), "FM"),
    (re.compile(r"\b(?:FROM |OF )?(?:THE )?INVOICE(?: DATE)?\b|\bDATE OF INVOICE\b"), "DF"),
)
"""English words and their Italian abbreviations: terms of foreign customers are often written in English."""
_NUMBERS: Final = {
    "DIECI": "10",
    "QUINDICI": "15",
    "TRENTA": "30",
    "QUARANTACINQUE": "45",
    "SESSANTA": "60",
    "SETTANTACINQUE": "75",
    "NOVANTA": "90",
    "CENTOVENTI": "120",
    "CENTOCINQUANTA": "150",
    "CENTOTTANTA": "180",
}
_REWRITTEN: Final = (
    # "30 - 60 - 90 GG"
    (re.compile(r"(?<=\d) ?- ?(?=\d{2,3}\b)"), "/"),
    # "60 GG D.F./F.M."
    (re.compile(r"\bD ?F ?[/-] ?F ?M\b"), "DFFM"),
    # "30 E 60 GG", "30+60 GG"
    (re.compile(r"(?<=\d)(?: E |\+)(?=\d{2,3}\b)"), "/"),
    # "30GG/60GG FM", "30 GG E 60 GG"
    (re.compile(rf"(?<=\d) ?{_DAYS_WORD} ?(?:[/,;-]|E )(?=\d{{1,3}} ?{_DAYS_WORD})"), "/"),
    # "30 GG FM/60 GG FM"
    (
        re.compile(
            rf"(?<=\d) ?{_DAYS_WORD} ?(?P<start>{_START}) ?(?:[/,;-]|E )"
            rf"(?=\d{{1,3}} ?{_DAYS_WORD} ?(?P=start)\b)"
        ),
        "/",
    ),
    # "GG 60 FM", "+GG 10"
    (
        re.compile(rf"(?<!\d)(?<!\d )\b{_DAYS_WORD} ?(\d{{1,3}}(?:[/,;-]\d{{1,3}})*)(?! ?{_DAYS_WORD})"),
        r"\1 GG",
    ),
    # "FM 10", "FM 10 GG"
    (re.compile(rf"\b((?:{_MONTH_END})(?: ?(?:{_OF_INVOICE}))?) (\d{{1,2}})(?: ?{_DAYS_WORD})?$"), r"\1+\2"),
)
"""Other ways of writing terms, each rewritten in the form that the grammar knows."""


@dataclass(frozen=True, slots=True)
class Instalment:
    share: Decimal
    """Percent of the amount, with two decimals; the shares of all instalments add up to 100."""
    months: int
    days: int
    start: Literal["invoice", "month_end"]
    day: int | None
    """Day of the month on which the instalment is due; 31 is the month's last day. None if it is due `months`
    and `days` after the start."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    text: str
    """The terms in their normal form: "RB 60 gg FM"."""
    mode: str
    method: str | None
    """FatturaPA's payment method. None if the terms state when to pay, but not how."""
    instalments: tuple[Instalment, ...]


@lru_cache(maxsize=1024)  # a hundred thousand customers pay in a few dozen ways
def parse_payment_terms(text: str) -> PaymentTerms:
    """Read payment terms. Raises Invalid with field `payment_terms` if they don't fit the grammar."""
    plain, count = _plain(text[: LONGEST + 1])
    method = _METHOD.search(plain)
    plain = " ".join(_METHOD.sub(" ", plain).split())
    found = _TERMS.fullmatch(plain)
    if found is None and (behind := _MODE_BEHIND.fullmatch(plain)) is not None:
        terms = re.sub("^PAG(?:AMENTO)? ", "", behind["terms"])
        found = _TERMS.fullmatch(f"{behind['mode']} {terms}")
    if found is None or not (plain or method) or len(text) > LONGEST:
        raise _unreadable(text)
    days = [int(each) for each in re.split(r"\D", found["days"])] if found["days"] else [0]
    months, month_end = bool(found["months"]), found["month_end"] or found["start"] or ""
    if len(days) > MOST_INSTALMENTS or days != sorted(set(days)) or count not in (None, len(days)):
        raise _unreadable(text)
    told_day = found["day"] or found["day_of_next"]
    extra = int(told_day) if told_day else None
    if extra is not None and not 1 <= extra <= 31:
        raise _unreadable(text)
    start = "FM" if re.search("F ?M", month_end) or "MESE" in month_end else "DF"
    if months and start == "FM":
        # With "fine mese", a month counts as thirty days; `_instalment` turns those into months again.
        days, months = [30 * each for each in days], False
    shares = _equal_shares(len(days))
    instalments = tuple(
        _instalment(n, start, extra, share, months=months) for n, share in zip(days, shares, strict=True)
    )
    mode = next((mode for mode, _ in _MODES if found[mode]), "")
    if method is not None:
        told = _MODE_OF_METHOD.get(method[0])
        if told is None or (mode and METHOD_OF_MODE[mode] != METHOD_OF_MODE[told]):
            raise _unreadable(text)
        mode = mode or told
    when = days if found["days"] or found["month_end"] else None
    text = _normalised(mode, when, start, extra, unit="mesi" if months else "gg")
    return PaymentTerms(text, mode, method[0] if method else METHOD_OF_MODE[mode], instalments)


def _unreadable(text: str) -> Invalid:
    return Invalid("payment_terms_unreadable", field="payment_terms", text=text[:80])


def _plain(text: str) -> tuple[str, int | None]:
    """Return the text in capitals without accents, dots and stray spaces ("Ri.Ba. 60 gg. f.m." → "RIBA 60 GG
    FM"), and the number of instalments if the text states it."""
    decomposed = unicodedata.normalize("NFKD", text.upper())
    bare = "".join(each for each in decomposed if not unicodedata.combining(each))
    # A dot between two letters joins an abbreviation, any other ends one.
    joined = re.sub(r"(?<=\b[A-Z])\.(?=[A-Z]\b)|(?<=RI)\.(?=BA)", "", bare)
    spaced = re.sub(r"[.':_()]| - (?![\d])", " ", joined).replace("\\", "/")
    told = " ".join(_SAYS_NOTHING.sub(" ", spaced).split())
    told = " ".join(_NUMBERS.get(word, word) for word in told.split())
    told = re.sub(r" ?([/+,;]) ?", r"\1", told)
    count = _COUNT.search(told)
    told = " ".join(_COUNT.sub(" ", told).split())
    for pattern, written in (*_OF_STRANGERS, *_REWRITTEN):
        told = pattern.sub(written, told)
    return told, int(count[1]) if count else None


def _instalment(n: int, start: str, extra: int | None, share: Decimal, *, months: bool) -> Instalment:
    if start == "DF" and months:
        return Instalment(share, months=n, days=0, start="invoice", day=extra)
    if start == "DF":
        return Instalment(share, months=0, days=n, start="invoice", day=extra)
    whole, days = (n // 30, 0) if n % 30 == 0 else (0, n)
    return Instalment(share, months=whole, days=days, start="month_end", day=extra or 31)


def _equal_shares(count: int) -> list[Decimal]:
    """Return equal percentages that add up to exactly 100; the last one takes the rounding difference."""
    share = (Decimal(100) / count).quantize(Decimal("0.01"), rounding="ROUND_DOWN")
    return [share] * (count - 1) + [Decimal(100) - share * (count - 1)]


def _normalised(mode: str, days: list[int] | None, start: str, extra: int | None, *, unit: str) -> str:
    if days is None:
        return mode or "0 gg DF"
    told = f"{'/'.join(map(str, days))} {unit} {start}" + (f"+{extra}" if extra else "")
    return f"{mode} {told}".strip()
