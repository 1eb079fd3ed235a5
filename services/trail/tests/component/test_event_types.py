"""Each published type's JSON Schema stands at an address that stays, for which nobody signs in."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from optima_contracts.catalogue import every_event_type
from optima_contracts.testing import sample
from optima_kit.testing import ServiceHarness


async def test_every_type_is_listed_with_a_schema_that_its_sample_meets(app: ServiceHarness) -> None:
    anybody, types, cursor = app.as_(None), [], ""
    while True:
        _, page = await anybody.get(f"/v1/event-types?limit=50{cursor}")
        types += page["items"]
        if "next_cursor" not in page:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [each["type"] for each in types] == sorted(every_event_type())
    assert all(each["description"] for each in types)
    for each in types:
        response, schema = await anybody.get(each["schema_path"])
        assert response.content_type == "application/schema+json"
        told = sample(each["type"]).event.model_dump(mode="json", exclude_none=True)
        validator = Draft202012Validator(schema)
        Draft202012Validator.check_schema(schema)
        validator.validate(told)
        assert not validator.is_valid(told | {"type": "optima.brief.other.v1"})
        assert not validator.is_valid(told | {"data": {}})


@pytest.mark.parametrize("name", ["optima.brief.other.v1", "x"])
async def test_a_type_that_is_not_published_has_none(app: ServiceHarness, name: str) -> None:
    response, problem = await app.as_(None).get(f"/v1/event-types/{name}/schema")
    assert (response.status, problem["code"]) == (404, "event_type_absent")
