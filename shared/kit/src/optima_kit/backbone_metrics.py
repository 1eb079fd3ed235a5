"""The metrics of the event backbone and of jobs."""

from __future__ import annotations

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from .metrics import MEASURED, REGISTRY

_FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

BROKER_CONNECTED = Gauge(
    "optima_broker_connected", "1 while connected to RabbitMQ", ("connection",), registry=REGISTRY
)
BROKER_BLOCKED = Gauge(
    "optima_broker_blocked",
    "1 while RabbitMQ refuses publishes because of an alarm of its own",
    ("connection",),
    registry=REGISTRY,
)
BROKER_CHANNELS = Gauge(
    "optima_broker_channels", "Channels open to RabbitMQ", ("connection",), registry=REGISTRY
)
BROKER_CHANNELS_CLOSED = Counter(
    "optima_broker_channels_closed_total",
    "Channels that RabbitMQ closed because of what was asked on them, or not acknowledged in time",
    ("connection",),
    registry=REGISTRY,
)
OUTBOX_PENDING = Gauge(
    "optima_outbox_pending", "Events not yet published (counted up to 100,000)", registry=MEASURED
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "optima_outbox_oldest_seconds", "Age of the oldest event not yet published; 0 if none", registry=MEASURED
)
EVENTS_PUBLISHED = Counter(
    "optima_events_published_total", "Events confirmed by RabbitMQ", ("type",), registry=REGISTRY
)
PUBLISHES_REFUSED = Counter(
    "optima_publishes_refused_total",
    "Publishes not confirmed (nacked, returned, or lost with the connection); tried again",
    registry=REGISTRY,
)
EVENT_HANDLED_SECONDS = Histogram(
    "optima_event_handled_seconds",
    "Time of one reaction",
    ("type", "outcome"),
    buckets=_FAST,
    registry=REGISTRY,
)
EVENT_AGE_SECONDS = Histogram(
    "optima_event_age_seconds",
    "From the fact to its reaction's commit",
    ("type",),
    buckets=_FAST,
    registry=REGISTRY,
)
BATCH_EVENTS = Histogram(
    "optima_event_batch_size",
    "Events handled in one transaction",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200),
    registry=REGISTRY,
)
COMMAND_GROUP = Histogram(
    "optima_command_group_size",
    "Commands committed in one transaction",
    buckets=(1, 2, 4, 8, 16),
    registry=REGISTRY,
)
COMMAND_GROUPS_UNDONE = Counter(
    "optima_command_groups_undone_total",
    "Groups of commands that were undone and run again one by one",
    registry=REGISTRY,
)
INBOX_DUPLICATES = Counter(
    "optima_inbox_duplicates_total", "Events recognised as already handled", registry=REGISTRY
)
PARKED_MESSAGES = Gauge(
    "optima_parked_messages", "Messages parked until someone replays them", ("reason",), registry=MEASURED
)
WAITING_MESSAGES = Gauge(
    "optima_waiting_messages", "Messages that failed and will be tried again", registry=MEASURED
)
JOB_SECONDS = Histogram(
    "optima_job_seconds", "Time of one job's run", ("kind", "outcome"), buckets=_FAST, registry=REGISTRY
)
JOBS_DUE = Gauge(
    "optima_jobs_due", "Jobs due and in nobody's hands (of the first 100,000)", ("kind",), registry=MEASURED
)
JOBS_OLDEST_DUE_SECONDS = Gauge(
    "optima_jobs_oldest_due_seconds",
    "Since when the longest waiting job has been due; 0 if none waits",
    ("kind",),
    registry=MEASURED,
)
JOBS_RUNNING = Gauge(
    "optima_jobs_running", "Jobs that call the outside under a lease", ("kind",), registry=MEASURED
)
JOBS_FAILED = Gauge("optima_jobs_failed", "Jobs given up", ("kind",), registry=MEASURED)


# Finding a metric's child by its labels costs more than counting with it, so it is cached. There are few
# types and outcomes.


@cache
def published(type_: str) -> Counter:
    return EVENTS_PUBLISHED.labels(type_)


@cache
def handled_seconds(type_: str, outcome: str) -> Histogram:
    return EVENT_HANDLED_SECONDS.labels(type_, outcome)


@cache
def age_seconds(type_: str) -> Histogram:
    return EVENT_AGE_SECONDS.labels(type_)
