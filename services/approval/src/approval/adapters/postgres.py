"""All repositories of approval on one unit of work. All statements are in queries.sql."""

from __future__ import annotations

from optima_kit.db import UnitOfWork

from ..application.ports import Ports
from .memory import Memory
from .postgres_approvals import PostgresApprovals
from .postgres_details import PostgresComments, PostgresEvidence, PostgresLinks
from .postgres_directories import PostgresDelegations, PostgresDirectories
from .postgres_processes import PostgresProcesses
from .postgres_versions import PostgresMigrations, PostgresReplays


class Store(Memory):
    """Builds the ports of a transaction."""

    def ports(self, work: UnitOfWork) -> Ports:
        return Ports(
            processes=PostgresProcesses(work, self),
            approvals=PostgresApprovals(work),
            delegations=PostgresDelegations(work),
            directories=PostgresDirectories(work, self),
            links=PostgresLinks(work),
            evidence=PostgresEvidence(work),
            comments=PostgresComments(work),
            migrations=PostgresMigrations(work),
            replays=PostgresReplays(work),
            conditions=self.conditions,
            outbox=work.outbox,
            on_behalf_of=lambda person_id: work.on_behalf_of(person_id).outbox,
            jobs=work.jobs,
            mails_links=self.mails_links,
            savepoint=work.savepoint,
            tenant_id=work.tenant_id,
            actor_id=work.cause.actor_id,
            now=work.now,
        )
