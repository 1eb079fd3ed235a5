"""Lists the columns with encrypted values that have to be encrypted again when the secret changes."""

from __future__ import annotations

from optima_kit.sealing import SealedColumn, Sealer

from .postgres import QUERIES


def sealed_columns(people: Sealer, webhooks: Sealer) -> tuple[SealedColumn, ...]:
    return (
        SealedColumn(
            QUERIES.list_owners_of_person_keys,
            QUERIES.list_sealed_person_keys,
            QUERIES.update_sealed_person_key,
            people,
        ),
        SealedColumn(
            QUERIES.list_owners_of_webhook_secrets,
            QUERIES.list_sealed_webhook_secrets,
            QUERIES.update_sealed_webhook_secret,
            webhooks,
        ),
    )
