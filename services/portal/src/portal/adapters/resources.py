"""What pages need beside the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from .carried import Carried
    from .client import Services
    from .live import LiveStreams
    from .mail import Mailer, UnsubscribeCodes
    from .sessions import BrowserSessions


@dataclass(slots=True)
class Resources:
    services: Services
    carried: Carried
    live: LiveStreams
    codes: UnsubscribeCodes
    portal_url: str
    mailer: Mailer | None
    """None where no mail server is set up."""
    form_labels: dict[tuple[UUID, str, int], dict[str, dict[str, str]]] = field(default_factory=dict)
    """What the fields of a version of a customer's type of brief are called in each language."""
    sessions: BrowserSessions = field(init=False)
    """Made when the process has its database."""
