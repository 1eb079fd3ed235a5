from __future__ import annotations

import json
from typing import Any

from openapi_spec_validator import validate

from identity.adapters import http_access, http_directory
from optima_kit.http import Routes
from optima_kit.http.openapi import openapi_document


def test_the_api_describes_itself() -> None:
    routes = Routes()
    routes.include(http_directory.routes)
    routes.include(http_access.routes)
    document: Any = json.loads(json.dumps(openapi_document("identity", "1", routes)))
    validate(document)
    bodies = document["paths"]["/v1/tokens"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert "TokenRequest" in str(bodies)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["summary"], f"{method} {path}"
