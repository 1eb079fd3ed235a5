"""SQL stands in `queries.sql`, each statement under a verb name."""

from __future__ import annotations

import re
from importlib.resources import files

_HEADER = re.compile(r"^-- name: (?P<name>[a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)


class Queries:
    """The statements of one file, as attributes. Asking for one that isn't there raises AttributeError."""

    def __init__(self, statements: dict[str, str]) -> None:
        self.__dict__.update(statements)

    def __getattr__(self, name: str) -> str:
        raise AttributeError(f"no statement named {name!r} in queries.sql")


def load_queries(package: str, file: str = "queries.sql") -> Queries:
    """Reads `file` of `package`. Raises ValueError for a name used twice or text before the first header."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    headers = list(_HEADER.finditer(text))
    if not headers or text[: headers[0].start()].strip(" \n-"):
        leading = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
        if not headers or (leading and text.index(leading[0]) < headers[0].start()):
            raise ValueError(f"{package}/{file}: statements must stand under '-- name: …'")
    statements: dict[str, str] = {}
    for header, following in zip(headers, [*headers[1:], None], strict=True):
        name = header["name"]
        if name in statements:
            raise ValueError(f"{package}/{file}: the name {name} is used twice")
        body = text[header.end() : following.start() if following else len(text)].strip()
        statements[name] = body.rstrip(";").rstrip()
    return Queries(statements)
