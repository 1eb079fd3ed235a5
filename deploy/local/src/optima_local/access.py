"""Which events each service may publish and read, as deploy/rabbitmq/access.toml says."""

import importlib
import importlib.util
import os
import tomllib
from pathlib import Path

from optima_kit.topology import Access

from .layout import ROOT
from .services import ServiceCode

FILE = Path(os.environ.get("OPTIMA_ACCESS_FILE") or ROOT / "deploy" / "rabbitmq" / "access.toml")


def load_access() -> dict[str, Access]:
    """Return each service's access by its name. Raises KeyError if a section lacks one of its two lists."""
    sections = tomllib.loads(FILE.read_text())
    return {
        name: Access(name, tuple(section["publishes"]), tuple(section["reads"]))
        for name, section in sections.items()
    }


def answered_events(service: ServiceCode) -> tuple[str, ...]:
    """Return the event types to which the service's code reacts."""
    module = f"{service.module}.adapters.messages"
    if importlib.util.find_spec(module) is None:
        return ()
    return tuple(importlib.import_module(module).reactions.bindings())
