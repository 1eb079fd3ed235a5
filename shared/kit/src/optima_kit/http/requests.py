"""Reads the parts of a request that a route declares: path, query, body and headers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import parse_qsl

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from ..refusals import (
    Absent,
    Malformed,
    PreconditionRequired,
    TooLarge,
    Unauthenticated,
    UnsupportedMedia,
)
from .routes import Route
from .server import in_time

FORM: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 50
_KEY: Final = re.compile(r"^[!-~]{1,128}$")
_ETAG: Final = re.compile(r'^"([0-9]{1,18})"$')
_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


class BadInput(Exception):
    """Raised if a body or query string does not fit its model."""

    def __init__(self, error: ValidationError, where: str, sent: Any) -> None:
        super().__init__(where)
        self.error = error
        self.where = where
        self.sent = sent


def bearer_of(request: web.BaseRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("token_missing")
    return token.strip()


def user_and_password(credentials: str) -> tuple[str, str] | None:
    """Read the part after "Basic" in an Authorization header (RFC 7617). Return None if it can't be read."""
    try:
        user, colon, password = base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def path_values(types: Mapping[str, type], placeholders: dict[str, str]) -> dict[str, Any]:
    """Return the values of the placeholders, each as its type. Raises Absent if a value does not fit its
    type."""
    arguments: dict[str, Any] = {}
    for name, kind in types.items():
        text = placeholders[name]
        try:
            arguments[name] = kind(text)
        except ValueError:
            raise Absent("no_such_address") from None
        out_of_range = kind is int and not -(2**31) <= arguments[name] < 2**31
        if out_of_range or (kind is str and (len(text) > 200 or not text.isprintable())):
            raise Absent("no_such_address")
    return arguments


async def read_body(route: Route, request: web.BaseRequest) -> bytes:
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMedia("content_encoding", field="Content-Encoding")
    if request.content_type not in route.consumes:
        raise UnsupportedMedia("media_type", field="Content-Type", accepted=", ".join(route.consumes))
    if (request.content_length or 0) > route.max_bytes:
        raise TooLarge("too_large", most=route.max_bytes)
    if request.content.is_eof():  # it came with the head, as most do: nobody is waited for
        whole = request.content.read_nowait()
        if len(whole) > route.max_bytes:
            raise TooLarge("too_large", most=route.max_bytes)
        return whole
    chunks = bytearray()
    async with in_time(request):
        async for chunk in request.content.iter_any():
            chunks += chunk
            if len(chunks) > route.max_bytes:
                raise TooLarge("too_large", most=route.max_bytes)
    return bytes(chunks)


def parse_body(route: Route, raw: bytes, media_type: str) -> Any:
    if route.body is bytes:
        return raw
    document = _fields(raw) if media_type == FORM else _document(raw)
    try:
        return cast(type[BaseModel], route.body).model_validate(document)
    except ValidationError as error:
        raise BadInput(error, "body", document) from None


def _document(raw: bytes) -> Any:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed("malformed_json", reason=str(error)) from None
    except RecursionError:
        raise Malformed("malformed_json", reason="too deeply nested") from None
    every_key_is_there_once(raw, document)
    return document


def every_key_is_there_once(raw: bytes, document: Any) -> None:
    """Raise Malformed if an object has a key twice. Of such a key, the parser keeps the last value, while
    another reader of the same body may take the first. There is one colon for each key, so it is enough to
    count colons first."""
    keys, inside = 0, [document]
    for each in inside:
        if isinstance(each, dict):
            keys += len(each)
            inside.extend(each.values())
        elif isinstance(each, list):
            inside.extend(each)
    if raw.count(b":") > keys and _TEXT.sub(b"", raw).count(b":") > keys:
        try:
            json.loads(raw, object_pairs_hook=_without_doubles, parse_int=str, parse_float=str)
        except RecursionError:
            raise Malformed("malformed_json", reason="too deeply nested") from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Malformed("json_key_twice", key=key[:100])
        found[key] = value
    return found


def _fields(raw: bytes) -> dict[str, str]:
    """Read the fields of a form. Raises Malformed if it can't be read or a field occurs twice."""
    try:
        fields = parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Malformed("form_unreadable") from None
    if len(dict(fields)) < len(fields):
        raise Malformed("form_unreadable")
    return dict(fields)


def parse_query(model: type[BaseModel], request: web.BaseRequest) -> BaseModel:
    values: dict[str, Any] = {}
    for name in request.query:
        given = request.query.getall(name)
        values[name] = given if len(given) > 1 else given[0]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise BadInput(error, "query", values) from None


def expected_version(route: Route, request: web.BaseRequest) -> int | None:
    header = request.headers.get("If-Match") if route.if_match else None
    if header is None:
        if route.if_match == "required":
            raise PreconditionRequired("if_match_missing", field="If-Match")
        return None
    match = _ETAG.match(header.strip())
    if match is None:
        raise Malformed("bad_header", field="If-Match", expected='"7"')
    return int(match[1])


def idempotency_key(request: web.BaseRequest, *, required: bool) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        if required:
            raise Malformed("idempotency_key_missing", field="Idempotency-Key")
        return None
    if not _KEY.match(key):
        raise Malformed("bad_header", field="Idempotency-Key", expected="1–128 printable ASCII characters")
    return key
