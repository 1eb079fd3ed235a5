"""A tenant with an admin, a colleague, and Vera of marketing, who has a session and a second factor."""

from __future__ import annotations

from uuid import UUID

from optima_contracts.privileges import PRIVILEGES, privileges_of

from .table import ANYBODYS, OWN, Row, World, public

MARKETING = privileges_of("marketing")
WHOLE = frozenset(privilege.key for privilege in PRIVILEGES)
READS_BRIEFS = frozenset({"brief.read"})
PASSWORD = "tre gatti sul tetto rosso"
LEGAL = {
    "name": "Caffè Aurora S.p.A.",
    "vat_number": "01234560371",
    "street": "Via Garibaldi 18",
    "postal_code": "40124",
    "city": "Bologna",
    "province": "BO",
}
TENANT = {"legal": LEGAL, "language": "it", "time_zone": "Europe/Rome"}
ADMIN = {"name": "Paola Ferri", "email": "paola@example.it"}
INVITATION = {"name": "Nino Gai", "email": "nino@example.it", "roles": ["marketing"]}
TABLE = b"email,name,roles\npia@example.it,Pia Oro,marketing\n"
PROVIDER = {"issuer": "https://accounts.example.it", "client_id": "optima"}


def of_oneself(endpoint: str) -> Row:
    """An endpoint that names nobody and reaches nobody but the caller, by a proof of their own."""
    return public(endpoint)


ROWS = (
    public("POST /v1/tenants"),  # the platform's: no person holds tenant.register
    Row("GET /v1/tenant", None),
    Row("PUT /v1/tenant", "directory.write", body=TENANT | {"language": "en"}, version="tenant_version"),
    Row(
        "PUT /v1/tenant",
        "directory.write",
        at="/v1/tenant?legal",
        body=TENANT | {"legal": LEGAL | {"street": "Via Nuova 1"}},
        also=WHOLE,
        version="tenant_version",
    ),
    Row("POST /v1/invitations", "person.invite", body=INVITATION, also=MARKETING),
    Row(
        "POST /v1/people/{person_id}/invitation",
        "person.invite",
        at="/v1/people/{invited_id}/invitation",
        also=MARKETING,
    ),
    Row(
        "DELETE /v1/people/{person_id}/invitation",
        "person.invite",
        at="/v1/people/{invited_id}/invitation",
        also=MARKETING,
    ),
    Row("GET /v1/people", "directory.read", shows={"vera_id": ANYBODYS, "invited_id": ANYBODYS}),
    Row("GET /v1/people", "directory.read", at="/v1/people?text=vera", shows={"vera_id": ANYBODYS}),
    Row("GET /v1/people/{person_id}", "directory.read", at="/v1/people/{vera_id}"),
    Row("GET /v1/me", None, shows={"owner_id": OWN}),
    Row("PATCH /v1/me", None, body={"language": "en"}),
    Row(
        "PATCH /v1/people/{person_id}",
        "directory.write",
        at="/v1/people/{vera_id}",
        body={"name": "Vera Oro"},
        also=MARKETING,
        version="vera_version",
    ),
    Row(
        "POST /v1/people/imports",
        "directory.write",
        body=TABLE,
        media_type="text/csv",
        also=MARKETING | {"person.invite"},
    ),
    Row(
        "POST /v1/people/{person_id}/departure",
        "directory.write",
        at="/v1/people/{vera_id}/departure",
        body={"successor": "$owner_id"},
        also=MARKETING,
    ),
    Row(
        "POST /v1/people/{person_id}/password-reset",
        "directory.write",
        at="/v1/people/{vera_id}/password-reset",
        also=MARKETING,
    ),
    Row(
        "DELETE /v1/people/{person_id}/second-factor",
        "directory.write",
        at="/v1/people/{vera_id}/second-factor",
        also=MARKETING,
    ),
    Row(
        "GET /v1/people/{person_id}/sessions",
        "directory.write",
        at="/v1/people/{vera_id}/sessions",
        shows={"veras_session_id": ANYBODYS},
    ),
    Row(
        "DELETE /v1/people/{person_id}/sessions",
        "directory.write",
        at="/v1/people/{vera_id}/sessions",
        also=MARKETING,
    ),
    Row(
        "DELETE /v1/people/{person_id}/sessions/{session_id}",
        "directory.write",
        at="/v1/people/{vera_id}/sessions/{veras_session_id}",
        also=MARKETING,
    ),
    Row(
        "PUT /v1/units/{key}",
        "directory.write",
        at="/v1/units/{unit}",
        body={"name": "Vendite"},
        version="unit_version",
    ),
    Row("PUT /v1/units/{key}", "directory.write", at="/v1/units/{new_key}", body={"name": "N"}, makes=True),
    Row("GET /v1/units", "directory.read", shows={"unit": ANYBODYS}),
    Row("GET /v1/units/{key}", "directory.read", at="/v1/units/{unit}"),
    Row(
        "PUT /v1/roles/{key}",
        "directory.write",
        at="/v1/roles/{role}",
        body={"name": "Altro", "privileges": ["brief.read"]},
        also=READS_BRIEFS,
        version="role_version",
    ),
    Row(
        "PUT /v1/roles/{key}",
        "directory.write",
        at="/v1/roles/{new_key}",
        body={"name": "Lettore", "privileges": ["brief.read"]},
        also=READS_BRIEFS,
        makes=True,
    ),
    Row("GET /v1/roles", "directory.read", shows={"role": ANYBODYS}),
    Row("GET /v1/roles/{key}", "directory.read", at="/v1/roles/{role}"),
    Row("GET /v1/privileges", "directory.read"),
    Row("PUT /v1/sign-in-provider", "directory.write", body=PROVIDER, also=WHOLE, version="provider_version"),
    Row("GET /v1/sign-in-provider", "directory.write"),
    Row("DELETE /v1/sign-in-provider", "directory.write", also=WHOLE),
    Row(
        "POST /v1/service-accounts",
        "directory.write",
        body={"name": "Altra macchina", "scopes": ["brief.read"]},
        also=READS_BRIEFS,
    ),
    Row("POST /v1/service-accounts/{account_id}/secret", "directory.write", also=READS_BRIEFS),
    Row("GET /v1/service-accounts", "directory.write", shows={"account_id": ANYBODYS}),
    Row("DELETE /v1/service-accounts/{account_id}", "directory.write", also=READS_BRIEFS),
    of_oneself("DELETE /v1/me/sessions"),
    Row("GET /v1/me/sessions", None, shows={"session_id": OWN}),
    Row("DELETE /v1/me/sessions/{session_id}", None, OWN),
    of_oneself("PUT /v1/me/password"),
    of_oneself("POST /v1/me/proof"),
    of_oneself("POST /v1/me/second-factor"),
    of_oneself("POST /v1/me/second-factor/confirmation"),
    of_oneself("POST /v1/me/second-factor/removal"),
    public("POST /v1/invitations/acceptance"),
    public("POST /v1/tokens"),
    public("POST /v1/sign-ins"),
    public("POST /v1/password-resets"),
    public("POST /v1/password-resets/completion"),
    public("GET /.well-known/jwks.json"),
    public("GET /.well-known/openid-configuration"),
)


async def build(world: World) -> None:
    names = world.names
    mark = "aurora" if world.tenant_id == world.served.tenant_id else "brina"
    names |= {"unit": f"unita-{mark}", "role": f"ruolo-{mark}", "new_key": f"nuova-{mark}"}
    names |= {f"{name}_version": "1" for name in ("tenant", "unit", "role", "provider")}
    platform = world.served.app.people.person(
        tenant_id=UUID(int=0), person_id=UUID(int=0), kind="service", privileges={"tenant.register"}
    )
    response, registered = await world.served.app.as_(platform).post(
        "/v1/tenants", TENANT | {"slug": mark, "admin": ADMIN}
    )
    assert response.status == 201, registered
    world.tenant_id = UUID(registered["id"])
    world.owner = UUID(await _join(world, registered["invitation"]))
    names["owner_id"] = str(world.owner)
    for name in ("colleague", "vera", "invited"):
        # What the tokens say is what is asked: the directory would grant the colleague everything.
        roles = ["admin"] if name == "colleague" else ["marketing"]
        invitation = {"name": f"{name.title()} Blu", "email": f"{name}@example.it", "roles": roles}
        invited = await world.ask("POST", "/v1/invitations", invitation)
        names[f"{name}_id"] = invited["person"]["id"]
        if name != "invited":
            await _join(world, invited)
    world.colleague = UUID(names.pop("colleague_id"))
    for name, email, person_id in (
        ("session_id", ADMIN["email"], world.owner),
        ("colleagues_session_id", "colleague@example.it", world.colleague),
        ("veras_session_id", "vera@example.it", UUID(names["vera_id"])),
    ):
        grant = {"grant": "password", "tenant": mark, "email": email, "password": PASSWORD}
        await world.ask("POST", "/v1/tokens", grant)
        (session,) = (await world.ask("GET", f"/v1/people/{person_id}/sessions"))["items"]
        names[name], world.sessions[person_id] = session["id"], UUID(session["id"])
    del names["colleagues_session_id"]
    vera = world.person("marketing", person_id=UUID(names["vera_id"]))
    response, answer = await world.served.app.as_(vera).post("/v1/me/second-factor")
    assert response.status == 201, answer
    names["vera_version"] = str((await world.ask("GET", f"/v1/people/{vera.person_id}"))["version"])
    await world.ask("PUT", f"/v1/units/{names['unit']}", {"name": "Vendite"})
    await world.ask("PUT", f"/v1/roles/{names['role']}", {"name": "Lettore", "privileges": ["brief.read"]})
    account = {"name": "Macchina", "scopes": ["brief.read"]}
    names["account_id"] = (await world.ask("POST", "/v1/service-accounts", account))["id"]
    await world.ask("PUT", "/v1/sign-in-provider", PROVIDER)


async def _join(world: World, invitation: dict[str, str]) -> str:
    body = {"token": invitation["token"], "password": PASSWORD}
    await world.ask("POST", "/v1/invitations/acceptance", body)
    return invitation["person"]["id"]
