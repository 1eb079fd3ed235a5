"""Of many articles in stock the page shows some: those of which a quantity is typed, and those looked for."""

from __future__ import annotations

from typing import Any

from portal.adapters.forms import NOTHING_SENT, RefusedForm
from portal.adapters.pages.call_off import goods_shown

GOODS: list[dict[str, Any]] = [
    {"job_id": str(number), "article_code": f"ART-{number:03}", "description": f"Espositore {number}"}
    for number in range(40)
] + [{"job_id": "mug", "article_code": "TAZZA-01", "description": "Tazza da colazione"}]


def test_the_first_of_many_are_shown_and_others_found_by_each_word_of_code_or_description() -> None:
    assert [row["job_id"] for row in goods_shown(GOODS, "", NOTHING_SENT)] == [str(n) for n in range(30)]
    assert [row["job_id"] for row in goods_shown(GOODS, "COLAZIONE tazza-", NOTHING_SENT)] == ["mug"]
    assert goods_shown(GOODS, "piatto", NOTHING_SENT) == []


def test_what_was_typed_stays_while_another_article_is_looked_for() -> None:
    sent = RefusedForm("call-off", {"quantity-39": "12", "quantity-0": "", "text": "tazza"})
    assert [row["job_id"] for row in goods_shown(GOODS, "tazza", sent)] == ["39", "mug"]
