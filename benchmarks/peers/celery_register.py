"""The second service with Celery: a task in its prefork pool writes a row for every note that was taken.

`celery -A celery_register worker`; confirmed publishes, acknowledgement after the row is committed. On quorum
queues Celery would leave twenty-eight more for delays on the broker, so it has its usual classic one.
"""

from __future__ import annotations

import os

import psycopg
from celery import Celery

app = Celery("bench", broker=os.environ["BROKER_URL"])
app.conf.update(
    broker_transport_options={"confirm_publish": True},
    task_acks_late=True,
    task_default_exchange="bench.celery.taken",
    task_default_queue="bench.celery.taken",
    task_ignore_result=True,
    worker_enable_remote_control=False,
)
opened: list[psycopg.Connection] = []


@app.task
def taken(note_id: str, text: str) -> None:
    if not opened:  # a connection a process of the pool
        opened.append(psycopg.connect(os.environ["DATABASE_URL"], autocommit=True))
    opened[0].execute(
        "INSERT INTO written (id, text) VALUES (%s, %s) ON CONFLICT DO NOTHING", (note_id, text)
    )
