"""When a webhook tries again, when it gives up, and what people do to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from optima_kit.refusals import WrongState
from trail.domain.webhooks import (
    PAUSES,
    Webhook,
    a_secret_remains,
    address_is_free,
    there_is_room_for_a_secret,
    there_is_room_for_a_webhook,
)

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
WEBHOOK = Webhook(
    UUID(int=1), UUID(int=2), frozenset({"trail.read_all"}), "https://example.com/", (), "", position=7
)


def test_pauses_grow_over_three_days_then_it_is_disabled() -> None:
    webhook, now = WEBHOOK, NOW
    for pause in PAUSES:
        webhook = webhook.failed(now, status=500, luck=0.5)
        assert (webhook.state, webhook.position, webhook.retry_at) == ("active", 7, now + pause)
        now = now + pause
    webhook = webhook.failed(now, status=500, luck=0.5)
    assert (webhook.state, webhook.disabled_because, webhook.retry_at) == ("disabled", "unreachable", None)
    assert timedelta(days=3) < now - NOW < timedelta(days=4)
    assert list(PAUSES) == sorted(PAUSES)


def test_luck_spreads_an_attempt_by_a_fifth_to_either_side() -> None:
    early, late = (WEBHOOK.failed(NOW, status=None, luck=luck).retry_at for luck in (0, 1))
    assert (early, late) == (NOW + PAUSES[0] * 0.8, NOW + PAUSES[0] * 1.2)


def test_a_delivery_ends_the_row_of_failures() -> None:
    webhook = WEBHOOK.failed(NOW, status=503, luck=0.5).delivered(9)
    assert (webhook.failures, webhook.retry_at, webhook.position) == (0, None, 9)


def test_a_receiver_that_is_gone_is_believed_at_once() -> None:
    webhook = WEBHOOK.failed(NOW, status=410, luck=0.5)
    assert (webhook.state, webhook.disabled_because, webhook.position) == ("disabled", "gone", 7)


def test_resumed_it_begins_where_it_stood_with_all_its_attempts() -> None:
    webhook = WEBHOOK.failed(NOW, status=410, luck=0.5).resumed()
    assert (webhook.state, webhook.disabled_because, webhook.failures) == ("active", None, 0)
    assert webhook.position == 7
    assert webhook.version == WEBHOOK.version + 1


def test_people_cannot_pause_what_stands_nor_resume_what_goes() -> None:
    with pytest.raises(WrongState):
        WEBHOOK.resumed()
    for state in ("paused", "disabled"):
        with pytest.raises(WrongState):
            replace(WEBHOOK, state=state).paused()


def test_limits() -> None:
    for rule in (there_is_room_for_a_webhook, there_is_room_for_a_secret):
        rule(1)
        with pytest.raises(WrongState):
            rule(20)
    a_secret_remains(2)
    with pytest.raises(WrongState):
        a_secret_remains(1)
    address_is_free(None)
    address_is_free(WEBHOOK, WEBHOOK)
    with pytest.raises(WrongState):
        address_is_free(WEBHOOK)
