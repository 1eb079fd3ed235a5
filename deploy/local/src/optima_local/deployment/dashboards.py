"""Generates Grafana dashboards: an overview, one for each service, one for the business, and one for broker
and database."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .entries import ServiceEntry

_COLUMNS, _WIDTH, _HEIGHT = 3, 8, 7


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    queries: tuple[tuple[str, str], ...]
    """Pairs of a query and its legend."""
    unit: str = "short"


def dashboards(services: Sequence[ServiceEntry]) -> dict[str, dict[str, Any]]:
    """Return the dashboards by the name of their file."""
    boards = {
        "overview": _board("overview", "Overview", _OVERVIEW),
        "business": _board("business", "Business", _BUSINESS),
        "broker-and-database": _board("broker-and-database", "Broker and database", _BACKBONE),
    }
    for service in services:
        boards[service.name] = _board(service.name, service.name, _service_panels(service))
    return boards


def dashboard_text(board: dict[str, Any]) -> str:
    return json.dumps(board, indent=1) + "\n"


def queries_of(board: dict[str, Any]) -> Iterator[str]:
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield target["expr"]


def _panel(title: str, query: str, legend: str, unit: str = "short") -> Panel:
    return Panel(title, ((query, legend),), unit)


_OVERVIEW = [
    _panel("Requests a second", "optima:requests:rate5m", "{{service}}", "reqps"),
    _panel(
        "Requests failed or slow (objective 0.1 %)",
        "optima:requests_bad:ratio_rate1h",
        "{{service}}",
        "percentunit",
    ),
    _panel("Request p99", "optima:request_seconds:p99_5m", "{{service}}", "s"),
    _panel(
        "Events a second, by publisher",
        "sum by (service) (rate(optima_events_published_total[5m]))",
        "{{service}}",
        "ops",
    ),
    _panel(
        "Events handled late (objective 0.5 %)",
        "optima:events_late:ratio_rate1h",
        "{{service}}",
        "percentunit",
    ),
    _panel("Commit → handled p95", "optima:event_age_seconds:p95_5m", "{{service}}", "s"),
    _panel(
        "Oldest event not published", "max by (service) (optima_outbox_oldest_seconds)", "{{service}}", "s"
    ),
    _panel("Messages parked", "sum by (service) (optima_parked_messages)", "{{service}}"),
    _panel(
        "Jobs: the oldest due since",
        "max by (service, kind) (optima_jobs_oldest_due_seconds)",
        "{{service}} {{kind}}",
        "s",
    ),
    _panel("Processes", 'count by (service) (up{job="optima"} == 1)', "{{service}}"),
    _panel(
        "CPU, cores", 'sum by (service) (rate(process_cpu_seconds_total{job="optima"}[5m]))', "{{service}}"
    ),
    _panel(
        "Memory of the largest process",
        'max by (service) (process_resident_memory_bytes{job="optima"})',
        "{{service}}",
        "bytes",
    ),
]
_BUSINESS = [
    _panel("Briefs under way", "sum by (state) (optima_briefs)", "{{state}}"),
    Panel(
        "Decisions",
        (
            ("sum(optima_approval_parts_waiting)", "waiting"),
            ("sum(optima_approval_parts_overdue)", "overdue"),
        ),
    ),
    _panel("Approvals under way", "sum(optima_approvals_open)", "approvals"),
    _panel("Orders open", "sum by (state) (optima_production_orders)", "{{state}}"),
    _panel("Phases late", "sum(optima_production_phases_late)", "phases"),
    _panel("Shipments under way", "sum by (state) (optima_shipments)", "{{state}}"),
    _panel("DDTs issued in 24 hours", "sum(delta(optima_ddts_issued[24h]))", "DDTs"),
    Panel(
        "DDT series",
        (
            ("sum(optima_ddts_issued)", "numbers given"),
            ("sum(optima_ddts_voided)", "voided"),
            ("sum(optima_ddt_numbers_missing)", "missing: a gap"),
            ("sum(optima_ddt_series)", "series"),
        ),
    ),
    _panel(
        "The ERP's lag",
        "max by (connector, direction) (optima_erp_sync_lag_seconds)",
        "{{connector}} {{direction}}",
        "s",
    ),
    _panel(
        "ERP: records that wait for a person", "sum by (entity) (optima_erp_failures_waiting)", "{{entity}}"
    ),
    _panel(
        "Webhooks, deliveries a second",
        "sum by (outcome) (rate(optima_trail_webhook_seconds_count[5m]))",
        "{{outcome}}",
        "ops",
    ),
]
_BACKBONE = [
    _panel(
        "RabbitMQ: connected",
        "min by (connection) (optima_broker_connected)",
        "{{connection}}",
    ),
    _panel("RabbitMQ: blocked", "max by (connection) (optima_broker_blocked)", "{{connection}}"),
    Panel(
        "RabbitMQ: channels",
        (
            ("sum by (connection) (optima_broker_channels)", "{{connection}}"),
            (
                "sum by (connection) (increase(optima_broker_channels_closed_total[5m]))",
                "{{connection}}: closed by RabbitMQ in 5 minutes",
            ),
        ),
    ),
    _panel(
        "Publishes refused a second",
        "sum by (service) (rate(optima_publishes_refused_total[5m]))",
        "{{service}}",
        "ops",
    ),
    _panel(
        "Events ready in queues (RabbitMQ's own metrics)",
        'max by (queue) (rabbitmq_queue_messages_ready{queue=~"[a-z-]+[.]events"})',
        "{{queue}}",
    ),
    _panel(
        "Readers of queues (RabbitMQ's own metrics)",
        'max by (queue) (rabbitmq_queue_consumers{queue=~"[a-z-]+[.](events|jobs)"})',
        "{{queue}}",
    ),
    Panel(
        "Database connections",
        (
            ("sum by (service) (optima_db_pool_size)", "{{service}} open"),
            ("sum by (service) (optima_db_pool_idle)", "{{service}} idle"),
        ),
    ),
    _panel(
        "Wait for a connection, p95",
        "histogram_quantile(0.95, sum by (service, le) (rate(optima_db_pool_wait_seconds_bucket[5m])))",
        "{{service}}",
        "s",
    ),
    _panel(
        "Duplicates recognised a second",
        "sum by (service) (rate(optima_inbox_duplicates_total[5m]))",
        "{{service}}",
        "ops",
    ),
    _panel("Outbox: not published", "sum by (service) (optima_outbox_pending)", "{{service}}"),
]


def _service_panels(service: ServiceEntry) -> list[Panel]:
    chosen = f'service="{service.name}"'
    panels = [
        _panel(
            "Requests a second, by route",
            f"sum by (method, route) (rate(optima_http_request_seconds_count{{{chosen}}}[5m]))",
            "{{method}} {{route}}",
            "reqps",
        ),
        _panel(
            "Errors (5xx) a second, by route",
            f'sum by (route, status) (rate(optima_http_request_seconds_count{{{chosen},status=~"5.."}}[5m]))',
            "{{status}} {{route}}",
            "reqps",
        ),
        _panel(
            "Request p99, by route",
            "histogram_quantile(0.99, sum by (route, le) ("
            f"rate(optima_http_request_seconds_bucket{{{chosen}}}[5m])))",
            "{{route}}",
            "s",
        ),
        _panel(
            "Refusals a second, by code",
            f"sum by (code) (rate(optima_refusals_total{{{chosen}}}[5m]))",
            "{{code}}",
            "ops",
        ),
        _panel(
            "Events published a second, by type",
            f"sum by (type) (rate(optima_events_published_total{{{chosen}}}[5m]))",
            "{{type}}",
            "ops",
        ),
        _panel("Oldest event not published", f"max(optima_outbox_oldest_seconds{{{chosen}}})", "oldest", "s"),
    ]
    if "consume" in service.roles:
        panels += [
            _panel(
                "Events handled a second, by outcome",
                f"sum by (outcome) (rate(optima_event_handled_seconds_count{{{chosen}}}[5m]))",
                "{{outcome}}",
                "ops",
            ),
            _panel(
                "Commit → handled p95, by type",
                "histogram_quantile(0.95, sum by (type, le) ("
                f"rate(optima_event_age_seconds_bucket{{{chosen}}}[5m])))",
                "{{type}}",
                "s",
            ),
            Panel(
                "Messages parked, or waiting for a retry",
                (
                    (f"sum by (reason) (optima_parked_messages{{{chosen}}})", "parked: {{reason}}"),
                    (f"sum(optima_waiting_messages{{{chosen}}})", "tried again"),
                ),
            ),
        ]
    if "work" in service.roles:
        panels += [
            Panel(
                "Jobs",
                (
                    (f"sum by (kind) (optima_jobs_due{{{chosen}}})", "{{kind}} due"),
                    (f"sum by (kind) (optima_jobs_running{{{chosen}}})", "{{kind}} running"),
                    (f"sum by (kind) (optima_jobs_failed{{{chosen}}})", "{{kind}} given up"),
                ),
            ),
            _panel(
                "Jobs: the oldest due since",
                f"max by (kind) (optima_jobs_oldest_due_seconds{{{chosen}}})",
                "{{kind}}",
                "s",
            ),
            _panel(
                "Jobs a second, by outcome",
                f"sum by (kind, outcome) (rate(optima_job_seconds_count{{{chosen}}}[5m]))",
                "{{kind}} {{outcome}}",
                "ops",
            ),
        ]
    return [
        *panels,
        _panel(
            "CPU by role, cores",
            f"sum by (role) (rate(process_cpu_seconds_total{{{chosen}}}[5m]))",
            "{{role}}",
        ),
        _panel(
            "Event loop's lag p99, by role",
            "histogram_quantile(0.99, sum by (role, le) ("
            f"rate(optima_event_loop_lag_seconds_bucket{{{chosen}}}[5m])))",
            "{{role}}",
            "s",
        ),
        _panel(
            "Memory by role",
            f"max by (role) (process_resident_memory_bytes{{{chosen}}})",
            "{{role}}",
            "bytes",
        ),
        _panel(
            "Releases", f"count by (version, role) (optima_build_info{{{chosen}}})", "{{version}} {{role}}"
        ),
    ]


def _board(uid: str, title: str, panels: Sequence[Panel]) -> dict[str, Any]:
    return {
        "uid": f"optima-{uid}",
        "title": f"Linea OPTIMA: {title}",
        "tags": ["optima"],
        "timezone": "browser",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "templating": {
            "list": [{"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"}]
        },
        "panels": [_placed(number, panel) for number, panel in enumerate(panels)],
    }


def _placed(number: int, panel: Panel) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${source}"}
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {
            "x": number % _COLUMNS * _WIDTH,
            "y": number // _COLUMNS * _HEIGHT,
            "w": _WIDTH,
            "h": _HEIGHT,
        },
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": query, "legendFormat": legend, "datasource": source}
            for place, (query, legend) in enumerate(panel.queries)
        ],
    }
