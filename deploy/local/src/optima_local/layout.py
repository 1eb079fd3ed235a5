"""The folders and files of a stack. All are under .optima, which git ignores."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
HOME = Path(os.environ.get("OPTIMA_HOME") or ROOT / ".optima").absolute()
"""Folder of the stack. OPTIMA_HOME may name another one, for a second stack of the same checkout."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optima"
"""Folder for things that take long to make and are the same in every checkout. If deleted, they are made
again."""

PROGRAMS = ROOT / ".optima" / "programs"
"""PostgreSQL's and RabbitMQ's programs if the machine has none. They are fetched once for all stacks."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of the stack that `up` starts, or of the servers that `test` starts."""

    folder: Path

    @property
    def state(self) -> Path:
        """Ports, secrets (0600), locks and the supervisor's status."""
        return self.folder / "state"

    @property
    def servers(self) -> Path:
        """PostgreSQL's and RabbitMQ's data."""
        return self.folder / "servers"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def drop_folder(self) -> Path:
        """Root of the folders through which ERPs exchange files with us."""
        return self.folder / "drop"

    @property
    def addresses(self) -> Path:
        return self.folder / "addresses.json"

    @property
    def ports(self) -> Path:
        return self.state / "ports.json"

    @property
    def status(self) -> Path:
        return self.state / "status.json"


STACK = Layout(HOME)
TEST_SERVERS = Layout(HOME / "test")
