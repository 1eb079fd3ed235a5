"""What the portal reads from the environment beside the kit's settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from optima_kit.settings import Settings, StrongSecret


class PortalSettings(Settings):
    key_secret: StrongSecret
    """Encrypts the tokens of the sessions at rest. Under another one every session of before has ended."""
    approval_url: str
    """The address of the approval service's API."""
    brief_url: str
    """The address of the brief service's API."""
    erp_bridge_url: str
    """The address of the ERP bridge's API."""
    identity_url: str
    """The address of the identity service's API."""
    logistics_url: str
    """The address of the logistics service's API."""
    production_url: str
    """The address of the production service's API."""
    trail_url: str
    """The address of the trail service's API."""
    patience_seconds: Annotated[float, Field(gt=0, le=30)] = 4.0
    """How long a page waits for a service before it shows that part as not available."""
