"""The command `watch`, which shows each service's rates, lag and backlog from its metrics, and what to do
about them."""

from __future__ import annotations

import http.client
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from .progress import DIM, PLAIN, RED, print_table

_HEADINGS: Final = (
    "service",
    "requests/s",
    "p95",
    "failed/s",
    "events/s out",
    "in",
    "lag p95",
    "unsent",
    "parked",
    "jobs due",
    "given up",
)
_CLEAR: Final = "\033[2J\033[H"
_LONG_UNSENT_SECONDS: Final = 10
_LONG_DUE_SECONDS: Final = 60

Labels = tuple[tuple[str, str], ...]


class Scrape:
    """The metrics of one process at one moment."""

    def __init__(self, text: str) -> None:
        self.at = time.monotonic()
        self._samples: dict[str, dict[Labels, float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                self._samples.setdefault(sample.name, {})[labels] = sample.value

    def has(self, name: str) -> bool:
        return name in self._samples

    def sum(self, name: str, **wanted: Callable[[str], bool]) -> float:
        """Return the sum over all samples whose labels fit, or 0 if there are none."""
        return sum(
            value
            for labels, value in self._samples.get(name, {}).items()
            if all(fits(dict(labels).get(label, "")) for label, fits in wanted.items())
        )

    def most(self, name: str) -> float:
        return max(self._samples.get(name, {}).values(), default=0.0)

    def least(self, name: str) -> float:
        return min(self._samples.get(name, {}).values(), default=1.0)

    def buckets(self, name: str) -> dict[float, float]:
        """Return a histogram's counts by upper bound in seconds, over all labels."""
        found: dict[float, float] = {}
        for labels, value in self._samples.get(f"{name}_bucket", {}).items():
            bound = float(dict(labels)["le"])
            found[bound] = found.get(bound, 0.0) + value
        return dict(sorted(found.items()))


def scrape(address: str) -> Scrape | None:
    """Read the metrics that a process offers to Prometheus at this address, or None if it does not answer."""
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 (our own)
            return Scrape(answer.read().decode())
    except (OSError, http.client.HTTPException):
        return None


@dataclass(frozen=True, slots=True)
class ScrapeInterval:
    """What a process did between two scrapes of it."""

    before: Scrape
    after: Scrape

    def rate(self, name: str, **wanted: Callable[[str], bool]) -> float:
        """Return the rate per second of a counter. After a restart of the process the rate is at least 0."""
        done = self.after.sum(name, **wanted) - self.before.sum(name, **wanted)
        return max(0.0, done) / max(self.after.at - self.before.at, 1e-3)

    def percentile(self, name: str, share: float) -> float | None:
        """Return the smallest bound in seconds below which this share of the values lies, or None if there
        were no values."""
        before = self.before.buckets(name)
        counts = {bound: count - before.get(bound, 0.0) for bound, count in self.after.buckets(name).items()}
        total = max(counts.values(), default=0.0)
        return next((bound for bound, count in counts.items() if total and count >= share * total), None)


def row(service: str, seen: ScrapeInterval | None) -> tuple[str, ...]:
    if seen is None:
        return (service, "does not answer", *[""] * (len(_HEADINGS) - 2))
    now = seen.after
    return (
        service,
        f"{seen.rate('optima_http_request_seconds_count'):.1f}",
        _seconds(seen.percentile("optima_http_request_seconds", 0.95)),
        f"{seen.rate('optima_http_request_seconds_count', status=is_failure):.1f}",
        f"{seen.rate('optima_events_published_total'):.1f}",
        f"{seen.rate('optima_event_handled_seconds_count'):.1f}",
        _seconds(seen.percentile("optima_event_age_seconds", 0.95)),
        _measured(now, "optima_outbox_pending"),
        _measured(now, "optima_parked_messages"),
        _measured(now, "optima_jobs_due"),
        _measured(now, "optima_jobs_failed"),
    )


def is_failure(status: str) -> bool:
    return status.startswith("5")


def findings(service: str, seen: ScrapeInterval | None) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a service, each with the name of the runbook that says what to do."""
    if seen is None:
        yield f"{service} does not answer; its last words: ./optima logs {service}", "process-down"
        return
    now = seen.after
    if not now.has("optima_outbox_pending"):
        yield f"{service} has measured nothing for 45 seconds", "not-measured"
    if now.least("optima_broker_connected") < 1:
        yield f"{service} is not connected to RabbitMQ", "broker-away"
    if now.most("optima_broker_blocked") > 0:
        yield f"RabbitMQ takes nothing from {service}", "broker-blocked"
    if (oldest := now.most("optima_outbox_oldest_seconds")) > _LONG_UNSENT_SECONDS:
        yield f"an event of {service} has been unsent for {oldest:.0f} s", "outbox-old"
    if parked := now.sum("optima_parked_messages"):
        yield f"{parked:.0f} messages parked: ./optima run {service} parked list", "messages-parked"
    if (oldest := now.most("optima_jobs_oldest_due_seconds")) > _LONG_DUE_SECONDS:
        yield f"a job of {service} has been due for {oldest:.0f} s", "jobs-old"
    if failed := now.sum("optima_jobs_failed"):
        yield f"{failed:.0f} jobs of {service} given up", "jobs-failed"
    if missing := now.sum("optima_ddt_numbers_missing"):
        yield f"{missing:.0f} numbers of DDTs of {service} have no document", "ddt-numbers-missing"
    if wrong := now.sum("optima_stock_deviations"):
        yield f"{wrong:.0f} sums of stock of {service} are not those of its ledger", "stock-deviates"
    if seen.rate("optima_http_request_seconds_count", status=is_failure):
        yield f"{service} fails requests: ./optima logs {service}", "requests-slow-or-failing"


def show(addresses: Mapping[str, str], every_seconds: float, *, once: bool) -> None:
    """Print the services' figures every `every_seconds` until interrupted, for the first time after one
    pause. `addresses` are the addresses of their metrics by service."""
    before = {name: scrape(address) for name, address in addresses.items()}
    while True:
        time.sleep(every_seconds)
        after = {name: scrape(address) for name, address in addresses.items()}
        seen = {
            name: ScrapeInterval(earlier, later) if (earlier := before[name] or later) and later else None
            for name, later in after.items()
        }
        if sys.stdout.isatty() and not once:
            print(_CLEAR, end="")
        print_table(_HEADINGS, [row(name, between) for name, between in seen.items()])
        found = [each for name, between in seen.items() for each in findings(name, between)]
        print()
        for text, runbook in found:
            print(f"{RED}!{PLAIN} {text}\n  {DIM}deploy/runbooks/{runbook}.md{PLAIN}")
        if not found:
            print("Nothing to do")
        print(flush=True)
        if once:
            return
        before = after


def _seconds(bound: float | None) -> str:
    if bound is None:
        return "-"
    return f"≤ {bound * 1000:g} ms" if bound < 1 else f"≤ {bound:g} s"


def _measured(now: Scrape, name: str) -> str:
    """Return a gauge as text, or "?" if it has not been measured lately, which does not mean 0."""
    return f"{now.sum(name):.0f}" if now.has(name) or now.has("optima_outbox_pending") else "?"
