"""Payment terms as Italian ERPs write them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_bridge.domain.payment_terms import Instalment, parse_payment_terms
from optima_kit.refusals import Invalid


def test_thirty_days_end_of_month_are_one_month() -> None:
    terms = parse_payment_terms("RB 60 gg FM")
    assert (terms.mode, terms.method) == ("RB", "MP12")
    assert terms.instalments == (Instalment(Decimal("100.00"), 2, 0, "month_end", 31),)


def test_several_instalments_share_the_whole() -> None:
    terms = parse_payment_terms("riba  30/60/90 gg df")
    assert [each.days for each in terms.instalments] == [30, 60, 90]
    assert [each.share for each in terms.instalments] == [
        Decimal("33.33"),
        Decimal("33.33"),
        Decimal("33.34"),
    ]
    assert {each.start for each in terms.instalments} == {"invoice"}
    assert terms.text == "RIBA 30/60/90 gg DF"


def test_a_day_of_the_following_month() -> None:
    (instalment,) = parse_payment_terms("BB 30 gg FM+10").instalments
    assert (instalment.months, instalment.start, instalment.day) == (1, "month_end", 10)


def test_days_that_make_no_months_stay_days() -> None:
    (instalment,) = parse_payment_terms("BO 45 gg FM").instalments
    assert (instalment.months, instalment.days) == (0, 45)


@pytest.mark.parametrize(
    ("text", "method"), [("RD", "MP01"), ("SDD 30gg DF", "MP19"), ("BO 0 gg DF", "MP05")]
)
def test_modes_stand_for_methods(text: str, method: str) -> None:
    assert parse_payment_terms(text).method == method


@pytest.mark.parametrize(
    ("text", "normal", "method"),
    [
        ("Ri.Ba. 60 gg. f.m.", "RIBA 60 gg FM", "MP12"),
        ("R.B. 30/60/90 gg D.F.", "RB 30/60/90 gg DF", "MP12"),
        ("RIBA 30-60-90 GG FM", "RIBA 30/60/90 gg FM", "MP12"),
        ("RB 30 GG DFFM SCAD. 10", "RB 30 gg FM+10", "MP12"),
        ("30 gg DF scad. 10", "30 gg DF+10", None),
        ("RiBa 60 gg FM scadenza il 15", "RIBA 60 gg FM+15", "MP12"),
        ("SEPA B2B 30 gg", "SDD 30 gg DF", "MP19"),
        ("Bank transfer 30 days EOM", "BB 30 gg FM", "MP05"),
        ("Net 60 days from invoice date", "60 gg DF", None),
        ("Payment in advance", "BB", "MP05"),
        ("Ricevuta bancaria 60 giorni fine mese", "RIBA 60 gg FM", "MP12"),
        ("RB 60 FM", "RB 60 gg FM", "MP12"),
        ("RB 30 gg", "RB 30 gg DF", "MP12"),
        ("RIBA 60 GG DFFM", "RIBA 60 gg FM", "MP12"),
        ("RIBA 60 gg data fattura fine mese", "RIBA 60 gg FM", "MP12"),
        ("Ri.Ba 30 gg fine mese + 10", "RIBA 30 gg FM+10", "MP12"),
        ("RIBA 60 GG FM AL 10", "RIBA 60 gg FM+10", "MP12"),
        ("Bonifico bancario 30 gg data fattura", "BB 30 gg DF", "MP05"),
        ("Bonifico 60 gg f.m.", "BB 60 gg FM", "MP05"),
        ("BON. 30 GG", "BB 30 gg DF", "MP05"),
        ("Bonifico bancario anticipato", "BB", "MP05"),
        ("Anticipato", "BB", "MP05"),
        ("Bonifico a 90 giorni dalla data fattura", "BB 90 gg DF", "MP05"),
        ("Rimessa diretta 30 gg DF", "RD 30 gg DF", "MP01"),
        ("Rim. dir. vista fattura", "RD", "MP01"),
        ("Contanti alla consegna", "RD", "MP01"),
        ("Contrassegno", "RD", "MP01"),
        ("Assegno bancario 30gg", "AS 30 gg DF", "MP02"),
        ("Carta di credito", "CC", "MP08"),
        ("RID 30 gg FM", "RID 30 gg FM", "MP09"),
        ("SEPA DD 30 gg DF", "SDD 30 gg DF", "MP19"),
        ("Addebito diretto SEPA 60 gg fine mese", "SDD 60 gg FM", "MP19"),
        ("60 gg FM", "60 gg FM", None),
        ("30/60 giorni data fattura", "30/60 gg DF", None),
        ("A vista", "0 gg DF", None),
        ("RIBA 30, 60, 90 GG FM", "RIBA 30/60/90 gg FM", "MP12"),
        ("RIBA 30 60 90 GG FM", "RIBA 30/60/90 gg FM", "MP12"),
        ("RB 90 GG FM 10 MESE SUCCESSIVO", "RB 90 gg FM+10", "MP12"),
        ("RB 60 GG FM AL 15 DEL MESE SUCCESSIVO", "RB 60 gg FM+15", "MP12"),
        ("RIBA 30/60 GG FM 10 M.S.", "RIBA 30/60 gg FM+10", "MP12"),
        ("Riba 30gg fm + 5gg", "RIBA 30 gg FM+5", "MP12"),
        ("RIBA 30 GG FM SALVO BUON FINE", "RIBA 30 gg FM", "MP12"),
        ("RIBA SBF 30 GG FM", "RIBA 30 gg FM", "MP12"),
        ("Ric. Banc. 30 gg FM", "RIBA 30 gg FM", "MP12"),
        ("Ri.ba. 30gg. data fatt. f.m.", "RIBA 30 gg FM", "MP12"),
        ("R/B 30 GG FM", "RB 30 gg FM", "MP12"),
        ("RB60FM", "RB 60 gg FM", "MP12"),
        ("Bonifico 30 gg fine mese data fattura", "BB 30 gg FM", "MP05"),
        ("BONIFICO BANCARIO A 60 GG DALLA DATA DELLA FATTURA", "BB 60 gg DF", "MP05"),
        ("Bonifico 30 giorni data ricevimento fattura", "BB 30 gg DF", "MP05"),
        ("Bonifico a ricevimento fattura", "BB", "MP05"),
        ("Bonifico bancario anticipato 100%", "BB", "MP05"),
        ("Bon. Banc. 60 gg fm", "BB 60 gg FM", "MP05"),
        ("Pag. anticipato", "BB", "MP05"),
        ("Pagamento: bonifico 30 gg", "BB 30 gg DF", "MP05"),
        ("Pagamento in contanti", "RD", "MP01"),
        ("Contante alla consegna", "RD", "MP01"),
        ("Assegno circolare", "AC", "MP03"),
        ("A/B 30 GG", "AS 30 gg DF", "MP02"),
        ("Cambiale 60 gg", "PC 60 gg DF", "MP06"),
        ("PayPal", "CC", "MP08"),
        ("Bancomat", "CC", "MP08"),
        ("RID bancario 30 gg", "RID 30 gg DF", "MP09"),
        ("Bollettino postale", "CCP", "MP18"),
        ("C/C postale", "CCP", "MP18"),
        ("SEPA SDD B2B 60 GG FM", "SDD 60 gg FM", "MP19"),
        ("SEPA DIRECT DEBIT CORE 30 GG", "SDD 30 gg DF", "MP19"),
        ("Addebito in c/c 30 gg", "SDD 30 gg DF", "MP19"),
        ("Compensazione", "COMP", "MP22"),
        ("PagoPA", "PAGOPA", "MP23"),
        ("Pagamento a 30 giorni data fattura", "30 gg DF", None),
        ("Entro 30 gg dalla fattura", "30 gg DF", None),
        ("A 30 gg dalla data della fattura", "30 gg DF", None),
        ("3 mesi FM", "90 gg FM", None),
        ("2 mesi data fattura", "2 mesi DF", None),
        ("Fine mese", "0 gg FM", None),
        ("A ricevimento fattura", "0 gg DF", None),
        ("Consegna merce", "0 gg DF", None),
        ("Avviso merce pronta", "0 gg DF", None),
        ("RIBA 60 GG F.M. AL GIORNO 10", "RIBA 60 gg FM+10", "MP12"),
        ("RIBA 30+60 GG", "RIBA 30/60 gg DF", "MP12"),
        ("RIBA 30 E 60 E 90 GG FM", "RIBA 30/60/90 gg FM", "MP12"),
        ("RIBA 3 rate 30/60/90 gg fm", "RIBA 30/60/90 gg FM", "MP12"),
        ("Bonifico SEPA", "BB", "MP05"),
        ("Bonifico 30 gg dal ricevimento della fattura", "BB 30 gg DF", "MP05"),
        ("Anticipato bonifico", "BB", "MP05"),
        ("In contanti", "RD", "MP01"),
        ("Contrassegno contanti", "RD", "MP01"),
        ("M.AV. 30 GG", "MAV 30 gg DF", "MP13"),
        ("Bollettino MAV", "MAV", "MP13"),
        ("30 giorni dalla data di fatturazione", "30 gg DF", None),
        ("30 gg netto", "30 gg DF", None),
        ("FM 10", "0 gg FM+10", None),
        ("30 gg. data fatt. fine mese + gg. 10", "30 gg FM+10", None),
        ("60 gg fm entro il 10 del mese successivo", "60 gg FM+10", None),
        ("Al ricevimento della fattura", "0 gg DF", None),
        ("D.F.", "0 gg DF", None),
        ("RiBa 60 gg. fine mese 10 gg.", "RIBA 60 gg FM+10", "MP12"),
        ("MP12 60 gg FM", "RIBA 60 gg FM", "MP12"),
        ("MP05", "BB", "MP05"),
        ("BONIFICO (MP05) 30 GG FM", "BB 30 gg FM", "MP05"),
        ("60 giorni fine mese - bonifico bancario", "BB 60 gg FM", "MP05"),
        ("30 gg df riba", "RIBA 30 gg DF", "MP12"),
        ("30/60 gg fm RI.BA.", "RIBA 30/60 gg FM", "MP12"),
        ("GG. 60 D.F.", "60 gg DF", None),
        ("RIBA gg. 30/60 f.m.", "RIBA 30/60 gg FM", "MP12"),
        ("RIBA a trenta giorni fine mese", "RIBA 30 gg FM", "MP12"),
        ("RIBA 30\\60\\90 GG", "RIBA 30/60/90 gg DF", "MP12"),
        ("RIBA 30gg/60gg/90gg fm", "RIBA 30/60/90 gg FM", "MP12"),
        ("30gg fm / 60gg fm", "30/60 gg FM", None),
        ("30 gg e 60 gg df", "30/60 gg DF", None),
        ("BONIFICO DATA FATTURA", "BB", "MP05"),
        ("Bonifico bancario posticipato 30 gg", "BB 30 gg DF", "MP05"),
        ("Versamento su c/c postale", "CCP", "MP18"),
        ("ADDEBITO RID", "RID", "MP09"),
        ("MP20 30 gg", "SDD 30 gg DF", "MP20"),
        ("R.D. VISTA FATT.", "RD", "MP01"),
        ("RIM.DIR. RIC.FATT.", "RD", "MP01"),
        ("BB RIC. FATT.", "BB", "MP05"),
        ("BB VISTA", "BB", "MP05"),
        ("BB 30 GG R.F.", "BB 30 gg DF", "MP05"),
        ("BONIFICO VISTA FT", "BB", "MP05"),
        ("Bonifico a merce pronta", "BB", "MP05"),
        ("MERCE PRONTA", "0 gg DF", None),
        ("pagamento anticipato con bonifico", "BB", "MP05"),
        ("BONIFICO 30 GG DATA DOCUMENTO", "BB 30 gg DF", "MP05"),
        ("RIBA 30 gg data documento fine mese", "RIBA 30 gg FM", "MP12"),
        ("RICEV.BANCARIA 60 GG FM", "RIBA 60 gg FM", "MP12"),
        ("RICEV. BANC. 30 GG", "RIBA 30 gg DF", "MP12"),
        ("RI-BA 30 GG", "RIBA 30 gg DF", "MP12"),
        ("RICEVUTA BANCARIA 30 - 60 - 90 GG. FINE MESE", "RIBA 30/60/90 gg FM", "MP12"),
        ("60 GG D.F./F.M.", "60 gg FM", None),
        ("60 GG DF-FM", "60 gg FM", None),
        ("RIBA 60 GG F.M. 10 GG MESE SUCC.", "RIBA 60 gg FM+10", "MP12"),
        ("RIBA 30 GG. DATA FATTURA F.M. CON SPESE", "RIBA 30 gg FM", "MP12"),
        ("RIBA 60 GG FM - SPESE INCASSO", "RIBA 60 gg FM", "MP12"),
        ("RIBA 1 RATA 30 GG", "RIBA 30 gg DF", "MP12"),
        ("1 rata a 30 gg", "30 gg DF", None),
        ("BON.BAN. 30GG", "BB 30 gg DF", "MP05"),
        ("BONIFICO ESTERO 30 GG", "BB 30 gg DF", "MP05"),
        ("bonifico ns. banca 30 gg fm", "BB 30 gg FM", "MP05"),
        ("Bonifico (IBAN IT60X0542811101000000123456) 30 gg", "BB 30 gg DF", "MP05"),
        ("Rimessa diretta a mezzo bonifico 30 gg FM", "BB 30 gg FM", "MP05"),
        ("RD BONIFICO 60 GG FM", "BB 60 gg FM", "MP05"),
        ("CONTRASSEGNO CON ASSEGNO", "AS", "MP02"),
        ("Assegno non trasferibile", "AS", "MP02"),
        ("Carta di credito/Paypal", "CC", "MP08"),
        ("PayPal anticipato", "CC", "MP08"),
        ("CASH", "RD", "MP01"),
        ("RID SDD 30 gg", "SDD 30 gg DF", "MP19"),
        ("TP02 MP05 30 gg DF", "BB 30 gg DF", "MP05"),
    ],
)
def test_terms_are_read_as_people_write_them(text: str, normal: str, method: str | None) -> None:
    terms = parse_payment_terms(text)
    assert (terms.text, terms.method) == (normal, method)
    assert parse_payment_terms(terms.text).instalments == terms.instalments


@pytest.mark.parametrize(
    "text",
    [
        "",
        "XX 60 gg FM",
        "RB 60/30 gg FM",
        "RB 30/30 gg DF",
        "RB 30 gg FM+0",
        "RB 30 gg FM+32",
        "RB -30 gg DF",
        "RB 30 gg sabato",
        "RB FM scad. 30 gg",
        "RB 60 gg FM scadenza 10 giorni",
        "a babbo morto",
        "come da accordi",
        "50% all'ordine, saldo alla consegna",
        "Acconto 30% saldo 60 gg",
        "2/10 net 30",
        "pagato",
        "RIBA 2 rate 30/60/90 gg",
        "RIBA MP05 30 gg",
        "MP04",
        "Bonifico posticipato",
        "netto",
        "RIBA 60 gg FM escluso agosto",
        "30 gg sconto 2%",
        "30 giorni dalla consegna",
        "BONIFICO A 30 GG RICEVIMENTO MERCE",
        "EFFETTO 60 GG",
        "GIROCONTO",
        "già pagato",
        "spese",
        "RB 30/60 gg FM " + "x" * 200,
    ],
)
def test_what_the_grammar_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_payment_terms(text)
    assert (refusal.value.code, refusal.value.field) == ("payment_terms_unreadable", "payment_terms")


@given(
    mode=st.sampled_from(["RB", "RIBA", "BB", "BO", "RD", "SDD"]),
    days=st.lists(st.integers(0, 365), min_size=1, max_size=6, unique=True).map(sorted),
    start=st.sampled_from(["DF", "FM"]),
    extra=st.none() | st.integers(1, 31),
)
def test_shares_make_a_hundred_and_the_text_reads_back(
    mode: str, days: list[int], start: str, extra: int | None
) -> None:
    text = f"{mode} {'/'.join(map(str, days))} gg {start}" + (f"+{extra}" if extra else "")
    terms = parse_payment_terms(text)
    assert sum(each.share for each in terms.instalments) == 100
    assert terms.text == text
    assert parse_payment_terms(terms.text) == terms
