"""Once the trail has erased a person, the directory knows nobody of that name or address."""

from __future__ import annotations

from uuid import UUID

import pytest

from identity.domain.people import ERASED
from optima_contracts.identity import PersonChanged
from optima_contracts.trail import PersonErased
from optima_kit.refusals import WrongState

from ..conftest import Identity

EMAIL = "zenobia.quarantotti@aurora.example"


async def erase(identity: Identity, person: UUID, tenant: UUID) -> None:
    await identity.app.deliver(PersonErased(person_id=person), tenant_id=tenant)


async def tenant_of(identity: Identity) -> UUID:
    found: UUID = (await identity.database.fetch("SELECT id FROM tenants"))[0]["id"]
    return found


async def tables_with(identity: Identity, text: str) -> set[str]:
    tables = await identity.database.fetch(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
        " AND relnamespace = 'public'::regnamespace"
    )
    return {
        table
        for (table,) in tables
        if await identity.database.fetch(
            f'SELECT 1 FROM "{table}" AS one WHERE strpos(lower(to_jsonb(one)::text), lower($1)) > 0'
            " OR strpos(to_jsonb(one)::text, $2) > 0 LIMIT 1",
            *(text, text.encode().hex()),
        )
    }


async def test_nothing_in_the_directory_names_an_erased_person(identity: Identity) -> None:
    admin = await identity.register()
    external = {"name": "Zenobia Quarantotti", "kind": "external", "company": "Zeta Srl"}
    person = await identity.invite(admin, EMAIL, "supplier", **external)
    await identity.sign_in(EMAIL)
    await identity.sign_in(EMAIL, password="wrong")
    headers = {"Idempotency-Key": "k"}
    await admin.post(f"/v1/people/{person}/password-reset", headers=headers)
    assert "people_search_keys" in await tables_with(identity, "quarantotti"), "or the search finds nothing"
    tenant = await tenant_of(identity)
    for _ in range(2):
        await erase(identity, person, tenant)
    for text in ("Zenobia", "Quarantotti", EMAIL, "Zeta Srl"):
        assert await tables_with(identity, text) == set(), text
    assert (await identity.sign_in(EMAIL))["status"] == 401
    _, view = await admin.get(f"/v1/people/{person}")
    assert (view["name"], view["active"], view["roles"]) == (ERASED, False, [])
    told = [
        event for event in await identity.database.published(PersonChanged.type) if event.subject == person
    ]
    assert (told[-1].data["name"], told[-1].data["active"]) == (ERASED, False)
    versions = [event.data["access_version"] for event in told]
    assert versions[-1] > versions[-2], "tokens of before are refused everywhere"
    assert len(told) == len({event.sequence for event in told})


async def test_an_address_of_an_erased_person_is_free_again(identity: Identity) -> None:
    admin = await identity.register()
    person = await identity.invite(admin, EMAIL, "marketing")
    await erase(identity, person, await tenant_of(identity))
    assert await identity.invite(admin, EMAIL, "marketing") != person


async def test_somebody_can_always_let_people_in(identity: Identity) -> None:
    admin = await identity.register()
    _, me = await admin.get("/v1/me")
    tenant = await tenant_of(identity)
    with pytest.raises(WrongState):
        await erase(identity, UUID(me["id"]), tenant)
    await identity.invite(admin, EMAIL, "admin")
    await erase(identity, UUID(me["id"]), tenant)
    assert await tables_with(identity, "Paola Ferri") == set()
