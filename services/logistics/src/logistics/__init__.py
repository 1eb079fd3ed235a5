"""The warehouse ledger, shipments and Italian transport documents (DDT)."""
