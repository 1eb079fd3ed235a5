"""Which events each service may publish and read: deploy/rabbitmq/access.toml, where users get their rights.

    python -m optima_local.access

brings `reads` in that file to what the services' reactions answer. `publishes` is written by hand: a service
gets its own context, and each type with prices by name.
"""

import importlib
import importlib.util
import os
import tomllib
from pathlib import Path

from optima_kit.topology import Access

from .layout import ROOT
from .services import ServiceCode, find_services

FILE = Path(os.environ.get("OPTIMA_ACCESS_FILE") or ROOT / "deploy" / "rabbitmq" / "access.toml")
HEADER = """\
# What each service may publish and read on the exchange optima.events, as routing keys (`#`: any words).
# `publishes` is written by hand; `python -m optima_local.access` writes `reads` from the services' reactions.
"""


def load_access() -> dict[str, Access]:
    """By service. Raises KeyError for a section without its two lists."""
    sections = tomllib.loads(FILE.read_text())
    return {
        name: Access(name, tuple(section["publishes"]), tuple(section["reads"]))
        for name, section in sections.items()
    }


def answered_events(service: ServiceCode) -> tuple[str, ...]:
    """The event types that the service's code reacts to."""
    module = f"{service.module}.adapters.messages"
    if importlib.util.find_spec(module) is None:
        return ()
    return tuple(importlib.import_module(module).reactions.bindings())


def main() -> None:
    services = {service.name: service for service in find_services()}
    text = HEADER
    for name, access in sorted(load_access().items()):
        reads = answered_events(services[name]) if name in services else access.reads
        text += f"\n[{name}]\npublishes = {as_toml(access.publishes)}\nreads = {as_toml(reads)}\n"
    FILE.write_text(text)


def as_toml(keys: tuple[str, ...]) -> str:
    if len(keys) < 2:
        return f"[{', '.join(map(quoted, keys))}]"
    return "[\n" + "".join(f"    {quoted(key)},\n" for key in keys) + "]"


def quoted(key: str) -> str:
    return f'"{key}"'


if __name__ == "__main__":
    main()
