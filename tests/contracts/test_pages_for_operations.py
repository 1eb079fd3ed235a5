"""What people can do by the services' APIs they can do at a page, but for what is named here and why."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import Final

from tests.openapi_documents import openapi_documents

import portal.adapters

FOLDER: Final = Path(portal.adapters.__file__).parent
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
READS: Final = {"get", "every", "answered", "file", "stream", "ask"}
WITHOUT_A_PAGE: Final[dict[str, tuple[str, ...]]] = {
    "operators do it, when told to by an alert": (
        "GET /v1/parked-messages",
        "POST /v1/parked-messages/{message_id}/replay",
        "POST /v1/tenants",
    ),
    "other programs ask": (
        "GET /v1/events",
        "GET /v1/event-types",
        "GET /v1/event-types/{event_type}/schema",
        "GET /v1/processes/schema",
        "GET /v1/subject-types",
        "GET /v1/easyfatt/{tenant_id}/{key}/orders",
    ),
    "a page shows the same of something larger": (
        "GET /v1/jobs/{job_id}",
        "GET /v1/lookup-tables",
        "GET /v1/briefs/{brief_id}/revisions/{revision}",
    ),
}


def template(node: ast.AST) -> str | None:
    """A text with `{}` where something is put in; None for what is no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = (str(each.value) if isinstance(each, ast.Constant) else "{}" for each in node.values)
        return "".join(parts)
    return None


@cache
def asked() -> frozenset[tuple[str, str]]:
    """Methods and paths that the portal's modules name. A path put together of another one's address, such as
    `f"{_address(key)}/publication"` or `f"{path}/{doing}"`, is every one that the module's words make."""
    modules = [list(ast.walk(ast.parse(file.read_text("utf-8")))) for file in FOLDER.rglob("*.py")]
    named = [{text for node in nodes if (text := template(node))} for nodes in modules]
    whole = {_path(text) for texts in named for text in texts if text.startswith("/v1/")}
    found: set[tuple[str, str]] = set()
    for nodes, texts in zip(modules, named, strict=True):
        paths = {_path(text) for text in texts if text.startswith("/v1/")}
        ends = {_path(text[2:]) for text in texts if text.startswith("{}/")}
        paths |= {begin + end for begin, end in product(paths or whole, ends)}
        paths |= {path + "/{}" for path in paths} if "/{}" in texts else set()
        words = {text for text in texts if re.fullmatch(r"[a-z-]+(?:/\{\}(?:/[a-z]+)?)?", text)}
        paths |= {path[:-2] + word for path in paths if path.endswith("/{}") for word in words}
        methods = {text for text in texts if text in METHODS}
        calls = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
        methods |= {"GET"} if calls & READS else set()
        methods |= {"POST"} if "upload" in calls else set()
        found |= set(product(methods, paths))
    return frozenset(found)


def _path(text: str) -> str:
    return text.partition("?")[0]


def operations() -> Iterator[tuple[str, str, str]]:
    for service, document in openapi_documents().items():
        for path, methods in document["paths"].items():
            for method in methods:
                if method.upper() in METHODS and path.startswith("/v1/"):
                    yield service, method.upper(), path


def has_a_page(method: str, path: str) -> bool:
    named = re.sub(r"\{[a-z_]+\}", "{}", path)
    begins, _, _ = named.rpartition("/")
    # What is done to a thing may be the page's own last word.
    return (method, named) in asked() or (begins.endswith("/{}") and (method, f"{begins}/{{}}") in asked())


def test_every_operation_has_a_page() -> None:
    missing = {f"{method} {path}" for _, method, path in operations() if not has_a_page(method, path)}
    assert missing == {each for named in WITHOUT_A_PAGE.values() for each in named}
