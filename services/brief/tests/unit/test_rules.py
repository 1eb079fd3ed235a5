from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest

from brief.application.attach_file import file_is_what_it_says
from brief.domain.rules import (
    MAX_ATTACHMENT_BYTES,
    content_is_ready_to_submit,
    day_in_rome,
    destinations_are_named_once_per_item,
    kept_items_are_the_drafts_own,
)
from optima_kit.refusals import Invalid, TooLarge, Violations

TODAY = date(2026, 11, 24)


def codes(refused: pytest.ExceptionInfo[Violations]) -> list[tuple[str, str | None]]:
    return [(refusal.code, refusal.field) for refusal in refused.value.refusals]


def test_everything_missing_is_told_at_once(made: SimpleNamespace) -> None:
    bare = made.content(category=None, budget=None, deadline=None, items=())
    with pytest.raises(Violations) as refused:
        content_is_ready_to_submit(bare, TODAY)
    assert codes(refused) == [
        ("category_missing", "category"),
        ("budget_missing", "budget"),
        ("deadline_missing", "deadline"),
        ("items_missing", "items"),
    ]


@pytest.mark.parametrize(
    ("deadline", "code"),
    [
        (date(2026, 11, 23), "deadline_not_ahead"),
        (TODAY, "deadline_not_ahead"),
        (date(2037, 1, 1), "deadline_too_far"),
    ],
)
def test_deadline_lies_ahead_but_not_decades(made: SimpleNamespace, deadline: date, code: str) -> None:
    with pytest.raises(Violations) as refused:
        content_is_ready_to_submit(made.content(deadline=deadline), TODAY)
    assert codes(refused) == [(code, "deadline")]


def test_tomorrow_is_ahead(made: SimpleNamespace) -> None:
    content_is_ready_to_submit(made.content(deadline=date(2026, 11, 25)), TODAY)


def test_the_day_turns_at_midnight_in_rome() -> None:
    assert day_in_rome(datetime(2026, 12, 31, 22, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert day_in_rome(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize("deliveries", [[("MI01", "300")], [("MI01", "300"), ("RM02", "200.001")]])
def test_deliveries_add_up_to_the_quantity(made: SimpleNamespace, deliveries: list[tuple[str, str]]) -> None:
    with pytest.raises(Violations) as refused:
        content_is_ready_to_submit(made.content(made.item(), made.item("500", *deliveries)), TODAY)
    assert codes(refused) == [("deliveries_differ_from_quantity", "items[1].deliveries")]


def test_deliveries_may_be_left_open_or_complete(made: SimpleNamespace) -> None:
    complete = made.item("500", ("MI01", "300"), ("RM02", "200"))
    content_is_ready_to_submit(made.content(made.item(), complete), TODAY)


def test_a_destination_is_named_once_per_item(made: SimpleNamespace) -> None:
    with pytest.raises(Invalid, match="destination_repeated"):
        destinations_are_named_once_per_item(made.content(made.item("2", ("MI01", "1"), ("MI01", "1"))))


def test_kept_items_are_the_drafts_own(made: SimpleNamespace) -> None:
    own = made.item()
    kept_items_are_the_drafts_own(made.content(own), [own.item_id])
    for wrong in ([uuid4()], [own.item_id, own.item_id]):
        with pytest.raises(Invalid, match="item_not_in_draft"):
            kept_items_are_the_drafts_own(made.content(own), wrong)


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        (b"%PDF-1.7 ...", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
    ],
)
def test_a_file_is_what_it_says(data: bytes, media_type: str) -> None:
    file_is_what_it_says(data, media_type)
    with pytest.raises(Invalid, match="file_is_not_its_media_type"):
        file_is_what_it_says(b"MZ" + data, media_type)
    with pytest.raises(Invalid, match="file_is_not_its_media_type"):
        file_is_what_it_says(b"", media_type)


def test_other_files_are_not_taken() -> None:
    with pytest.raises(Invalid, match="media_type_not_taken"):
        file_is_what_it_says(b"<svg>", "image/svg+xml")
    with pytest.raises(TooLarge):
        file_is_what_it_says(b"%PDF-" + bytes(MAX_ATTACHMENT_BYTES), "application/pdf")
