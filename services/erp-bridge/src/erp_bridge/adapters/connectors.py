"""The registry of the connectors that this bridge has."""

from __future__ import annotations

from collections.abc import Sequence

from optima_kit.refusals import Invalid

from ..application.ports import Connector


class ConnectorRegistry:
    """Implements `ports.Connectors`. A new connector is registered in `bootstrap.py`."""

    def __init__(self, connectors: Sequence[Connector]) -> None:
        self._by_key = {each.describe().key: each for each in connectors}

    def get(self, key: str) -> Connector:
        if key not in self._by_key:
            raise Invalid("connector_unknown", field="connector", known=", ".join(sorted(self._by_key)))
        return self._by_key[key]

    def every(self) -> Sequence[Connector]:
        return list(self._by_key.values())
