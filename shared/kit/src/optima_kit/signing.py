"""Computes every service's public key for signed events from the secrets, for the operator."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from optima_contracts.signatures import EventSigner


def public_keys(secrets: Mapping[str, str]) -> str:
    """Return the value of OPTIMA_EVENT_KEYS for each service's OPTIMA_EVENT_SECRET."""
    return ",".join(f"{service}={EventSigner(secret).public_key}" for service, secret in secrets.items())


if __name__ == "__main__":  # reads lines "service secret" and prints OPTIMA_EVENT_KEYS
    sys.stdout.write(public_keys(dict(line.split() for line in sys.stdin)) + "\n")
