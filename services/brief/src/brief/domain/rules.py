"""The rules of briefs, one function each. A rule that is broken raises a refusal that names the field."""

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
"""The time zone that decides on which day and in which year something happens to a brief."""

FARTHEST_YEARS = 10
"""How many years ahead a deadline may be. A later one is taken for a typing error."""

MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 10 * 1024 * 1024


def day_in_rome(now: datetime) -> date:
    return now.astimezone(ROME).date()


def brief_number(year: int, progressive: int) -> str:
    """Return a brief's number, such as "B-2026-0001"."""
    return f"B-{year}-{progressive:04d}"


def content_is_ready_to_submit(content: Content, today: date) -> None:
    """Raise Violations with everything that is still missing or wrong."""
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
    # An item without deliveries has no destinations yet. Once it has some, they must cover the whole
    # quantity.
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
    """Raise Invalid unless each kept item is an item of the draft and is named only once."""
    own = {item.item_id for item in draft.items}
    for item_id in kept_items:
        if item_id not in own:
            raise Invalid("item_not_in_draft", field="items", item_id=item_id)
        own.remove(item_id)


def brief_has_room_for_an_attachment(content: Content) -> None:
    if len(content.attachments) >= MAX_ATTACHMENTS:
        raise Invalid("attachments_too_many", field="body", limit=MAX_ATTACHMENTS)
