"""The entities that are exchanged with an ERP, and their fields."""

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
"""The kinds of records. An `order` is sent to the ERP; a `received_order` was created there. A `ddt` is sent
to the ERP; a `ddt_invoice` says that it was invoiced there."""
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
"""The heading fields that tell an ERP by number, date and year which of its own orders is meant. An ERP that
gives its orders ids is told the id instead."""

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
"""The fields of each entity that can be mapped, without those of its lines."""

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
"""The fields of the lines of each entity that has lines."""

NEEDED: Final[dict[Entity, frozenset[str]]] = {
    entity: frozenset({"reference", "number", "line"} if entity in ("order", "ddt") else {"code"})
    for entity in ENTITIES
}
"""The fields without which a record could not be recognised when it comes again."""


def fields_of(entity: Entity) -> frozenset[str]:
    """Return all fields of an entity that can be mapped. Fields of heading and lines never share a name."""
    return FIELDS[entity] | LINE_FIELDS.get(entity, frozenset())
