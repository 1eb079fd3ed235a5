"""Tryton's JSON-RPC: one call a request, with the types that JSON lacks written as objects."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import orjson
from yarl import URL

from ..application.ports import Conflict, Pace, Rejected, Unauthorised, Unreachable
from .rest import SessionEnded, exchange, judged

_PARTS_OF_TIME: Final = ("hour", "minute", "second", "microsecond")


@dataclass(slots=True)
class SignedIn:
    """A session of the remote system's, kept from run to run: signing in costs it a password hash."""

    authorisation: str
    context: Mapping[str, Any]
    """The user's: company and language."""


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
        self._server = f"{url}/rpc/"
        self._database = f"{url}/{database}/rpc/"
        self._user = user
        self._password = password
        self.signed_in: SignedIn | None = None
        self.server_time = datetime.now(UTC)
        """Of the last answer, whole seconds."""

    async def sign_in(self) -> None:
        """Raises Unauthorised, or Throttled after too many wrong passwords."""
        answer = await self._post(
            "common.db.login", [self._user, {"password": self._password}, "en"], authorisation=None
        )
        if answer is None:
            raise Unauthorised("credentials_refused")
        user_id, token = answer[0], answer[1]
        plain = f"{self._user}:{user_id}:{token}".encode()
        authorisation = f"Session {base64.b64encode(plain).decode()}"
        context = await self._post("model.res.user.get_preferences", [True, {}], authorisation=authorisation)
        self.signed_in = SignedIn(authorisation, context)

    async def version(self) -> str:
        told: str = await self._post("common.server.version", [], authorisation=None, url=self._server)
        return told

    async def call(self, method: str, *arguments: Any, context: Mapping[str, Any] | None = None) -> Any:
        """The method's result, `model.` left out of its name. Signs in, also when the session has ended."""
        if self.signed_in is None:
            await self.sign_in()
        for last in (False, True):
            assert self.signed_in is not None
            told = {**self.signed_in.context, **(context or {})}
            try:
                return await self._post(
                    f"model.{method}", [*arguments, told], authorisation=self.signed_in.authorisation
                )
            except SessionEnded:
                # Nothing was done: whoever is not known is turned away before the call.
                if last:
                    raise Unauthorised("credentials_refused") from None
                await self.sign_in()
        raise AssertionError("unreachable")

    async def _post(
        self, method: str, arguments: list[Any], *, authorisation: str | None, url: str | None = None
    ) -> Any:
        if self._pace is not None:
            await self._pace.turn()
        body = orjson.dumps({"id": 1, "method": method, "params": [_encoded(each) for each in arguments]})
        headers = {"Content-Type": "application/json"}
        if authorisation is not None:
            headers["Authorization"] = authorisation
        told = await exchange(self._http, "POST", URL(url or self._database), content=body, headers=headers)
        if date := told.headers.get("Date"):
            self.server_time = parsedate_to_datetime(date)
        if told.status in (401, 403) and authorisation is not None:
            raise SessionEnded
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
    text = str(told[0] if isinstance(told, list) and told else told or kind)
    return Rejected("remote_refused", text=" ".join(text.split())[:300])


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
    """Numbers with decimals and times become text; nothing here reckons with them."""
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
