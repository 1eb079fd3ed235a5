"""What pages need beside the request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    sessions: BrowserSessions = field(init=False)
    """Made when the process has its database."""
