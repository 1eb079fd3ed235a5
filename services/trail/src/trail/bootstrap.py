"""Assembles the trail service."""

from __future__ import annotations

from optima_kit.db import UnitOfWork
from optima_kit.egress import EgressGuard
from optima_kit.http import Routes
from optima_kit.sealing import Sealer
from optima_kit.service import Service
from optima_kit.typesetting import Typesetter

from .adapters.feed import feed_routes
from .adapters.http import routes
from .adapters.http_erasure import erasure_routes
from .adapters.http_event_types import event_type_routes
from .adapters.http_exports import export_routes
from .adapters.http_proof import proof_routes
from .adapters.http_webhooks import webhook_routes
from .adapters.jobs import jobs
from .adapters.messages import reactions
from .adapters.postgres import PostgresTrail
from .adapters.postgres_anchors import PostgresAnchorKeys, PostgresAnchors
from .adapters.postgres_people import PostgresPersonKeys
from .adapters.postgres_webhooks import PostgresWebhooks
from .adapters.printout_sheet import TEMPLATE
from .adapters.receivers import HttpReceivers
from .adapters.resources import Resources
from .adapters.sealed_columns import sealed_columns
from .adapters.signatures import AnchorKeyMaker
from .application.ports import Ports
from .settings import TrailSettings


def service(settings: TrailSettings) -> Service[Ports]:
    key_secret = settings.key_secret.get_secret_value()
    key_maker = AnchorKeyMaker(key_secret)
    people_sealer = Sealer(key_secret, "trail person keys")
    webhook_sealer = Sealer(key_secret, "trail webhook secrets")

    def trail(work: UnitOfWork) -> PostgresTrail:
        return PostgresTrail(work, PostgresPersonKeys(work, people_sealer))

    def ports(work: UnitOfWork) -> Ports:
        return Ports(
            tenant_id=work.tenant_id,
            trail=work.gathering(trail),
            anchors=PostgresAnchors(work),
            anchor_keys=PostgresAnchorKeys(work),
            key_maker=key_maker,
            person_keys=PostgresPersonKeys(work, people_sealer),
            webhooks=PostgresWebhooks(work),
            webhook_sealing=webhook_sealer,
            outbox=work.outbox,
            jobs=work.jobs,
            now=work.now,
        )

    printouts = Typesetter(TEMPLATE)
    endpoints = Routes()
    for each in (
        routes,
        feed_routes,
        event_type_routes,
        export_routes,
        proof_routes,
        erasure_routes,
        webhook_routes,
    ):
        endpoints.include(each)
    return Service(
        name="trail",
        package="trail",
        settings=settings,
        ports=ports,
        routes=endpoints,
        reactions=reactions,
        jobs=jobs,
        linger=0.005,  # longer makes larger batches, but an entry would come later than its budget of 8 ms
        jobs_at_once=16,
        resources=Resources(ports, HttpReceivers(EgressGuard(settings.egress_exceptions)), printouts),
        close_resources=printouts.close,
        sealed=sealed_columns(people_sealer, webhook_sealer),
    )
