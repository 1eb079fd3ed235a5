"""What the directory accepts, what it refuses, and that nothing crosses tenants."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from ..conftest import Identity

BREZZA = {
    "slug": "brezza",
    "legal": {"name": "Brezza", "street": "V", "postal_code": "40100", "city": "B", "province": "BO"},
    "admin": {"name": "Ugo Neri", "email": "ugo@brezza.example"},
}


async def test_the_platform_alone_registers_tenants(identity: Identity) -> None:
    admin = await identity.register()
    refused, problem = await admin.post("/v1/tenants", BREZZA)
    assert (refused.status, problem["code"]) == (403, "missing_privilege")
    nobody, _ = await identity.anybody.post("/v1/tenants", BREZZA)
    assert nobody.status == 401
    platform = await identity.platform()
    taken, problem = await platform.post("/v1/tenants", BREZZA | {"slug": "aurora"})
    assert (taken.status, problem["code"]) == (409, "slug_taken")
    rows = await identity.database.fetch("SELECT slug FROM tenants")
    assert [row["slug"] for row in rows] == ["aurora"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"vat_number": "12345678901"}, "vat_number_format"),
        ({"fiscal_code": "RSSMRA80A01H501X"}, "fiscal_code_format"),
        ({"postal_code": "ABC"}, "postal_code_format"),
        ({"province": "Bologna"}, "province_format"),
    ],
)
async def test_who_a_tenant_is_before_the_law_is_checked_at_registration_and_change(
    identity: Identity, wrong: dict[str, str], code: str
) -> None:
    admin = await identity.register()
    body = BREZZA | {"legal": BREZZA["legal"] | wrong}
    response, problem = await (await identity.platform()).post("/v1/tenants", body)
    assert (response.status, [each["code"] for each in problem["errors"]]) == (422, [code])
    assert problem["errors"][0]["field"] == f"legal.{next(iter(wrong))}"
    _, tenant = await admin.get("/v1/tenant")
    revised = {name: tenant[name] for name in ("language", "time_zone")} | {"legal": tenant["legal"] | wrong}
    response, problem = await admin.put("/v1/tenant", revised)
    assert (response.status, [each["code"] for each in problem["errors"]]) == (422, [code])


async def test_one_name_registered_at_once_goes_to_one(identity: Identity) -> None:
    platform = await identity.platform()
    answers = await asyncio.gather(*(platform.post("/v1/tenants", BREZZA) for _ in range(4)))
    assert sorted(response.status for response, _ in answers) == [201, 409, 409, 409]


async def test_a_bad_registration_names_the_field(identity: Identity) -> None:
    platform = await identity.platform()
    changes: list[tuple[Any, str]] = [
        ({"slug": "A"}, "slug"),
        ({"slug": "-x"}, "slug"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"language": "de"}, "language"),
        ({"admin": {"name": "", "email": "a@b.it"}}, "admin.name"),
        ({"admin": {"name": "A", "email": "no address"}}, "admin.email"),
        ({"legal": {"name": "B"}}, "legal.street"),
        ({"more": 1}, "more"),
    ]
    for change, field in changes:
        response, problem = await platform.post("/v1/tenants", BREZZA | change)
        assert response.status == 422
        assert field in [error["field"] for error in problem["errors"]]
    assert await identity.database.fetch("SELECT 1 FROM tenants") == []


async def test_an_invitation_that_can_not_be_is_told_why(identity: Identity) -> None:
    admin = await identity.register()
    changes: list[tuple[Any, int, str, str]] = [
        ({"roles": ["nothing"]}, 422, "role_unknown", "roles[0]"),
        ({"roles": ["marketing", "x"]}, 422, "role_unknown", "roles[1]"),
        ({"roles": []}, 422, "too_short", "roles"),
        ({"unit": "nowhere"}, 422, "unit_unknown", "unit"),
        ({"manager": str(uuid4())}, 422, "manager_not_available", "manager"),
        ({"kind": "external"}, 422, "company_required", "company"),
        ({"company": "X"}, 422, "company_of_internal_person", "company"),
        ({"kind": "external", "company": "X"}, 422, "role_for_internal_people", "roles"),
        ({"email": "Paola@aurora.example"}, 409, "email_already_member", "email"),
        ({"name": "\x07"}, 422, "control_characters", "name"),
        ({"kind": "alien"}, 422, "literal_error", "kind"),
    ]
    for change, status, code, field in changes:
        body = {"email": "elena@aurora.example", "name": "Elena", "roles": ["marketing"]} | change
        response, problem = await admin.post("/v1/invitations", body)
        assert response.status == status, change
        assert [(error["code"], error["field"]) for error in problem["errors"]] == [(code, field)]
    assert len(await identity.database.fetch("SELECT 1 FROM people")) == 1


async def test_whoever_invites_can_not_make_themselves_an_admin(identity: Identity) -> None:
    admin = await identity.register()
    hr = ["directory.read", "directory.write", "person.invite"]
    defined, _ = await admin.put("/v1/roles/personale", {"name": "Personale", "privileges": hr})
    assert defined.status == 200
    hr_id = await identity.invite(admin, "hr@aurora.example", "personale")
    client = await identity.client("hr@aurora.example")
    _, page = await admin.get("/v1/people?text=paola")
    admin_id = page["items"][0]["id"]
    _, sessions = await admin.get("/v1/me/sessions")
    session = sessions["items"][0]
    _, shown = await admin.get("/v1/tenant")
    tenant = {name: shown[name] for name in ("legal", "language", "time_zone")}
    first, version = {"If-Match": '"1"'}, {"If-Match": '"2"'}

    attempts = [
        client.post("/v1/invitations", {"email": "x@aurora.example", "name": "X", "roles": ["admin"]}),
        client.patch(f"/v1/people/{hr_id}", {"roles": ["admin"]}, headers=version),
        client.patch(f"/v1/people/{admin_id}", {"active": False}, headers=version),
        client.delete(f"/v1/people/{admin_id}/sessions/{session['id']}"),
        client.put("/v1/tenant", tenant | {"legal": tenant["legal"] | {"city": "Roma"}}, headers=first),
        client.put("/v1/roles/mio", {"name": "Mio", "privileges": ["order.write"]}),
        client.post("/v1/service-accounts", {"name": "mio", "scopes": ["order.write"]}),
    ]
    for attempt in attempts:
        response, problem = await attempt
        assert (response.status, problem["code"]) == (403, "grants_more_than_held")
    english, _ = await client.put("/v1/tenant", tenant | {"language": "en"}, headers=first)
    assert english.status == 200, "what the tenant is before the law stays as it is"


async def test_no_role_of_a_tenants_own_passes_for_one_of_the_products(identity: Identity) -> None:
    """Not in its key and not in its name, whatever the case, the width or the accents of the letters."""
    admin = await identity.register()
    for key in ("Admin", "ADMIN", "Auditor", "backOffice"):
        response, problem = await admin.put(f"/v1/roles/{key}", {"name": "Capo", "privileges": []})
        assert (response.status, problem["code"]) == (409, "role_built_in"), key
    for name in ("admin", "Admin", " ADMIN ", "\uff41dmin", "Ádmin", "Back-office", "back office"):
        response, problem = await admin.put("/v1/roles/capo", {"name": name, "privileges": []})
        assert (response.status, problem["code"]) == (409, "role_built_in"), name
        assert problem["errors"][0]["field"] == "name"
    for name in ("ᎪᎠᎷᏆN", "ᴀᴅᴍɪɴ di sede"):
        response, problem = await admin.put("/v1/roles/capo", {"name": name, "privileges": []})
        assert (response.status, problem["code"]) == (422, "role_name_letters"), name
        assert name.split()[0] in problem["errors"][0]["detail"], "as it was typed"
    response, _ = await admin.put("/v1/roles/capo", {"name": "Admin di sede", "privileges": []})
    assert response.status == 200


async def test_a_role_that_was_called_so_before_can_still_change_what_it_grants(identity: Identity) -> None:
    admin = await identity.register()
    await admin.put("/v1/roles/capo", {"name": "Capo", "privileges": []})
    await identity.database.fetch("UPDATE roles SET key = 'adrnin', name = '4gent' WHERE key = 'capo'")
    changed = {"name": "4gent", "privileges": ["brief.read"]}
    response, problem = await admin.put("/v1/roles/adrnin", changed, headers={"If-Match": '"1"'})
    assert response.status == 200, problem
    renamed = changed | {"name": "5upplier"}
    response, problem = await admin.put("/v1/roles/adrnin", renamed, headers={"If-Match": '"2"'})
    assert (response.status, problem["code"]) == (409, "role_built_in")


async def test_a_tenants_own_role_obeys_the_products_law(identity: Identity) -> None:
    admin = await identity.register()
    for index, privilege in enumerate(["phase.assign", "job.economics.write", "tenant.register", "x"]):
        privileges = ["brief.read"] * index + [privilege]
        response, problem = await admin.put("/v1/roles/capo", {"name": "Capo", "privileges": privileges})
        assert response.status == 422
        assert problem["errors"][0]["field"] == f"privileges[{index}]"
    response, problem = await admin.put("/v1/roles/auditor", {"name": "A", "privileges": []})
    assert (response.status, problem["code"]) == (409, "role_built_in")
    odd, problem = await admin.put("/v1/roles/a%20b", {"name": "A", "privileges": []})
    assert (odd.status, problem["code"]) == (422, "key_not_valid")


async def test_a_role_changes_only_under_the_version_that_was_seen(identity: Identity) -> None:
    admin = await identity.register()
    capo = {"name": "Capo", "privileges": ["brief.read"]}
    first, role = await admin.put("/v1/roles/capo", capo)
    assert first.headers["ETag"] == '"1"'
    again, same = await admin.put("/v1/roles/capo", capo)
    assert (again.status, same) == (200, role)
    wider = {"name": "Capo", "privileges": ["brief.read", "brief.read_all"]}
    blind, _ = await admin.put("/v1/roles/capo", wider)
    assert blind.status == 428
    stale, _ = await admin.put("/v1/roles/capo", wider, headers={"If-Match": '"7"'})
    assert stale.status == 412
    for nowhere, body in (("roles/mai-visto", wider), ("units/mai-vista", {"name": "U"})):
        absent, _ = await admin.put(f"/v1/{nowhere}", body, headers={"If-Match": '"1"'})
        assert absent.status == 412
    changed, role = await admin.put("/v1/roles/capo", wider, headers={"If-Match": '"1"'})
    assert (changed.status, role["version"]) == (200, 2)
    told = await identity.database.published("optima.identity.role_changed.v1")
    assert [e.data["privileges"] for e in told if e.data["key"] == "capo"] == [
        ["brief.read"],
        ["brief.read", "brief.read_all"],
    ]


async def test_a_role_of_external_people_does_not_outgrow_them(identity: Identity) -> None:
    admin = await identity.register()
    await admin.put("/v1/roles/stampa", {"name": "Stampa", "privileges": ["phase.work"]})
    await identity.invite(admin, "r@galli.example", "stampa", kind="external", company="Galli")
    wider = {"name": "Stampa", "privileges": ["phase.work", "order.read"]}
    response, problem = await admin.put("/v1/roles/stampa", wider, headers={"If-Match": '"1"'})
    assert (response.status, problem["code"]) == (409, "role_held_by_external_people")


async def test_units_form_a_tree(identity: Identity) -> None:
    admin = await identity.register()
    for key, parent in (("a", None), ("b", "a"), ("c", "b")):
        response, _ = await admin.put(f"/v1/units/{key}", {"name": key, "parent": parent})
        assert response.status == 200
    version = {"If-Match": '"1"'}
    for parent in ("a", "b", "c"):
        response, problem = await admin.put("/v1/units/a", {"name": "a", "parent": parent}, headers=version)
        assert (response.status, problem["code"]) == (422, "unit_cycle")
    unknown, problem = await admin.put("/v1/units/d", {"name": "d", "parent": "z"})
    assert (unknown.status, problem["errors"][0]["field"]) == (422, "parent")
    _, page = await admin.get("/v1/units?limit=2")
    _, rest = await admin.get("/v1/units", params={"cursor": page["next_cursor"]})
    assert [unit["key"] for unit in page["items"] + rest["items"]] == ["a", "b", "c"]


async def test_two_units_can_not_be_put_into_each_other_at_once(identity: Identity) -> None:
    admin = await identity.register()
    for n in range(8):
        a, b = f"a{n}", f"b{n}"
        for key in (a, b):
            await admin.put(f"/v1/units/{key}", {"name": key})
        moves = [
            admin.put(f"/v1/units/{key}", {"name": key, "parent": into}, headers={"If-Match": '"1"'})
            for key, into in ((a, b), (b, a))
        ]
        answers = await asyncio.gather(*moves)
        assert sorted(response.status for response, _ in answers) == [200, 422]


async def test_managers_form_a_chain_that_ends(identity: Identity) -> None:
    admin = await identity.register()
    first = await identity.invite(admin, "a@aurora.example", "marketing")
    second = await identity.invite(admin, "b@aurora.example", "marketing", manager=str(first))
    for manager in (first, second):
        response, problem = await admin.patch(
            f"/v1/people/{first}", {"manager": str(manager)}, headers={"If-Match": '"2"'}
        )
        assert (response.status, problem["code"]) == (422, "manager_cycle")


async def test_the_last_admin_stays(identity: Identity) -> None:
    admin = await identity.register()
    _, me = await admin.get("/v1/me")
    for change in ({"active": False}, {"roles": ["auditor"]}):
        response, problem = await admin.patch(f"/v1/people/{me['id']}", change, headers={"If-Match": '"2"'})
        assert (response.status, problem["code"]) == (409, "last_admin")
    await identity.invite(admin, "second@aurora.example", "admin")
    response, _ = await admin.patch(
        f"/v1/people/{me['id']}", {"roles": ["auditor"]}, headers={"If-Match": '"2"'}
    )
    assert response.status == 200


async def test_people_choose_the_language_that_they_read(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    herself = await identity.client("elena@aurora.example")
    for _ in range(2):
        response, chosen = await herself.patch("/v1/me", {"language": "en"})
        assert (response.status, chosen["language"], chosen["version"]) == (200, "en", 3)
    _, shown = await admin.get(f"/v1/people/{elena}")
    assert (shown["language"], shown["roles"]) == ("en", ["marketing"])
    told = await identity.database.fetch("SELECT envelope FROM outbox ORDER BY position DESC LIMIT 1")
    assert '"language":"en"' in told[0]["envelope"]
    refused, problem = await herself.patch("/v1/me", {"language": "fr"})
    assert (refused.status, problem["errors"][0]["field"]) == (422, "language")


async def test_a_change_leaves_what_it_does_not_name(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing", language="en")
    _, before = await admin.get(f"/v1/people/{elena}")
    until = "2026-12-24T18:00:00+01:00"
    response, after = await admin.patch(
        f"/v1/people/{elena}", {"absent_until": until}, headers={"If-Match": '"2"'}
    )
    assert response.status == 200
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"absent_until", "version"}
    assert after["absent_until"] == "2026-12-24T17:00:00Z"
    missing, _ = await admin.patch(f"/v1/people/{elena}", {"name": "Elena R."})
    assert missing.status == 428
    stale, _ = await admin.patch(f"/v1/people/{elena}", {"name": "E."}, headers={"If-Match": '"2"'})
    assert stale.status == 412
    unzoned, _ = await admin.patch(
        f"/v1/people/{elena}", {"absent_until": "2026-12-24T18:00:00"}, headers={"If-Match": '"3"'}
    )
    assert unzoned.status == 422


async def test_another_tenants_things_are_as_if_absent(identity: Identity) -> None:
    admin, stranger = await identity.register(), await identity.register("brezza")
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    await admin.put("/v1/units/marketing", {"name": "Marketing"})
    await admin.put("/v1/roles/capo", {"name": "Capo", "privileges": []})
    _, account = await admin.post("/v1/service-accounts", {"name": "x", "scopes": ["order.read"]})
    match = {"If-Match": '"2"'}
    for method, path, body in (
        ("GET", "/v1/people/{}", None),
        ("PATCH", "/v1/people/{}", {"name": "X"}),
        ("POST", "/v1/people/{}/invitation", None),
        ("POST", "/v1/service-accounts/{}/secret", None),
        ("DELETE", "/v1/service-accounts/{}", None),
    ):
        theirs = account["id"] if "accounts" in path else elena
        answers = []
        for thing in (theirs, uuid4()):
            options = {"json": body, "headers": match} if body else {}
            response, problem = await stranger.request(method, path.format(thing), **options)
            answers.append((response.status, problem["code"], problem["detail"]))
        assert answers[0] == answers[1], path
        assert answers[0][0] == 404
    for path in ("/v1/units/marketing", "/v1/roles/capo"):
        response, _ = await stranger.get(path)
        assert response.status == 404
    _, people = await stranger.get("/v1/people")
    assert [person["email"] for person in people["items"]] == ["paola@brezza.example"]
    foreign, problem = await stranger.post(
        "/v1/invitations",
        {"email": "y@brezza.example", "name": "Y", "roles": ["auditor"], "manager": str(elena)},
    )
    assert (foreign.status, problem["code"]) == (422, "manager_not_available")
    _, tenant = await stranger.get("/v1/tenant")
    assert tenant["slug"] == "brezza"


async def test_external_people_see_themselves_alone(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "r@galli.example", "dealer", kind="external", company="Galli")
    dealer = await identity.client("r@galli.example")
    for path in ("/v1/people", "/v1/units", "/v1/roles", "/v1/privileges", "/v1/service-accounts"):
        response, problem = await dealer.get(path)
        assert (response.status, problem["code"]) == (403, "missing_privilege")
    _, me = await dealer.get("/v1/me")
    assert me["company"] == "Galli"


async def test_the_tenant_revises_its_legal_identity(identity: Identity) -> None:
    admin = await identity.register()
    response, tenant = await admin.get("/v1/tenant")
    legal = tenant["legal"] | {"street": "Via Nuova 1"}
    body = {"legal": legal, "language": "it", "time_zone": "Europe/Rome"}
    changed, after = await admin.put("/v1/tenant", body, headers={"If-Match": response.headers["ETag"]})
    assert (changed.status, after["legal"]["street"]) == (200, "Via Nuova 1")
    told = await identity.database.published("optima.identity.tenant_changed.v1")
    assert [event.data["legal"]["street"] for event in told][-1] == "Via Nuova 1"
