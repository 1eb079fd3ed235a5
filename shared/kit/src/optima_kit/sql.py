"""Reads SQL from `queries.sql`, where each statement has a name that begins with a verb, and named
parameters:

    -- name: list_briefs
    -- plan: custom
    -- Why it is as it is.
    SELECT brief_id, number FROM briefs
    WHERE (:state::text IS NULL OR state = :state) LIMIT :limit

`plan: custom` is for statements with optional filters: each execution is planned for its values. `early` is
for statements that read nothing that commands write, so that collected writes need not be sent before them.

What several statements have in common, such as columns or a filter, is written once above them, under `--
fragment: brief_columns`. Each statement includes it as `{brief_columns}`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_HEADER = re.compile(r"^-- (?P<kind>name|fragment): (?P<name>[a-z][a-z0-9_]*)[ \t]*$", re.MULTILINE)
_FRAGMENT = re.compile(r"(?<!')\{(?P<name>[a-z][a-z0-9_]*)\}")
_CUSTOM_PLAN = re.compile(r"^-- plan: custom[ \t]*$", re.MULTILINE)
_EARLY = re.compile(r"^-- early[ \t]*$", re.MULTILINE)
# The first alternatives are places in which `:name` is not a parameter: literals, quoted names, comments,
# casts.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|(?P<comment>--[^\n]*)|::|:(?P<name>[a-z_][a-z0-9_]*)""")
_INSERT_ROW = re.compile(r"\s*INSERT\s+INTO\s+\w+\s*(?:AS\s+\w+\s*)?\([^)]*\)\s*VALUES\b", re.IGNORECASE)
_MORE_THAN_ROWS = re.compile(r"\bON\s+CONFLICT\b|\bSELECT\b|\bRETURNING\b", re.IGNORECASE)
_CHANGES = re.compile(r"\b(INSERT|UPDATE|DELETE|MERGE)\b(?!\s+OF\b)", re.IGNORECASE)
_LOCKING = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement: `sql` with numbered placeholders, and the names of its parameters in their order."""

    name: str
    sql: str
    parameters: tuple[str, ...] = ()
    custom_plan: bool = False
    early: bool = False
    """Whether it may run before the collected writes, since it reads nothing that they write."""
    appends: bool = False
    """Whether it only adds rows with given values, so that its order among other such statements does not
    matter."""
    changes: bool = False
    """Whether it changes rows. Locking a row is not a change."""

    @classmethod
    def parse(
        cls, text: str, name: str = "a statement", *, custom_plan: bool = False, early: bool = False
    ) -> Statement:
        """Parse a statement with parameters such as `:name`. Comments are removed."""
        numbers: dict[str, int] = {}

        def replace(token: re.Match[str]) -> str:
            if token["comment"] is not None:
                return ""
            parameter = token["name"]
            if parameter is None:
                return token[0]
            return f"${numbers.setdefault(parameter, len(numbers) + 1)}"

        sql = _TOKEN.sub(replace, text)
        sql = "\n".join(line.rstrip() for line in sql.splitlines() if line.strip())
        sql = sql.strip().rstrip(";").rstrip()
        appends = _INSERT_ROW.match(sql) is not None and _MORE_THAN_ROWS.search(sql) is None
        changes = _CHANGES.search(_LOCKING.sub("", sql)) is not None
        return cls(name, sql, tuple(numbers), custom_plan, early, appends, changes)

    def arguments(self, values: Mapping[str, Any]) -> list[Any]:
        """Return the values in the order of the placeholders. Raises TypeError for missing or unknown
        values."""
        if len(values) != len(self.parameters) or any(name not in values for name in self.parameters):
            missing = [name for name in self.parameters if name not in values]
            unknown = [name for name in values if name not in self.parameters]
            raise TypeError(f"{self.name}: parameters missing {missing}, unknown {unknown}")
        return [values[name] for name in self.parameters]


class Queries:
    """The statements of one file as attributes. An unknown name raises AttributeError."""

    def __init__(self, statements: Mapping[str, Statement]) -> None:
        self.__dict__.update(statements)

    def __getattr__(self, name: str) -> Statement:
        raise AttributeError(f"no statement named {name!r} in queries.sql")


@cache
def load_queries(package: str, file: str = "queries.sql") -> Queries:
    """Read `file` of `package`. Raises ValueError for a name that is used twice, text before the first
    header, or a fragment that is not defined above its use. All modules of the package get the same
    statements."""
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return Queries(parse_queries(text, f"{package}/{file}"))


def parse_queries(text: str, source: str) -> dict[str, Statement]:
    """Parse the statements of such a file and return them by name. `source` is the file's name in errors."""
    headers = list(_HEADER.finditer(text))
    if not headers or text[: headers[0].start()].strip(" \n-"):
        leading = [line for line in text.splitlines() if line.strip() and not line.startswith("--")]
        if not headers or (leading and text.index(leading[0]) < headers[0].start()):
            raise ValueError(f"{source}: statements must stand under '-- name: …'")
    statements: dict[str, Statement] = {}
    fragments: dict[str, str] = {}

    def fragment(used: re.Match[str]) -> str:
        if used["name"] not in fragments:
            raise ValueError(f"{source}: there is no fragment {used['name']} above")
        return fragments[used["name"]]

    for header, following in zip(headers, [*headers[1:], None], strict=True):
        name = header["name"]
        if name in statements or name in fragments:
            raise ValueError(f"{source}: the name {name} is used twice")
        body = text[header.end() : following.start() if following else len(text)].strip()
        body = _FRAGMENT.sub(fragment, body)
        if header["kind"] == "fragment":
            fragments[name] = body
            continue
        custom_plan = _CUSTOM_PLAN.search(body) is not None
        early = _EARLY.search(body) is not None
        statements[name] = Statement.parse(body, name, custom_plan=custom_plan, early=early)
    return statements
