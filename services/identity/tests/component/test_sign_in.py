"""Getting in, and being kept out."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import structlog
from aiohttp import FormData, encode_basic_auth
from structlog.testing import LogCapture

from identity.adapters import http_access

from ..conftest import PASSWORD, Identity, Serve

REFUSALS_TAKE = 0.08
"""Seconds: longer than judging a password takes here, and shorter than in earnest."""
WRONG = "quattro gatti sul tetto"


async def test_whatever_is_wrong_the_answer_and_its_time_are_the_same(serve: Serve) -> None:
    """The same by construction: each refusal hashes once, and is answered no earlier than the others."""
    identity = await serve(refusals_take=REFUSALS_TAKE)
    admin = await identity.register()
    leaver = await identity.invite(admin, "elena@aurora.example", "marketing")
    await admin.patch(f"/v1/people/{leaver}", {"active": False}, headers={"If-Match": '"2"'})
    invited, _ = await admin.post(
        "/v1/invitations", {"email": "ugo@aurora.example", "name": "Ugo", "roles": ["marketing"]}
    )
    assert invited.status == 201
    cases = {
        "wrong password": {"email": "paola@aurora.example", "password": WRONG},
        "unknown e-mail": {"email": "nobody@aurora.example"},
        "unknown tenant": {"email": "paola@aurora.example", "tenant": "nowhere"},
        "another tenant's": {"email": "paola@aurora.example", "tenant": "x' OR 1=1 --"},
        "has left": {"email": "elena@aurora.example"},
        "not joined": {"email": "ugo@aurora.example"},
    }
    answers = []
    for case, grant in cases.items():
        hashed, began = identity.hasher.calls, time.perf_counter()
        answers.append(await identity.sign_in(**grant))
        assert time.perf_counter() - began >= REFUSALS_TAKE, case
        assert identity.hasher.calls == hashed + 1, case
    assert answers[0]["status"] == 401
    assert answers[0]["code"] == "sign_in_refused"
    assert all(answer == answers[0] for answer in answers)


async def test_guesses_from_one_address_wait_longer_each_time(identity: Identity) -> None:
    await identity.register()
    for email in ("paola@aurora.example", "nobody@aurora.example"):
        for _ in range(5):
            assert (await identity.sign_in(email, password=WRONG))["status"] == 401
        for seconds in (1, 2, 4, 8):
            throttled = await identity.sign_in(email)
            assert (throttled["status"], throttled["code"]) == (429, "attempts_too_many"), (
                "even with the right one"
            )
            assert throttled["retry_after"] == str(seconds)
            identity.clock.advance(timedelta(seconds=seconds))
            assert (await identity.sign_in(email, password=WRONG))["status"] == 401
    identity.clock.advance(timedelta(seconds=16))
    assert (await identity.sign_in("paola@aurora.example"))["status"] == 200
    assert (await identity.sign_in("paola@aurora.example", password=WRONG))["status"] == 401, "counted anew"

    refused = await identity.database.published("optima.identity.sign_in_refused.v1")
    assert len(refused) == 4, "the first, and at each doubling"
    assert {event.data["reason"] for event in refused} == {"wrong_password"}
    assert all("paola" not in event.model_dump_json() for event in refused)


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        ({"grant": "password", "email": "a@b.it", "password": PASSWORD}, [("tenant", "missing")]),
        ({"grant": "password", "password": PASSWORD}, [("tenant", "missing"), ("email", "missing")]),
        ({"grant": "refresh_token", "refresh_token": "abc", "x": "y"}, [("x", "extra_forbidden")]),
        (
            {"grant": "refresh_token", "refresh_token": None, "x": None},
            [("refresh_token", "string_type"), ("x", "extra_forbidden")],
        ),
        (
            {"grant": "refresh_token", "refresh_token": [], "x": 1},
            [("refresh_token", "string_type"), ("x", "extra_forbidden")],
        ),
        ({"grant_type": "refresh_token"}, [("refresh_token", "missing")]),
    ],
)
async def test_what_a_sign_in_lacks_is_named(
    identity: Identity, grant: dict[str, object], told: list[tuple[str, str]]
) -> None:
    response, problem = await identity.anybody.post("/v1/tokens", grant)
    assert response.status == 422
    assert [(each["field"], each["code"]) for each in problem["errors"]] == told


async def test_a_stranger_shuts_nobody_out(identity: Identity) -> None:
    await identity.register()
    known = await identity.sign_in("paola@aurora.example", address="198.51.100.7")
    for _ in range(40):
        await identity.sign_in("paola@aurora.example", password=WRONG, address="203.0.113.9")
        identity.clock.advance(timedelta(seconds=1))
    assert (await identity.sign_in("paola@aurora.example", address="203.0.113.9"))["status"] == 429
    elsewhere = await identity.sign_in("paola@aurora.example", address="198.51.100.8")
    assert elsewhere["status"] == 200
    device = known["device_token"]
    behind = await identity.sign_in("paola@aurora.example", address="203.0.113.9", device_token=device)
    assert behind["status"] == 200, "even at the same address"
    assert "device_token" not in behind, "it has one"


async def test_a_device_is_known_to_its_person_and_password_alone(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    device = (await identity.sign_in("elena@aurora.example"))["device_token"]
    for _ in range(5):
        await identity.sign_in("paola@aurora.example", password=WRONG, device_token=device)
    foreign = await identity.sign_in("paola@aurora.example", device_token=device)
    assert foreign["status"] == 429, "at it somebody else has signed in"
    for token in ("", "x", "é", device[:-4], "A" * 128):
        assert (await identity.sign_in("elena@aurora.example", device_token=token))["device_token"] != device
    for _ in range(5):
        await identity.sign_in("elena@aurora.example", password=WRONG, device_token=device)
    stolen = await identity.sign_in("elena@aurora.example", device_token=device)
    assert stolen["status"] == 429, "a device that guesses is throttled like any other"
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 200


async def test_one_address_that_tries_many_accounts_is_throttled(identity: Identity) -> None:
    await identity.register()
    for number in range(50):
        tried = await identity.sign_in(f"p{number}@aurora.example", address="2001:db8::1")
        assert tried["status"] == 401
    throttled = await identity.sign_in("another@aurora.example", address="2001:db8::2")
    assert throttled["status"] == 429
    assert (await identity.sign_in("paola@aurora.example"))["status"] == 200


async def test_guesses_made_at_once_count_one_by_one(identity: Identity) -> None:
    await identity.register()
    guesses = [identity.sign_in("paola@aurora.example", password=WRONG) for _ in range(12)]
    answers = sorted(answer["status"] for answer in await asyncio.gather(*guesses))
    assert answers == [401] * 5 + [429] * 7


async def test_a_crowd_of_guesses_leaves_room_for_known_devices(identity: Identity) -> None:
    """Whoever has to be put off is told so, and not counted for it."""
    await identity.register()
    device = (await identity.sign_in("paola@aurora.example"))["device_token"]
    crowd = [
        identity.sign_in(f"p{number}@aurora.example", address=f"198.51.100.{number}") for number in range(60)
    ]
    waiting = [asyncio.create_task(each) for each in crowd]
    known = await identity.sign_in("paola@aurora.example", device_token=device)
    assert known["status"] == 200
    answers = [(each["status"], each["code"]) for each in await asyncio.gather(*waiting)]
    assert set(answers) <= {(401, "sign_in_refused"), (429, "sign_in_busy")}
    rows = await identity.database.fetch(
        "SELECT sum(failed) AS failed FROM sign_in_failures WHERE account <> ''"
    )
    assert rows[0]["failed"] == 2 * answers.count((401, "sign_in_refused"))


async def test_failures_are_not_kept(identity: Identity) -> None:
    await identity.register()
    await identity.sign_in("paola@aurora.example", password=WRONG)
    rows = await identity.database.fetch("SELECT sign_in_failures::text AS row FROM sign_in_failures")
    assert len(rows) == 3
    assert not any("paola" in row["row"] or "192.0.2" in row["row"] for row in rows)


async def test_a_tenants_name_and_an_address_are_found_whatever_their_case(identity: Identity) -> None:
    await identity.register()
    assert (await identity.sign_in("PAOLA@Aurora.example", tenant="Aurora"))["status"] == 200


async def test_an_invitation_works_once(identity: Identity) -> None:
    admin = await identity.register()
    body = {"email": "elena@aurora.example", "name": "Elena Rizzi", "roles": ["marketing"]}
    _, invited = await admin.post("/v1/invitations", body)
    token = invited["token"]
    rows = await identity.database.fetch("SELECT links::text FROM links")
    assert not any(token.partition(".")[2] in row["links"] for row in rows)

    weak, problem = await identity.anybody.post(
        "/v1/invitations/acceptance", {"token": token, "password": "Elena Rizzi 1"}
    )
    assert (weak.status, problem["code"]) == (422, "password_too_easy")
    acceptances = [
        identity.anybody.post("/v1/invitations/acceptance", {"token": token, "password": WRONG})
        for _ in range(5)
    ]
    statuses = sorted(response.status for response, _ in await asyncio.gather(*acceptances))
    assert statuses == [201, 422, 422, 422, 422]
    assert (await identity.sign_in("elena@aurora.example", password=WRONG))["status"] == 200


async def test_an_invitation_expires_and_is_renewed(identity: Identity) -> None:
    admin = await identity.register()
    body = {"email": "elena@aurora.example", "name": "Elena Rizzi", "roles": ["marketing"]}
    _, first = await admin.post("/v1/invitations", body)
    identity.clock.advance(timedelta(days=7))
    accept = {"token": first["token"], "password": WRONG}
    late, problem = await identity.anybody.post("/v1/invitations/acceptance", accept)
    assert (late.status, problem["code"]) == (422, "link_not_valid")

    admin = await identity.client("paola@aurora.example")
    _, second = await admin.post(f"/v1/people/{first['person']['id']}/invitation")
    _, third = await admin.post(f"/v1/people/{first['person']['id']}/invitation")
    replaced, _ = await identity.anybody.post(
        "/v1/invitations/acceptance", {"token": second["token"], "password": WRONG}
    )
    assert replaced.status == 422
    await identity.accept(third["token"])
    again, problem = await admin.post(f"/v1/people/{first['person']['id']}/invitation")
    assert (again.status, problem["code"]) == (409, "email_already_member")


async def test_a_withdrawn_invitation_opens_nothing_until_it_is_renewed(identity: Identity) -> None:
    admin = await identity.register()
    body = {"email": "elena@aurora.example", "name": "Elena Rizzi", "roles": ["marketing"]}
    _, first = await admin.post("/v1/invitations", body)
    address = f"/v1/people/{first['person']['id']}/invitation"
    withdrawn, _ = await admin.delete(address)
    assert withdrawn.status == 204
    accept = {"token": first["token"], "password": WRONG}
    refused, problem = await identity.anybody.post("/v1/invitations/acceptance", accept)
    assert (refused.status, problem["code"]) == (422, "link_not_valid")
    again, problem = await admin.delete(address)
    assert (again.status, problem["code"]) == (409, "invitation_withdrawn")
    response, problem = await admin.post("/v1/invitations", body)
    assert (response.status, problem["code"]) == (409, "email_already_invited")

    _, second = await admin.post(address)
    await identity.accept(second["token"])
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 200
    late, problem = await admin.delete(address)
    assert (late.status, problem["code"]) == (409, "invitation_accepted")


async def test_a_refresh_token_is_turned_in_for_the_next(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    first = await identity.sign_in("elena@aurora.example")
    await admin.patch(f"/v1/people/{elena}", {"roles": ["purchasing"]}, headers={"If-Match": '"2"'})

    response, second = await refresh(identity, first["refresh_token"])
    assert response.status == 200
    actor = await identity.verifier.actor(second["access_token"])
    assert actor.roles == {"purchasing"}, "roles are read anew"
    assert second["refresh_token"] != first["refresh_token"]


async def test_a_refresh_token_that_comes_twice_ends_its_session(identity: Identity) -> None:
    await identity.register()
    first = await identity.sign_in("paola@aurora.example")
    other = await identity.sign_in("paola@aurora.example")
    _, second = await refresh(identity, first["refresh_token"])

    replayed, problem = await refresh(identity, first["refresh_token"])
    assert (replayed.status, problem["code"]) == (401, "session_ended")
    following, _ = await refresh(identity, second["refresh_token"])
    assert following.status == 401, "the thief or the owner: neither goes on"
    untouched, _ = await refresh(identity, other["refresh_token"])
    assert untouched.status == 200
    ended = await identity.database.published("optima.identity.session_ended.v1")
    assert [event.data["reason"] for event in ended] == ["refresh_token_reused"]


async def test_one_refresh_token_used_at_once_gives_one_successor(identity: Identity) -> None:
    await identity.register()
    first = await identity.sign_in("paola@aurora.example")
    answers = await asyncio.gather(*(refresh(identity, first["refresh_token"]) for _ in range(6)))
    assert sorted(response.status for response, _ in answers) == [200] + [401] * 5


async def test_a_session_ends_by_itself(identity: Identity) -> None:
    await identity.register()
    first = await identity.sign_in("paola@aurora.example")
    identity.clock.advance(timedelta(days=7))
    response, _ = await refresh(identity, first["refresh_token"])
    assert response.status == 401


async def test_sessions_are_listed_and_ended_by_their_owner_alone(identity: Identity) -> None:
    admin = await identity.register()
    await identity.invite(admin, "elena@aurora.example", "marketing")
    first = await identity.sign_in("elena@aurora.example")
    elena = identity.app.with_token(first["access_token"])
    _, page = await elena.get("/v1/me/sessions")
    (session,) = page["items"]

    foreign, _ = await admin.delete(f"/v1/me/sessions/{session['id']}")
    assert foreign.status == 404
    ended, _ = await elena.delete(f"/v1/me/sessions/{session['id']}")
    assert ended.status == 204
    response, _ = await refresh(identity, first["refresh_token"])
    assert response.status == 401
    response, problem = await elena.get("/v1/me/sessions")
    assert (response.status, problem["code"]) == (401, "session_ended"), "its access token went with it"
    _, page = await (await identity.client("elena@aurora.example")).get("/v1/me/sessions")
    assert [each["id"] for each in page["items"]] != [session["id"]]


async def test_a_stolen_token_ends_no_other_device_s_session(identity: Identity) -> None:
    await identity.register()
    first = await identity.sign_in("paola@aurora.example")
    second = await identity.sign_in("paola@aurora.example")
    _, page = await identity.app.with_token(second["access_token"]).get("/v1/me/sessions")
    newer, older = [each["id"] for each in page["items"]][:2]
    identity.clock.advance(timedelta(minutes=11))
    _, session = await refresh(identity, second["refresh_token"])
    paola = identity.app.with_token(session["access_token"])
    refused, problem = await paola.delete(f"/v1/me/sessions/{older}")
    assert (refused.status, problem["code"]) == (403, "proof_needed")
    assert (await refresh(identity, first["refresh_token"]))[0].status == 200
    await paola.post("/v1/me/proof", {"password": PASSWORD})
    assert (await paola.delete(f"/v1/me/sessions/{older}"))[0].status == 204
    identity.clock.advance(timedelta(minutes=11))
    _, session = await refresh(identity, session["refresh_token"])
    signed_out, _ = await identity.app.with_token(session["access_token"]).delete(f"/v1/me/sessions/{newer}")
    assert signed_out.status == 204, "signing out needs no proof"


async def test_suspending_a_person_ends_their_sessions_for_good(identity: Identity) -> None:
    admin = await identity.register()
    elena = await identity.invite(admin, "elena@aurora.example", "marketing")
    first = await identity.sign_in("elena@aurora.example")
    for version, active in ((2, False), (3, True)):
        changed, _ = await admin.patch(
            f"/v1/people/{elena}", {"active": active}, headers={"If-Match": f'"{version}"'}
        )
        assert changed.status == 200
        response, _ = await refresh(identity, first["refresh_token"])
        assert response.status == 401
    assert (await identity.sign_in("elena@aurora.example"))["status"] == 200


async def test_a_machine_has_no_password_or_factor_of_its_own(identity: Identity) -> None:
    admin = await identity.register()
    _, opened = await admin.post("/v1/service-accounts", {"name": "gestionale", "scopes": ["order.read"]})
    grant = {"grant": "client_credentials"} | {name: opened[name] for name in ("client_id", "client_secret")}
    _, token = await identity.anybody.post("/v1/tokens", grant)
    for machine in (identity.app.with_token(token["access_token"]), await identity.platform()):
        for method, path, body in (
            ("POST", "/v1/me/proof", {"password": PASSWORD}),
            ("PUT", "/v1/me/password", {"current": PASSWORD, "new": "un'altra frase lunga e mai vista"}),
            ("POST", "/v1/me/second-factor", {}),
            ("POST", "/v1/me/second-factor/removal", {"code": "123456"}),
        ):
            response, problem = await machine.request(method, path, json=body)
            assert (response.status, problem["code"]) == (404, "person_absent"), f"{method} {path}"
        for method, path, body in (
            ("POST", "/v1/me/second-factor/confirmation", {"code": "123456"}),
            ("PATCH", "/v1/me", {"language": "en"}),
            ("GET", "/v1/me", None),
            ("DELETE", "/v1/me/sessions", None),
            ("DELETE", f"/v1/me/sessions/{uuid4()}", None),
        ):
            response, problem = await machine.request(method, path, json=body)
            assert response.status < 500, f"{method} {path}: {problem}"


async def test_a_service_account_signs_in_with_its_scopes(identity: Identity) -> None:
    admin = await identity.register()
    _, account = await admin.post(
        "/v1/service-accounts", {"name": "gestionale", "scopes": ["order.read", "lookup.read"]}
    )
    grant = {
        "grant": "client_credentials",
        "client_id": account["client_id"],
        "client_secret": account["client_secret"],
    }
    response, body = await identity.anybody.post("/v1/tokens", grant)
    assert response.status == 200
    assert "refresh_token" not in body
    actor = await identity.verifier.actor(body["access_token"])
    assert (actor.kind, actor.name) == ("service", "gestionale")
    assert actor.privileges == {"order.read", "lookup.read"}

    _, renewed = await admin.post(f"/v1/service-accounts/{account['id']}/secret")
    old, _ = await identity.anybody.post("/v1/tokens", grant)
    assert old.status == 401
    grant["client_secret"] = renewed["client_secret"]
    new, _ = await identity.anybody.post("/v1/tokens", grant)
    assert new.status == 200
    closed, _ = await admin.delete(f"/v1/service-accounts/{account['id']}")
    assert closed.status == 204
    shut, _ = await identity.anybody.post("/v1/tokens", grant)
    assert shut.status == 401
    _, page = await admin.get("/v1/service-accounts")
    assert [(each["name"], each["active"]) for each in page["items"]] == [("gestionale", False)]
    assert "client_secret" not in page["items"][0]


async def test_an_oauth_client_sends_a_form(identity: Identity) -> None:
    admin = await identity.register()
    _, account = await admin.post("/v1/service-accounts", {"name": "gestionale", "scopes": ["order.read"]})
    client, secret = account["client_id"], account["client_secret"]
    asked = {"grant_type": "client_credentials", "scope": "order.read"}
    basic = {"Authorization": encode_basic_auth(client, secret)}
    wrong = {"Authorization": encode_basic_auth(client, "wrong")}
    for form, headers, status in (
        (asked | {"client_id": client, "client_secret": secret}, {}, 200),
        (asked, basic, 200),
        (asked, wrong, "invalid_client"),
        (asked, {}, "invalid_client"),
        (asked, {"Authorization": "Basic \xe0"}, "invalid_client"),
        (asked | {"client_id": client}, {}, "invalid_client"),
        ({"scope": "order.read"}, basic, "invalid_request"),
        (
            [("grant_type", "client_credentials"), ("grant_type", "client_credentials")],
            basic,
            "invalid_request",
        ),
        ({"grant_type": "refresh_token"}, {}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, {}, "invalid_grant"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}, basic, "unsupported_grant_type"),
    ):
        response, body = await identity.anybody.post("/v1/tokens", data=FormData(form), headers=headers)
        if status != 200:
            assert body["error"] == status, (form, headers, body)
            assert response.status == (401 if status == "invalid_client" else 400)
            assert response.content_type == "application/json"
            assert re.fullmatch(r"[ !#-\[\]-~]+", body["error_description"])
            assert response.headers.get("WWW-Authenticate") == ("Basic" if response.status == 401 else None)
        else:
            assert response.status == 200, (form, headers, body)
            actor = await identity.verifier.actor(body["access_token"])
            assert (actor.kind, actor.name) == ("service", "gestionale")


async def test_a_wrong_client_is_refused(identity: Identity) -> None:
    for client_id in ("platform", "x", "." * 30, "0" * 32 + "." + "1" * 32):
        grant = {"grant": "client_credentials", "client_id": client_id, "client_secret": "wrong"}
        response, problem = await identity.anybody.post("/v1/tokens", grant)
        assert (response.status, problem["code"]) == (401, "client_refused"), client_id


async def test_a_malformed_request_for_a_token_is_told_why(identity: Identity) -> None:
    password = {"grant": "password", "tenant": "aurora", "email": "a@b.it"}
    bodies: list[Any] = [
        {},
        {"grant": "magic"},
        password,
        password | {"password": ""},
        password | {"password": "x", "more": 1},
        {"grant": "refresh_token", "refresh_token": 7},
        [],
        "password",
    ]
    for body in bodies:
        response, problem = await identity.anybody.request("POST", "/v1/tokens", json=body)
        assert response.status == 422, body
        assert problem["errors"]


async def test_strange_texts_are_refused_like_wrong_ones(identity: Identity) -> None:
    await identity.register()
    for text in ("\x00", "a\x00b", "\ud800", "x" * 500, "' OR 1=1", "."):
        wrong = [
            {"grant": "password", "tenant": text[:64], "email": text[:254], "password": text},
            {"grant": "password", "tenant": "aurora", "email": text[:254], "password": text},
            {"grant": "client_credentials", "client_id": text[:128], "client_secret": text},
            {"grant": "refresh_token", "refresh_token": text},
        ]
        for body in wrong:
            response, _ = await identity.anybody.post("/v1/tokens", body)
            assert response.status in (400, 401, 422), body
        accept = {"token": text, "password": text}
        response, _ = await identity.anybody.post("/v1/invitations/acceptance", accept)
        assert response.status in (400, 422), text


async def refresh(identity: Identity, token: str) -> Any:
    return await identity.anybody.post("/v1/tokens", {"grant": "refresh_token", "refresh_token": token})


async def test_the_log_tells_who_signed_in_how_and_from_where(
    identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured = LogCapture()
    logger = structlog.wrap_logger(None, processors=[captured], wrapper_class=structlog.BoundLogger)
    monkeypatch.setattr(http_access, "log", logger)
    await identity.register()
    captured.entries.clear()
    granted = await identity.sign_in("paola@aurora.example")
    (line,) = captured.entries
    *_, event = await identity.database.published("optima.identity.signed_in.v1")
    assert (line["event"], line["grant"], line["address"]) == ("token granted", "password", "192.0.2.1")
    assert (line["person"], line["session"]) == (str(event.data["person_id"]), str(event.data["session_id"]))
    assert granted["access_token"] not in str(line)
