"""The things that a company sets up before it works here: which exist, and which are still missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from .client import GAP, LISTED
from .labels import N_


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to set up, counted in a service's answer."""

    text: str
    """In English; the template translates it."""
    why: str
    address: str
    """The address of the page where it is set up."""
    reached: str
    """The page of `navigation.REACHED` whose readers get the link."""
    service: str
    path: str
    counted: Callable[[Any], int]
    least: int = 1
    needed: bool = True
    """Whether the company can't work without it."""
    shows_number: bool = True
    whole: bool = False
    """Whether the answer is a single thing instead of a list."""


@dataclass(frozen=True, slots=True)
class Standing:
    line: Line
    state: Literal["done", "missing", "optional", "away"]
    number: int = 0
    more: bool = False
    """Whether there are more than were counted."""


def _all(page: Any) -> int:
    return len(page["items"])


def _complete(company: Any) -> int:
    legal = company["legal"]
    named = all(legal.get(name) for name in ("name", "street", "postal_code", "city", "country"))
    return int(named and bool(legal.get("vat_number") or legal.get("fiscal_code")))


def _having(**wanted: Any) -> Callable[[Any], int]:
    return lambda page: sum(
        all(each.get(name) == value for name, value in wanted.items()) for each in page["items"]
    )


def _published(page: Any) -> int:
    return sum("published" in each and each["subject"] == "brief" for each in page["items"])


def _numbered(page: Any) -> int:
    return sum(bool(each.get("series")) for each in page["items"])


LINES: Final = (
    Line(
        N_("Company data"),
        N_("Documents name the company, its address and its VAT number."),
        *("/company", "/company", "identity", "/v1/tenant"),
        _complete,
        shows_number=False,
        whole=True,
    ),
    Line(
        N_("Units"),
        N_("People belong to units, and processes ask whoever leads them."),
        *("/units", "/people", "identity", "/v1/units"),
        _all,
    ),
    Line(
        N_("Roles"),
        N_("Those of the product serve at once; a company adds its own."),
        *("/roles", "/people", "identity", "/v1/roles"),
        _having(built_in=False),
        needed=False,
    ),
    Line(
        N_("People"),
        N_("Somebody beside the administrator has to write briefs and to approve them."),
        *("/people", "/people", "identity", "/v1/people"),
        _having(active=True),
        least=2,
    ),
    Line(
        N_("Approval processes"),
        N_("A brief is approved by a process that is published."),
        *("/processes", "/processes", "approval", "/v1/processes"),
        _published,
    ),
    Line(
        N_("Brief types"),
        N_("Each asks what briefs of its kind have to say, and names their process."),
        *("/brief-types", "/brief-types", "brief", "/v1/brief-types"),
        _having(offered=True),
        needed=False,
    ),
    Line(
        N_("Kinds of items with their phases"),
        N_("An approved item of a kind that is not known waits for one."),
        *("/production/kinds", "/production", "production", "/v1/kinds"),
        _all,
    ),
    Line(
        N_("Warehouses"),
        N_("Goods are received into warehouses and leave from them."),
        *("/tables/warehouses", "/tables/warehouses", "logistics", "/v1/warehouses"),
        _all,
    ),
    Line(
        N_("Destinations"),
        N_("Goods go to destinations: each is an address, and whose it is."),
        *("/tables/destinations", "/tables/destinations", "logistics", "/v1/destinations"),
        _all,
    ),
    Line(
        N_("Series of documents"),
        N_("Types of document may be numbered in a series of their own."),
        *("/tables/document-types", "/tables/document-types", "logistics", "/v1/document-types"),
        _numbered,
        needed=False,
    ),
    Line(
        N_("Working time"),
        N_("Due times are counted in working hours: from Monday to Friday until you say otherwise."),
        *("/working-time", "/working-time", "approval", "/v1/working-time"),
        lambda answer: int(answer["version"] not in (None, "0")),
        needed=False,
        shows_number=False,
        whole=True,
    ),
    Line(
        N_("Sign-in at your own provider"),
        N_("People then sign in with the account that they have already."),
        *("/sign-in-provider", "/company", "identity", "/v1/sign-in-provider"),
        lambda provider: int(bool(provider)),
        needed=False,
        shows_number=False,
        whole=True,
    ),
    Line(
        N_("ERP"),
        N_("A connection brings customers and articles, and takes what is to be invoiced."),
        *("/erp", "/erp", "erp-bridge", "/v1/connections"),
        _all,
        needed=False,
    ),
)


def standing_of(line: Line, answer: Any) -> Standing:
    """Return the state of a thing to set up. `answer` is the service's answer, GAP while the service is away,
    or None if there is nothing."""
    if answer is GAP:
        return Standing(line, "away")
    number = line.counted(answer) if answer else 0
    more = not line.whole and isinstance(answer, Mapping) and "next_cursor" in answer
    state: Literal["done", "missing", "optional"] = "missing" if line.needed else "optional"
    return Standing(line, "done" if number >= line.least else state, number, more)


def query_of(line: Line) -> dict[str, int]:
    return {} if line.whole else {"limit": LISTED}
