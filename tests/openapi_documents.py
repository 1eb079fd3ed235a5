"""The OpenAPI documents of all services with an API, as `/openapi.json` shows them, without starting one."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from optima_kit.http.openapi import openapi_document
from optima_kit.testing import ServiceDatabase

from .security.conftest import SERVICES, build


@cache
def openapi_documents() -> dict[str, dict[str, Any]]:
    """By the service's module."""
    urls = dict.fromkeys(("owner", "rw", "ro", "backbone"), "postgresql://unused")
    found = {}
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        for name in SERVICES:
            service = build(name, ServiceDatabase("", name, "", urls), patch, Path(folder))
            found[name] = json.loads(json.dumps(openapi_document(service.package, "1", service.routes)))
            service.close_resources()
    return found
