"""What does not fit a model is named as it stands in what was sent."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, RootModel, ValidationError

from optima_kit.http.problems import Catalogue, problem_of_validation
from optima_kit.http.requests import BadInput

TEXTS = Catalogue(tomllib.loads(files("optima_kit.http").joinpath("refusals.toml").read_text("utf-8")))


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: Annotated[str, Field(max_length=3)]


class Pet(RootModel[Annotated[Cat | Dog, Field(discriminator="kind")]]):
    pass


class Home(BaseModel):
    pets: list[Pet] = Field(default_factory=list)
    notes: dict[Annotated[str, Field(pattern="^[a-z]+$")], str | int | bool] = Field(default_factory=dict)
    pair: tuple[int, int] | None = None
    older: Cat | Dog | None = None


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
