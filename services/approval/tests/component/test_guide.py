"""Every example of the guide does what the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from optima_contracts.identity import UnitChanged

from ..conftest import Desk

GUIDE = Path(__file__).resolve().parents[4] / "docs" / "guides" / "process-authoring.md"


async def test_every_example_is_published_or_refused_as_it_says(desk: Desk):
    unit = desk.units["marketing"]
    lead = desk.people["lia"].person_id
    await desk.deliver(UnitChanged(unit_id=unit, key="marketing", name="Marketing", manager_id=lead), unit)
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    published = refused = declared = 0
    for text in examples:
        document = yaml.safe_load(text)
        folder = "processes" if "steps" in document else "subject-types"
        path = f"/v1/{folder}/{document['key']}"
        response, body = await desk.as_("ada").put(
            path, data=text.encode(), headers={"Content-Type": "application/yaml"}
        )
        assert response.status == 201, (text, body)
        if folder == "subject-types":
            declared += 1
            continue
        response, body = await desk.as_("ada").post(f"{path}/publication", {})
        expected = re.match(r"# refused: (\w+)", text)
        if expected is None:
            assert response.status == 200, (text, body)
            published += 1
        else:
            assert [error["code"] for error in body["errors"]] == [expected[1]]
            refused += 1
    assert (published, refused, declared) == (12, 1, 1)
