"""The private RabbitMQ broker: finds its programs or fetches them from the distribution's packages,
configures it, and describes it to the supervisor."""

import json
import os
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import debian
from .accounts import Account, server_account
from .layout import PROGRAMS, Layout
from .ports import answers
from .processes import Program, StartFailed

INSTALL_BY_HAND = (
    "RabbitMQ 3.10 or later is needed and is not here. Install it (Debian, Ubuntu: apt install"
    " rabbitmq-server; elsewhere: put rabbitmq-server and erl on PATH), or name a broker in OPTIMA_AMQP_URL."
)

# The configuration is an Erlang term, because loading the translator for rabbitmq.conf would take a second at
# each start.
CONFIGURATION = """\
[{{rabbit, [
  {{tcp_listeners, [{{"127.0.0.1", {port}}}]}},
  {{loopback_users, []}},
  {{load_definitions, "{definitions}"}},
  {{disk_free_limit, 100000000}},
  {{log, [{{file, [{{file, false}}]}}, {{console, [{{enabled, true}}, {{level, warning}}]}}]}}
]}}].
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """RabbitMQ's programs on this machine."""

    scripts: (
        Path  # the folder of the package's own rabbitmq-server, not of the wrapper that forces system paths
    )
    erlang: Path | None  # the root of an unpacked Erlang, or None if erl is on PATH
    libraries: str  # path of the shared libraries that were unpacked with it


@dataclass(frozen=True, slots=True)
class PrivateRabbit:
    broker: Broker
    data: Path
    port: int
    distribution_port: int
    names_port: int
    account: Account | None

    def configure(self, definitions: Mapping[str, Any]) -> None:
        """Write the configuration, with the users, permissions, exchanges and queues that each start
        loads."""
        self.data.mkdir(parents=True, exist_ok=True)
        definitions_file = self.data / "definitions.json"
        definitions_file.touch(mode=0o600)
        definitions_file.write_text(json.dumps(definitions))
        (self.data / "rabbitmq.config").write_text(
            CONFIGURATION.format(port=self.port, definitions=definitions_file)
        )
        (self.data / "enabled_plugins").write_text("[].\n")
        if self.account:
            for path in (self.data, *self.data.iterdir()):
                os.chown(path, self.account.uid, self.account.gid)

    def programs(self) -> tuple[Program, Program]:
        """Return Erlang's name server and the broker. The name server is a program of its own, because
        otherwise the broker would leave it behind as a daemon."""
        environment = self.environment()
        names = Program(
            name="epmd",
            command=(shutil.which("epmd", path=environment["PATH"]) or "epmd",),
            environment=environment,
            folder=self.data,
            ready=lambda: answers(self.names_port),
            port=self.names_port,
            account=self.account,
            grace_seconds=2.0,
        )
        broker = Program(
            name="rabbitmq",
            command=(str(self.broker.scripts / "rabbitmq-server"),),
            environment=environment,
            folder=self.data,
            ready=lambda: answers(self.port),
            port=self.port,
            account=self.account,
            stop_signal=signal.SIGTERM,
            grace_seconds=20.0,
        )
        return names, broker

    def environment(self) -> dict[str, str]:
        """Return the environment for the broker's programs and for rabbitmqctl."""
        data = self.data
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(data),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"optima-{self.port}@127.0.0.1",
            # A long name may be an address. Some machines cannot resolve even localhost.
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_DIST_PORT": str(self.distribution_port),
            "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
            "RABBITMQ_LOG_BASE": str(data / "log"),
            "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "ERL_EPMD_PORT": str(self.names_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        if self.broker.erlang:
            environment["PATH"] = f"{self.broker.erlang / 'bin'}:{environment['PATH']}"
        if self.broker.libraries:
            environment["LD_LIBRARY_PATH"] = self.broker.libraries
        return environment


def private_rabbit(broker: Broker, layout: Layout, ports: Mapping[str, int]) -> PrivateRabbit:
    """Return the private broker of that stack."""
    return PrivateRabbit(
        broker=broker,
        data=layout.servers.resolve() / "rabbitmq",
        port=ports["amqp"],
        distribution_port=ports["amqp_distribution"],
        names_port=ports["amqp_names"],
        account=server_account(),
    )


def find_rabbitmq() -> Broker | None:
    """Return the RabbitMQ that is installed on this machine, or else the one fetched before, or None."""
    if shutil.which("erl"):
        for scripts in (Path("/usr/lib/rabbitmq/bin"), *on_path()):
            if (scripts / "rabbitmq-server").exists():
                return Broker(scripts, erlang=None, libraries="")
    unpacked = PROGRAMS.resolve() / "rabbitmq" / "root"
    complete = unpacked / "complete"
    if not complete.exists() or complete.read_text() != str(
        unpacked
    ):  # the fetch was interrupted, or the folder was moved
        return None
    scripts, erlang = unpacked / "usr/lib/rabbitmq/bin", unpacked / "usr/lib/erlang"
    return Broker(scripts, erlang, debian.libraries(unpacked))


def on_path() -> list[Path]:
    """Return the folder of the rabbitmq-server on PATH, if this is the real script and not a wrapper."""
    found = shutil.which("rabbitmq-server")
    folder = Path(found).resolve().parent if found else None
    return [folder] if folder and (folder / "rabbitmq-env").exists() else []


def fetch_rabbitmq() -> None:
    """Unpack RabbitMQ and Erlang from the distribution's signed packages into the stack's own folder.

    Nothing is installed into the system and no system service starts, both for root and for ordinary users.
    If there is no apt, raises StartFailed that says what to install."""
    try:
        unpacked = debian.unpack("rabbitmq-server", PROGRAMS.resolve() / "rabbitmq")
    except debian.Unavailable as error:
        raise StartFailed(f"{INSTALL_BY_HAND}{error}") from error
    for script in unpacked.glob("usr/lib/erlang/**/bin/erl"):
        # Debian's start scripts contain the path where Erlang would be installed.
        script.write_text(script.read_text().replace("=/usr/lib/erlang", f"={unpacked}/usr/lib/erlang"))
    (unpacked / "complete").write_text(str(unpacked))
