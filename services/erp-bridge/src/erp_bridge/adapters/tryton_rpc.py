"""Tryton's JSON-RPC: one call a request, with the types that JSON lacks written as objects."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final

import aiohttp
import orjson

from ..application.ports import Conflict, Pace, Rejected, Throttled, Unauthorised, Unreachable

TIMEOUT: Final = aiohttp.ClientTimeout(total=60, sock_connect=10)
MOST_BYTES: Final = 50 << 20
_PARTS_OF_TIME: Final = ("hour", "minute", "second", "microsecond")
WAIT_UNLESS_TOLD: Final = timedelta(minutes=1)


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
            except _SessionEnded:
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
        try:
            async with self._http.post(
                url or self._database, data=body, headers=headers, allow_redirects=False, timeout=TIMEOUT
            ) as response:
                self._judge(response, signed_in=authorisation is not None)
                content = await _whole(response)
                answer = _decoded(orjson.loads(content))
        except (aiohttp.ClientError, TimeoutError, OSError, orjson.JSONDecodeError) as error:
            raise Unreachable("remote_unreachable", error=type(error).__name__) from error
        if not isinstance(answer, dict):
            raise Unreachable("remote_unreachable", error="answer")
        if "error" in answer:
            raise _fault(answer["error"])
        return answer.get("result")

    def _judge(self, response: aiohttp.ClientResponse, *, signed_in: bool) -> None:
        if told := response.headers.get("Date"):
            self.server_time = parsedate_to_datetime(told)
        match response.status:
            case 200:
                return
            case 401 | 403 if signed_in:
                raise _SessionEnded
            case 401 | 403:
                raise Unauthorised("credentials_refused")
            case 429 | 503:
                raise Throttled(_retry_after(response.headers.get("Retry-After")))
            case status:
                raise Unreachable("remote_unreachable", error=f"HTTP {status}")


class _SessionEnded(Exception):
    """The server does not know the session any more."""


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    content = await response.content.read(MOST_BYTES + 1)
    while chunk := await response.content.read(MOST_BYTES + 1 - len(content)):
        content += chunk
    if len(content) > MOST_BYTES:
        raise Unreachable("remote_unreachable", error="too much")
    return content


def _retry_after(told: str | None) -> timedelta:
    """As HTTP says it: seconds, or a moment; none is told by default."""
    if told is not None and told.isdecimal():
        return timedelta(seconds=int(told))
    try:
        return max(parsedate_to_datetime(told or "") - datetime.now(UTC), timedelta())
    except (ValueError, TypeError):
        return WAIT_UNLESS_TOLD


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
