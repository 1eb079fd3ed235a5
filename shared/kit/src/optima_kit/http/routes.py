"""The table of endpoints. A handler's signature declares what its endpoint takes and returns.

`body: Model` is the JSON body, `body: bytes` a raw upload, and `query: Model` the query string. Every other
parameter after `call` is a path parameter (UUID, str or int). The handler's result is the answer.
"""

from __future__ import annotations

import asyncio
import inspect
import re
import typing
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, Literal, TypeAlias, TypeVar
from uuid import UUID

from pydantic import BaseModel

from ..actor import Actor
from ..cause import Cause
from ..pages import Page
from ..refusals import PreconditionRequired

if typing.TYPE_CHECKING:
    from ..db import Database, UnitOfWork

P = TypeVar("P")
V = TypeVar("V")
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])
IfMatch: TypeAlias = Literal["required", "optional"]

_PLACEHOLDER = re.compile(r"{([a-z_]+)}")


@dataclass(slots=True)
class Call(Generic[P]):
    """A request, as its handler gets it."""

    method: str
    path: str
    language: str
    """"it" or "en"."""
    now: datetime
    headers: typing.Mapping[str, str]
    resources: Any
    """What the service's `bootstrap` provides for handlers that need more than a database."""
    database: Database
    find_address: Callable[[], str]
    caller: Actor | None = None
    transaction: UnitOfWork | None = None
    """The unit of work of this request, or None at an endpoint that is declared with `transaction=False` or
    `public`."""
    built_ports: P | None = None
    if_match: int | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Is set when the process is asked to stop. A handler that waits for something then answers with what
    there is."""

    @property
    def actor(self) -> Actor:
        assert self.caller is not None, "a public endpoint has no actor"
        return self.caller

    @property
    def address(self) -> str:
        """The client's address, as far as the proxies can be trusted."""
        return self.find_address()

    @property
    def media_type(self) -> str:
        """The media type of the body, without parameters."""
        return self.headers["Content-Type"].partition(";")[0].strip().lower()

    @property
    def cause(self) -> Cause:
        """The cause for transactions that the handler itself opens."""
        return Cause(self.now, actor_id=self.actor.person_id)

    @property
    def ports(self) -> P:
        assert self.built_ports is not None, "this endpoint is declared without a transaction"
        return self.built_ports

    @property
    def expected_version(self) -> int | None:
        """The version that the client has read, from `If-Match`, or None if it sent none."""
        return self.if_match

    @property
    def required_version(self) -> int:
        """The version that the client has read. Raises PreconditionRequired if it sent none."""
        if self.if_match is None:
            raise PreconditionRequired("if_match_missing", field="If-Match")
        return self.if_match


@dataclass(frozen=True, slots=True)
class Reply(Generic[V]):
    """A view of something that has a version."""

    view: V
    version: int | None
    """The version that is sent as the ETag. None for what can't be changed any more."""
    status: int | None = None
    location: str | None = None
    """Where it is read. An endpoint that is declared with the status 201 or 202 gives it."""


@dataclass(frozen=True, slots=True)
class Created(Generic[V]):
    """A view of something without a version that was made or begun."""

    view: V
    location: str
    """Where it is read."""


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is not JSON, such as a document or an export."""

    data: bytes | AsyncIterator[bytes]
    """The content. What is too long for memory is given in parts, each of which is made while the one before
    is being sent. This takes place after the handler's transaction, so the parts need their own. An exception
    breaks the answer off."""
    media_type: str
    filename: str
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    privilege: str | None
    public: bool
    password: bool
    """Whether a public endpoint asks for a user name and a password, which its handler checks."""
    transaction: bool
    idempotent: bool
    if_match: IfMatch | None
    """Whether a client must or may name the version that it has read. If None, the header is ignored."""
    proof: bool
    """Whether it asks for a fresh proof of the caller's identity, which the service's `admit` checks."""
    status: int
    may_create: bool
    """Whether it answers with 201 if the thing was not there before, and otherwise with `status`."""
    summary: str
    description: str
    consumes: tuple[str, ...]
    max_bytes: int
    acts_on: Mapping[str, str]
    """The addresses of other lists that show this endpoint among their actions, with the name of the
    action."""
    form_problem: Callable[[dict[str, Any]], dict[str, Any]] | None
    """Converts a problem to the JSON that a client gets who sent a form, if another standard than RFC 9457
    applies."""
    body: type[BaseModel] | type[bytes] | None
    query: type[BaseModel] | None
    path_types: dict[str, type]
    returns: Any
    """The view model, Page[view], Content, or None for an empty answer."""
    headers: tuple[str, ...]
    """The headers of its own that its answer has."""

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def name(self) -> str:
        return self.handler.__name__


@dataclass(slots=True)
class Routes:
    """The endpoints of one service."""

    items: list[Route] = field(default_factory=list)

    def get(self, path: str, **options: Any) -> Callable[[H], H]:
        return self._declare("GET", path, options)

    def post(self, path: str, **options: Any) -> Callable[[H], H]:
        return self._declare("POST", path, options)

    def put(self, path: str, **options: Any) -> Callable[[H], H]:
        return self._declare("PUT", path, options)

    def patch(self, path: str, **options: Any) -> Callable[[H], H]:
        return self._declare("PATCH", path, options)

    def delete(self, path: str, **options: Any) -> Callable[[H], H]:
        return self._declare("DELETE", path, options)

    def include(self, other: Routes) -> None:
        self.items.extend(other.items)

    def actions(self) -> dict[str, list[tuple[str, str]]]:
        """Return the actions of each list, by its address, with the privilege for each: `create` if there is
        a POST to the list or a PUT of an entry under a key that the client chooses, and those that endpoints
        declare by `acts_on`."""
        lists = [route.path for route in self.items if _is_list(route)]
        actions: dict[str, list[tuple[str, str]]] = {path: [] for path in lists}
        for route in self.items:
            if route.writes and route.privilege:
                named = dict(route.acts_on) | dict.fromkeys(_creates_in(route), "create")
                for path in named.keys() & actions.keys():
                    actions[path].append((named[path], route.privilege))
        return actions

    def _declare(self, method: str, path: str, options: dict[str, Any]) -> Callable[[H], H]:
        def register(handler: H) -> H:
            self.items.append(_route(method, path, handler, **options))
            return handler

        return register


def _is_list(route: Route) -> bool:
    return route.method == "GET" and isinstance(route.returns, type) and issubclass(route.returns, Page)


def _creates_in(route: Route) -> Iterator[str]:
    """Yield the address of the list to which an endpoint adds an entry, if there is one."""
    path, _, entry = route.path.rpartition("/")
    if route.method == "POST":
        path = route.path
    elif route.method != "PUT" or route.path_types.get(entry.strip("{}")) is not str:
        return
    if "{" not in path:  # whether an entry may be added to a list of one thing depends on that thing
        yield path


def _route(
    method: str,
    path: str,
    handler: Callable[..., Awaitable[Any]],
    *,
    privilege: str | None = None,
    public: bool = False,
    password: bool = False,
    transaction: bool | None = None,
    idempotent: bool | None = None,
    if_match: IfMatch | None = None,
    proof: bool = False,
    status: int | None = None,
    may_create: bool = False,
    summary: str = "",
    consumes: tuple[str, ...] = (),
    max_bytes: int = 1 << 20,
    acts_on: Mapping[str, str] = MappingProxyType({}),
    form_problem: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Route:
    hints = typing.get_type_hints(handler)
    answer = hints.pop("return", None)
    replies = typing.get_origin(answer) in (Reply, Created)
    returns = typing.get_args(answer)[0] if replies else None if answer is type(None) else answer
    parameters = list(inspect.signature(handler).parameters)[1:]
    body = hints.get("body") if "body" in parameters else None
    query = hints.get("query") if "query" in parameters else None
    path_types = {name: hints[name] for name in parameters if name not in ("body", "query")}
    placeholders = set(_PLACEHOLDER.findall(path))
    if placeholders != set(path_types):
        raise TypeError(f"{method} {path}: parameters {set(path_types)} do not match {placeholders}")
    for name, kind in path_types.items():
        if kind not in (UUID, str, int):
            raise TypeError(f"{method} {path}: {name} must be UUID, str or int")
    if public and privilege is not None:
        raise TypeError(f"{method} {path}: a public endpoint needs no privilege")
    if body is bytes and not consumes:
        raise TypeError(f"{method} {path}: an upload says what media types it consumes")
    has_transaction = (not public) if transaction is None else transaction
    status = status or (204 if returns is None else 200)
    documentation = inspect.getdoc(handler) or ""
    return Route(
        method=method,
        path=path,
        handler=handler,
        privilege=privilege,
        public=public,
        password=password,
        transaction=has_transaction,
        idempotent=(method == "POST" and has_transaction) if idempotent is None else idempotent,
        if_match=if_match,
        proof=proof,
        status=status,
        may_create=may_create,
        summary=summary or " ".join(documentation.partition("\n\n")[0].split()).rstrip("."),
        description=documentation,
        consumes=consumes or (("application/json",) if body is not None else ()),
        max_bytes=max_bytes,
        acts_on=acts_on,
        form_problem=form_problem,
        body=body,
        query=query,
        path_types=path_types,
        returns=returns,
        headers=_headers_of(answer, status),
    )


def _headers_of(answer: Any, status: int) -> tuple[str, ...]:
    """Return the headers that an answer of this type has."""
    origin = typing.get_origin(answer)
    if answer is Content:
        return ("Content-Disposition",)
    if origin is Reply:
        return ("ETag", "Location") if status in (201, 202) else ("ETag",)
    return ("Location",) if origin is Created else ()
