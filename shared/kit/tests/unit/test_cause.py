"""What is done carries the trace in hand."""

from __future__ import annotations

from datetime import UTC, datetime

from optima_kit.cause import Cause
from optima_kit.tracing import step


def test_a_cause_continues_the_trace_in_hand_unless_it_names_another():
    with step("a request", "request", None) as answering:
        assert Cause(datetime.now(UTC)).traceparent == answering.traceparent
        assert Cause(datetime.now(UTC), traceparent=None).traceparent is None
    assert Cause(datetime.now(UTC)).traceparent is None
