"""A comparison's report as a table that people open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from optima_kit.spreadsheets import csv_text
from optima_kit.written import written_month

_COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "kind": {"it": "Che cosa", "en": "What"},
    "remote_id": {"it": "Identificativo nel gestionale", "en": "Id in the ERP"},
    "code": {"it": "Codice nel gestionale", "en": "Code in the ERP"},
    "name": {"it": "Nome nel gestionale", "en": "Name in the ERP"},
    "record_code": {"it": "Codice qui", "en": "Code here"},
    "record_name": {"it": "Nome qui", "en": "Name here"},
    "period": {"it": "Mese", "en": "Month"},
    "there": {"it": "Documenti nel gestionale", "en": "Documents in the ERP"},
    "linked": {"it": "Documenti collegati qui", "en": "Documents linked here"},
    "there_quantity": {"it": "Quantità nel gestionale", "en": "Quantity in the ERP"},
    "linked_quantity": {"it": "Quantità qui", "en": "Quantity here"},
    "there_amount": {"it": "Importo nel gestionale, IVA esclusa", "en": "Amount in the ERP, VAT excluded"},
    "linked_amount": {"it": "Importo qui, IVA esclusa", "en": "Amount here, VAT excluded"},
}
_KINDS: Final = {
    "total": {"it": "Totale del mese", "en": "Total of the month"},
    "missing_here": {"it": "Manca qui", "en": "Missing here"},
    "missing_there": {"it": "Manca nel gestionale", "en": "Missing in the ERP"},
    "differing": {"it": "Diverso", "en": "Differing"},
}
_DECIMALS: Final = {"there_quantity", "linked_quantity", "there_amount", "linked_amount"}


def report_table(rows: Iterable[Mapping[str, str]], language: str) -> bytes:
    """Return totals and then differences as CSV, with the byte order mark by which Excel detects UTF-8."""
    headings = [heading[language] for heading in _COLUMNS.values()]
    table = ([_cell(name, row.get(name, ""), language) for name in _COLUMNS] for row in rows)
    return csv_text([headings, *table]).encode("utf-8-sig")


def _cell(name: str, value: str, language: str) -> str:
    if name == "kind":
        return _KINDS[value][language]
    if name == "period" and value:
        return written_month(date.fromisoformat(f"{value}-01"), language)
    return value.replace(".", ",") if name in _DECIMALS and language == "it" else value
