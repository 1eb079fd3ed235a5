"""The settings that the trail reads from the environment in addition to the kit's."""

from __future__ import annotations

from typing import Annotated

from optima_kit.egress import EgressExceptions
from optima_kit.hardening import ELSEWHERE, KeySecret, in_production
from optima_kit.settings import Networks, Settings


def _over_https(plain: bool) -> None:
    if plain:
        raise ValueError("webhooks need https in production")


class TrailSettings(Settings):
    key_secret: KeySecret
    """Encrypts what the trail must be able to read back (people's keys, the keys that sign anchors, webhooks'
    secrets) and attests the keys that sign anchors. It must be the same in every replica. To change it, put
    the new secret before the old one, separated by a comma. The old one stays for good: without it, anchors
    from before the change count as forged. Until `python -m trail reseal` has run, the old one is also needed
    to read earlier personal texts, to record further ones of the same people, and to serve webhooks."""

    webhook_plain_http: Annotated[bool, in_production(_over_https)] = False
    """Lets webhooks lead to http addresses. Only for development: production refuses it."""
    webhook_networks: Annotated[Networks, ELSEWHERE] = ()
    """Private networks to which webhooks may lead, separated by commas ("10.20.0.0/16"), for receivers on the
    operator's own premises. Everybody who may create webhooks can then post to every address in these
    networks. Production refuses the machine's own networks, which `./optima up` opens for trying webhooks
    out."""

    @property
    def egress_exceptions(self) -> EgressExceptions:
        return EgressExceptions(self.webhook_plain_http, self.webhook_networks)
