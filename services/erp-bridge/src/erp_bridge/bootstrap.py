"""Connect the bridge's adapters to its ports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from optima_kit.db import UnitOfWork
from optima_kit.directory import Directory
from optima_kit.hardening import ELSEWHERE, KeySecret
from optima_kit.sealing import Sealer
from optima_kit.service import Service
from optima_kit.settings import Networks, Settings

from .adapters.business_central import BusinessCentral
from .adapters.connectors import ConnectorRegistry
from .adapters.drop_folder import DropFolder
from .adapters.easyfatt import Easyfatt
from .adapters.egress import EgressGuard
from .adapters.http import Resources, routes
from .adapters.italian_checks import italian_checks
from .adapters.jobs import jobs
from .adapters.mapping_yaml import write_mapping
from .adapters.messages import reactions
from .adapters.metrics import CountedExchange, measure
from .adapters.odoo import Odoo
from .adapters.postgres import PostgresCheckpoints, PostgresConnections, PostgresSchemas
from .adapters.postgres_documents import PostgresDocuments, PostgresReconciliations
from .adapters.postgres_failures import PostgresFailures, PostgresRuns
from .adapters.postgres_records import PostgresConflicts, PostgresRecords
from .adapters.sap_business_one import SapBusinessOne
from .adapters.sealed_columns import sealed_columns
from .adapters.tryton import Tryton
from .adapters.ubl import Ubl
from .application.ports import Ports


class BridgeSettings(Settings):
    key_secret: KeySecret
    """Seals the credentials of connections. If it is lost, people must enter them again. To change it, put
    the new value before the previous one, separated by a comma."""
    drop_folder_root: Path = Path(".optima/drop")
    """The directory that contains each tenant's own directory for drop folders; nothing outside is
    touched."""
    erp_networks: Annotated[Networks, ELSEWHERE] = ()
    """Internal networks in which ERPs may be; there, plain HTTP is permitted too. All other addresses must be
    public and encrypted. Production refuses networks with this machine's own addresses: loopback, link-local,
    unspecified."""


def service(settings: BridgeSettings) -> Service[Ports]:
    guard = EgressGuard(settings.erp_networks)
    connectors = ConnectorRegistry(
        [
            DropFolder(settings.drop_folder_root),
            Easyfatt(settings.drop_folder_root),
            Ubl(settings.drop_folder_root),
            Tryton(guard),
            Odoo(guard),
            BusinessCentral(guard),
            SapBusinessOne(guard),
        ]
    )
    sealer = Sealer(settings.key_secret.get_secret_value(), "erp-bridge credentials")
    checks, exchanged = italian_checks(), CountedExchange()

    def ports(work: UnitOfWork) -> Ports:
        return Ports(
            connections=PostgresConnections(work, connectors, sealer),
            checkpoints=PostgresCheckpoints(work),
            schemas=PostgresSchemas(work),
            runs=PostgresRuns(work),
            records=PostgresRecords(work),
            conflicts=PostgresConflicts(work),
            documents=PostgresDocuments(work),
            failures=PostgresFailures(work),
            reconciliations=PostgresReconciliations(work),
            connectors=connectors,
            checks=checks,
            exchanged=exchanged,
            mapping_text=write_mapping,
            directory=Directory(work),
            outbox=work.outbox,
            jobs=work.jobs,
            tenant_id=work.tenant_id,
            now=work.now,
        )

    return Service(
        name="erp-bridge",
        package="erp_bridge",
        settings=settings,
        ports=ports,
        routes=routes,
        reactions=reactions,
        jobs=jobs,
        resources=Resources(ports),
        measure=measure,
        sealed=sealed_columns(sealer),
    )
