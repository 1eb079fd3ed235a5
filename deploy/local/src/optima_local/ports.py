"""Free loopback ports. They are chosen once and stored, so that a later run has the same addresses."""

import random
import socket
from collections.abc import Iterable

from .files import read_json, write_json
from .layout import Layout

# These are below the range from which Linux takes ports for outgoing connections, so no connection takes
# them.
CANDIDATES = range(20_000, 32_000)


def settle_ports(layout: Layout, names: Iterable[str]) -> dict[str, int]:
    """Return a port for each name: the port of the last run if it is still free, otherwise a new one."""
    known: dict[str, int] = read_json(layout.ports) or {}
    for name in names:
        others = {port for other, port in known.items() if other != name}
        while name not in known or known[name] in others or not is_free(known[name]):
            known[name] = random.choice(CANDIDATES)  # noqa: S311 (any free port will do)
    write_json(layout.ports, known)
    return known


def free_port() -> int:
    """Return a free port for a server that starts now. A port that the system chooses would be from the range
    for outgoing connections, and one of these could take it before the server starts."""
    while not is_free(port := random.choice(CANDIDATES)):  # noqa: S311 (any free port will do)
        pass
    return port


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def answers(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether something accepts connections at this port."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False
