"""The database columns in which this service stores sealed values."""

from __future__ import annotations

from optima_kit.sealing import SealedColumn, Sealer

from .postgres import QUERIES


def sealed_columns(sealer: Sealer) -> tuple[SealedColumn, ...]:
    return (
        SealedColumn(
            QUERIES.list_owners_of_connections,
            QUERIES.list_sealed_connections,
            QUERIES.update_sealed_connection,
            sealer,
        ),
    )
