"""What a service says when it will not do what was asked. Standard library only: domain code raises these.

A refusal carries a code (its text in Italian and English stands in the service's `adapters/refusals.toml`),
the field that is to blame, and the facts that the text mentions. The kit turns it into a problem response
(RFC 9457) and rolls the transaction back.
"""

from __future__ import annotations

from typing import ClassVar


class Term(str):
    """A fact that has a text of its own, in both languages, under this code: "the postal code"."""

    __slots__ = ()


class Refusal(Exception):
    """Base of all. `field` is a path ("items[2].quantity"); `facts` fill the placeholders of the text:
    quantities and dates as the reader's language writes them, and each `Term` as its own text."""

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
    """`scheme` is how the caller may show who it is, as HTTP names it."""

    status = 401

    def __init__(
        self, code: str, *, scheme: str = "Bearer", field: str | None = None, **facts: object
    ) -> None:
        super().__init__(code, field=field, **facts)
        self.scheme = scheme


class Forbidden(Refusal):
    """The actor may see the thing but lacks the privilege for this."""

    status = 403


class Absent(Refusal):
    """There is no such thing, or none that this actor may know of: the two are not told apart."""

    status = 404


class TooSlow(Refusal):
    """The body did not come in time."""

    status = 408


class WrongState(Refusal):
    """The thing is not in a state that allows this, or someone else was faster."""

    status = 409


class Stale(Refusal):
    """The version in `If-Match` is no longer the newest."""

    status = 412


class TooLarge(Refusal):
    status = 413


class UnsupportedMedia(Refusal):
    status = 415


class Invalid(Refusal):
    """A value was understood and is not acceptable."""

    status = 422


class PreconditionRequired(Refusal):
    status = 428


class TooMany(Refusal):
    status = 429


class Violations(Refusal):
    """Several refusals at once, told together so that a person mends them in one go."""

    status = 422

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("violations")
        self.refusals = refusals


class NotYet(Exception):
    """Raised by a reaction whose event came before another that it builds on. It will be tried again."""
