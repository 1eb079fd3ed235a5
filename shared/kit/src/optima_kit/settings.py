"""The configuration of a service process, from `OPTIMA_…` environment variables."""

from __future__ import annotations

import sys
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from optima_contracts.signatures import read_key

from .auth import ACCESS_TOKEN_TYPE
from .hardening import NARROW, BrokerUrl, DatabaseUrl, InnerUrl, PublicUrl, StrongSecret


def _separated(text: str | tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _networks(text: str | tuple[Any, ...]) -> tuple[Any, ...]:
    """Read networks. Raises ValueError that names what is not a network; pydantic would name one of its own
    types."""
    return tuple(ip_network(part) for part in _separated(text))


def _event_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        read_key(key)
    return keys


Separated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)]
"""Texts that are separated by commas in the environment."""

Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks), NARROW]
"""Networks ("10.20.0.0/16") that are separated by commas in the environment."""


class Settings(BaseSettings):
    """The settings of every service. A service with further settings derives its own class from this one."""

    model_config = SettingsConfigDict(env_prefix="OPTIMA_", extra="ignore", frozen=True)

    environment: Literal["demonstration", "production"] = "production"
    """Production refuses weak secrets, unencrypted connections, and what is only for development."""
    database_url: DatabaseUrl
    """The address of PostgreSQL, with the service's read-write role."""
    database_owner_url: DatabaseUrl | None = None
    """The address of PostgreSQL, with the owner of the schema. Only `migrate` needs it."""
    database_backbone_url: DatabaseUrl
    """The address of PostgreSQL, with the role that sees the outbox, parking and jobs of all tenants and
    nothing else."""
    broker_url: BrokerUrl
    """The address of RabbitMQ, with the service's own user."""
    event_secret: StrongSecret | None = None
    """The secret from which the key is derived that signs the service's events. The role `relay` needs it."""
    event_keys: Annotated[Separated, AfterValidator(_event_keys)] = ()
    """The public keys with which the events of all services are checked, as `service=key`, separated by
    commas. `python -m optima_kit.signing` prints them. A service may have two keys while a new one replaces
    the old one. The role `consume` needs them: an event that its source has not signed is parked."""
    unsigned_events: Literal["park", "accept"] = "park"
    """What happens to events without a signature. Accept them only while replacing a release that did not
    sign events."""
    http_host: str = "127.0.0.1"
    """The address on which the process listens for the API and, in every role, for `/livez` and `/readyz`."""
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port on which the process listens."""
    metrics_host: str = "127.0.0.1"
    """The address on which Prometheus finds the metrics."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The port on which Prometheus finds the metrics. Reading them needs neither the API nor the database.
    Without a port, there are no metrics."""
    issuer: PublicUrl
    """The `iss` that tokens must carry."""
    jwks_url: InnerUrl
    """The address at which the issuer publishes its keys."""
    audience: str = "optima"
    """The `aud` that tokens must carry."""
    token_types: Separated = (ACCESS_TOKEN_TYPE,)
    """The `typ` that tokens may carry, separated by commas. `at+jwt` marks an access token (RFC 9068), so
    that no other token of the issuer is taken for one. Use `at+jwt, JWT` while replacing a release that
    signed `JWT`, or if your own issuer signs only `JWT`."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The lowest level that is logged."""
    traces_url: InnerUrl | None = None
    """The address to which traces are sent: an OpenTelemetry collector's for OTLP over HTTP, such as
    `http://collector:4318/v1/traces`. Without it, no traces are sent."""
    traces_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share, from 0 to 1, of the traces beginning here that are sent."""
    database_pooler: Literal["none", "transaction"] = "none"
    """What is between `OPTIMA_DATABASE_URL` and PostgreSQL: nothing, or a PgBouncer in transaction mode,
    which does not keep prepared statements. The owner's and the backbone's URLs always lead to PostgreSQL
    itself."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 8
    """The number of database connections of one process."""
    grace_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long the process waits after SIGTERM for running work: requests, then messages, then jobs."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 0.0
    """How long the API goes on answering after SIGTERM, although no longer ready, before it finishes its
    requests. The proxies in front need this time to notice."""
    idle_seconds: Annotated[float, Field(gt=0, le=600)] = 75.0
    """How long a connection may stay open without a complete request head, counted from its beginning or from
    the last answer. It must be longer than a proxy in front keeps its connections."""
    body_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long a request's body may take to arrive."""
    rate_per_second: Annotated[float, Field(gt=0)] = 200.0
    """How many requests a second one person may send to one process. Bursts of twice as many are let through.
    Callers without a valid token are counted by their address."""
    trusted_proxies: Networks = ()
    """The networks of the proxies in front. Only their X-Forwarded-For is trusted. Without it, everybody who
    comes through a proxy shares its address and its rate."""


S = TypeVar("S", bound=Settings)


def load_settings(kind: type[S]) -> S:
    """Read the settings from the environment. If some are wrong, end the process with status 2 and name each
    wrong variable and the reason."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"configuration: OPTIMA_{name}: {problem['msg']}\n")
        raise SystemExit(2) from None
