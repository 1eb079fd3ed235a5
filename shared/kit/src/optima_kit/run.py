"""Runs a service in one of its process roles: `python -m brief http|relay|consume|work|migrate|all`.

A role begins when the database is reachable and its migrations are applied. SIGTERM stops the parts in this
order. The process stops being ready, but answers for `drain_seconds` more. Then it takes no new requests and
finishes the running ones. Then the consumer stops, then the jobs, and last the relay, so that what the others
have committed is still published.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog
import uvloop
from aiohttp import web
from prometheus_client import start_http_server

from optima_contracts.signatures import EventKeys, EventSigner

from .access_changes import AccessWatch
from .auth import JwksKeys, TokenVerifier
from .clock import SystemClock
from .db import Database
from .health import Health
from .http.addresses import Addresses
from .http.api import Api
from .http.html import Html, StaticFiles
from .http.problems import load_catalogue
from .http.server import EdgeServer
from .logs import configure_logs
from .measuring import Measuring, measure_jobs, measure_outbox, measure_parking
from .metrics import BUILD, POOL_IDLE, POOL_SIZE, REGISTRY
from .migrate import MigrationError, migrate, missing_migrations
from .operations import OPENAPI, PARKED, REPUBLISH, parking_routes
from .pauses import pauses
from .postgres import UNAVAILABLE
from .retention import Retention
from .saturation import loop_lag_observed
from .service import CommandLine, Service
from .settings import Settings, load_settings
from .wake import WakeListener, WakeNotifier, listen_for

if TYPE_CHECKING:
    from .broker import Broker

# Modules that only one role needs are imported when that role begins, so that, for example, a process with
# only the API does not load the broker's client.

log = structlog.get_logger()

S = TypeVar("S", bound=Settings)

ROLES: Final = ("http", "relay", "consume", "work", "all")
_BACKBONE_CONNECTIONS = 6


def main(
    build: Callable[[S], Service[Any]],
    settings: type[S] = Settings,  # type: ignore[assignment]
    commands: Mapping[str, CommandLine] = MappingProxyType({}),
) -> None:
    """Run a service: read the role or command from the command line and run it. Wrong arguments and requests
    for help are answered without reading the configuration."""
    word, *words = sys.argv[1:] or [""]
    known = {"migrate": _MIGRATE, "parked": PARKED, "republish": REPUBLISH, "openapi": OPENAPI, **commands}
    asks = not {"-h", "--help"}.isdisjoint(sys.argv[1:])
    runs = not words if word in ROLES else word in known and known[word].accepts(words)
    if asks or not runs:
        usages = [known[word].usage] if word in known else [*ROLES, *(each.usage for each in known.values())]
        (sys.stdout if asks else sys.stderr).write(f"usage: {_program()} {' | '.join(usages)}\n")
        raise SystemExit(0 if asks else 2)
    service = build(load_settings(settings))
    configure_logs(service.name, service.settings.log_level)
    if word in known:
        raise SystemExit(uvloop.run(_run(known[word], service, words)))
    uvloop.run(_serve(service, word))


def _program() -> str:
    spec = sys.modules["__main__"].__spec__
    return f"python -m {spec.parent}" if spec else sys.argv[0]


async def _run(command: CommandLine, service: Service[Any], words: list[str]) -> int:
    return await command.run(service, words)


async def _migrate(service: Service[Any], _: list[str]) -> int:
    settings = service.settings
    if settings.database_owner_url is None:
        sys.stderr.write("configuration: OPTIMA_DATABASE_OWNER_URL: needed to migrate\n")
        return 2
    try:
        applied = await migrate(settings.database_owner_url.get_secret_value(), service.package)
    except MigrationError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    log.info("migrated", applied=applied)
    return 0


_MIGRATE: Final = CommandLine(usage="migrate", accepts=lambda words: not words, run=_migrate)


@dataclass(slots=True)
class _Process:
    """The objects that the parts of a role share."""

    service: Service[Any]
    database: Database
    backbone: Database
    listener: WakeListener

    def broker(self, role: str) -> Broker:
        """Return a separate connection to RabbitMQ for one role. An alarm that blocks the relay's connection
        must not stop the consumer's acknowledgements."""
        from .broker import Broker

        url = self.service.settings.broker_url.get_secret_value()
        return Broker(url, f"{self.service.name} {role}")


async def _serve(service: Service[Any], role: str) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _expose_metrics(service)
    _has_its_keys(service, role)
    # Leaving the stack stops the parts in the reverse order.
    async with AsyncExitStack() as stack:
        stack.push_async_callback(service.close)
        await stack.enter_async_context(loop_lag_observed())
        await stack.enter_async_context(_tracing(service, role))
        process = await _open(service, role, stack, stop)
        if process is None:
            return
        if role in ("relay", "all"):
            await stack.enter_async_context(_relaying(process))
        if role in ("work", "all") and service.jobs:
            await stack.enter_async_context(_working(process))
        if role in ("consume", "all") and service.reactions:
            await stack.enter_async_context(_consuming(process))
        await stack.enter_async_context(_answering(process, with_api=role in ("http", "all")))
        collect_seldom()
        log.info("running", role=role)
        await stop.wait()
        log.info("draining", role=role)
    log.info("stopped", role=role)


def collect_seldom() -> None:
    """Let the garbage collector run less often, as it stops everything while it runs. Objects that exist now
    stay for good, so it skips them. Most objects of a request are freed without it, so it runs after
    thousands of new objects instead of hundreds."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


@asynccontextmanager
async def _tracing(service: Service[Any], role: str) -> AsyncIterator[None]:
    settings = service.settings
    if settings.traces_url is None:
        yield
        return
    from .spans import Spans

    spans = Spans(service.name, service.version, role, settings.traces_url, settings.traces_share)
    try:
        yield
    finally:
        await asyncio.to_thread(spans.close)


def _expose_metrics(service: Service[Any]) -> None:
    """Serve the metrics from a separate thread as long as the process lives, whatever else it does."""
    settings = service.settings
    BUILD.info({"version": service.version})
    if settings.metrics_port is not None:
        with _taken_port_explained("METRICS", settings.metrics_host, settings.metrics_port):
            start_http_server(settings.metrics_port, settings.metrics_host, REGISTRY)


def _has_its_keys(service: Service[Any], role: str) -> None:
    """End the process with status 2 if the role lacks the secret or the keys to sign or check events."""
    settings = service.settings
    missing = {
        "SECRET": role in ("relay", "all") and not settings.event_secret,
        "KEYS": role in ("consume", "all") and service.reactions and not settings.event_keys,
    }
    for name in (name for name, is_missing in missing.items() if is_missing):
        sys.stderr.write(f"configuration: OPTIMA_EVENT_{name}: needed to {role}\n")
        raise SystemExit(2)


@contextlib.contextmanager
def _taken_port_explained(which: str, host: str, port: int) -> Iterator[None]:
    """End the process with status 2 if it can't listen on the port, and name the setting."""
    try:
        yield
    except OSError as error:
        reason = "another process listens there" if error.errno == errno.EADDRINUSE else error.strerror
        sys.stderr.write(f"configuration: OPTIMA_{which}_PORT: {host}:{port}: {reason}\n")
        raise SystemExit(2) from None


async def _open(
    service: Service[Any], role: str, stack: AsyncExitStack, stop: asyncio.Event
) -> _Process | None:
    """Wait for the database and its migrations, and connect. Return None if asked to stop meanwhile."""
    settings = service.settings
    clock = SystemClock()
    pause = pauses()
    while not stop.is_set():
        try:
            backbone = await Database.open(
                settings.database_backbone_url.get_secret_value(),
                source=service.source,
                size=_BACKBONE_CONNECTIONS,
                clock=clock,
            )
            stack.push_async_callback(_close, backbone)
            listener = WakeListener(backbone.pool)
            notifier = WakeNotifier(backbone.pool, near=listener if role in ("relay", "all") else None)
            database = await Database.open(
                settings.database_url.get_secret_value(),
                source=service.source,
                size=settings.pool_size,
                clock=clock,
                after_commit=notifier.notify,
                pooled=settings.database_pooler == "transaction",
            )
            stack.push_async_callback(_close, database)
            break
        except UNAVAILABLE as error:
            log.warning("waiting for the database", error=repr(error))
            await _pause(stop, pause())
    pause = pauses()
    while not stop.is_set():
        try:
            async with backbone.connection() as connection:
                missing = await missing_migrations(connection, service.package)
            if not missing:
                break
            log.warning("waiting for migrations", missing=missing)
        except UNAVAILABLE as error:
            log.warning("waiting for the database", error=repr(error))
        await _pause(stop, pause())
    else:
        return None
    pools = (database.pool, backbone.pool)
    POOL_SIZE.set_function(lambda: sum(pool.get_size() for pool in pools))
    POOL_IDLE.set_function(lambda: sum(pool.get_idle_size() for pool in pools))
    notifier.start()
    stack.push_async_callback(notifier.stop)
    return _Process(service, database, backbone, listener)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def _close(database: Database) -> None:
    try:
        await asyncio.wait_for(database.close(), 5)
    except TimeoutError:
        database.pool.terminate()


@asynccontextmanager
async def _relaying(process: _Process) -> AsyncIterator[None]:
    from .relay import Relay
    from .work import JobDispatcher

    service, backbone, listener = process.service, process.backbone.pool, process.listener
    async with process.broker("relay") as broker:
        listener.start()
        secret = service.settings.event_secret
        assert secret is not None
        relay = Relay(backbone, broker, listener, EventSigner(secret.get_secret_value()))
        relay.start()
        dispatcher = JobDispatcher(
            service.name,
            backbone,
            broker,
            listener,
            process.database.clock,
            slow=service.jobs.outside_kinds(),
            slow_of_one=max(1, service.jobs_at_once // 2),
        )
        if service.jobs:
            dispatcher.start()
        retention = Retention(backbone, process.database.clock)
        retention.start()
        measures = [measure_outbox, measure_parking, measure_jobs(service.jobs)]
        measuring = Measuring(backbone, [*measures, service.measure] if service.measure else measures)
        measuring.start()
        try:
            yield
        finally:
            await measuring.stop()
            await retention.stop()
            await dispatcher.stop()
            await relay.stop()
            await listener.stop()


@asynccontextmanager
async def _working(process: _Process) -> AsyncIterator[None]:
    from .work import Worker

    settings = process.service.settings
    work = Worker(
        process.service,
        process.database,
        settings.broker_url.get_secret_value(),
        threads=process.service.jobs_at_once,
    )
    work.start()
    try:
        yield
    finally:
        await work.stop(settings.grace_seconds)


@asynccontextmanager
async def _consuming(process: _Process) -> AsyncIterator[None]:
    from .consumer import Consumer

    service = process.service
    async with process.broker("consume") as broker:
        consumer = Consumer(
            service.name,
            reactions=service.reactions,
            ports=service.ports,
            database=process.database,
            backbone=process.backbone.pool,
            broker=broker,
            keys=EventKeys(
                service.settings.event_keys, unsigned=service.settings.unsigned_events == "accept"
            ),
            linger=service.linger,
        )
        consumer.start()
        try:
            yield
        finally:
            await consumer.stop()


@asynccontextmanager
async def _answering(process: _Process, *, with_api: bool) -> AsyncIterator[None]:
    service, settings = process.service, process.service.settings
    addresses = Addresses()
    health = Health(process.database)
    health.mount(addresses)
    draining = asyncio.Event()
    listening: list[asyncio.Task[None]] = []
    # A service without reactions does not follow access changes by events: identity knows them itself.
    watch = AccessWatch(process.backbone.pool) if with_api and service.reactions else None
    if with_api:
        routes = service.routes
        if service.reactions:
            routes.include(parking_routes())
        verifier = TokenVerifier(
            JwksKeys(settings.jwks_url),
            settings.issuer,
            settings.audience,
            process.database.clock,
            settings.token_types,
        )
        Api(
            title=f"Linea OPTIMA: {service.name}",
            version=service.version,
            routes=routes,
            database=process.database,
            ports=service.ports,
            verifier=verifier,
            catalogue=load_catalogue(service.package),
            clock=process.database.clock,
            resources=service.resources,
            admit=service.admit,
            watch=watch,
            rate_per_second=settings.rate_per_second,
            proxies=settings.trusted_proxies,
            draining=draining,
            with_document=settings.environment == "demonstration",
        ).mount(addresses)
        if service.pages is not None:
            Html(
                pages=service.pages.pages,
                statics=StaticFiles(service.package),
                sessions=service.pages.sessions(process.database),
                renderer=service.pages.renderer,
                database=process.database,
                catalogue=load_catalogue(service.package),
                clock=process.database.clock,
                resources=service.resources,
                rate_per_second=settings.rate_per_second,
                proxies=settings.trusted_proxies,
                draining=draining,
            ).mount(addresses)
            listening = [
                asyncio.create_task(listen_for(process.backbone.pool, channel, heard), name=channel)
                for channel, heard in service.pages.heard.items()
            ]
    server = EdgeServer(
        addresses.answer, idle_seconds=settings.idle_seconds, body_seconds=settings.body_seconds
    )
    runner = web.ServerRunner(server, shutdown_timeout=settings.grace_seconds)
    await runner.setup()
    with _taken_port_explained("HTTP", settings.http_host, settings.http_port):
        await web.TCPSite(runner, settings.http_host, settings.http_port, backlog=1024).start()
    if watch is not None:
        watch.start()
    try:
        yield
    finally:
        health.draining = True
        draining.set()
        if with_api:
            # Requests still arrive until the proxies in front have noticed that this process ends.
            await asyncio.sleep(settings.drain_seconds)
        await runner.cleanup()
        if watch is not None:
            await watch.stop()
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
