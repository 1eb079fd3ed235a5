"""Reads the docstrings of fields: the strings beneath them in a class, which Python does not keep."""

from __future__ import annotations

import ast
import inspect
import sys
from functools import cache


def field_docstrings(model: type) -> dict[str, str]:
    """Return the docstrings of a class's fields by name, inherited ones included, each in one line. Where the
    source code is not there, its fields are left out."""
    found: dict[str, str] = {}
    for owner in reversed(model.__mro__):
        found |= _by_class(owner.__module__).get(owner.__qualname__, {})
    return found


@cache
def _by_class(module: str) -> dict[str, dict[str, str]]:
    """Return the docstrings of the fields of each class at the top level of a module."""
    try:
        source = inspect.getsource(sys.modules[module])
    except (KeyError, OSError, TypeError):
        return {}
    return {each.name: _of_class(each) for each in ast.parse(source).body if isinstance(each, ast.ClassDef)}


def _of_class(definition: ast.ClassDef) -> dict[str, str]:
    found = {}
    for statement, following in zip(definition.body, definition.body[1:], strict=False):
        match statement, following:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                found[name] = " ".join(text.split())
    return found
