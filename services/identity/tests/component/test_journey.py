"""From nothing to a tenant whose people sign in."""

from __future__ import annotations

from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of

from ..conftest import Identity


async def test_a_tenant_is_registered_and_its_people_join(identity: Identity) -> None:
    admin = await identity.register()

    response, unit = await admin.put("/v1/units/marketing", {"name": "Marketing"})
    assert response.status == 200, unit
    lead = await identity.invite(admin, "marta@aurora.example", "marketing", unit="marketing")
    await identity.invite(admin, "elena@aurora.example", "marketing", unit="marketing", manager=str(lead))
    await identity.invite(
        admin, "roberto@galli.example", "dealer", kind="external", company="Grafiche Galli S.r.l."
    )

    elena = await identity.actor("ELENA@aurora.example")
    assert (elena.kind, elena.roles) == ("internal", {"marketing"})
    assert elena.privileges == privileges_of("marketing")
    assert (str(elena.unit_id), elena.manager_id) == (unit["id"], lead)
    roberto = await identity.actor("roberto@galli.example")
    assert (roberto.kind, roberto.privileges) == ("external", {"phase.work"})

    _, page = await admin.get("/v1/people?limit=3")
    _, rest = await admin.get("/v1/people", params={"cursor": page["next_cursor"]})
    names = [person["name"] for person in page["items"] + rest["items"]]
    assert names == ["Elena", "Marta", "Paola Ferri", "Roberto"]
    assert "next_cursor" not in rest


async def test_other_services_are_told_of_everything(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")

    events = await identity.database.published()
    told = [event.type.split(".")[2] for event in events]
    assert told == [
        "tenant_changed",
        *["role_changed"] * len(BUILT_IN_ROLES),
        "person_changed",  # the admin, invited
        *("password_changed", "person_changed"),  # joined
        "signed_in",
        "person_changed",  # Elena, invited
        *("password_changed", "person_changed"),  # joined
    ]
    roles = {event.data["key"]: event.data["privileges"] for event in events if "role" in event.type}
    assert roles == {key: sorted(privileges_of(key)) for key in BUILT_IN_ROLES}
    invited, joined = [e for e in events if e.data.get("email") == "elena@aurora.example"]
    assert (invited.data["active"], invited.sequence) == (False, 1)
    assert (joined.data["active"], joined.sequence) == (True, 3)
    assert invited.data["roles"] == ["marketing"]
    admin_id = next(e for e in events if e.data.get("email") == "paola@aurora.example").subject
    assert invited.actorid == admin_id
