"""The database columns that hold long-lived sealed secrets of this service, to be sealed again with a new
key."""

from __future__ import annotations

from optima_kit.sealing import SealedColumn, Sealer

from .postgres import QUERIES


def sealed_columns(sealer: Sealer) -> tuple[SealedColumn, ...]:
    return (
        SealedColumn(
            QUERIES.list_owners_of_second_factors,
            QUERIES.list_sealed_second_factors,
            QUERIES.update_sealed_second_factor,
            sealer,
        ),
        SealedColumn(
            QUERIES.list_owners_of_sign_in_providers,
            QUERIES.list_sealed_sign_in_providers,
            QUERIES.update_sealed_sign_in_provider,
            sealer,
        ),
    )
