"""What an approver sees who follows a mail's link."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from optima_kit.http.html import TemplateAnswer
from portal.adapters.pages.decide import _page
from portal.adapters.rendering import Templates

CONTENT: dict[str, Any] = {
    "number": "BR-1",
    "category": "pos",
    "deadline": "2026-12-10",
    "items": [{"item_id": "i", "kind": "totem", "description": "Totem", "quantity": "3", "unit": "pz"}],
}
QUOTE: dict[str, Any] = {
    "quote_total": "900.00",
    "quote_lines": [{"item_id": "i", "quantity": "3", "unit_price": "300.00", "amount": "900.00"}],
}


@pytest.mark.parametrize(
    ("content", "shown", "hidden"),
    [(CONTENT | QUOTE, "900,00", "None"), (CONTENT, "BR-1", "€"), ({"key": "other"}, "Guido", "BR-1")],
)
def test_what_the_link_is_about_is_shown_as_far_as_it_is_told(
    content: dict[str, Any], shown: str, hidden: str
) -> None:
    linked = {
        "title": "Totem",
        "step_name": "Direzione",
        "requester": {"name": "Elena"},
        "person": {"name": "Guido"},
        "content": content,
        "content_hash": "0",
        "allows": ["approve", "reject"],
        "missing": [],
        "expires_at": "2026-12-01T10:00:00Z",
    }
    page = _page(token="code", linked=linked)
    assert isinstance(page, TemplateAnswer)
    call = SimpleNamespace(language="it", signed_in=None, path="/decide")
    html = Templates().render(page.template, {"call": call, "static": str, **page.context})
    assert shown in html
    assert hidden not in html
