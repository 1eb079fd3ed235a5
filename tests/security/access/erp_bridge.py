"""A connection to an ERP that has left one good customer and one that was refused."""

from __future__ import annotations

import json
from uuid import UUID

from .table import ANYBODYS, Row, World, public

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
CUSTOMER = "C-77;Dolci Riservati S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
REFUSED = "C-78;Dolci Riservati Rotti S.r.l.;123;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
RENUMBERED = CUSTOMER.replace("C-77", "C-79")
THERE, HERE = "38712.41", "48713.61"
CONNECTION = {
    "connector": "drop-folder",
    "settings": {"folder": "acme"},
    "mapping": {"customer": {"city": {"remote": "comune", "owner": "both"}}},
}

ROWS = (
    Row("GET /v1/connectors", "erp.read"),
    Row("GET /v1/connections", "erp.read", shows={"connection": ANYBODYS}),
    Row("GET /v1/connections/{key}", "erp.read", at="/v1/connections/{connection}"),
    Row(
        "PUT /v1/connections/{key}",
        "erp.write",
        at="/v1/connections/{connection}",
        body=CONNECTION,
        version="connection_version",
    ),
    Row(
        "PUT /v1/connections/{key}",
        "erp.write",
        at="/v1/connections/{new_connection}",
        body={"connector": "drop-folder", "settings": {"folder": "$new_connection"}},
        makes=True,
    ),
    Row(
        "POST /v1/connections/{key}/imports",
        "erp.sync",
        at="/v1/connections/{connection}/imports",
        body={"dry_run": True},
    ),
    Row("POST /v1/connections/{key}/check", "erp.sync", at="/v1/connections/{connection}/check"),
    Row(
        "POST /v1/connections/{key}/resends",
        "erp.sync",
        at="/v1/connections/{connection}/resends",
        body={"entity": "order", "since": "2026-01-01T00:00:00+01:00"},
    ),
    Row("GET /v1/connections/{key}/mapping", "erp.read", at="/v1/connections/{connection}/mapping"),
    Row(
        "PUT /v1/connections/{key}/mapping",
        "erp.write",
        at="/v1/connections/{connection}/mapping",
        body={"yaml": "customer: {city: {remote: comune, owner: both}}"},
        version="connection_version",
    ),
    Row(
        "GET /v1/connections/{key}/mapping-versions",
        "erp.read",
        at="/v1/connections/{connection}/mapping-versions",
    ),
    Row(
        "POST /v1/connections/{key}/mapping-previews",
        "erp.write",
        at="/v1/connections/{connection}/mapping-previews",
        body={"entity": "customer", "records": [{"codice": "X"}]},
    ),
    Row(
        "POST /v1/connections/{key}/reconciliations",
        "erp.sync",
        at="/v1/connections/{connection}/reconciliations",
        body={"entity": "customer"},
    ),
    Row("GET /v1/reconciliations", "erp.read", shows={"reconciliation_id": ANYBODYS}),
    Row("GET /v1/reconciliations/{reconciliation_id}", "erp.read"),
    Row("GET /v1/reconciliations/{reconciliation_id}/differences", "customer.read"),
    Row("GET /v1/reconciliations/{reconciliation_id}/report", "customer.read"),
    Row("GET /v1/runs", "erp.read", shows={"run_id": ANYBODYS}),
    Row("GET /v1/failures", "erp.read", shows={"failure_id": ANYBODYS}),
    Row("GET /v1/failures/{failure_id}", "erp.read"),
    Row("GET /v1/failure-groups", "erp.read", shows={"connection": ANYBODYS}),
    Row("POST /v1/failures/{failure_id}/replay", "erp.sync"),
    Row("POST /v1/failures/{failure_id}/dismissal", "erp.sync", body={"reason": "Cliente cessato"}),
    Row("POST /v1/failure-replays", "erp.sync", body={"connection": "$connection"}),
    Row(
        "POST /v1/failure-dismissals",
        "erp.sync",
        body={"connection": "$connection", "reason": "Cliente cessato"},
    ),
    Row(
        "POST /v1/failures/{failure_id}/answer",
        "erp.sync",
        at="/v1/failures/{question_id}/answer",
        body={"answer": "another"},
    ),
    Row("GET /v1/suppliers", "customer.read", shows={"supplier_id": ANYBODYS}),
    Row("GET /v1/suppliers/{supplier_id}", "customer.read"),
    Row("GET /v1/agents", "customer.read", shows={"agent_id": ANYBODYS}),
    Row("GET /v1/products", "lookup.read"),
    Row("GET /v1/banks", "customer.read"),
    Row("GET /v1/payment-terms", "lookup.read", shows={"payment_term_id": ANYBODYS}),
    Row("GET /v1/vat-rates", "lookup.read"),
    Row("GET /v1/transport-reasons", "lookup.read"),
    Row("GET /v1/destinations", "customer.read"),
    Row("GET /v1/customers", "customer.read", shows={"customer_id": ANYBODYS}),
    Row("GET /v1/customers/{customer_id}", "customer.read"),
    Row(
        "PATCH /v1/customers/{customer_id}",
        "customer.write",
        body={"city": "Lodi"},
        also=frozenset({"customer.read"}),
        version="customer_version",
    ),
    Row("GET /v1/conflicts", "customer.read", shows={"conflict_id": ANYBODYS}),
    Row("GET /v1/conflicts/{conflict_id}", "customer.read"),
    Row(
        "POST /v1/conflicts/{conflict_id}/resolution",
        "customer.write",
        also=frozenset({"customer.read"}),
        body={"choice": "ours"},
    ),
    public("GET /v1/easyfatt/{tenant_id}/{key}/orders"),
    Row("GET /v1/lookup-tables", "lookup.read"),
    Row("GET /v1/lookup-tables/{table}", "lookup.read", at="/v1/lookup-tables/vat-codes"),
)


async def build(world: World) -> None:
    names = world.names
    mark = "aurora" if world.tenant_id == world.served.tenant_id else "brina"
    names |= {
        "connection": f"gestionale-{mark}",
        "new_connection": f"nuovo-{mark}",
        "connection_version": "1",
    }
    await world.ask("PUT", f"/v1/connections/{names['connection']}", CONNECTION)
    incoming = world.served.folder / str(world.tenant_id) / "acme" / "in"
    incoming.mkdir(parents=True, exist_ok=True)
    (incoming / "clienti.csv").write_text(HEADER + CUSTOMER + REFUSED, "utf-8")
    (incoming / "fornitori.csv").write_text(HEADER + CUSTOMER, "utf-8")
    (incoming / "agenti.csv").write_text("codice;nome\nA1;Agente Riservato\n", "utf-8")
    (incoming / "pagamenti.csv").write_text("codice;descrizione\n30FM;30 giorni\n", "utf-8")
    imports = f"/v1/connections/{names['connection']}/imports"
    await world.ask("POST", imports, {"dry_run": False})
    (failure,) = (await world.ask("GET", "/v1/failures"))["items"]
    (incoming / "clienti-2.csv").write_text(HEADER + RENUMBERED, "utf-8")
    await world.ask("POST", imports, {"dry_run": False})
    (question,) = (
        each for each in (await world.ask("GET", "/v1/failures"))["items"] if "answer" in each["actions"]
    )
    (customer,) = (await world.ask("GET", "/v1/customers"))["items"]
    path = f"/v1/customers/{customer['id']}"
    await world.ask("PATCH", path, {"city": "Monza"}, headers={"If-Match": '"1"'})
    (incoming / "clienti-3.csv").write_text(HEADER + CUSTOMER.replace("Milano", "Pavia"), "utf-8")
    await world.ask("POST", imports, {"dry_run": False})
    (conflict,) = (await world.ask("GET", "/v1/conflicts"))["items"]
    # An export that waits: it is compared, and taken in by nobody.
    (incoming / "clienti-9.csv").write_text(HEADER + CUSTOMER, "utf-8")
    reconciliations = f"/v1/connections/{names['connection']}/reconciliations"
    found = await world.ask("POST", reconciliations, {"entity": "customer"})
    (supplier,) = (await world.ask("GET", "/v1/suppliers"))["items"]
    (agent,) = (await world.ask("GET", "/v1/agents"))["items"]
    (term,) = (await world.ask("GET", "/v1/payment-terms"))["items"]
    names |= {
        "failure_id": failure["id"],
        "question_id": question["id"],
        "customer_id": customer["id"],
        "conflict_id": conflict["id"],
        "customer_version": "3",
        "reconciliation_id": found["id"],
        "supplier_id": supplier["id"],
        "agent_id": agent["id"],
        "payment_term_id": term["id"],
        "run_id": (await world.ask("GET", "/v1/runs"))["items"][0]["id"],
    }
    # What a month's documents come to, as a comparison of orders finds it.
    totals = [
        {"period": "2026-11", "there": 3, "linked": 2}
        | {"there_quantity": "10", "linked_quantity": "10"}
        | {"there_amount": THERE, "linked_amount": HERE}
    ]
    change = "UPDATE reconciliations SET totals = $1::text::jsonb WHERE reconciliation_id = $2"
    await world.served.database.fetch(change, json.dumps(totals), UUID(found["id"]))
    world.secrets["customer.read"] = ["Dolci Riservati", "07643520567", "Agente Riservato"]
    world.secrets["job.economics.read"] = [THERE, HERE]
