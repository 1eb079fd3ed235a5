"""docs/asyncapi.json, read by AsyncAPI's own parser: a night's check, as that takes a minute to install."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.npm_packages import npm_folder

from optima_kit.testing.nights import NIGHTLY

ROOT = Path(__file__).parents[2]
VALIDATE = """
import { readFileSync } from "fs";
import parser from "@asyncapi/parser";
const found = await new parser.Parser().validate(readFileSync(process.argv[1], "utf8"));
for (const each of found) console.log(each.path.join("."), each.message);
"""


@NIGHTLY
@pytest.mark.timeout(300)
def test_the_events_document_is_valid_and_of_the_newest_version() -> None:
    folder = npm_folder("asyncapi")
    command = ["node", "--input-type=module", "--eval", VALIDATE, str(ROOT / "docs" / "asyncapi.json")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
