"""Whoever approves a subject of any type reads what it says."""

from __future__ import annotations

from portal.adapters.rendering import environment_of
from portal.adapters.subject_facts import facts_of

CONTENT = {
    "title": "Noleggio del gazebo",
    "requester": {"id": "019c0000-0000-7000-8000-000000000001", "name": "Elena Rizzi", "roles": []},
    "supplier_name": "Fontana Allestimenti",
    "amount": "1250.50",
    "needed_on": "2026-11-30",
    "unit": {"id": "019c0000-0000-7000-8000-000000000002", "key": "marketing"},
    "account_id": "019c0000-0000-7000-8000-000000000003",
    "insured": True,
    "zip": "00184",
    "note": "",
    "rows": [
        {"what": "Gazebo", "pieces": 3, "each": "400.50"},
        {"what": "Trasporto", "pieces": 1, "each": "49.00"},
    ],
}
DECLARED = {
    "amount": {"type": "money"},
    "rows": {"type": "list", "fields": {"what": {"type": "text"}, "each": {"type": "money"}}},
}


def shown(declared: dict[str, object] | None) -> str:
    template = "{% from 'content.html' import subject_facts %}{{ subject_facts(facts) }}"
    environment = environment_of("it")
    return " ".join(environment.from_string(template).render(facts=facts_of(CONTENT, declared)).split())


def test_each_field_is_written_as_italians_write_it_and_no_id_is_shown() -> None:
    html = shown(DECLARED)
    assert "<dt>Supplier name</dt>" in html
    assert "1.250,50 €" in html
    assert "30 nov 2026" in html
    assert ("Sì" in html, "00184" in html, "marketing" in html) == (True, True, True)
    assert "400,50 €" in html
    assert "019c" not in html
    assert "Noleggio" not in html, "the page is headed so"


def test_without_its_type_what_is_named_as_an_amount_is_one_and_other_decimals_are_numbers() -> None:
    html = shown(None)
    assert "1.250,50 €" in html
    assert "400,5 " in html.replace("<", " ")
