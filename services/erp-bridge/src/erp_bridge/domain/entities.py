"""What is exchanged with an ERP, and of which fields it consists."""

from __future__ import annotations

from typing import Final, Literal, get_args

Entity = Literal[
    "customer",
    "supplier",
    "agent",
    "product",
    "bank",
    "payment_term",
    "vat_rate",
    "transport_reason",
    "destination",
    "received_order",
    "ddt_invoice",
    "order",
    "ddt",
]
"""An order goes to the ERP; a received order was born there. A DDT goes to the ERP; its invoice was made
there."""
ENTITIES: Final[tuple[Entity, ...]] = get_args(Entity)

_PARTY: Final = frozenset(
    {
        "code",
        "name",
        "vat_number",
        "fiscal_code",
        "street",
        "postal_code",
        "city",
        "province",
        "country",
        "payment_method",
        "payment_terms",
    }
)

RECEIVED_AS: Final = ("received_number", "received_date", "received_year")
"""How an order that was born in an ERP is known there. One with ids is told which is meant by them."""

FIELDS: Final[dict[Entity, frozenset[str]]] = {
    "customer": _PARTY,
    "supplier": _PARTY,
    "agent": frozenset({"code", "name"}),
    "product": frozenset({"code", "name", "unit"}),
    "bank": frozenset({"code", "name", "bic", "iban"}),
    "payment_term": frozenset({"code", "name"}),
    "vat_rate": frozenset({"code", "name", "rate"}),
    "transport_reason": frozenset({"code", "name"}),
    "destination": frozenset(
        {"code", "name", "customer", "street", "postal_code", "city", "province", "country"}
    ),
    "received_order": frozenset(
        {
            "code",
            "customer",
            "customer_vat_number",
            "customer_fiscal_code",
            "title",
            "deadline",
            "reference",
            "state",
            "order_date",
            "order_year",
        }
    ),
    "ddt_invoice": frozenset(
        {"code", "invoice_number", "invoice_date", "credit_note_number", "credit_note_date"}
    ),
    "order": frozenset({"reference", "number", *RECEIVED_AS, "state", "customer", "deadline"}),
    "ddt": frozenset(
        {
            "reference",
            "order_reference",
            *RECEIVED_AS,
            "customer",
            "number",
            "issue_date",
            "state",
            "reason",
            "recipient_name",
            "recipient_vat_number",
            "recipient_fiscal_code",
            "recipient_street",
            "recipient_postal_code",
            "recipient_city",
            "recipient_province",
            "destination",
            "delivery_name",
            "delivery_street",
            "delivery_postal_code",
            "delivery_city",
            "delivery_province",
            "transport_by",
            "carrier_name",
            "freight",
            "appearance",
            "packages",
            "gross_weight_kg",
            "to_be_invoiced",
        }
    ),
}
"""The fields of each entity that can be mapped, those of its lines apart."""

LINE_FIELDS: Final[dict[Entity, frozenset[str]]] = {
    "received_order": frozenset({"kind", "description", "quantity", "unit", "amount"}),
    "order": frozenset(
        {"line", "job", "kind", "description", "quantity", "unit", "unit_price", "amount", "vat_code"}
    ),
    "ddt": frozenset(
        {
            "line",
            "job",
            "article",
            "description",
            "quantity",
            "unit",
            "refused_quantity",
            "returned_quantity",
        }
    ),
}
"""The fields of an entity's lines, where it has lines."""

NEEDED: Final[dict[Entity, frozenset[str]]] = {
    entity: frozenset({"reference", "number", "line"} if entity in ("order", "ddt") else {"code"})
    for entity in ENTITIES
}
"""Without these a record could not be recognised again."""


def fields_of(entity: Entity) -> frozenset[str]:
    """All fields of an entity that can be mapped; no line's field has the name of one of the heading's."""
    return FIELDS[entity] | LINE_FIELDS.get(entity, frozenset())
