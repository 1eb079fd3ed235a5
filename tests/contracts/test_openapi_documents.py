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
