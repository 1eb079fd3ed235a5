"""The services of this checkout, and the environment that each process gets."""

import os
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

from optima_kit.signing import public_keys

from . import tryton
from .layout import ROOT, Layout
from .processes import Process, Program

ROLES = ("owner", "rw", "ro", "backbone")
MEASURED = {"intake": "intake_event"}
"""The service that `./optima bench` adds to the others, and the name of the secret with which it signs
events."""
EVENT_SECRET = "OPTIMA_EVENT_SECRET"  # noqa: S105 (the name of one)
# Variables that services must not inherit, because they give more rights than a service has, or slow its
# start.
WITHHELD = {"OPTIMA_POSTGRES_URL", "OPTIMA_AMQP_URL", "OPTIMA_AMQP_MANAGEMENT_URL", "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True)
class ServiceCode:
    """A service of this checkout."""

    name: str  # erp-bridge
    module: str  # erp_bridge: also the name of its database and AMQP user, and the prefix of its roles
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variables that the service needs besides its passwords, each with the name of the secret that it
    holds."""
    exchanges_files: bool = False
    asks: tuple[str, ...] = ()
    """Services whose addresses the service gets, because it calls them."""
    asked_for_people: bool = False
    """Whether another service calls this one on behalf of people and passes on their network addresses."""

    @classmethod
    def named(cls, name: str) -> "ServiceCode":
        return cls(name, name.replace("-", "_"))

    def role(self, kind: str) -> str:
        """Return the name of the service's PostgreSQL role of that kind: owner, rw, ro or backbone."""
        return f"{self.module}_{kind}"

    @property
    def roles(self) -> list[str]:
        return [self.role(kind) for kind in ROLES]

    @property
    def amqp_user(self) -> str:
        return self.module


def find_services() -> list[ServiceCode]:
    """Return the services of deploy/services.toml, sorted by name."""
    sections = tomllib.loads((ROOT / "deploy" / "services.toml").read_text(encoding="utf-8"))
    for_people = {name for section in sections.values() for name in asked(section["asks"])}
    return [
        ServiceCode(
            name,
            section["module"],
            section.get("secrets", {}),
            "drop" in section["outside"],
            asked(section["asks"]),
            name in for_people,
        )
        for name, section in sorted(sections.items())
    ]


def asked(services: Iterable[str]) -> tuple[str, ...]:
    """Return the services whose addresses a service needs. If it calls only identity, it needs none, because
    it has this address as the issuer's."""
    return () if (names := tuple(services)) == ("identity",) else names


def address_variable(service: str) -> str:
    return f"OPTIMA_{service.upper().replace('-', '_')}_URL"


@dataclass(frozen=True, slots=True)
class Servers:
    """The URLs with which we administer the servers. The services' URLs are derived from them."""

    postgres_url: str  # of a superuser, or of a role that may create roles and databases
    amqp_url: str

    def database_url(self, role: str, password: str, database: str) -> str:
        parts = urlsplit(self.postgres_url)
        return urlunsplit(parts._replace(netloc=login(role, password, parts), path=f"/{database}"))

    def broker_url(self, user: str, password: str) -> str:
        parts = urlsplit(self.amqp_url)
        return urlunsplit(parts._replace(netloc=login(user, password, parts)))

    @property
    def vhost(self) -> str:
        return unquote(urlsplit(self.amqp_url).path[1:]) or "/"


def login(user: str, password: str, parts: SplitResult) -> str:
    return f"{user}:{password}@{parts.netloc.rpartition('@')[2]}"


def service_address(service: ServiceCode, ports: Mapping[str, int]) -> str:
    return f"http://127.0.0.1:{ports[service.name]}"


def metrics_port(service: ServiceCode) -> str:
    """Return the name of the port at which Prometheus reads the service's metrics."""
    return f"{service.name} metrics"


def process_environment() -> dict[str, str]:
    """Return the environment that every process of the product gets, whichever service it runs."""
    kept = {name: value for name, value in os.environ.items() if name not in WITHHELD}
    return kept | {"PYTHONUNBUFFERED": "1"}


def service_environment(
    service: ServiceCode,
    layout: Layout,
    servers: Servers,
    ports: Mapping[str, int],
    secrets: Mapping[str, str],
) -> dict[str, str]:
    def database(kind: str) -> str:
        role = service.role(kind)
        return servers.database_url(role, secrets[role], service.module)

    issuer = f"http://127.0.0.1:{ports['identity']}" if "identity" in ports else "http://127.0.0.1"
    metrics = {"OPTIMA_METRICS_PORT": str(ports[name])} if (name := metrics_port(service)) in ports else {}
    environment = process_environment() | {
        "OPTIMA_DATABASE_URL": database("rw"),
        "OPTIMA_DATABASE_BACKBONE_URL": database("backbone"),
        "OPTIMA_BROKER_URL": servers.broker_url(service.amqp_user, secrets[f"amqp_{service.amqp_user}"]),
        "OPTIMA_HTTP_HOST": "127.0.0.1",
        "OPTIMA_HTTP_PORT": str(ports[service.name]),
        **metrics,
        "OPTIMA_ISSUER": issuer,
        "OPTIMA_JWKS_URL": f"{issuer}/.well-known/jwks.json",
        "OPTIMA_AUDIENCE": "optima",
        "OPTIMA_ENVIRONMENT": "demonstration",
        "OPTIMA_EVENT_KEYS": event_keys(secrets),
    }
    environment |= {variable: secrets[name] for variable, name in service.secrets.items()}
    environment |= {
        address_variable(name): f"http://127.0.0.1:{ports[name]}" for name in service.asks if name in ports
    }
    if service.asked_for_people:
        environment["OPTIMA_TRUSTED_PROXIES"] = "127.0.0.1/32"
    if service.name == "trail":
        # Developers of webhook receivers try them on the machine of the stack, with ./optima webhook.
        environment |= {"OPTIMA_WEBHOOK_PLAIN_HTTP": "true", "OPTIMA_WEBHOOK_NETWORKS": "127.0.0.1/32"}
    if service.exchanges_files:
        environment["OPTIMA_DROP_FOLDER_ROOT"] = str(layout.drop_folder)
        if tryton.is_there(layout):
            environment["OPTIMA_ERP_NETWORKS"] = "127.0.0.0/8"
    return environment


def event_keys(secrets: Mapping[str, str]) -> str:
    """Return the public keys of the services' event signatures."""
    named = {service.name: service.secrets[EVENT_SECRET] for service in find_services()} | MEASURED
    return public_keys({service: secrets[name] for service, name in named.items() if name in secrets})


def service_secrets(services: list[ServiceCode]) -> list[str]:
    """Return the names of the secrets for the services' databases, broker users and keys."""
    return [
        name
        for service in services
        for name in (*service.roles, f"amqp_{service.amqp_user}", *service.secrets.values())
    ]


def service_program(
    service: ServiceCode, environment: Mapping[str, str], spawn: Callable[[Program], Process]
) -> Program:
    port = int(environment["OPTIMA_HTTP_PORT"])
    return Program(
        name=service.name,
        command=(sys.executable, "-m", service.module, "all"),
        environment=environment,
        folder=ROOT,
        ready=lambda: is_ready(port),
        port=port,
        spawn=spawn,
        grace_seconds=float(environment.get("OPTIMA_GRACE_SECONDS", "20")) + 2,
    )


def is_ready(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
