"""A private RabbitMQ: found or fetched from the distribution's packages, configured, and its programs."""

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

# In Erlang's own terms: for rabbitmq.conf the broker first loads what translates it, a second of every start.
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
    erlang: Path | None  # the root of an unpacked Erlang; None: erl on PATH
    libraries: str  # path of the shared libraries that came with it


@dataclass(frozen=True, slots=True)
class PrivateRabbit:
    broker: Broker
    data: Path
    port: int
    distribution_port: int
    names_port: int
    account: Account | None

    def configure(self, definitions: Mapping[str, Any]) -> None:
        """Write the configuration; users, permissions, exchanges and queues are loaded at every start."""
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
        """Erlang's name server, which would otherwise stay behind as a daemon of its own, and the broker."""
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
        """For the broker's own programs, and for rabbitmqctl."""
        data = self.data
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(data),
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": f"optima-{self.port}@127.0.0.1",
            "RABBITMQ_USE_LONGNAME": "true",  # an address: some machines cannot resolve even localhost
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
    """The private broker of that stack."""
    return PrivateRabbit(
        broker=broker,
        data=layout.servers.resolve() / "rabbitmq",
        port=ports["amqp"],
        distribution_port=ports["amqp_distribution"],
        names_port=ports["amqp_names"],
        account=server_account(),
    )


def find_rabbitmq() -> Broker | None:
    """The machine's own RabbitMQ, else the one fetched before."""
    if shutil.which("erl"):
        for scripts in (Path("/usr/lib/rabbitmq/bin"), *on_path()):
            if (scripts / "rabbitmq-server").exists():
                return Broker(scripts, erlang=None, libraries="")
    unpacked = PROGRAMS.resolve() / "rabbitmq" / "root"
    complete = unpacked / "complete"
    if not complete.exists() or complete.read_text() != str(unpacked):  # interrupted, or moved since
        return None
    scripts, erlang = unpacked / "usr/lib/rabbitmq/bin", unpacked / "usr/lib/erlang"
    return Broker(scripts, erlang, debian.libraries(unpacked))


def on_path() -> list[Path]:
    """The folder of a rabbitmq-server on PATH that is the real script, not a wrapper."""
    found = shutil.which("rabbitmq-server")
    folder = Path(found).resolve().parent if found else None
    return [folder] if folder and (folder / "rabbitmq-env").exists() else []


def fetch_rabbitmq() -> None:
    """Take RabbitMQ and Erlang from the distribution's signed packages, unpacked into the stack's own folder.

    Nothing is installed into the system and no system service starts, for root and for ordinary users alike.
    Raises StartFailed with what to install where there is no apt.
    """
    try:
        unpacked = debian.unpack("rabbitmq-server", PROGRAMS.resolve() / "rabbitmq")
    except debian.Unavailable as error:
        raise StartFailed(f"{INSTALL_BY_HAND}{error}") from error
    for script in unpacked.glob("usr/lib/erlang/**/bin/erl"):
        # Debian writes Erlang's place into its start scripts.
        script.write_text(script.read_text().replace("=/usr/lib/erlang", f"={unpacked}/usr/lib/erlang"))
    (unpacked / "complete").write_text(str(unpacked))
