"""Somebody leaves; nothing and nobody is left hanging."""

from __future__ import annotations

from typing import Any

from ..conftest import Identity


async def test_reports_and_units_pass_to_the_successor(identity: Identity) -> None:
    admin = await identity.register()
    boss = await identity.invite(admin, "boss@aurora.example", "marketing")
    leaver = await identity.invite(admin, "leaver@aurora.example", "marketing", manager=str(boss))
    middle = await identity.invite(admin, "middle@aurora.example", "marketing", manager=str(leaver))
    successor = await identity.invite(admin, "next@aurora.example", "marketing", manager=str(middle))
    await admin.put("/v1/units/marketing", {"name": "Marketing", "manager": str(leaver)})
    session = await identity.sign_in("leaver@aurora.example")

    response, _ = await depart(admin, leaver, successor)
    assert response.status == 200
    managers = {}
    for person in (boss, leaver, middle, successor):
        _, view = await admin.get(f"/v1/people/{person}")
        managers[person] = (view.get("manager", {}).get("id"), view["active"])
    assert managers == {
        boss: (None, True),
        leaver: (str(boss), False),
        middle: (str(successor), True),
        successor: (str(boss), True),
    }
    _, unit = await admin.get("/v1/units/marketing")
    assert unit["manager"]["id"] == str(successor)
    assert (await identity.sign_in("leaver@aurora.example"))["status"] == 401
    refused, _ = await identity.anybody.post(
        "/v1/tokens", {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
    )
    assert refused.status == 401

    (told,) = await identity.database.published("optima.identity.person_departed.v1")
    _, view = await admin.get(f"/v1/people/{successor}")
    assert told.data == {
        "person_id": str(leaver),
        "successor_id": str(successor),
        "successor_name": view["name"],
    }
    changed = await identity.database.published("optima.identity.person_changed.v1")
    newest = {event.subject: event.data for event in changed}
    assert newest[leaver]["active"] is False
    assert newest[middle]["manager_id"] == str(successor)


async def test_a_successor_is_somebody_who_can_take_over(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    one = await identity.invite(admin, "a@galli.example", "dealer", kind="external", company="Galli")
    two = await identity.invite(admin, "b@galli.example", "dealer", kind="external", company="Galli")
    rival = await identity.invite(admin, "c@rivali.example", "dealer", kind="external", company="Rivali")
    _, invited = await admin.post(
        "/v1/invitations", {"email": "ugo@aurora.example", "name": "Ugo", "roles": ["marketing"]}
    )
    ugo = invited["person"]["id"]
    for person, successor in ((elena, elena), (elena, one), (elena, ugo), (one, rival)):
        response, problem = await depart(admin, person, successor)
        assert (response.status, problem["code"]) == (422, "successor_not_available")
    early, problem = await depart(admin, ugo, elena)
    assert (early.status, problem["code"]) == (409, "invitation_not_accepted")
    gone, _ = await depart(admin, one, two)
    assert gone.status == 200
    again, problem = await depart(admin, one, two)
    assert (again.status, problem["code"]) == (409, "person_not_active")
    inward, _ = await depart(admin, two, elena)
    assert inward.status == 200


async def test_the_last_admin_does_not_depart(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    _, me = await admin.get("/v1/me")
    response, problem = await depart(admin, me["id"], elena)
    assert (response.status, problem["code"]) == (409, "last_admin")


async def depart(admin: Any, person: Any, successor: Any) -> Any:
    return await admin.post(f"/v1/people/{person}/departure", {"successor": str(successor)})
