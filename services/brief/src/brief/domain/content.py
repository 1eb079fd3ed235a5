"""What a brief asks for. The JSON of these models is what is stored, hashed and published."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from optima_contracts.money import money_text
from optima_contracts.quantities import quantity_text

from .forms import FormValue

Quantity = Annotated[Decimal, PlainSerializer(quantity_text, return_type=str)]
"""A quantity greater than zero, in the unit named beside it."""

Money = Annotated[Decimal, PlainSerializer(money_text, return_type=str)]
"""An amount in euro, VAT excluded."""


class _Part(BaseModel):
    # During an upgrade two releases run together, so fields that a newer release stored must survive
    # rewriting.
    model_config = ConfigDict(frozen=True, extra="allow")


class Delivery(_Part):
    """How much of an item goes to which destination, by the destination's code."""

    destination: str
    quantity: Quantity


class Item(_Part):
    """One thing that a brief asks for. `kind` is the key of a kind of item that the tenant defined; it
    decides the production phases."""

    item_id: UUID
    kind: str
    description: str
    quantity: Quantity
    unit: str
    deliveries: tuple[Delivery, ...] = ()


class Attachment(_Part):
    attachment_id: UUID
    name: str
    media_type: str
    size: int
    """Bytes."""
    sha256: str


class Content(_Part):
    """A revision's content. Only a draft may lack category, budget or deadline."""

    title: str
    category: str | None = None
    purpose: str = ""
    budget: Money | None = None
    deadline: date | None = None
    customer: str | None = None
    """Code of the customer on whose account the goods are made, as the ERP knows it."""
    cost_centre: str | None = None
    """The cost centre whose budget is charged. If None, the budget of the requester's unit is charged."""
    type_key: str | None = None
    type_version: int | None = None
    """Version of the type that was current when the brief was begun."""
    form: dict[str, FormValue] = Field(default_factory=dict)
    """Answers to the type's form, by key of the field."""
    items: tuple[Item, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    def item(self, item_id: UUID) -> Item | None:
        return next((item for item in self.items if item.item_id == item_id), None)

    def attachment(self, attachment_id: UUID) -> Attachment | None:
        return next((file for file in self.attachments if file.attachment_id == attachment_id), None)

    def with_attachment(self, attachment: Attachment) -> Content:
        return self.model_copy(update={"attachments": (*self.attachments, attachment)})

    def without_attachment(self, attachment_id: UUID) -> Content:
        kept = tuple(file for file in self.attachments if file.attachment_id != attachment_id)
        return self.model_copy(update={"attachments": kept})

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Content:
        return cls.model_validate(stored)
