"""Where everything of one stack lies. All of it is under .optima, which git ignores."""

import os
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
HOME = Path(os.environ.get("OPTIMA_HOME") or ROOT / ".optima").absolute()
"""OPTIMA_HOME names another folder: a second stack of the same checkout."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "optima"
"""What takes long to make and is the same in every checkout. Whoever deletes it has it made anew."""

PROGRAMS = ROOT / ".optima" / "programs"
"""PostgreSQL's and RabbitMQ's programs, where the machine has none: fetched once, for every stack."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one stack: the one that `up` starts, or the servers that `test` starts."""

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
        """Root of the folders through which ERPs exchange files."""
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
