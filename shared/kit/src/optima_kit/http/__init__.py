"""HTTP: endpoints declared by their handlers' signatures, and OpenAPI from the same models."""

from ..fields import (
    Amount,
    Code,
    Command,
    Count,
    CountOrZero,
    Day,
    FileName,
    Flag,
    Fraction,
    Moment,
    PersonView,
    Query,
    Text,
    UnitPrice,
    View,
)
from ..pages import Limit, Page, PageQuery, page_of
from .routes import Call, Content, Created, Reply, Route, Routes

__all__ = [
    "Amount",
    "Call",
    "Code",
    "Command",
    "Content",
    "Count",
    "CountOrZero",
    "Created",
    "Day",
    "FileName",
    "Flag",
    "Fraction",
    "Limit",
    "Moment",
    "Page",
    "PageQuery",
    "PersonView",
    "Query",
    "Reply",
    "Route",
    "Routes",
    "Text",
    "UnitPrice",
    "View",
    "page_of",
]
