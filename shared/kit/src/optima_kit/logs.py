"""Configures JSON logs with one line for each entry, without secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any

import orjson
import structlog

from .tracing import current_step

_SECRET_NAME = re.compile(r"password|secret|token|authorization|cookie|api_?key|private_?key", re.IGNORECASE)
_SECRET = re.compile(r"(?<=://)[^/@\s]+(?=@)|\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bBearer\s+\S+")
"""Credentials in an address, and tokens. Whatever matches contains `://`, `eyJ` or `Bearer`."""


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _without_secrets(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in entry.items():
        if _names_a_secret(name):
            entry[name] = "[hidden]"
        elif isinstance(value, str) and ("://" in value or "eyJ" in value or "Bearer" in value):
            entry[name] = _SECRET.sub("[hidden]", value)
    return entry


def _with_trace(_: Any, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if (step := current_step()) is not None:
        entry["trace_id"] = step.trace_id
        entry.update(step.about)
    return entry


def _is_ours(record: logging.LogRecord) -> bool:
    # A worker logs once that its broker is away. Dramatiq would log it every three seconds.
    return record.msg != "Consumer encountered a connection error: %s"


def _to_json(entry: MutableMapping[str, Any], **_: Any) -> str:
    return orjson.dumps(entry, default=str).decode()


def configure_logs(service: str, level: str) -> None:
    """Write the logs of structlog and of the standard library to standard output as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_trace,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_to_json)],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(_is_ours)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_to_json),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)
    structlog.contextvars.bind_contextvars(service=service)
