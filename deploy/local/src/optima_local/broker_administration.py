"""Administers RabbitMQ's users and queues from outside the services.

There are two implementations: `rabbitmqctl` for the private broker, which has no plugins, and the management
API for a broker that somebody else runs, where we have no shell."""

import base64
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .processes import StartFailed
from .rabbitmq import PrivateRabbit


class BrokerAdministration(Protocol):
    """Administers a broker. All methods raise StartFailed if the broker cannot be reached or refuses."""

    def load(self, definitions: Mapping[str, Any]) -> None:
        """Load users, permissions, exchanges and queues. Existing ones are changed to match."""

    def users(self) -> list[str]: ...
    def queues(self) -> list[str]: ...
    def delete_user(self, name: str) -> None:
        """Delete a user and close its connections."""

    def delete_queue(self, name: str) -> None: ...


class Rabbitmqctl:
    def __init__(self, rabbit: PrivateRabbit, vhost: str = "/") -> None:
        self._rabbit = rabbit
        self._vhost = vhost

    def load(self, definitions: Mapping[str, Any]) -> None:
        # The definitions go through a file with mode 0600 that belongs to the broker, because everybody can
        # read the arguments of a process.
        with tempfile.NamedTemporaryFile("w", dir=self._rabbit.data, suffix=".json") as file:
            json.dump(definitions, file)
            file.flush()
            if self._rabbit.account:
                os.chown(file.name, self._rabbit.account.uid, self._rabbit.account.gid)
            self.run("import_definitions", str(Path(file.name).resolve()))

    def users(self) -> list[str]:
        return [row["user"] for row in json.loads(self.run("--formatter", "json", "list_users"))]

    def queues(self) -> list[str]:
        listed = self.run("--formatter", "json", "list_queues", "-p", self._vhost, "name")
        return [row["name"] for row in json.loads(listed)]

    def delete_user(self, name: str) -> None:
        self.run("delete_user", name)

    def delete_queue(self, name: str) -> None:
        self.run("delete_queue", "-p", self._vhost, name)

    def run(self, *words: str) -> str:
        """Run rabbitmqctl with these words and return its output."""
        account = self._rabbit.account
        done = subprocess.run(
            [str(self._rabbit.broker.scripts / "rabbitmqctl"), "--quiet", *words],
            env=self._rabbit.environment(),
            cwd=self._rabbit.data,
            user=account.uid if account else None,
            group=account.gid if account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StartFailed(f"rabbitmqctl {words[0]}: {(done.stderr or done.stdout).strip()}")
        return done.stdout


class ManagementApi:
    def __init__(self, url: str, vhost: str = "/") -> None:
        """The URL contains a user that may administer the broker: http://user:password@host:15672."""
        parts = urllib.parse.urlsplit(url)
        password = urllib.parse.unquote(parts.password or "")
        credentials = f"{urllib.parse.unquote(parts.username or '')}:{password}"
        self._authorization = f"Basic {base64.b64encode(credentials.encode()).decode()}"
        self._address = f"{parts.scheme}://{parts.hostname}:{parts.port or 15672}/api"
        self._vhost = urllib.parse.quote(vhost, safe="")

    def load(self, definitions: Mapping[str, Any]) -> None:
        self._ask("POST", "definitions", definitions)

    def users(self) -> list[str]:
        return [user["name"] for user in self._ask("GET", "users")]

    def queues(self) -> list[str]:
        return [queue["name"] for queue in self._ask("GET", f"queues/{self._vhost}")]

    def delete_user(self, name: str) -> None:
        self._ask("DELETE", f"users/{urllib.parse.quote(name, safe='')}")

    def delete_queue(self, name: str) -> None:
        self._ask("DELETE", f"queues/{self._vhost}/{urllib.parse.quote(name, safe='')}")

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 (an address that the caller's configuration names)
            f"{self._address}/{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self._authorization, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                told = answer.read()
        except urllib.error.HTTPError as error:
            raise StartFailed(
                f"RabbitMQ's management API at {self._address} refused {method} {path}: {error}"
            ) from error
        except OSError as error:
            raise StartFailed(
                f"RabbitMQ's management API at {self._address} can't be reached ({error}). The users and"
                " queues of the broker in OPTIMA_AMQP_URL are made through it: enable the plugin"
                " rabbitmq_management and set OPTIMA_AMQP_MANAGEMENT_URL."
            ) from error
        return json.loads(told) if told else None


def management_url() -> str:
    return os.environ.get("OPTIMA_AMQP_MANAGEMENT_URL", "http://guest:guest@127.0.0.1:15672")
