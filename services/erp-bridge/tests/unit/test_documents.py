"""Orders and DDTs as rows, and what is tried again when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.domain.documents import Document, LineValue, RemoteCustomer
from erp_bridge.domain.failure import LONGEST_PAUSE, next_attempt

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


def test_lines_are_numbered_and_carry_their_job() -> None:
    outgoing = ORDER.outgoing(MAPPING, RemoteCustomer("1", "C-1"))
    assert (outgoing.heading["numero_ordine"], outgoing.heading["codice_cliente"]) == ("2026/12", "C-1")
    assert [(row["riga"], row["riferimento_riga"], row["descrizione"]) for row in outgoing.lines] == [
        ("1", "j1", "Espositore"),
        ("2", "j2", "Volantino"),
    ]
    assert outgoing.lines[0]["prezzo_unitario"] == ""


def test_prices_reach_the_lines_that_have_them() -> None:
    valued = ORDER.with_values({"j2": LineValue("0.12", "60.00", "22")}, NOW)
    rows = valued.outgoing(MAPPING, None).lines
    assert [(row["prezzo_unitario"], row["importo"], row["codice_iva"]) for row in rows] == [
        ("", "", ""),
        ("0,12", "60,00", "22"),
    ]


def test_prices_that_come_late_leave_a_cancelled_order_cancelled() -> None:
    cancelled = ORDER.in_state("cancelled", NOW).with_values({"j1": LineValue("1", "10", "22")}, NOW)
    assert cancelled.outgoing(MAPPING, None).heading["stato"] == "annullato"


def test_the_hash_tells_whether_the_erp_has_this_state() -> None:
    same = ORDER.outgoing(MAPPING, RemoteCustomer("1", "C-1")).hash()
    assert same == ORDER.outgoing(MAPPING, RemoteCustomer("1", "C-1")).hash()
    assert same != ORDER.in_state("cancelled", NOW).outgoing(MAPPING, RemoteCustomer("1", "C-1")).hash()
    assert same != ORDER.outgoing(MAPPING, RemoteCustomer("2", "C-2")).hash()


def test_an_outage_is_tried_again_until_it_ends() -> None:
    assert next_attempt(1, NOW) == NOW + timedelta(seconds=5)
    assert next_attempt(3, NOW) == NOW + timedelta(seconds=20)
    assert next_attempt(7, NOW) == NOW + LONGEST_PAUSE
    assert next_attempt(10_000, NOW) == NOW + LONGEST_PAUSE
