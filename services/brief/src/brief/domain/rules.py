"""The rules of briefs, one sentence each. Each returns or raises the refusal that names field and remedy."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from optima_contracts.quantities import quantity_text
from optima_kit.refusals import Invalid, Refusal, Violations

from .content import Content

ROME = ZoneInfo("Europe/Rome")
"""Where a brief's day and year turn."""

FARTHEST_YEARS = 10
"""A deadline farther ahead is a slip of the pen."""

MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024


def day_in_rome(now: datetime) -> date:
    return now.astimezone(ROME).date()


def brief_number(year: int, progressive: int) -> str:
    """Such as "B-2026-0001". Numbers grow; one may be missing where a drafting failed."""
    return f"B-{year}-{progressive:04d}"


def content_is_ready_to_submit(content: Content, today: date) -> None:
    """Raises Violations with everything that is still missing or wrong."""
    problems = [
        *_says_what_it_is_about(content),
        *_deadline_lies_ahead(content, today),
        *_something_is_asked_for(content),
        *_deliveries_add_up_to_the_quantity(content),
    ]
    if problems:
        raise Violations(problems)


def _says_what_it_is_about(content: Content) -> Iterator[Refusal]:
    if content.category is None:
        yield Invalid("category_missing", field="category")
    if content.budget is None:
        yield Invalid("budget_missing", field="budget")


def _deadline_lies_ahead(content: Content, today: date) -> Iterator[Refusal]:
    if content.deadline is None:
        yield Invalid("deadline_missing", field="deadline")
    elif content.deadline <= today:
        yield Invalid("deadline_not_ahead", field="deadline", deadline=content.deadline, today=today)
    elif content.deadline.year > today.year + FARTHEST_YEARS:
        yield Invalid("deadline_too_far", field="deadline", years=FARTHEST_YEARS)


def _something_is_asked_for(content: Content) -> Iterator[Refusal]:
    if not content.items:
        yield Invalid("items_missing", field="items")


def _deliveries_add_up_to_the_quantity(content: Content) -> Iterator[Refusal]:
    # Without deliveries an item's destinations are still open; once some are named, nothing may be left over.
    for n, item in enumerate(content.items):
        delivered = sum((delivery.quantity for delivery in item.deliveries), Decimal(0))
        if item.deliveries and delivered != item.quantity:
            yield Invalid(
                "deliveries_differ_from_quantity",
                field=f"items[{n}].deliveries",
                item=item.description,
                quantity=quantity_text(item.quantity),
                delivered=quantity_text(delivered),
                unit=item.unit,
            )


def destinations_are_named_once_per_item(content: Content) -> None:
    for n, item in enumerate(content.items):
        names = [delivery.destination for delivery in item.deliveries]
        if len(set(names)) != len(names):
            raise Invalid("destination_repeated", field=f"items[{n}].deliveries", item=item.description)


def kept_items_are_the_drafts_own(draft: Content, kept_items: Collection[UUID]) -> None:
    """An item that is kept is named by its id, once; new items get theirs here."""
    own = {item.item_id for item in draft.items}
    for item_id in kept_items:
        if item_id not in own:
            raise Invalid("item_not_in_draft", field="items", item_id=item_id)
        own.remove(item_id)


def brief_has_room_for_an_attachment(content: Content) -> None:
    if len(content.attachments) >= MAX_ATTACHMENTS:
        raise Invalid("attachments_too_many", field="body", limit=MAX_ATTACHMENTS)
