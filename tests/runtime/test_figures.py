"""What `watch` reads from a service's metrics, and what it then tells to do."""

from __future__ import annotations

import pytest

from optima_local.figures import Scrape, ScrapeInterval, findings, row
from optima_local.layout import ROOT

QUIET = """
optima_broker_connected{connection="relay"} 1
optima_broker_blocked{connection="relay"} 0
optima_outbox_pending 0
optima_outbox_oldest_seconds 0
optima_http_request_seconds_count{method="GET",route="/v1/briefs",status="200"} 10
optima_http_request_seconds_bucket{method="GET",route="/v1/briefs",status="200",le="0.01"} 10
optima_http_request_seconds_bucket{method="GET",route="/v1/briefs",status="200",le="0.5"} 10
optima_http_request_seconds_bucket{method="GET",route="/v1/briefs",status="200",le="+Inf"} 10
"""


def between(before: str, after: str, seconds: float = 2.0) -> ScrapeInterval:
    first, second = Scrape(before), Scrape(after)
    first.at, second.at = 0.0, seconds
    return ScrapeInterval(first, second)


def test_rates_and_percentiles_are_of_what_happened_between_two_scrapes() -> None:
    busy = (
        QUIET.replace("} 10", "} 30")
        + """
optima_http_request_seconds_count{method="POST",route="/v1/briefs",status="503"} 4
optima_http_request_seconds_bucket{method="POST",route="/v1/briefs",status="503",le="0.01"} 0
optima_http_request_seconds_bucket{method="POST",route="/v1/briefs",status="503",le="0.5"} 4
optima_http_request_seconds_bucket{method="POST",route="/v1/briefs",status="503",le="+Inf"} 4
"""
    )
    shown = row("brief", between(QUIET, busy))
    assert shown[:4] == ("brief", "12.0", "≤ 500 ms", "2.0")


def test_a_process_that_began_anew_has_no_negative_rate() -> None:
    assert row("brief", between(QUIET.replace("} 10", "} 1000"), QUIET))[1] == "0.0"


def test_there_is_nothing_to_do_for_a_quiet_service() -> None:
    assert not list(findings("brief", between(QUIET, QUIET)))


@pytest.mark.parametrize(
    ("change", "runbook"),
    [
        (("optima_outbox_pending 0", ""), "not-measured"),
        (('connected{connection="relay"} 1', 'connected{connection="relay"} 0'), "broker-away"),
        (('blocked{connection="relay"} 0', 'blocked{connection="relay"} 1'), "broker-blocked"),
        (("oldest_seconds 0", "oldest_seconds 11"), "outbox-old"),
        (("optima_outbox_pending 0", 'optima_parked_messages{reason="failed"} 1'), "messages-parked"),
        (("optima_outbox_pending 0", 'optima_jobs_oldest_due_seconds{kind="a"} 61'), "jobs-old"),
        (("optima_outbox_pending 0", 'optima_jobs_failed{kind="a"} 1'), "jobs-failed"),
        (("optima_outbox_pending 0", "optima_ddt_numbers_missing 1"), "ddt-numbers-missing"),
        (("optima_outbox_pending 0", "optima_stock_deviations 1"), "stock-deviates"),
        (('status="200"} 10', 'status="500"} 11'), "requests-slow-or-failing"),
        (None, "process-down"),
    ],
)
def test_what_is_wrong_is_told_with_its_runbook(change: tuple[str, str] | None, runbook: str) -> None:
    seen = None if change is None else between(QUIET, QUIET.replace(*change))
    told = dict(findings("brief", seen))
    assert runbook in told.values(), told
    assert (ROOT / "deploy/runbooks" / f"{runbook}.md").is_file()
    assert all("brief" in text for text in told)
