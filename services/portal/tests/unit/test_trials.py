"""What is wrong with what a process is tried on names the page's fields, and is said as people type it."""

from __future__ import annotations

import pytest

from portal.adapters.pages.processes import named_in

FIELDS = {
    "budget": {"type": "money"},
    "deadline": {"type": "date"},
    "esito": {"type": "number", "name": "Esito del sopralluogo"},
    "form.formato": {"type": "text"},
    "altro": {"type": "text"},
}
LABELS = {"form.formato": "Formato"}
API = "Gli importi si scrivono come 1250.00, le date come 2026-01-31."


@pytest.mark.parametrize(
    ("field", "code", "said"),
    [
        ("budget", "content_mistyped", "Budget in euro: Questo non è un importo in euro."),
        ("deadline", "content_mistyped", "Serve entro: Questo giorno non esiste."),
        ("esito", "content_mistyped", "Esito del sopralluogo: Questo non è un numero."),
        ("form.formato", "content_mistyped", f"Formato: {API}"),
        ("budget", "content_missing", f"Budget in euro: {API}"),
        ("altro", "content_missing", f"altro: {API}"),
    ],
)
def test_a_fault_names_its_field(field: str, code: str, said: str) -> None:
    error = {"code": code, "field": f"content.{field}", "detail": API}
    (told,) = named_in([error], FIELDS, LABELS, "it")
    assert told["detail"].startswith(said)


def test_what_is_of_no_field_stays() -> None:
    error = {"code": "person_unknown", "field": "requester_id", "detail": "Chi?"}
    own = FIELDS | {"requester_id": {"type": "text", "name": "Richiedente del cliente"}}
    assert named_in([error], own, LABELS, "it") == [error]
