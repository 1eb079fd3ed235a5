"""One customer does its worst, and another is answered all the same.

How much later is a figure, and figures of a machine that does other work say nothing: by day this looks
whether all that may cost much is among what is measured, while each mechanism's own tests count slices, rows
and calls. At night it is measured on the running stack.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from optima_kit.testing.nights import NIGHTLY
from optima_local.layout import ROOT
from optima_local.services import find_services
from tests.openapi_documents import openapi_documents
from tests.stack import Stack


def costly() -> Any:
    """The benchmark's module: benchmarks are no package."""
    name = "optima_costly"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks/measure/costly.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[name]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield f"{method.upper()} {path}", operation


def why_costly(address: str, operation: dict[str, Any]) -> str | None:
    """What makes an operation cost more the more there is, or the more it is given."""
    if "/figures/" in address:
        return "counts"
    if address.endswith((".pdf", "/pdf")):
        return "typesets"
    if any(each["name"] == "text" for each in operation.get("parameters", ())):
        return "searches"
    if "text/csv" in operation.get("requestBody", {}).get("content", {}):
        return "takes a table"
    return None


def test_what_may_cost_much_is_measured():
    documents = {name.replace("_", "-"): each for name, each in openapi_documents().items()}
    named: dict[str, set[str]] = {service.name: set() for service in find_services()}
    for each in costly().COSTLY:
        named[each.service].add(each.operation)
    assert all(named.values())
    assert costly().LISTS.keys() == named.keys()
    for service, document in documents.items():
        known = dict(operations(document))
        assert named[service] <= known.keys(), service
        there = {why_costly(address, operation) for address, operation in known.items()}
        measured = {why_costly(address, known[address]) for address in named[service]}
        assert there - {None} <= measured, service


@NIGHTLY
@pytest.mark.servers
@pytest.mark.journey
@pytest.mark.xdist_group("stack")
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("demonstration")
def test_nobody_waits_for_what_another_customer_has_done(stack: Stack):
    of_the_stack = {"OPTIMA_HOME": stack.layout.folder, "OPTIMA_ADDRESSES": stack.layout.addresses}
    ran = subprocess.run(
        [sys.executable, "benchmarks/neighbours.py", "--seconds", "3"],
        cwd=ROOT,
        env={**os.environ, **{name: str(where) for name, where in of_the_stack.items()}},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    told = ran.stdout + ran.stderr
    assert ran.returncode == 0, told
    assert ran.stdout.count("  met") == len(costly().COSTLY), told
