"""Logs are JSON lines, and secrets do not reach them."""

from __future__ import annotations

import json
import subprocess
import sys
from uuid import UUID

import pytest

from optima_kit.tracing import tenant_mark


def logged(statement: str) -> tuple[str, dict[str, str]]:
    """What a process of its own writes, as text and parsed."""
    setup = (
        "import logging, structlog\n"
        "from optima_kit.logs import configure_logs\n"
        "configure_logs('brief', 'info')"
    )
    out = subprocess.run(
        [sys.executable, "-c", f"{setup}\n{statement}"], check=True, capture_output=True, text=True
    ).stdout
    return out, json.loads(out)


def test_an_entry_is_one_json_line_with_its_service_and_time():
    _, said = logged("structlog.get_logger().info('running', role='all')")
    assert said == {
        "event": "running",
        "service": "brief",
        "role": "all",
        "level": "info",
        "timestamp": said["timestamp"],
    }
    assert said["timestamp"].endswith("Z")


def test_a_line_within_a_step_says_of_which_trace_and_for_whom_it_is():
    _, said = logged(
        "from uuid import UUID; from optima_kit.tracing import step, tenant_mark\n"
        "with step('it', 'request', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01') as it:\n"
        "    it.concerns(UUID(int=7), UUID(int=8))\n"
        "    structlog.get_logger().info('something')"
    )
    assert said["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert said["tenant"] == tenant_mark(UUID(int=7)) != str(UUID(int=7))
    assert said["correlation_id"] == str(UUID(int=8))


@pytest.mark.parametrize(
    ("field", "value", "secret"),
    [
        ("password", "geheim", "geheim"),
        ("client_secret", "geheim", "geheim"),
        ("url", "amqp://brief:geheim@localhost/", "geheim"),
        ("error", "Bearer geheim was refused", "geheim"),
        ("header", "x eyJhbGciOi.eyJzdWIi.c2lnbmF0dXJl y", "c2lnbmF0dXJl"),
    ],
)
def test_a_secret_is_hidden(field, value, secret):
    out, _ = logged(f"structlog.get_logger().info('something', {field}={value!r})")
    assert secret not in out
    assert "[hidden]" in out


def test_the_standard_librarys_loggers_speak_json_too():
    out, said = logged("logging.getLogger('pika').warning('connection to amqp://u:geheim@host lost')")
    assert (said["level"], said["service"]) == ("warning", "brief")
    assert "geheim" not in out


def test_an_exception_is_told_without_its_secrets():
    out, said = logged(
        "log = structlog.get_logger()\ntry: raise OSError('amqp://u:geheim@host is gone')\n"
        "except OSError: log.exception('lost')"
    )
    assert "OSError" in said["exception"]
    assert "geheim" not in out
