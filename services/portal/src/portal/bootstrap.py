"""Connect the portal's adapters to its ports."""

from __future__ import annotations

from functools import partial
from typing import Final

from optima_kit.auth import JwksKeys, TokenVerifier
from optima_kit.clock import SystemClock
from optima_kit.db import Database
from optima_kit.http import Routes
from optima_kit.http.html import PagesInParts
from optima_kit.sealing import Sealer
from optima_kit.service import Service

from .adapters.carried import CarriedValues
from .adapters.client import Services
from .adapters.jobs import jobs
from .adapters.live import CHANNEL, LiveStreams
from .adapters.mail import Mailer, UnsubscribeCodes
from .adapters.messages import reactions
from .adapters.notices import PortalPorts
from .adapters.pages import pages
from .adapters.rendering import Templates
from .adapters.resources import Resources
from .adapters.sessions import BrowserSessions
from .settings import PortalSettings

SESSIONS_SEALED_AS: Final = "portal sessions"


def service(settings: PortalSettings) -> Service[PortalPorts]:
    addresses = {
        "approval": settings.approval_url,
        "brief": settings.brief_url,
        "erp-bridge": settings.erp_bridge_url,
        "identity": settings.identity_url,
        "logistics": settings.logistics_url,
        "production": settings.production_url,
        "trail": settings.trail_url,
    }
    services = Services(addresses, settings.patience_seconds)
    secret = settings.key_secret.get_secret_value()
    sealer = Sealer(secret, SESSIONS_SEALED_AS)
    clock = SystemClock()
    verifier = TokenVerifier(
        JwksKeys(settings.jwks_url), settings.issuer, settings.audience, clock, settings.token_types
    )
    live = LiveStreams()
    codes = UnsubscribeCodes(Sealer(secret, "portal unsubscribing"))
    mailer = None
    if settings.mail_url is not None:
        url = settings.mail_url.get_secret_value()
        mailer = Mailer(url, settings.mail_from, settings.portal_url, codes)
    carried = CarriedValues(Sealer(secret, "portal carried values"))
    resources = Resources(services, carried, live, codes, settings.portal_url, mailer)

    def sessions(database: Database) -> BrowserSessions:
        resources.sessions = BrowserSessions(database, sealer, services, verifier, clock)
        return resources.sessions

    return Service(
        name="portal",
        package="portal",
        settings=settings,
        ports=partial(PortalPorts, mails=mailer is not None),
        linger=0.025,  # pages still change soon enough, and a batch of events costs hardly more than one
        routes=Routes(),
        reactions=reactions,
        jobs=jobs,
        resources=resources,
        close_resources=services.close,
        pages=PagesInParts(pages, sessions, Templates(), {CHANNEL: live.heard}),
    )
