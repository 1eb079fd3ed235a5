"""The operator's side of `optima_contracts.signatures`: every service's public key, out of the secrets."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from optima_contracts.signatures import EventSigner


def public_keys(secrets: Mapping[str, str]) -> str:
    """OPTIMA_EVENT_KEYS, out of each service's OPTIMA_EVENT_SECRET."""
    return ",".join(f"{service}={EventSigner(secret).public_key}" for service, secret in secrets.items())


if __name__ == "__main__":  # prints OPTIMA_EVENT_KEYS, out of lines "service secret"
    sys.stdout.write(public_keys(dict(line.split() for line in sys.stdin)) + "\n")
