"""The exchange with ERPs: what each connection exchanges, the results, and what needs a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from optima_kit.http.html import Answer, PageCall, Pages, RawAnswer, SeeOther, TemplateAnswer

from ..client import Refused, part, with_parts
from ..forms import NOTHING_SENT, RefusedForm, day_begins, filled

pages = Pages()

_ERP_SECONDS: Final = 60.0
"""Seconds to wait for an ERP, because an import or a comparison may read everything that it has."""
_TABLES: Final = {
    **{
        table: ("erp-bridge", f"/v1/{table}")
        for table in (
            "customers",
            "suppliers",
            "agents",
            "products",
            "banks",
            "payment-terms",
            "vat-rates",
            "transport-reasons",
        )
    },
    "erp-destinations": ("erp-bridge", "/v1/destinations"),
    **{
        f"legal-{table}": ("erp-bridge", f"/v1/lookup-tables/{table}")
        for table in ("payment-methods", "payment-conditions", "vat-codes", "banks")
    },
    **{table: ("logistics", f"/v1/{table}") for table in ("document-types", "destinations")},
}
"""Lookup tables: those agreed with the ERPs, those defined by law, and those kept by logistics."""
_GROUPED_BY: Final = ("connection", "entity", "direction", "error_class", "code")


@dataclass(frozen=True, slots=True)
class Done:
    """The answer of a command on a connection's page; it is shown and not stored."""

    command: str = ""
    answer: Mapping[str, Any] | None = None
    refused: Refused | None = None


@pages.get("/erp")
async def show_connections(call: PageCall) -> Answer:
    connections = await part(call.session.services.get("erp-bridge", "/v1/connections", limit=100))
    return TemplateAnswer("erp_connections.html", {"connections": connections})


@pages.get("/erp/new-connection")
async def show_new(call: PageCall) -> Answer:
    """Show the connectors and what each exchanges; if one is chosen, show its form."""
    return await _new(call)


@pages.post("/erp/new-connection")
async def connect(call: PageCall) -> Answer:
    sent = _typed(call)
    try:
        await _configure(call, sent["key"], call.query.get("connector", ""), sent)
    except Refused as refused:
        return await _new(call, RefusedForm("connection", sent, refused))
    return SeeOther(f"/erp/connections/{quote(sent['key'], safe='')}")


@pages.get("/erp/connections/{key}/settings")
async def show_settings(call: PageCall, key: str) -> Answer:
    return await _settings(call, key)


@pages.post("/erp/connections/{key}/settings")
async def change_settings(call: PageCall, key: str) -> Answer:
    sent = _typed(call)
    try:
        await _configure(call, key, sent["connector"], sent, version=call.text("version"))
    except Refused as refused:
        return await _settings(call, key, RefusedForm("connection", sent, refused))
    return SeeOther(f"/erp/connections/{quote(key, safe='')}")


@pages.get("/erp/connections/{key}")
async def show_connection(call: PageCall, key: str) -> Answer:
    return await _connection(call, key, Done())


@pages.post("/erp/connections/{key}/check")
async def check(call: PageCall, key: str) -> Answer:
    return await _done(call, key, "check", {})


@pages.post("/erp/connections/{key}/import")
async def import_now(call: PageCall, key: str) -> Answer:
    body: dict[str, Any] = {
        "dry_run": call.text("dry_run") == "yes",
        "from_the_beginning": call.text("from_the_beginning") == "yes",
    }
    if entity := call.text("entity"):
        body["entity"] = entity
    return await _done(call, key, "imports", body)


@pages.post("/erp/connections/{key}/comparison")
async def compare(call: PageCall, key: str) -> Answer:
    """Compare both sides. The result is stored and has a page of its own."""
    body = {"entity": call.text("entity"), "delete_missing": call.text("delete_missing") == "yes"}
    answer = await _command(call, key, "reconciliations", body)
    return answer if isinstance(answer, TemplateAnswer) else SeeOther(f"/erp/comparisons/{answer['id']}")


@pages.post("/erp/connections/{key}/resend")
async def resend(call: PageCall, key: str) -> Answer:
    body = {"entity": call.text("entity"), "since": day_begins(call.text("since"))}
    return await _done(call, key, "resends", body)


@pages.get("/erp/connections/{key}/mapping")
async def show_mapping(call: PageCall, key: str) -> Answer:
    return await _mapping(call, key)


@pages.post("/erp/connections/{key}/mapping")
async def change_mapping(call: PageCall, key: str) -> Answer:
    body = {"yaml": call.text("yaml")}
    try:
        await call.session.services.send(
            "erp-bridge", "PUT", f"{_address(key)}/mapping", body, version=call.text("version")
        )
    except Refused as refused:
        return await _mapping(call, key, RefusedForm("mapping", body, refused))
    return SeeOther(f"/erp/connections/{quote(key, safe='')}/mapping")


@pages.post("/erp/connections/{key}/mapping/trial")
async def try_mapping(call: PageCall, key: str) -> Answer:
    """Show what a record would become here, typed with the ERP's fields."""
    typed = {name: value for name, value in call.form.items() if value}
    body = {"entity": call.query.get("entity", ""), "records": [typed]}
    try:
        preview = await call.session.services.send(
            "erp-bridge", "POST", f"{_address(key)}/mapping-previews", body
        )
    except Refused as refused:
        return await _mapping(call, key, RefusedForm("trial", typed, refused))
    return await _mapping(call, key, RefusedForm("trial", typed), preview)


@pages.get("/erp/runs")
async def show_runs(call: PageCall) -> Answer:
    return await _list(call, "runs")


@pages.get("/erp/tables")
async def show_tables(call: PageCall) -> Answer:
    asked = call.query.get("table", "")
    table = asked if asked in _TABLES else next(iter(_TABLES))
    service, address = _TABLES[table]
    found = await part(
        call.session.services.get(service, address, limit=100, cursor=call.query.get("cursor"))
    )
    return TemplateAnswer("erp_tables.html", {"found": found, "tables": list(_TABLES), "chosen": table})


@pages.get("/erp/customers/{customer_id}")
async def show_customer(call: PageCall, customer_id: UUID) -> Answer:
    return await _party(call, f"/v1/customers/{customer_id}")


@pages.post("/erp/customers/{customer_id}")
async def edit_customer(call: PageCall, customer_id: UUID) -> Answer:
    address = f"/v1/customers/{customer_id}"
    typed = _typed(call)
    changes = {name: value or None for name, value in _named_after(typed, "field:").items()}
    try:
        await call.session.services.send(
            "erp-bridge", "PATCH", address, changes, version=call.text("version")
        )
    except Refused as refused:
        return await _party(call, address, RefusedForm("edit", typed, refused))
    return SeeOther(f"/erp/customers/{customer_id}")


@pages.get("/erp/suppliers/{supplier_id}")
async def show_supplier(call: PageCall, supplier_id: UUID) -> Answer:
    return await _party(call, f"/v1/suppliers/{supplier_id}")


@pages.get("/erp/comparisons")
async def show_comparisons(call: PageCall) -> Answer:
    return await _list(call, "reconciliations")


@pages.get("/erp/comparisons/{comparison_id}")
async def show_comparison(call: PageCall, comparison_id: UUID) -> Answer:
    services, address = call.session.services, f"/v1/reconciliations/{comparison_id}"
    query = {name: call.query.get(name) for name in ("kind", "cursor")}
    comparison, differences = await with_parts(
        services.get("erp-bridge", address),
        services.get("erp-bridge", f"{address}/differences", limit=100, **query),
    )
    context = {"comparison": comparison, "differences": differences, "chosen": query["kind"] or ""}
    return TemplateAnswer("erp_comparison.html", context)


@pages.get("/erp/comparisons/{comparison_id}/report")
async def download_report(call: PageCall, comparison_id: UUID) -> Answer:
    file = await call.session.services.file("erp-bridge", f"/v1/reconciliations/{comparison_id}/report")
    return RawAnswer(file.body, file.media_type, file.disposition)


@pages.get("/erp/failures")
async def show_failures(call: PageCall) -> Answer:
    return await _failures(call)


@pages.post("/erp/failure-replays")
async def replay_many(call: PageCall) -> Answer:
    return await _settle_many(call, "failure-replays", {})


@pages.post("/erp/failure-dismissals")
async def dismiss_many(call: PageCall) -> Answer:
    return await _settle_many(call, "failure-dismissals", {"reason": call.text("reason")})


@pages.get("/erp/failures/{failure_id}")
async def show_failure(call: PageCall, failure_id: UUID) -> Answer:
    return await _failure(call, failure_id)


@pages.post("/erp/failures/{failure_id}/replay")
async def replay(call: PageCall, failure_id: UUID) -> Answer:
    return await _settle(call, failure_id, "replay", {})


@pages.post("/erp/failures/{failure_id}/answer")
async def answer(call: PageCall, failure_id: UUID) -> Answer:
    return await _settle(call, failure_id, "answer", {"answer": call.text("answer")})


@pages.post("/erp/failures/{failure_id}/dismissal")
async def dismiss(call: PageCall, failure_id: UUID) -> Answer:
    return await _settle(call, failure_id, "dismissal", {"reason": call.text("reason")})


@pages.get("/erp/conflicts")
async def show_conflicts(call: PageCall) -> Answer:
    return await _conflicts(call)


@pages.post("/erp/conflicts/{conflict_id}")
async def resolve(call: PageCall, conflict_id: UUID) -> Answer:
    try:
        await call.session.services.send(
            "erp-bridge",
            "POST",
            f"/v1/conflicts/{conflict_id}/resolution",
            {"choice": call.text("choice")},
            key=call.text("once"),
        )
    except Refused as refused:
        return await _conflicts(call, refused)
    return SeeOther("/erp/conflicts")


def _address(key: str) -> str:
    return f"/v1/connections/{quote(key, safe='')}"


async def _connection(call: PageCall, key: str, done: Done) -> Answer:
    services = call.session.services
    connection, connectors = await with_parts(
        services.get("erp-bridge", _address(key)), services.get("erp-bridge", "/v1/connectors", limit=100)
    )
    context = {
        "connection": connection,
        "connector": _named(connectors, connection["connector"]),
        "done": done,
    }
    return TemplateAnswer("erp_connection.html", context, done.refused.status if done.refused else 200)


def _named(connectors: Any, key: str) -> Mapping[str, Any]:
    listed = connectors["items"] if connectors else []
    return next((each for each in listed if each["key"] == key), {"name": key})


def _typed(call: PageCall) -> dict[str, str]:
    return {name: call.text(name) for name in call.form}


async def _configure(
    call: PageCall, key: str, connector: str, sent: Mapping[str, str], version: str | None = None
) -> None:
    """Create or change a connection. The mapping is not sent, so it stays as it is. Raises Refused."""
    body: dict[str, Any] = {
        "connector": connector,
        "settings": filled(**_named_after(sent, "setting:")),
        "exchanges": {
            entity: {
                "enabled": f"enabled:{entity}" in sent,
                **({"every_minutes": _number(every)} if (every := sent.get(f"every:{entity}")) else {}),
                "at": sent.get(f"at:{entity}", "").replace(",", " ").split(),
                **({"compare_at": hour} if (hour := sent.get(f"compare:{entity}")) else {}),
            }
            for entity in _named_after(sent, "entity:")
        },
    }
    if calls := sent.get("calls_per_minute"):
        body["calls_per_minute"] = _number(calls)
    await call.session.services.send(
        "erp-bridge", "PUT", f"/v1/connections/{quote(key, safe='') or '-'}", body, version=version
    )


def _named_after(sent: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in sent.items() if name.startswith(prefix)}


def _number(typed: str) -> int | str:
    """Convert a typed number. Text that is not a number is passed on unchanged, so that the service's refusal
    shows it."""
    return int(typed) if typed.isdecimal() else typed


async def _new(call: PageCall, sent: RefusedForm = NOTHING_SENT) -> Answer:
    connectors = await call.session.services.get("erp-bridge", "/v1/connectors", limit=100)
    chosen = call.query.get("connector", "")
    connector = next((each for each in connectors["items"] if each["key"] == chosen), None)
    if connector is None:
        return TemplateAnswer("erp_connectors.html", {"connectors": connectors["items"]})
    context = {"connection": None, "connector": connector, "sent": sent}
    return TemplateAnswer("erp_connection_form.html", context, sent.status)


async def _settings(call: PageCall, key: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    services = call.session.services
    connection, connectors = await with_parts(
        services.get("erp-bridge", _address(key)), services.get("erp-bridge", "/v1/connectors", limit=100)
    )
    if connectors is None or "configure" not in connection["actions"]:
        return SeeOther(f"/erp/connections/{quote(key, safe='')}")
    connector = _named(connectors, connection["connector"])
    context = {"connection": connection, "connector": connector, "sent": sent}
    return TemplateAnswer("erp_connection_form.html", context, sent.status)


async def _command(call: PageCall, key: str, command: str, body: Mapping[str, Any]) -> Any:
    """Return the bridge's answer, or the connection's page with the refusal."""
    try:
        return await call.session.services.send(
            "erp-bridge",
            "POST",
            f"{_address(key)}/{command}",
            body,
            key=call.text("once"),
            patience=_ERP_SECONDS,
        )
    except Refused as refused:
        return await _connection(call, key, Done(command, refused=refused))


async def _done(call: PageCall, key: str, command: str, body: Mapping[str, Any]) -> Answer:
    """Execute a command and show the ERP's answer at once, because it is stored nowhere."""
    answer = await _command(call, key, command, body)
    return (
        answer if isinstance(answer, TemplateAnswer) else await _connection(call, key, Done(command, answer))
    )


async def _mapping(
    call: PageCall, key: str, sent: RefusedForm = NOTHING_SENT, preview: Mapping[str, Any] | None = None
) -> Answer:
    services = call.session.services
    connection, mapping, versions = await with_parts(
        services.get("erp-bridge", _address(key)),
        services.get("erp-bridge", f"{_address(key)}/mapping"),
        services.get("erp-bridge", f"{_address(key)}/mapping-versions", limit=50),
    )
    entities = connection["mapping"]
    entity = chosen if (chosen := call.query.get("entity", "")) in entities else next(iter(entities))
    context = {
        "connection": connection,
        "mapping": mapping,
        "versions": versions,
        "entity": entity,
        "columns": sorted({each["remote"] for each in entities[entity].values()}),
        "preview": preview,
        "sent": sent,
    }
    return TemplateAnswer("erp_mapping.html", context, sent.status)


async def _party(call: PageCall, address: str, sent: RefusedForm = NOTHING_SENT) -> Answer:
    party = await call.session.services.get("erp-bridge", address)
    table = address.split("/")[2]
    return TemplateAnswer("erp_party.html", {"party": party, "table": table, "sent": sent}, sent.status)


async def _list(call: PageCall, kind: str) -> Answer:
    services = call.session.services
    query = {name: call.query.get(name) for name in ("connection", "cursor")}
    found, connections = await with_parts(
        part(services.get("erp-bridge", f"/v1/{kind}", limit=50, **query)),
        services.get("erp-bridge", "/v1/connections", limit=100),
    )
    keys = [each["key"] for each in connections["items"]] if connections else []
    return TemplateAnswer(
        f"erp_{kind}.html", {kind: found, "keys": keys, "chosen": query["connection"] or ""}
    )


async def _failures(call: PageCall, refused: Refused | None = None) -> Answer:
    """Show the failures, and their number by problem."""
    services = call.session.services
    chosen = {name: call.query.get(name, "") for name in (*_GROUPED_BY, "dismissed")}
    connection = chosen["connection"]
    found, groups = await with_parts(
        part(services.get("erp-bridge", "/v1/failures", limit=50, cursor=call.query.get("cursor"), **chosen)),
        services.get("erp-bridge", "/v1/failure-groups", limit=50, connection=connection),
    )
    context = {
        "failures": found,
        "groups": groups["items"] if groups else [],
        "grouped_by": _GROUPED_BY,
        "chosen": chosen,
        "refused": refused,
        "settled": call.query.get("settled", ""),
    }
    return TemplateAnswer("erp_failures.html", context, refused.status if refused else 200)


async def _settle_many(call: PageCall, how: str, body: Mapping[str, str]) -> Answer:
    group = filled(**{name: call.text(name) for name in _GROUPED_BY})
    try:
        await call.session.services.send(
            "erp-bridge", "POST", f"/v1/{how}", {**group, **body}, key=call.text("once")
        )
    except Refused as refused:
        return await _failures(call, refused)
    return SeeOther(f"/erp/failures?settled={how}")


async def _failure(call: PageCall, failure_id: UUID, refused: Refused | None = None) -> Answer:
    failure = await call.session.services.get("erp-bridge", f"/v1/failures/{failure_id}")
    context = {"failure": failure, "refused": refused, "tried": call.query.get("tried", "")}
    return TemplateAnswer("erp_failure.html", context, refused.status if refused else 200)


async def _settle(call: PageCall, failure_id: UUID, how: str, body: Mapping[str, Any]) -> Answer:
    """Settle a failure. Lead to the list, or back to the record if it was refused again or is sent
    shortly."""
    try:
        settled = await call.session.services.send(
            "erp-bridge", "POST", f"/v1/failures/{failure_id}/{how}", body, key=call.text("once")
        )
    except Refused as refused:
        return await _failure(call, failure_id, refused)
    return SeeOther("/erp/failures" if settled["resolved"] else f"/erp/failures/{failure_id}?tried=yes")


async def _conflicts(call: PageCall, refused: Refused | None = None) -> Answer:
    query = {name: call.query.get(name) for name in ("connection", "resolved", "cursor")}
    conflicts = await part(call.session.services.get("erp-bridge", "/v1/conflicts", limit=50, **query))
    context = {"conflicts": conflicts, "resolved": query["resolved"] == "true", "refused": refused}
    return TemplateAnswer("erp_conflicts.html", context, refused.status if refused else 200)
