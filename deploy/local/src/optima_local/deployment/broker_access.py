"""deploy/rabbitmq/access.toml: what each service may publish and read on the exchange of events."""

from collections.abc import Iterable, Sequence

from ..access import answered_events
from ..services import ServiceCode
from .entries import ServiceEntry

_HEAD = """\
# Written by `python -m optima_local.deployment`: what each service may publish (by deploy/services.toml) and
# read (by its reactions) on the exchange optima.events, as routing keys (`#`: any words).
"""


def broker_access(services: Sequence[ServiceEntry]) -> str:
    text = _HEAD
    for service in services:
        reads = answered_events(ServiceCode(service.name, service.module))
        text += f"\n[{service.name}]\npublishes = {_toml(service.publishes)}\nreads = {_toml(reads)}\n"
    return text


def _toml(keys: Iterable[str]) -> str:
    quoted = [f'"{key}"' for key in keys]
    if len(quoted) < 2:
        return f"[{', '.join(quoted)}]"
    return "[\n" + "".join(f"    {key},\n" for key in quoted) + "]"
