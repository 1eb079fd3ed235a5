"""Resources that pages need beside the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from .carried import CarriedValues
    from .client import Services
    from .live import LiveStreams
    from .mail import Mailer, UnsubscribeCodes
    from .sessions import BrowserSessions


@dataclass(slots=True)
class Resources:
    services: Services
    carried: CarriedValues
    live: LiveStreams
    codes: UnsubscribeCodes
    portal_url: str
    mailer: Mailer | None
    """None if no mail server is configured."""
    form_labels: dict[tuple[UUID, str, int], dict[str, dict[str, str]]] = field(default_factory=dict)
    """Labels of the form fields in each language, by tenant, key and version of a brief type."""
    sessions: BrowserSessions = field(init=False)
    """Set as soon as the process has its database."""
