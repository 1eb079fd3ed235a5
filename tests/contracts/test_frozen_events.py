"""A published event only gains optional fields; whoever breaks one is told here, by field."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import ClassVar, Literal

import pytest
from pydantic import Field, create_model

from optima_contracts.envelope import Fact, Money

sys.path.insert(0, str(Path(__file__).parent))

from freezing import breaking_changes, published_models, read_golden, schema_of

MODELS, GOLDEN = published_models(), read_golden()
REMEDY = "run python tests/contracts/freezing.py and commit what it writes"


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_what_was_published_still_holds(name: str) -> None:
    assert name in MODELS, "the type is gone: bring it back, and publish a new version beside it"
    assert breaking_changes(GOLDEN[name], schema_of(MODELS[name])) == []


@pytest.mark.parametrize("name", sorted(MODELS))
def test_what_is_published_is_frozen(name: str) -> None:
    assert name in GOLDEN, REMEDY
    assert GOLDEN[name] == schema_of(MODELS[name]), REMEDY


class Line(Fact):
    what: str
    amount: Money


class Order(Fact):
    """An event to change."""

    type: ClassVar[str] = "unregistered"
    number: str
    title: str
    state: Literal["open", "closed"]
    note: str | None = None
    lines: list[Line] = Field(default_factory=list)


def changed(**fields: object) -> list[str]:
    """The complaints about an `Order` with other fields; None drops one."""
    present = {
        name: (field.annotation, field) for name, field in Order.model_fields.items() if name not in fields
    }
    present |= {name: field for name, field in fields.items() if field is not None}  # type: ignore[misc]
    return breaking_changes(schema_of(Order), schema_of(create_model("Order", __base__=Fact, **present)))  # type: ignore[call-overload]


class LineWithMore(Line):
    colour: str = "bianco"


class LineWithMust(Line):
    colour: str


class LineRetyped(Fact):
    what: str
    amount: int


def test_optional_fields_may_come() -> None:
    assert changed() == []
    assert changed(urgent=(bool, False), seller=(str | None, None)) == []
    assert changed(lines=(list[LineWithMore], Field(default_factory=list))) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"number": None}, "number: removed or renamed"),
        ({"note": None}, "note: removed or renamed"),
        ({"title": (str, None)}, "title: may be missing now"),
        ({"number": (int, ...)}, "number: was 'string', is 'integer'"),
        ({"number": (str | None, ...)}, "number: anyOf came or went"),
        ({"number": (Money, ...)}, "number: pattern came or went"),
        ({"state": (Literal["open", "closed", "lost"], ...)}, "state: was ['open', 'closed'], is"),
        ({"note": (str | None, ...)}, "note: newly required"),
        ({"note": (str | None, "nessuna")}, "note: was None, is 'nessuna'"),
        ({"seller": (str, ...)}, "seller: new and required"),
        ({"lines": (list[LineWithMust], Field(default_factory=list))}, "lines.colour: new and required"),
        ({"lines": (list[LineRetyped], Field(default_factory=list))}, "lines.amount: "),
        ({"lines": (list[str], Field(default_factory=list))}, "lines: "),
    ],
)
def test_everything_else_is_refused(change: dict[str, object], complaint: str) -> None:
    complaints = changed(**change)
    assert any(each.startswith(complaint) for each in complaints), complaints
