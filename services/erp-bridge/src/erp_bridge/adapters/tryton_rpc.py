"""Tryton's JSON-RPC: one call per request, with types that JSON lacks encoded as objects."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from ..application.ports import Conflict, Pace, Rejected, Unauthorised, Unreachable
from .rest import Answer, exchange, judged, told_at

_CALLED_AT: Final = ("rpc/", "")
"""The paths below a database's address at which calls are made; the second one is for releases up to 7.0."""
_NOT_THERE: Final = (404, 405)
_PARTS_OF_TIME: Final = ("hour", "minute", "second", "microsecond")


@dataclass(slots=True)
class SignedIn:
    """A session of the remote system, kept from run to run, because each sign-in costs the server a password
    hash."""

    authorisation: str
    user_id: int
    context: Mapping[str, Any]
    """The user's context: company and language."""
    called_at: str
    """One of `_CALLED_AT`."""


class ConfirmationRequired(Rejected):
    """The server asks for confirmation. It executes the call once the warning is confirmed, as
    `TrytonRpc.insist` does."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__("remote_refused", text=text)
        self.name = name


class TrytonRpc:
    """Calls one database of one server as one user."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        database: str,
        user: str,
        password: str,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._http = http
        self._pace = pace
        self._server = f"{url}/"
        self._database = f"{url}/{database}/"
        self._user = user
        self._password = password
        self.signed_in: SignedIn | None = None
        self.server_time = datetime.now(UTC)
        """The server's time at its last answer, in whole seconds."""

    async def sign_in(self) -> None:
        """Sign in. Raises Unauthorised, or Throttled after too many wrong passwords."""
        for called_at in _CALLED_AT:
            address = self._database + called_at
            login = [self._user, {"password": self._password}, "en"]
            told = await self._ask(address, "common.db.login", login)
            if told.status not in _NOT_THERE:
                break
        answer = _result(told)
        if answer is None:
            raise Unauthorised("credentials_refused")
        user_id, token = answer[0], answer[1]
        plain = f"{self._user}:{user_id}:{token}".encode()
        authorisation = f"Session {base64.b64encode(plain).decode()}"
        context = _result(
            await self._ask(address, "model.res.user.get_preferences", [True, {}], authorisation)
        )
        self.signed_in = SignedIn(authorisation, user_id, context, called_at)

    async def version(self) -> str:
        signed_in = await self._signed_in()
        told: str = _result(await self._ask(self._server + signed_in.called_at, "common.server.version", []))
        return told

    async def call(
        self, method: str, *arguments: Any, context: Mapping[str, Any] | None = None, of: str = "model"
    ) -> Any:
        """Call a method, named without `model.`, and return its result. Sign in first if there is no session
        or it has ended."""
        for _ in range(2):
            known = await self._signed_in()
            told = await self._ask(
                self._database + known.called_at,
                f"{of}.{method}",
                [*arguments, {**known.context, **(context or {})}],
                known.authorisation,
            )
            if told.status not in (401, 403, *_NOT_THERE):
                return _result(told)
            # The call was not executed: the server refuses an unknown session, or an address that it no
            # longer has after an upgrade, before it executes anything.
            self.signed_in = None
        return _result(told)

    async def insist(self, method: str, *arguments: Any) -> Any:
        """Do as `call`, but confirm a warning of the server."""
        try:
            return await self.call(method, *arguments)
        except ConfirmationRequired as warned:
            known = await self._signed_in()
            said = {"user": known.user_id, "name": warned.name}
            await self.call("res.user.warning.create", [said])
            return await self.call(method, *arguments)

    async def _signed_in(self) -> SignedIn:
        if self.signed_in is None:
            await self.sign_in()
        assert self.signed_in is not None
        return self.signed_in

    async def _ask(
        self, address: str, method: str, arguments: list[Any], authorisation: str | None = None
    ) -> Answer:
        if self._pace is not None:
            await self._pace.turn()
        body = orjson.dumps({"id": 1, "method": method, "params": [_encoded(each) for each in arguments]})
        headers = {"Content-Type": "application/json"}
        if authorisation is not None:
            headers["Authorization"] = authorisation
        told = await exchange(self._http, "POST", URL(address), content=body, headers=headers)
        self.server_time = told_at(told) or self.server_time
        return told


def _result(told: Answer) -> Any:
    """Return the call's result. Raises Fault."""
    answer = _decoded(judged(told))
    if not isinstance(answer, dict):
        raise Unreachable("remote_unreachable", error="answer")
    if "error" in answer:
        raise _fault(answer["error"])
    return answer.get("result")


def _fault(error: Any) -> Exception:
    kind, told = (error[0], error[1]) if isinstance(error, list) and len(error) > 1 else (str(error), "")
    if kind == "ConcurrencyException":
        return Conflict("")
    if kind == "UserWarning" and isinstance(told, list) and len(told) > 1:
        return ConfirmationRequired(str(told[0]), _plain(told[1]))
    return Rejected("remote_refused", text=_plain(told or kind))


def _plain(told: Any) -> str:
    text = str(told[0] if isinstance(told, list) and told else told)
    return " ".join(text.split())


def _encoded(value: Any) -> Any:
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case datetime():
            return {
                "__class__": "datetime",
                **{part: getattr(value, part) for part in ("year", "month", "day", *_PARTS_OF_TIME)},
            }
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case Mapping():
            return {key: _encoded(each) for key, each in value.items()}
        case list() | tuple():
            return [_encoded(each) for each in value]
        case _:
            return value


def _decoded(value: Any) -> Any:
    """Decode the server's types. Decimals and times become text, because nothing here calculates with
    them."""
    match value:
        case {"__class__": "Decimal", "decimal": text}:
            return text
        case {"__class__": "datetime" | "date" as kind, "year": year, "month": month, "day": day}:
            if kind == "date":
                return date(year, month, day).isoformat()
            time = {name: value.get(name, 0) for name in _PARTS_OF_TIME}
            return datetime(year, month, day, **time, tzinfo=UTC).isoformat()
        case dict():
            return {key: _decoded(each) for key, each in value.items()}
        case list():
            return [_decoded(each) for each in value]
        case _:
            return value
