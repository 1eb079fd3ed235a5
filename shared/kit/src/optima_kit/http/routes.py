"""The register of endpoints. A handler's signature is its declaration.

`body: Model` is the JSON body, `body: bytes` a raw upload, `query: Model` the query string; every other
parameter after `call` is a path parameter (UUID, str or int). What it returns is what is answered.
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
from typing import Any, Generic, TypeVar
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

_PLACEHOLDER = re.compile(r"{([a-z_]+)}")


@dataclass(slots=True)
class Call(Generic[P]):
    """One request, as its handler sees it."""

    method: str
    path: str
    language: str
    """"it" or "en"."""
    now: datetime
    headers: typing.Mapping[str, str]
    resources: Any
    """What the service's bootstrap gives to handlers that need more than a database."""
    database: Database
    find_address: Callable[[], str]
    caller: Actor | None = None
    transaction: UnitOfWork | None = None
    """The unit of work in hand; none on endpoints that are declared with `transaction=False` or `public`."""
    built_ports: P | None = None
    if_match: int | None = None
    draining: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the process is asked to stop: who waits for something answers with what there is."""

    @property
    def actor(self) -> Actor:
        assert self.caller is not None, "a public endpoint has no actor"
        return self.caller

    @property
    def address(self) -> str:
        """Where it comes from, as far as proxies are to be believed."""
        return self.find_address()

    @property
    def media_type(self) -> str:
        """Of the body, without parameters."""
        return self.headers["Content-Type"].partition(";")[0].strip().lower()

    @property
    def cause(self) -> Cause:
        """For transactions of the handler's own."""
        return Cause(self.now, actor_id=self.actor.person_id)

    @property
    def ports(self) -> P:
        assert self.built_ports is not None, "this endpoint is declared without a transaction"
        return self.built_ports

    @property
    def expected_version(self) -> int | None:
        """The version that the client saw, from `If-Match`; None when it sent none."""
        return self.if_match

    @property
    def required_version(self) -> int:
        """The version that the client saw. Raises PreconditionRequired when it sent none."""
        if self.if_match is None:
            raise PreconditionRequired("if_match_missing", field="If-Match")
        return self.if_match


@dataclass(frozen=True, slots=True)
class Reply(Generic[V]):
    """A view with what belongs in the headers."""

    view: V
    version: int | None = None
    """Becomes the ETag."""
    status: int | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that are not JSON: a document, an export."""

    data: bytes | AsyncIterator[bytes]
    """What is too long to be held comes in parts, each made while the one before is on its way: after the
    handler's transaction, so that it needs its own. What it raises breaks the answer off."""
    media_type: str
    filename: str | None = None
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    handler: Callable[..., Awaitable[Any]]
    privilege: str | None
    public: bool
    password: bool
    """Whether a public endpoint asks for a user and a password, which its handler judges."""
    transaction: bool
    idempotent: bool
    if_match: bool
    proof: bool
    """Whether it asks for a fresh proof of who calls, which the service's `admit` judges."""
    status: int
    summary: str
    description: str
    consumes: tuple[str, ...]
    max_bytes: int
    acts_on: Mapping[str, str]
    """Lists at other addresses that name it among their actions, and by which name."""
    form_problem: Callable[[dict[str, Any]], dict[str, Any]] | None
    """How a problem is told to whoever sent a form, where another convention than RFC 9457 says so: JSON with
    the members that this makes of its own."""
    body: type[BaseModel] | type[bytes] | None
    query: type[BaseModel] | None
    path_types: dict[str, type]
    returns: Any
    """The view model, Page[view], Content, or None for an empty answer."""

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
        """What may be done with each list, by its address, and the privilege for it: `create` by a POST there
        or a PUT of an entry under a key that the client chooses, and what says so by `acts_on`."""
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
    """The address of the list in which an endpoint makes an entry, if any."""
    path, _, entry = route.path.rpartition("/")
    if route.method == "POST":
        path = route.path
    elif route.method != "PUT" or route.path_types.get(entry.strip("{}")) is not str:
        return
    if "{" not in path:  # whether anything may be added to what is one thing's depends on that thing
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
    if_match: bool = False,
    proof: bool = False,
    status: int | None = None,
    summary: str = "",
    consumes: tuple[str, ...] = (),
    max_bytes: int = 1 << 20,
    acts_on: Mapping[str, str] = MappingProxyType({}),
    form_problem: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
) -> Route:
    hints = typing.get_type_hints(handler)
    returns = hints.pop("return", None)
    if typing.get_origin(returns) is Reply:
        (returns,) = typing.get_args(returns)
    returns = None if returns is type(None) else returns
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
        status=status or (204 if returns is None else 200),
        summary=summary or documentation.partition("\n")[0].rstrip("."),
        description=documentation,
        consumes=consumes or (("application/json",) if body is not None else ()),
        max_bytes=max_bytes,
        acts_on=acts_on,
        form_problem=form_problem,
        body=body,
        query=query,
        path_types=path_types,
        returns=returns,
    )
