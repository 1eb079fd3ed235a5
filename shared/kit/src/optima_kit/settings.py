"""Configuration of a service process, from `OPTIMA_…` environment variables."""

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
    """Raises ValueError, naming what is no network: pydantic would name one of its own types."""
    return tuple(ip_network(part) for part in _separated(text))


def _event_keys(keys: tuple[str, ...]) -> tuple[str, ...]:
    for key in keys:
        read_key(key)
    return keys


Separated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_separated)]
"""Texts, separated by commas in the environment."""

Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks), NARROW]
"""Networks ("10.20.0.0/16"), separated by commas in the environment."""


class Settings(BaseSettings):
    """What every service reads. A service with more of its own derives from this."""

    model_config = SettingsConfigDict(env_prefix="OPTIMA_", extra="ignore", frozen=True)

    environment: Literal["demonstration", "production"] = "production"
    """Production refuses weak secrets, unencrypted ways, and what is only for development."""
    database_url: DatabaseUrl
    """PostgreSQL, as the service's read-write role."""
    database_owner_url: DatabaseUrl | None = None
    """PostgreSQL, as the owner of the schema. Only `migrate` needs it."""
    database_backbone_url: DatabaseUrl
    """PostgreSQL, as the role that sees outbox, parking and jobs of all tenants, and nothing else."""
    broker_url: BrokerUrl
    """RabbitMQ, as the service's own user."""
    event_secret: StrongSecret | None = None
    """The key under which it signs its events is derived from this. The role `relay` needs it."""
    event_keys: Annotated[Separated, AfterValidator(_event_keys)] = ()
    """The public keys of all services' events, as `service=key`, separated by commas: `python -m
    optima_kit.signing` prints them. A service may have two, while one takes over from the other. The role
    `consume` needs them: an event that its source has not signed is parked."""
    unsigned_events: Literal["park", "accept"] = "park"
    """Events without a signature. They are accepted while the release before, which signed none, is
    replaced, and at no other time."""
    http_host: str = "127.0.0.1"
    """The address that it listens on: of the API, and in every role of `/livez` and `/readyz`."""
    http_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """The port beside it."""
    metrics_host: str = "127.0.0.1"
    """The address for Prometheus."""
    metrics_port: Annotated[int, Field(ge=0, le=65535)] | None = None
    """The port for Prometheus, which asks nothing of API or database. Without it, there are no metrics."""
    issuer: PublicUrl
    """The `iss` that tokens must carry."""
    jwks_url: InnerUrl
    """Where the issuer publishes its keys."""
    audience: str = "optima"
    """The `aud` that tokens must carry."""
    token_types: Separated = (ACCESS_TOKEN_TYPE,)
    """The `typ` that tokens may carry, separated by commas. `at+jwt` is an access token's (RFC 9068), so that
    no other token of the issuer is taken for one. `at+jwt, JWT` while the release before, which signed `JWT`,
    is replaced, or where an issuer of yours signs no other."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level of what is logged."""
    traces_url: InnerUrl | None = None
    """Where traces go: an OpenTelemetry collector's address for OTLP over HTTP, as
    `http://collector:4318/v1/traces`. Without it, none are sent."""
    traces_share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of the traces beginning here that is sent, 0 to 1."""
    database_pooler: Literal["none", "transaction"] = "none"
    """What stands between `OPTIMA_DATABASE_URL` and PostgreSQL: nothing, or a PgBouncer in transaction mode,
    which keeps no prepared statements. The owner's and the backbone's URLs always lead to PostgreSQL
    itself."""
    pool_size: Annotated[int, Field(ge=1, le=200)] = 8
    """Database connections of one process."""
    grace_seconds: Annotated[float, Field(ge=0, le=600)] = 20.0
    """How long SIGTERM waits for work in hand: requests, then messages, then jobs."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 0.0
    """How long the API goes on answering after SIGTERM, not ready any more, before it finishes its requests:
    until whoever sends them has taken notice."""
    idle_seconds: Annotated[float, Field(gt=0, le=600)] = 75.0
    """How long a connection may stay without a whole request head, from its beginning or from the last
    answer on. More than a proxy in front keeps its connections for."""
    body_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    """How long a request's body may take to arrive."""
    rate_per_second: Annotated[float, Field(gt=0)] = 200.0
    """Requests a second that one person may make of one process; bursts of twice that pass. Whoever has no
    valid token is counted by address."""
    trusted_proxies: Networks = ()
    """Networks of the proxies in front: only theirs is an X-Forwarded-For that is believed.
    Without it, everybody who comes through a proxy shares its address and its rate."""


S = TypeVar("S", bound=Settings)


def load_settings(kind: type[S]) -> S:
    """Reads the environment. Ends the process with status 2, naming each variable that is wrong and why."""
    try:
        return kind()
    except ValidationError as error:
        for problem in error.errors():
            name = "_".join(str(part) for part in problem["loc"]).upper()
            sys.stderr.write(f"configuration: OPTIMA_{name}: {problem['msg']}\n")
        raise SystemExit(2) from None
