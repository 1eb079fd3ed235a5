"""What the trail reads from the environment beside the kit's settings."""

from __future__ import annotations

from typing import Annotated

from optima_kit.egress import Openness
from optima_kit.hardening import ELSEWHERE, KeySecret, in_production
from optima_kit.settings import Networks, Settings


def _over_https(plain: bool) -> None:
    if plain:
        raise ValueError("webhooks need https in production")


class TrailSettings(Settings):
    key_secret: KeySecret
    """Encrypts what the trail must be able to read back (people's keys, the keys that sign anchors, webhooks'
    secrets) and attests the keys that sign anchors. The same in every replica. A new one is put before the
    one of before, with a comma between, which stays for good: without it the anchors of before count as
    forged. And until `python -m trail reseal` has run, no personal text of before is read, no further one of
    the same people is recorded, and no webhook is served."""

    webhook_plain_http: Annotated[bool, in_production(_over_https)] = False
    """Lets webhooks lead to http addresses. For development alone: production refuses it."""
    webhook_networks: Annotated[Networks, ELSEWHERE] = ()
    """Networks that webhooks may lead to although they are not of the public internet, separated by commas
    ("10.20.0.0/16"): receivers on the operator's own premises. Whoever may set webhooks up can then post to
    every address in them. Production refuses the machine's own, which `./optima up` opens to be tried."""

    @property
    def openness(self) -> Openness:
        return Openness(self.webhook_plain_http, self.webhook_networks)
