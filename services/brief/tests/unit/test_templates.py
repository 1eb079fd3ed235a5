"""What of a brief a template keeps, and which of its answers a changed form still takes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from brief.domain.content import Attachment, Content
from brief.domain.forms import form_of
from brief.domain.templates import answers_that_fit, reusable

LABEL = {"it": "Formato", "en": "Format"}


def form(**properties: Any) -> Any:
    described = {key: {**each, "x-label": LABEL} for key, each in properties.items()}
    return form_of({"type": "object", "properties": described})


def test_what_belongs_to_one_brief_alone_is_left_out() -> None:
    file = Attachment(attachment_id=uuid4(), name="a.pdf", media_type="application/pdf", size=1, sha256="ab")
    content = Content(
        title="Vetrina",
        category="POP",
        budget=Decimal(100),
        deadline=date(2027, 1, 8),
        attachments=(file,),
    )
    assert reusable(content) == Content(title="Vetrina", category="POP")


def test_answers_that_the_form_takes_no_more_are_left_out() -> None:
    now = form(
        formato={"type": "string", "enum": ["A4"]},
        grammi={"type": "integer"},
        piega={"type": "boolean"},
    )
    given = {"formato": "A3", "grammi": 170, "piega": True, "colore": "rosso"}
    assert answers_that_fit(now, given) == {"grammi": 170, "piega": True}
    assert answers_that_fit(now, {"formato": "A4"}) == {"formato": "A4"}
    conditional = form(
        piega={"type": "boolean"},
        tipo={"type": "string", "x-when": {"field": "piega", "equals": True}},
    )
    assert answers_that_fit(conditional, {"tipo": "a finestra"}) == {}
