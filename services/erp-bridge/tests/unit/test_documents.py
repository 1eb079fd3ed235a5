"""Orders and DDTs as rows, and what is tried again when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.domain.documents import Document, LineValue, rows_hash
from erp_bridge.domain.failure import LONGEST_PAUSE, MOST_ATTEMPTS, next_attempt

NOW = datetime(2026, 11, 24, tzinfo=UTC)
MAPPING = DropFolder.mapping(DropFolder.__new__(DropFolder)).of("order")
ORDER = Document(
    entity="order",
    internal_id=UUID(int=1),
    number="2026/12",
    correlation_id=UUID(int=2),
    heading={
        "reference": str(UUID(int=1)),
        "number": "2026/12",
        "state": "confirmed",
        "deadline": "2026-12-01",
    },
    lines={
        "j1": {"description": "Espositore", "quantity": "10"},
        "j2": {"description": "Volantino", "quantity": "500"},
    },
    changed_at=NOW,
)


def test_each_line_is_a_row_with_the_heading() -> None:
    rows = ORDER.rows(MAPPING)
    assert [(row["numero_ordine"], row["riga"], row["descrizione"]) for row in rows] == [
        ("2026/12", "1", "Espositore"),
        ("2026/12", "2", "Volantino"),
    ]
    assert rows[0]["prezzo_unitario"] == ""


def test_prices_reach_the_lines_that_have_them() -> None:
    valued = ORDER.with_values({"j2": LineValue("0.12", "60.00", "22")}, NOW)
    rows = valued.rows(MAPPING)
    assert [(row["prezzo_unitario"], row["importo"], row["codice_iva"]) for row in rows] == [
        ("", "", ""),
        ("0,12", "60,00", "22"),
    ]


def test_prices_that_come_late_leave_a_cancelled_order_cancelled() -> None:
    cancelled = ORDER.in_state("cancelled", NOW).with_values({"j1": LineValue("1", "10", "22")}, NOW)
    assert cancelled.rows(MAPPING)[0]["stato"] == "annullato"


def test_the_hash_tells_whether_the_erp_has_these_rows() -> None:
    same, other = ORDER.rows(MAPPING), ORDER.in_state("cancelled", NOW).rows(MAPPING)
    assert rows_hash(same) == rows_hash(ORDER.rows(MAPPING))
    assert rows_hash(same) != rows_hash(other)


def test_what_was_refused_waits_for_a_person_and_the_unreachable_is_tried_again() -> None:
    assert next_attempt("refused", 1, NOW) is None
    assert next_attempt("unreachable", 1, NOW) == NOW + timedelta(seconds=5)
    assert next_attempt("unreachable", 3, NOW) == NOW + timedelta(seconds=20)
    assert next_attempt("unreachable", 7, NOW) == NOW + LONGEST_PAUSE
    assert next_attempt("unreachable", MOST_ATTEMPTS, NOW) is None
