"""A process that is older than a form is asked without what it does not know."""

from __future__ import annotations

from portal.adapters.foreseen import known_to


def test_what_a_process_does_not_know_is_left_out() -> None:
    content = {"title": "Vetrine", "budget": "10.00", "form": {"formato": "A4", "posa": True}}
    unknown = [{"field": "content.form.posa", "code": "content_unknown"}]
    assert known_to(content, unknown)["form"] == {"formato": "A4"}
    assert "form" not in known_to(content, [{"field": "content.form", "code": "content_unknown"}])
    assert known_to(content, [{"field": "content.budget", "code": "content_mistyped"}]) == content
