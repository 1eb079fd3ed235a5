"""A connection to an ERP that has left one good customer and one that was refused."""

from __future__ import annotations

from .table import ANYBODYS, Row, World

HEADER = (
    "codice;ragione_sociale;partita_iva;codice_fiscale;indirizzo;cap;comune;provincia;"
    "modalita_pagamento;condizioni_pagamento\n"
)
CUSTOMER = "C-77;Dolci Riservati S.r.l.;07643520567;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
REFUSED = "C-78;Dolci Riservati Rotti S.r.l.;123;;Via Torino 2;20123;Milano;MI;MP12;RB 60 gg FM\n"
CONNECTION = {"connector": "drop-folder", "settings": {"folder": "acme"}}

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
    Row("GET /v1/failures", "erp.read", shows={"failure_id": ANYBODYS}),
    Row("POST /v1/failures/{failure_id}/replay", "erp.sync"),
    Row("GET /v1/customers", "customer.read", shows={"customer_id": ANYBODYS}),
    Row("GET /v1/customers/{customer_id}", "customer.read"),
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
    await world.ask("POST", f"/v1/connections/{names['connection']}/imports", {"dry_run": False})
    (failure,) = (await world.ask("GET", "/v1/failures"))["items"]
    (customer,) = (await world.ask("GET", "/v1/customers"))["items"]
    names |= {"failure_id": failure["failure_id"], "customer_id": customer["customer_id"]}
    world.secrets["customer.read"] = ["Dolci Riservati", "07643520567"]
