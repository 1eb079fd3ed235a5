"""Assembles the approval service."""

from __future__ import annotations

from optima_kit.service import Service

from .adapters.gauges import measure_approvals
from .adapters.http import routes
from .adapters.jobs import jobs
from .adapters.mail import Mailer
from .adapters.messages import reactions
from .adapters.postgres import Store
from .adapters.resources import Resources
from .adapters.tokens import LinkTokens
from .application.ports import Ports
from .settings import ApprovalSettings


def service(settings: ApprovalSettings) -> Service[Ports]:
    mailer = None
    if settings.mail_url is not None:
        mailer = Mailer(settings.mail_url.get_secret_value(), settings.mail_from, settings.portal_url)
    store = Store(mails_links=mailer is not None)
    tokens = LinkTokens(settings.link_secret.get_secret_value().encode())
    return Service(
        name="approval",
        package="approval",
        settings=settings,
        ports=store.ports,
        routes=routes,
        reactions=reactions,
        jobs=jobs,
        measure=measure_approvals,
        resources=Resources(store.ports, tokens, mailer),
    )
