"""Generates deploy/compose.yaml, the stack for people who have a container engine."""

from collections.abc import Sequence

from optima_kit.signing import public_keys

from ..services import EVENT_SECRET, address_variable, asked
from .entries import ServiceEntry

_FIRST_PORT = 8081
_ENGINES_NETWORKS = "172.16.0.0/12,192.168.0.0/16"
"""Networks in which container engines start containers. Services trust the client addresses that the portal
passes on from there."""
_PASSWORD = "${OPTIMA_SERVICE_PASSWORD:-demonstration-on-a-laptop}"  # noqa: S105 (a demonstration's)

_HEAD = f"""\
# Written by `python -m optima_local.deployment` from deploy/services.toml.
# The stack for those who have a container engine; everybody else: ./optima up.
#
#     docker compose --file deploy/compose.yaml up --build --wait
#     .optima/venv/bin/python -m optima_local.demonstration compose
#
# The second line delivers a brief (`./optima doctor` makes .optima/venv).
# For a laptop: one password for everything, ports on the loopback address alone.
name: linea-optima

x-password: &password {_PASSWORD}

x-service: &service
  restart: unless-stopped
  read_only: true
  tmpfs: [/tmp]
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  entrypoint: ["/bin/sh", "-c", "python -m $$MODULE migrate && exec python -m $$MODULE all"]
  stop_grace_period: 30s
  depends_on:
    provision: {{condition: service_completed_successfully}}
  healthcheck:
    test: ["CMD", "python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/readyz')"]
    interval: 2s
    start_period: 60s

x-environment: &environment
  OPTIMA_ISSUER: http://identity:8080
  OPTIMA_JWKS_URL: http://identity:8080/.well-known/jwks.json
  OPTIMA_ENVIRONMENT: demonstration
  OPTIMA_EVENT_KEYS: ${{OPTIMA_EVENT_KEYS:-PUBLIC_KEYS}}

services:
  postgres:
    image: postgres:16
    environment:
      POSTGRES_PASSWORD: *password
    command: ["-c", "max_connections=400", "-c", "shared_buffers=256MB"]
    volumes: ["postgres:/var/lib/postgresql/data"]
    healthcheck:
      test: ["CMD", "pg_isready", "--username", "postgres", "--host", "127.0.0.1"]
      interval: 1s
      start_period: 60s

  rabbitmq:
    image: rabbitmq:4-management
    hostname: rabbitmq
    environment:
      RABBITMQ_DEFAULT_USER: administrator
      RABBITMQ_DEFAULT_PASS: *password
    volumes: ["rabbitmq:/var/lib/rabbitmq"]
    healthcheck:
      test: ["CMD", "rabbitmq-diagnostics", "--quiet", "check_port_connectivity"]
      interval: 3s
      start_period: 60s

  # Roles, databases, users, exchanges and queues: everything that no service may do for itself.
  provision:
    build: {{context: .., dockerfile: deploy/Dockerfile, target: provision}}
    environment:
      OPTIMA_POSTGRES_URL: postgresql://postgres:{_PASSWORD}@postgres:5432/postgres
      OPTIMA_AMQP_URL: amqp://administrator:{_PASSWORD}@rabbitmq:5672/%2F
      OPTIMA_AMQP_MANAGEMENT_URL: http://administrator:{_PASSWORD}@rabbitmq:15672
      OPTIMA_SERVICE_PASSWORD: *password
    depends_on:
      postgres: {{condition: service_healthy}}
      rabbitmq: {{condition: service_healthy}}
"""
_TAIL = """
volumes:
  postgres:
  rabbitmq:
  drop:
"""


def addresses(services: Sequence[ServiceEntry]) -> dict[str, str]:
    """Return each service's address on the machine that runs it."""
    return {
        service.name: f"http://127.0.0.1:{port}" for port, service in enumerate(services, start=_FIRST_PORT)
    }


def compose(services: Sequence[ServiceEntry]) -> str:
    at = addresses(services)
    for_people = {name for service in services for name in asked(service.asks)}
    secrets = {
        service.name: _demonstration(name)
        for service in services
        for variable, name in service.secrets.items()
        if variable == EVENT_SECRET
    }
    written = [
        _service(service, at[service.name], for_people=service.name in for_people) for service in services
    ]
    return _HEAD.replace("PUBLIC_KEYS", public_keys(secrets)) + "".join(written) + _TAIL


def _demonstration(name: str) -> str:
    return f"demonstration-{name}-of-a-laptop"


PLATFORM_SECRET = _demonstration("platform_client")
"""Secret of the platform's client, with which tenants are registered."""


def _service(service: ServiceEntry, address: str, *, for_people: bool) -> str:
    def database(kind: str) -> str:
        return f"postgresql://{service.module}_{kind}:{_PASSWORD}@postgres:5432/{service.module}"

    environment = {
        "MODULE": service.module,
        "OPTIMA_DATABASE_URL": database("rw"),
        "OPTIMA_DATABASE_OWNER_URL": database("owner"),
        "OPTIMA_DATABASE_BACKBONE_URL": database("backbone"),
        "OPTIMA_BROKER_URL": f"amqp://{service.module}:{_PASSWORD}@rabbitmq:5672/%2F",
    }
    for variable, name in service.secrets.items():
        environment[variable] = f"${{OPTIMA_{name.upper()}:-{_demonstration(name)}}}"
    for name in asked(service.asks):
        environment[address_variable(name)] = f"http://{name}:8080"
    if for_people:
        environment["OPTIMA_TRUSTED_PROXIES"] = _ENGINES_NETWORKS
    if "drop" in service.outside:
        environment["OPTIMA_DROP_FOLDER_ROOT"] = "/var/lib/optima/drop"
    lines = [
        "",
        f"  {service.name}:",
        "    <<: *service",
        f"    build: {{context: .., dockerfile: deploy/Dockerfile, args: {{SERVICE: {service.name}}}}}",
        "    environment:",
        "      <<: *environment",
        *(f"      {variable}: {value}" for variable, value in environment.items()),
        f'    ports: ["{address.removeprefix("http://")}:8080"]',
    ]
    if "drop" in service.outside:
        lines.append('    volumes: ["drop:/var/lib/optima/drop"]')
    return "\n".join(lines) + "\n"
