"""docs/reference/generate: pages to be browsed, with all that is published and nothing from elsewhere."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.openapi_documents import openapi_documents
from tests.security.access.table import PUBLIC

from optima_contracts.catalogue import every_event_type

pytestmark = pytest.mark.xdist_group("openapi documents")

ROOT = Path(__file__).parents[2]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Page]:
    folder = tmp_path_factory.mktemp("reference")
    subprocess.run([sys.executable, ROOT / "docs" / "reference" / "generate", folder], check=True)
    return {file.stem: Page(file.read_text(encoding="utf-8")) for file in folder.iterdir()}


@pytest.mark.parametrize("name", ["events", "api"])
def test_every_link_leads_to_a_place_on_the_page(pages: dict[str, Page], name: str) -> None:
    page = pages[name]
    assert len(page.ids) == len(set(page.ids))
    assert {link.removeprefix("#") for link in page.links} <= set(page.ids)


def test_every_event_type_is_there(pages: dict[str, Page]) -> None:
    assert every_event_type().keys() <= set(pages["events"].ids)


def test_every_endpoint_is_there_with_the_request_that_a_test_sends(pages: dict[str, Page]) -> None:
    shown = unescape(pages["api"].text)
    for service, document in openapi_documents().items():
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                assert f"{service}-{operation['operationId']}" in pages["api"].ids
                assert f"{method.upper()} {path}" in shown
        for row in importlib.import_module(f"tests.security.access.{service}").ROWS:
            if row.needs != PUBLIC:
                assert f"<pre>{row.method} {row.path}" in shown
            if isinstance(row.body, dict):
                assert all(re.search(rf'^ "{name}": ', shown, re.MULTILINE) for name in row.body)
