"""The entries of deploy/services.toml."""

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ..layout import ROOT

FILE = ROOT / "deploy" / "services.toml"

Role = Literal["http", "relay", "consume", "work"]
Outside = Literal["mail", "https", "drop"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RoleEntry(_Strict):
    """A role of a service, which becomes a Kubernetes Deployment."""

    cpu: str
    """CPU request of one replica."""
    memory: str
    """Memory limit of one replica."""
    replicas: tuple[Annotated[int, Field(ge=1)], int]
    """The minimum and the maximum number of replicas."""


class ServiceEntry(_Strict):
    name: str
    module: str
    publishes: tuple[str, ...]
    asks: tuple[str, ...]
    public: bool
    outside: tuple[Outside, ...]
    secrets: dict[str, str] = {}
    """Variables that hold secrets, each with the name under which an installation stores the secret."""
    roles: dict[Role, RoleEntry]


def service_entries(file: Path = FILE) -> list[ServiceEntry]:
    """Return the services in the file's order. Raises pydantic's ValidationError if the file is wrong, and
    ValueError if a service asks an unknown one."""
    sections = tomllib.loads(file.read_text(encoding="utf-8"))
    entries = [ServiceEntry(name=name, **section) for name, section in sections.items()]
    names = {entry.name for entry in entries}
    for entry in entries:
        if unknown := set(entry.asks) - names:
            raise ValueError(f"{entry.name} asks {', '.join(sorted(unknown))}, which {file} does not name")
    return entries
