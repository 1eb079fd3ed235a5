"""What does not fit a model is named as it stands in what was sent."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from importlib.resources import files
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError, model_validator

from optima_kit.http.problems import Catalogue, problem_of_validation
from optima_kit.http.requests import BadInput

TEXTS = Catalogue(tomllib.loads(files("optima_kit.http").joinpath("refusals.toml").read_text("utf-8")))


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(max_length=3)]


class Word(BaseModel):
    """Its tag is also the name of a field."""

    grant: Literal["word"]
    tenant: str
    word: str

    @model_validator(mode="after")
    def differ(self) -> Word:
        if self.word == self.tenant:
            raise ValueError("the same twice")
        return self


class Renewal(BaseModel, extra="forbid"):
    grant: Literal["renewal"]
    renewal: str


class Grant(RootModel[Annotated[Word | Renewal, Field(discriminator="grant")]]):
    pass


class Pet(RootModel[Annotated[Cat | Dog, Field(discriminator="kind")]]):
    pass


class Home(BaseModel):
    pets: list[Pet] = Field(default_factory=list)
    notes: dict[Annotated[str, Field(pattern="^[a-z]+$")], str | int | bool] = Field(default_factory=dict)
    sizes: dict[str, Annotated[str, Field(max_length=3)] | Decimal] = Field(default_factory=dict)
    pair: tuple[int, int] | None = None
    older: Cat | Dog | None = None
    keeper: Dog | None = None


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"pets": [{"kind": "cat"}]}, [("pets[0].lives", "missing")]),
        (
            {"pets": [{"kind": "dog", "name": "a"}, {"kind": "dog", "name": "long"}]},
            [("pets[1].name", "string_too_long")],
        ),
        ({"pets": [{"kind": "cow"}]}, [("pets[0]", "union_tag_invalid")]),
        ({"notes": {"a": 1.5}}, [("notes.a", "unacceptable_value")]),
        (
            {"notes": {"a": 1e30, "b": None}},
            [("notes.a", "unacceptable_value"), ("notes.b", "unacceptable_value")],
        ),
        ({"notes": {"A": "x"}}, [("notes.A", "string_pattern_mismatch")]),
        ({"notes": {"a": 1.5, "str": "x"}}, [("notes.a", "unacceptable_value")]),
        ({"sizes": {"a": "long"}}, [("sizes.a", "string_too_long")]),
        ({"sizes": {"a": []}}, [("sizes.a", "unacceptable_value")]),
        ({"keeper": {"kind": "dog", "name": None}, "name": None}, [("keeper.name", "string_type")]),
        ({"pair": [1, "x"]}, [("pair[1]", "int_parsing")]),
        ({"older": {"kind": "cat"}}, [("older.lives", "missing")]),
        ([], [("body", "model_type")]),
    ],
)
@pytest.mark.parametrize("language", ["it", "en"])
def test_a_path_names_no_type_of_the_model(sent: Any, told: list[tuple[str, str]], language: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Home.model_validate(sent)
    bad = BadInput(refused.value, "body", sent)
    problem = problem_of_validation(bad, TEXTS, language, "/v1/homes")
    errors = problem["errors"]
    assert set(told) <= {(each["field"], each["code"]) for each in errors}
    assert len({each["field"] for each in errors}) == len(errors)
    assert all("{" not in each["detail"] for each in errors)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"grant": "word", "word": "x"}, [("tenant", "missing")]),
        ({"grant": "word"}, [("tenant", "missing"), ("word", "missing")]),
        ({"grant": "word", "word": "x", "tenant": 5}, [("tenant", "string_type")]),
        ({"grant": "word", "word": 5}, [("tenant", "missing"), ("word", "string_type")]),
        ({"grant": "word", "word": {}}, [("tenant", "missing"), ("word", "string_type")]),
        ({"grant": "word", "word": "x", "tenant": "x"}, [("body", "value_error")]),
        (
            {"grant": "word", "word": None, "tenant": None},
            [("tenant", "string_type"), ("word", "string_type")],
        ),
        ({"grant": "renewal", "renewal": "x", "y": "z"}, [("y", "extra_forbidden")]),
        (
            {"grant": "renewal", "renewal": None, "y": None},
            [("renewal", "string_type"), ("y", "extra_forbidden")],
        ),
        ({"grant": "renewal", "renewal": [], "y": 1}, [("renewal", "string_type"), ("y", "extra_forbidden")]),
    ],
)
def test_a_path_names_no_tag_that_is_also_a_key(sent: Any, told: list[tuple[str, str]]) -> None:
    with pytest.raises(ValidationError) as refused:
        Grant.model_validate(sent)
    problem = problem_of_validation(BadInput(refused.value, "body", sent), TEXTS, "it", "/v1/grants")
    assert [(each["field"], each["code"]) for each in problem["errors"]] == told
