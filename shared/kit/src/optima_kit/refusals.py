"""Refusals: the exceptions with which a service refuses a request. Domain code raises them, so this module
uses only the standard library.

A refusal carries a code, the field at fault, and the facts that its text mentions. The texts in Italian and
English are in the service's `adapters/refusals.toml`. The kit turns a refusal into a problem response (RFC
9457) and rolls the transaction back.
"""

from __future__ import annotations

from typing import ClassVar


class Term(str):
    """The code of a fact that has its own text in both languages, such as "the postal code"."""

    __slots__ = ()


class Refusal(Exception):
    """The base class of all refusals. `field` is a path ("items[2].quantity"). `facts` fill the placeholders
    of the text: quantities and dates are written as in the reader's language, and each `Term` as its own
    text."""

    status: ClassVar[int] = 400

    def __init__(self, code: str, *, field: str | None = None, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.field = field
        self.facts = facts

    def __str__(self) -> str:
        where = f" at {self.field}" if self.field else ""
        what = f" {self.facts}" if self.facts else ""
        return f"{self.code}{where}{what}"


class Malformed(Refusal):
    """The request can't be read at all."""

    status = 400


class Unauthenticated(Refusal):
    """The caller is not authenticated. `scheme` is the HTTP authentication scheme that the caller may use."""

    status = 401

    def __init__(
        self, code: str, *, scheme: str = "Bearer", field: str | None = None, **facts: object
    ) -> None:
        super().__init__(code, field=field, **facts)
        self.scheme = scheme


class Forbidden(Refusal):
    """The actor may see the resource but may not do this with it."""

    status = 403


class Absent(Refusal):
    """The resource does not exist, or the actor may not know of it. The response does not reveal which."""

    status = 404


class TooSlow(Refusal):
    """The request's body did not arrive in time."""

    status = 408


class WrongState(Refusal):
    """The resource is not in a state that allows this, or somebody else was faster."""

    status = 409


class Stale(Refusal):
    """The version in `If-Match` is no longer the newest."""

    status = 412


class TooLarge(Refusal):
    status = 413


class UnsupportedMedia(Refusal):
    status = 415


class Invalid(Refusal):
    """A value was understood but is not acceptable."""

    status = 422


class PreconditionRequired(Refusal):
    status = 428


class TooMany(Refusal):
    status = 429


class Violations(Refusal):
    """Several refusals in one response, so that a person can correct all faults at once."""

    status = 422

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("violations", count=len(refusals))
        self.refusals = refusals


class NotYet(Exception):
    """Raised by a reaction if its event arrived before another one that it needs. The reaction is tried again
    later."""
