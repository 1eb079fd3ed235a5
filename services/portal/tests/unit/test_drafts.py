"""A draft's short pages: which there are, and that each leaves the others' part of the content as it is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from multidict import MultiDict

from portal.adapters.drafts import DraftPage, asked_on, changed, content_of, pages_of

LABEL = {"it": "…", "en": "…"}
TYPE: dict[str, Any] = {
    "name": {"it": "Insegne", "en": "Signs"},
    "form": {
        "x-sections": [{"key": "luce", "label": LABEL}, {"key": "posa", "label": LABEL}],
        "required": ["alimentazione", "potenza"],
        "properties": {
            "nome": {"type": "string", "x-label": LABEL},
            "luminosa": {"type": "boolean", "x-label": LABEL},
            "alimentazione": {
                "type": "string",
                "x-section": "luce",
                "x-label": LABEL,
                "x-when": {"field": "luminosa", "equals": True},
            },
            "potenza": {
                "type": "integer",
                "x-section": "luce",
                "x-label": LABEL,
                "x-when": {"field": "alimentazione", "equals": "rete"},
            },
        },
    },
}
BRIEF: dict[str, Any] = {
    "id": "b",
    "title": "Vetrine",
    "purpose": "",
    "budget": "1200.00",
    "deadline": "2030-01-31",
    "form": {"nome": "Duomo", "luminosa": True},
    "items": [
        {
            "item_id": "i1",
            "kind": "totem",
            "description": "Totem",
            "quantity": "4",
            "unit": "pz",
            "deliveries": [{"destination": "MI", "quantity": "4", "name": "Milano"}],
        }
    ],
    "attachments": [],
    "actions": ["revise"],
}


def sent(**fields: str | list[str]) -> Any:
    form: MultiDict[str] = MultiDict()
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            form.add(name, each)
    return SimpleNamespace(form=form, language="it", text=lambda name: form.get(name, ""))


def page(address: str) -> DraftPage:
    return next(each for each in pages_of(TYPE, BRIEF["form"]) if each.address == address)


def test_each_section_of_a_type_has_a_page_as_long_as_it_asks_for_anything() -> None:
    def addresses(answers: dict[str, Any]) -> list[str]:
        return [each.address for each in pages_of(TYPE, answers)]

    assert addresses({"luminosa": True}) == [
        *("", "answers/0", "answers/1", "items", "delivery", "files", "check")
    ]
    assert "answers/1" not in addresses({"luminosa": False})
    assert [each.address for each in pages_of(None, {})] == ["", "items", "delivery", "files", "check"]


def test_a_question_depends_on_answers_of_its_own_page_alone() -> None:
    asked = (page("answers/1").form or {})["properties"]
    assert "x-when" not in asked["alimentazione"]
    assert asked["potenza"]["x-when"] == {"field": "alimentazione", "equals": "rete"}
    assert [key for key, _, _ in asked_on(page("answers/1"), {"luminosa": True})] == ["alimentazione"]
    answers = {"luminosa": True, "alimentazione": "rete"}
    assert [(key, must) for key, _, must in asked_on(page("answers/1"), answers)] == [
        ("alimentazione", True),
        ("potenza", True),
    ]


def test_a_page_that_was_sent_as_it_stood_changes_nothing() -> None:
    content = content_of(BRIEF)
    what = sent(title="Vetrine", budget="1.200,00")
    items = sent(
        item_id=["i1", ""], kind=["totem", ""], description=["Totem", ""], quantity=["4", ""], unit="pz"
    )
    delivery = sent(**{"deadline": "2030-01-31", "deliveries-i1": "MI: 4"})
    answers = sent(**{"form-nome": "Duomo", "form-luminosa": "yes"})
    for address, call in (("", what), ("items", items), ("delivery", delivery), ("answers/0", answers)):
        assert changed(content, page(address), call) == content, address


def test_each_page_replaces_its_own_part() -> None:
    content = content_of(BRIEF)
    what = changed(content, page(""), sent(title="Vetrine nuove"))
    assert (what["title"], "budget" in what, what["items"]) == ("Vetrine nuove", False, content["items"])
    items = sent(
        item_id=["i1", ""],
        kind=["totem", "espositore"],
        description=["Totem", "Da banco"],
        quantity=["5", "2"],
    )
    revised = changed(content, page("items"), items)
    assert [(each["quantity"], len(each["deliveries"])) for each in revised["items"]] == [("5", 1), ("2", 0)]
    delivery = changed(content, page("delivery"), sent(**{"deliveries-i1": "MI: 1\nRM: 3"}))
    assert "deadline" not in delivery
    assert [each["destination"] for each in delivery["items"][0]["deliveries"]] == ["MI", "RM"]
    answers = changed(content, page("answers/0"), sent(**{"form-luminosa": "no"}))
    assert answers["form"] == {"luminosa": False}
    light = changed(content, page("answers/1"), sent(**{"form-alimentazione": "rete"}))
    assert light["form"] == {"nome": "Duomo", "luminosa": True, "alimentazione": "rete"}
