"""Every service's OpenAPI document is valid, and each of its endpoints has a name and a summary."""

from __future__ import annotations

import pytest
from openapi_spec_validator import validate
from tests.openapi_documents import openapi_documents
from tests.security.conftest import SERVICES

pytestmark = pytest.mark.xdist_group("openapi documents")


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid(service: str) -> None:
    document = openapi_documents()[service]
    validate(document)
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert operations
    assert len({each["operationId"] for each in operations}) == len(operations)
    assert [each["operationId"] for each in operations if not each["summary"]] == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_operation_stands_under_a_tag_and_an_upload_says_what_it_takes(service: str) -> None:
    document = openapi_documents()[service]
    assert [server["url"] for server in document["servers"]] == ["/"]
    tags = {tag["name"] for tag in document["tags"]}
    operations = [each for path in document["paths"].values() for each in path.values()]
    assert {tag for each in operations for tag in each["tags"]} == tags
    assert [each["operationId"] for each in operations if len(each["tags"]) != 1] == []
    taken = {
        kind: content["schema"]
        for each in operations
        for kind, content in each.get("requestBody", {}).get("content", {}).items()
    }
    structured = {kind for kind in taken if kind.endswith(("json", "yaml"))}
    assert {kind for kind in structured if taken[kind].get("type") == "string"} == set()
    binary = {"type": "string", "format": "binary"}
    assert {kind for kind in taken.keys() - structured if taken[kind] != binary} == set()


def test_every_file_that_somebody_may_send_is_described() -> None:
    sent = {
        each["operationId"]: set(each["requestBody"]["content"])
        for document in openapi_documents().values()
        for path in document["paths"].values()
        for each in path.values()
        if "application/pdf" in each.get("requestBody", {}).get("content", {})
    }
    assert sent.keys() >= {"attach", "post_proof", "prove", "post_task_file"}
    assert all(kinds == {"application/pdf", "image/png", "image/jpeg"} for kinds in sent.values())
