"""docs/asyncapi.json, read by AsyncAPI's own parser: a night's check, as that takes a minute to install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.nightly import NIGHTLY

from optima_local.npm import NpmMissing, npm_package

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
    try:
        package = npm_package("@asyncapi/parser", "3.6.0")
    except NpmMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    command = ["node", "--input-type=module", "--eval", VALIDATE, str(ROOT / "docs" / "asyncapi.json")]
    done = subprocess.run(command, cwd=package.parents[2], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""
