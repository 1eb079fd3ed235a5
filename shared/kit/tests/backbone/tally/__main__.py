"""`python -m tally WORD relay|consume|work`: one role in a process of its own, for tests that kill it.

TALLY_DIE=published kills the relay between publishing and marking; TALLY_DIE=committed the consumer between
committing and acknowledging, TALLY_DIE=handling in the middle of a reaction to an event in the mood "deadly".
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import uvloop

from optima_kit import broker
from optima_kit.broker import Broker
from optima_kit.clock import SystemClock
from optima_kit.consumer import Consumer
from optima_kit.db import Database
from optima_kit.relay import Relay
from optima_kit.wake import WakeListener, WakeNotifier
from optima_kit.work import JobDispatcher, Worker
from tally import Tally


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def main(word: str, role: str) -> None:
    tally = Tally(word)
    backbone = await Database.open(os.environ["BACKBONE_URL"], source=tally.source, size=5)
    notifier = WakeNotifier(backbone.pool)
    notifier.start()
    database = await Database.open(
        os.environ["RW_URL"], source=tally.source, size=4, after_commit=notifier.notify
    )
    if os.environ.get("TALLY_DIE") == "published":
        publish = broker.Publisher.publish

        async def publish_and_die(self, batch, **options):
            confirmed = await publish(self, batch, **options)
            assert all(confirmed)
            _die()

        broker.Publisher.publish = publish_and_die
    if os.environ.get("TALLY_DIE") == "committed":
        broker.Subscription.acknowledge = lambda *_: _die()
    async with Broker(os.environ["AMQP_URL"], f"{tally.name} {role}") as connection:
        listener = WakeListener(backbone.pool)
        if role == "relay":
            Relay(backbone.pool, connection, listener, tally.signer).start()
            JobDispatcher(tally.name, backbone.pool, connection, listener, SystemClock()).start()
            listener.start()
        elif role == "consume":
            Consumer(
                tally.name,
                reactions=tally.reactions,
                ports=tally.ports,
                database=database,
                backbone=backbone.pool,
                broker=connection,
                keys=tally.keys,
            ).start()
        elif role == "work":
            Worker(tally, database, os.environ["AMQP_URL"]).start()
        sys.stdout.write("running\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


uvloop.run(main(sys.argv[1], sys.argv[2]))
