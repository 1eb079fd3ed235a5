"""Forgotten passwords, changed ones, and second factors."""

from __future__ import annotations

import asyncio
import base64
from datetime import timedelta
from typing import Any

from identity.domain.second_factor import code_at, step_of
from optima_contracts.identity import SessionEnded
from optima_kit.testing import Client

from ..conftest import Identity

NEW = "cinque oche nel laghetto verde"
PASSWORD = "tre gatti sul tetto rosso"


async def test_an_admin_hands_over_a_link_for_a_new_password(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    session = await identity.sign_in("elena@aurora.example")
    for _ in range(6):
        await identity.sign_in("elena@aurora.example", password="wrong one")

    _, link = await admin.post(f"/v1/people/{elena}/password-reset")
    weak, problem = await complete(identity, link["token"], "corta")
    assert (weak.status, problem["code"]) == (422, "password_too_short")
    done, _ = await complete(identity, link["token"], NEW)
    assert done.status == 204
    again, problem = await complete(identity, link["token"], NEW)
    assert (again.status, problem["code"]) == (422, "link_not_valid")
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 401
    assert (await identity.sign_in("elena@aurora.example", password=NEW))["status"] == 200, "unlocked"
    refused, _ = await identity.anybody.post(
        "/v1/tokens", {"grant": "refresh_token", "refresh_token": session["refresh_token"]}
    )
    assert refused.status == 401
    told = await identity.database.published("optima.identity.password_changed.v1")
    assert [event.data["by"] for event in told] == ["invitation", "invitation", "reset"]


async def test_who_chooses_a_password_themselves_makes_links_for_another_worthless(
    identity: Identity,
) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    _, link = await admin.post(f"/v1/people/{elena}/password-reset")
    client = await identity.client("elena@aurora.example")
    changed, problem = await client.put("/v1/me/password", {"current": PASSWORD, "new": NEW})
    assert changed.status < 300, problem
    late, problem = await complete(identity, link["token"], "sette nani nel bosco verde")
    assert (late.status, problem["code"]) == (422, "link_not_valid")


async def test_a_link_for_one_purpose_serves_no_other(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    _, reset = await admin.post(f"/v1/people/{elena}/password-reset")
    response, problem = await identity.anybody.post(
        "/v1/invitations/acceptance", {"token": reset["token"], "password": NEW}
    )
    assert (response.status, problem["code"]) == (422, "link_not_valid")
    _, invited = await admin.post(
        "/v1/invitations", {"email": "ugo@aurora.example", "name": "Ugo", "roles": ["marketing"]}
    )
    response, _ = await complete(identity, invited["token"], NEW)
    assert response.status == 422
    refused, problem = await admin.post(f"/v1/people/{invited['person']['id']}/password-reset")
    assert (refused.status, problem["code"]) == (409, "person_not_active")
    identity.clock.advance(timedelta(hours=1))
    late, _ = await complete(identity, reset["token"], NEW)
    assert late.status == 422


async def test_asking_for_a_reset_tells_nothing(identity: Identity) -> None:
    await identity.register()
    answers = []
    for tenant, email in (("aurora", "paola"), ("aurora", "nobody"), ("nowhere", "paola")):
        body = {"tenant": tenant, "email": f"{email}@aurora.example"}
        response, answer = await identity.anybody.post("/v1/password-resets", body)
        answers.append((response.status, answer))
    assert answers == [(202, b"")] * 3


async def test_people_change_their_own_password(identity: Identity) -> None:
    await identity.register()
    session = await identity.sign_in("paola@aurora.example")
    me = identity.app.with_token(session["access_token"])
    wrong, problem = await me.put("/v1/me/password", {"current": "not this one", "new": NEW})
    assert (wrong.status, problem["errors"][0]["field"]) == (422, "current")
    weak, _ = await me.put("/v1/me/password", {"current": PASSWORD, "new": "paola ferri aurora"})
    assert weak.status == 422
    changed, _ = await me.put("/v1/me/password", {"current": PASSWORD, "new": NEW})
    assert changed.status == 204
    again = await identity.sign_in("paola@aurora.example", password=NEW)
    ended, _ = await me.get("/v1/me/sessions")
    assert ended.status == 401, "with the old password's sessions their access tokens"
    _, page = await identity.app.with_token(again["access_token"]).get("/v1/me/sessions")
    assert len(page["items"]) == 1, "the one that began with the new password"


async def test_a_stolen_access_token_can_not_guess_the_password(identity: Identity) -> None:
    admin = await identity.register()
    for _ in range(5):
        await admin.put("/v1/me/password", {"current": "not this one", "new": NEW})
    locked, problem = await admin.put("/v1/me/password", {"current": PASSWORD, "new": NEW})
    assert (locked.status, problem["code"]) == (429, "attempts_too_many"), "even with the right one"
    owner = await identity.client("paola@aurora.example")
    changed, _ = await owner.put("/v1/me/password", {"current": PASSWORD, "new": NEW})
    assert changed.status == 204, "who signs in anew is not kept from it"


async def test_a_second_factor_is_asked_for_once_it_is_confirmed(identity: Identity) -> None:
    await identity.register()
    secret, codes = await set_up(identity)
    assert len(set(codes)) == 10

    missing = await sign_in(identity)
    assert (missing["status"], missing["code"]) == (401, "second_factor_required")
    unknown = await sign_in(identity, password="wrong", code="123456")
    assert unknown["code"] == "sign_in_refused", "only who knows the password hears of the factor"

    identity.clock.advance(timedelta(seconds=30))
    right = code_now(identity, secret)
    assert (await sign_in(identity, code=right))["status"] == 200
    assert (await sign_in(identity, code=right))["status"] == 401, "a code works once"
    refused = await identity.database.published("optima.identity.sign_in_refused.v1")
    assert refused[-1].data["reason"] == "wrong_code"
    assert (await sign_in(identity, code=codes[0].upper()))["status"] == 200
    assert (await sign_in(identity, code=codes[0]))["status"] == 401, "so does a recovery code"
    assert (await sign_in(identity, code=codes[1]))["status"] == 200

    rows = await identity.database.fetch("SELECT second_factors::text AS text FROM second_factors")
    stored = rows[0]["text"]
    assert secret.hex() not in stored
    assert codes[2] not in stored


async def test_one_code_presented_at_once_opens_once(identity: Identity) -> None:
    await identity.register()
    secret, _ = await set_up(identity)
    identity.clock.advance(timedelta(seconds=30))
    code = code_now(identity, secret)
    answers = await asyncio.gather(*(sign_in(identity, code=code) for _ in range(4)))
    assert sorted(answer["status"] for answer in answers) == [200, 401, 401, 401]


async def test_wrong_codes_count_like_wrong_passwords(identity: Identity) -> None:
    await identity.register()
    secret, _ = await set_up(identity)
    for attempt in range(5):
        await sign_in(identity)  # knowing the password does not start the count anew
        assert (await sign_in(identity, code=f"00000{attempt}"))["status"] == 401
    assert (await sign_in(identity, code="000006"))["code"] == "attempts_too_many"
    identity.clock.advance(timedelta(seconds=30))
    assert (await sign_in(identity, code=code_now(identity, secret)))["status"] == 200


async def test_a_second_factor_is_given_up_with_a_code_of_it(identity: Identity) -> None:
    admin = await identity.register()
    absent, _ = await admin.post("/v1/me/second-factor/removal", {"code": "123456"})
    assert absent.status == 404
    early, problem = await admin.post("/v1/me/second-factor/confirmation", {"code": "123456"})
    assert (early.status, problem["code"]) == (409, "second_factor_not_set_up")
    _, codes = await set_up(identity, client=admin)
    twice, problem = await admin.post("/v1/me/second-factor")
    assert (twice.status, problem["code"]) == (409, "second_factor_active")
    wrong, problem = await admin.post("/v1/me/second-factor/removal", {"code": "000000"})
    assert (wrong.status, problem["code"]) == (422, "code_not_valid")
    gone, _ = await admin.post("/v1/me/second-factor/removal", {"code": codes[0]})
    assert gone.status == 204
    assert (await sign_in(identity))["status"] == 200
    told = await identity.database.published("optima.identity.second_factor_changed.v1")
    assert [event.data["active"] for event in told] == [True, False]


async def test_other_sessions_end_with_a_change_of_the_second_factor(identity: Identity) -> None:
    here = await identity.register()
    elsewhere = await identity.client("paola@aurora.example")
    _, codes = await set_up(identity, client=here)
    for each, status in ((here, 200), (elsewhere, 401)):
        assert (await each.get("/v1/me"))[0].status == status
    granted = await sign_in(identity, code=codes[0])
    elsewhere = identity.app.with_token(granted["access_token"])
    gone, _ = await here.post("/v1/me/second-factor/removal", {"code": codes[1]})
    assert gone.status == 204
    for each, status in ((here, 200), (elsewhere, 401)):
        assert (await each.get("/v1/me"))[0].status == status


async def test_an_admin_takes_a_lost_second_factor_away(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    await set_up(identity, "elena@aurora.example")
    gone, _ = await admin.delete(f"/v1/people/{elena}/second-factor")
    assert gone.status == 204
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 200
    again, _ = await admin.delete(f"/v1/people/{elena}/second-factor")
    assert again.status == 404


async def test_an_admin_sees_and_ends_a_persons_sessions(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    await identity.sign_in("elena@aurora.example")
    _, page = await admin.get(f"/v1/people/{elena}/sessions")
    (session,) = page["items"]
    ended, _ = await admin.delete(f"/v1/people/{elena}/sessions/{session['id']}")
    assert ended.status == 204
    _, page = await admin.get(f"/v1/people/{elena}/sessions")
    assert page["items"] == []


async def test_an_admin_ends_all_sessions_of_a_person_and_each_is_told(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    opened = {str((await identity.actor("elena@aurora.example")).session_id) for _ in range(3)}
    response, _ = await admin.delete(f"/v1/people/{elena}/sessions")
    assert response.status == 204
    assert await ended_by(identity, "signed_out") == opened
    again, _ = await admin.delete(f"/v1/people/{elena}/sessions")
    assert again.status == 204, "she has none any more"
    assert await ended_by(identity, "signed_out") == opened
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 200


async def test_somebody_ends_all_their_sessions_but_the_one_that_asks(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    elsewhere = {str((await identity.actor("elena@aurora.example")).session_id) for _ in range(2)}
    here = await identity.client("elena@aurora.example")
    response, _ = await here.delete("/v1/me/sessions")
    assert response.status == 204
    _, page = await here.get("/v1/me/sessions")
    (left,) = page["items"]
    assert await ended_by(identity, "signed_out") == elsewhere
    body = {"current": PASSWORD, "new": NEW}
    assert (await here.put("/v1/me/password", body))[0].status == 204
    assert await ended_by(identity, "password_changed") == {left["id"]}


async def ended_by(identity: Identity, reason: str) -> set[str]:
    told = await identity.database.published(SessionEnded.type)
    return {event.data["session_id"] for event in told if event.data["reason"] == reason}


async def set_up(
    identity: Identity, email: str = "paola@aurora.example", client: Client | None = None
) -> tuple[bytes, list[str]]:
    """The secret and the recovery codes of a confirmed second factor."""
    client = client or await identity.client(email)
    response, setup = await client.post("/v1/me/second-factor")
    assert response.status == 201
    assert setup["uri"].startswith("otpauth://totp/Linea%20OPTIMA%20aurora%3A")
    secret = base64.b32decode(setup["secret"])
    wrong, problem = await client.post("/v1/me/second-factor/confirmation", {"code": "0000000"})
    assert (wrong.status, problem["code"]) == (422, "code_not_valid")
    response, body = await client.post(
        "/v1/me/second-factor/confirmation", {"code": code_now(identity, secret)}
    )
    assert response.status == 201, body
    return secret, body["recovery_codes"]


def code_now(identity: Identity, secret: bytes) -> str:
    return code_at(secret, step_of(identity.clock.now()))


async def sign_in(identity: Identity, **more: str) -> Any:
    grant = {
        "grant": "password",
        "tenant": "aurora",
        "email": "paola@aurora.example",
        "password": PASSWORD,
    }
    response, body = await identity.anybody.post("/v1/tokens", grant | more)
    return body | {"status": response.status}


async def complete(identity: Identity, token: str, password: str) -> Any:
    return await identity.anybody.post(
        "/v1/password-resets/completion", {"token": token, "password": password}
    )
