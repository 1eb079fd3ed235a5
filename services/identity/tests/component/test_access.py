"""Who may call what: every endpoint, every built-in role. An endpoint without a row here fails the test."""

from __future__ import annotations

from uuid import uuid4

from identity.adapters import http_access, http_directory
from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of

from ..conftest import Identity

PUBLIC, SIGNED_IN = "anybody", "everybody signed in"
ACCESS = {
    "POST /v1/tenants": "tenant.register",
    "GET /v1/tenant": SIGNED_IN,
    "PUT /v1/tenant": "directory.write",
    "POST /v1/invitations": "person.invite",
    "POST /v1/invitations/acceptance": PUBLIC,
    "GET /v1/people": "directory.read",
    "GET /v1/people/{person_id}": "directory.read",
    "PATCH /v1/people/{person_id}": "directory.write",
    "POST /v1/people/imports": "directory.write",
    "POST /v1/people/{person_id}/invitation": "person.invite",
    "DELETE /v1/people/{person_id}/invitation": "person.invite",
    "POST /v1/people/{person_id}/departure": "directory.write",
    "POST /v1/people/{person_id}/password-reset": "directory.write",
    "DELETE /v1/people/{person_id}/second-factor": "directory.write",
    "GET /v1/people/{person_id}/sessions": "directory.write",
    "DELETE /v1/people/{person_id}/sessions": "directory.write",
    "DELETE /v1/people/{person_id}/sessions/{session_id}": "directory.write",
    "GET /v1/me": SIGNED_IN,
    "PATCH /v1/me": SIGNED_IN,
    "GET /v1/me/sessions": SIGNED_IN,
    "DELETE /v1/me/sessions": SIGNED_IN,
    "DELETE /v1/me/sessions/{session_id}": SIGNED_IN,
    "PUT /v1/me/password": SIGNED_IN,
    "POST /v1/me/proof": SIGNED_IN,
    "POST /v1/me/second-factor": SIGNED_IN,
    "POST /v1/me/second-factor/confirmation": SIGNED_IN,
    "POST /v1/me/second-factor/removal": SIGNED_IN,
    "GET /v1/units": "directory.read",
    "GET /v1/units/{key}": "directory.read",
    "PUT /v1/units/{key}": "directory.write",
    "GET /v1/roles": "directory.read",
    "GET /v1/roles/{key}": "directory.read",
    "PUT /v1/roles/{key}": "directory.write",
    "GET /v1/privileges": "directory.read",
    "GET /v1/service-accounts": "directory.write",
    "POST /v1/service-accounts": "directory.write",
    "POST /v1/service-accounts/{account_id}/secret": "directory.write",
    "DELETE /v1/service-accounts/{account_id}": "directory.write",
    "GET /v1/sign-in-provider": "directory.write",
    "PUT /v1/sign-in-provider": "directory.write",
    "DELETE /v1/sign-in-provider": "directory.write",
    "POST /v1/sign-ins": PUBLIC,
    "POST /v1/tokens": PUBLIC,
    "POST /v1/password-resets": PUBLIC,
    "POST /v1/password-resets/completion": PUBLIC,
    "GET /.well-known/jwks.json": PUBLIC,
    "GET /.well-known/openid-configuration": PUBLIC,
}


def test_every_endpoint_has_its_row() -> None:
    routes = [*http_directory.routes.items, *http_access.routes.items]
    assert sorted(f"{route.method} {route.path}" for route in routes) == sorted(ACCESS)


async def test_each_role_gets_as_far_as_its_privileges(identity: Identity) -> None:
    admin = await identity.register()
    clients = {"nobody": identity.anybody, "admin": admin}
    for role in BUILT_IN_ROLES:
        if role != "admin":
            outside = role in ("dealer", "agent", "supplier")
            more = {"kind": "external", "company": "Galli"} if outside else {}
            await identity.invite(admin, f"{role}@aurora.example", role, **more)
            clients[role] = await identity.client(f"{role}@aurora.example")

    unexpected = []
    for endpoint, needed in ACCESS.items():
        method, path = endpoint.split()
        for name in ("person_id", "session_id", "account_id", "key"):
            path = path.replace(f"{{{name}}}", str(uuid4()))
        body = {} if method in ("GET", "DELETE") else {"json": {}}
        for role, client in clients.items():
            response, _ = await client.request(method, path, **body)
            if role == "nobody":
                expected = {False} if needed == PUBLIC else {401}
            else:
                held = needed in (PUBLIC, SIGNED_IN) or needed in privileges_of(role)
                expected = {False} if held else {403}
            refused = response.status if response.status in (401, 403) else False
            if refused not in expected:
                unexpected.append((endpoint, role, response.status))
            assert response.status < 500, (endpoint, role)
    assert unexpected == []
