"""What the HTTP kit promises to every endpoint."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from openapi_spec_validator import validate

pytestmark = pytest.mark.servers


async def test_a_command_answers_with_its_view_version_and_place(board):
    response, body = await board.client.post("/v1/notes", {"text": " Carta ", "cost": "12.50"})
    assert response.status == 201
    assert body == {"id": body["id"], "text": "Carta", "cost": "12.50", "version": 1}
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Location"] == f"/v1/notes/{body['id']}"
    [event] = await board.database.published()
    assert (event.sequence, event.data, event.source) == (1, {"text": "Carta"}, "/optima/noteboard")


async def test_the_trace_is_carried_from_the_request_into_the_event(board):
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    await board.client.post("/v1/notes", {"text": "x"}, headers={"traceparent": trace})
    [event] = await board.database.published()
    assert event.traceparent[3:35] == "ab" * 16


BAD_BODIES = {
    "not JSON": ("{", 400, None),
    "not an object": ("[]", 422, "body"),
    "a missing field": ("{}", 422, "text"),
    "an unknown field": ('{"text": "x", "colour": "red"}', 422, "colour"),
    "a wrong type": ('{"text": 7}', 422, "text"),
    "blank text": ('{"text": "   "}', 422, "text"),
    "text with NUL": ('{"text": "a\\u0000b"}', 422, "text"),
    "text too long": (json.dumps({"text": "x" * 201}), 422, "text"),
    "negative money": ('{"text": "x", "cost": "-1.00"}', 422, "cost"),
    "money as a JSON fraction": ('{"text": "x", "cost": 1.1}', 422, "cost"),
    "money in words": ('{"text": "x", "cost": "NaN"}', 422, "cost"),
    "money with a tenth of a cent": ('{"text": "x", "cost": "1.001"}', 422, "cost"),
    "a fault deep inside": (
        '{"text": "x", "lines": [{"quantity": 1}, {"quantity": 0}]}',
        422,
        "lines[1].quantity",
    ),
    "NaN": ('{"text": "x", "cost": NaN}', 400, None),
    "a key twice": ('{"text": "x", "cost": "1.00", "co\\u0073t": "900.00"}', 400, None),
}


@pytest.mark.parametrize("case", BAD_BODIES)
@pytest.mark.parametrize("language", ["it", "en"])
async def test_a_bad_body_names_its_field_and_writes_nothing(board, case, language):
    text, status, field = BAD_BODIES[case]
    headers = {"Content-Type": "application/json", "Accept-Language": language}
    response, body = await board.client.post("/v1/notes", data=text, headers=headers)
    assert (response.status, response.content_type) == (status, "application/problem+json")
    assert response.headers["Content-Language"] == language
    if field is not None:
        assert [error["field"] for error in body["errors"]] == [field]
    assert await board.notes() == 0
    assert await board.database.published() == []


async def test_problems_speak_italian_unless_asked_for_english(board):
    _, italian = await board.client.post("/v1/notes", {"text": "x", "cost": "2000.00"})
    _, english = await board.client.post(
        "/v1/notes", {"text": "x", "cost": "2000.00"}, headers={"Accept-Language": "en-GB, it;q=0.5"}
    )
    assert italian["detail"] == "Il costo supera 1000 euro. Riducilo."
    assert english["detail"] == "The cost is above 1000 euro. Lower it."
    assert italian["type"] == "urn:optima:problem:note_too_dear"


async def test_several_refusals_are_told_at_once(board):
    response, body = await board.client.post("/v1/notes", {"text": "all wrong"})
    assert response.status == 422
    assert [error["field"] for error in body["errors"]] == ["cost", "text"]


async def test_other_content_and_too_much_of_it_are_refused(board):
    path = f"/v1/notes/{uuid4()}/scans"
    response, body = await board.client.post(path, data=b"x", headers={"Content-Type": "text/plain"})
    assert (response.status, body["code"]) == (415, "media_type")
    pdf = {"Content-Type": "application/pdf"}
    response, body = await board.client.post(path, data=b"x" * 1001, headers=pdf)
    assert (response.status, body["code"]) == (413, "too_large")

    async def unannounced():
        for _ in range(20):
            yield b"x" * 100

    response, body = await board.client.post(path, data=unannounced(), headers=pdf)
    assert (response.status, body["code"]) == (413, "too_large")
    response, content = await board.client.post(path, data=b"x" * 1000, headers=pdf)
    assert (response.status, content) == (201, b"x" * 1000)


async def test_a_migration_meanwhile_fails_no_request(board):
    """It changes what the statements return that connections have prepared already."""
    _, note = await board.client.post("/v1/notes", {"text": "before"})
    one, all_of_them = f"/v1/notes/{note['id']}", "/v1/notes"
    await asyncio.gather(*(board.client.get(each) for each in (one, all_of_them) * 10))
    await board.database.fetch("ALTER TABLE notes ALTER COLUMN text TYPE varchar(200)")
    answers = await asyncio.gather(
        *(board.client.get(each) for each in (one, all_of_them) * 10),
        *(board.client.post("/v1/notes", {"text": "after"}) for _ in range(10)),
    )
    assert [response.status for response, _ in answers] == [200] * 20 + [201] * 10


async def test_an_unexpected_fault_undoes_everything_and_tells_nothing(board):
    response, body = await board.client.post("/v1/notes", {"text": "break"})
    assert (response.status, body["code"]) == (500, "internal")
    assert "wall" not in json.dumps(body)
    assert await board.notes() == 0


class TestIdempotency:
    async def test_a_post_must_carry_a_key(self, board):
        response, body = await board.client.request("PUT", "/v1/nowhere")
        assert response.status == 404
        token = board.app.people.token(board.anna)
        response = await board.app.http.post(
            "/v1/notes", json={"text": "x"}, headers={"Authorization": f"Bearer {token}"}
        )
        body = await response.json(content_type=None)
        assert (response.status, body["code"]) == (400, "idempotency_key_missing")

    async def test_a_retry_gets_the_first_answer_and_does_nothing(self, board):
        anna = board.app.as_(board.anna)
        key = {"Idempotency-Key": "k1"}
        first, body = await anna.post("/v1/notes", {"text": "x"}, headers=key)
        again, same = await anna.post("/v1/notes", {"text": "x"}, headers=key)
        assert (again.status, same, again.headers["ETag"]) == (first.status, body, first.headers["ETag"])
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Idempotency-Replayed"] == "true"
        assert await board.notes() == 1

    async def test_the_same_key_for_another_request_is_refused(self, board):
        anna = board.app.as_(board.anna)
        await anna.post("/v1/notes", {"text": "x"}, headers={"Idempotency-Key": "k1"})
        response, body = await anna.post("/v1/notes", {"text": "y"}, headers={"Idempotency-Key": "k1"})
        assert (response.status, body["code"]) == (422, "idempotency_key_reused")

    async def test_another_persons_equal_key_is_another_key(self, board):
        for _ in range(2):
            response, _ = await board.client.post(
                "/v1/notes", {"text": "x"}, headers={"Idempotency-Key": "k1"}
            )
            assert response.status == 201
        assert await board.notes() == 2

    async def test_a_refused_request_may_be_mended_under_the_same_key(self, board):
        anna = board.app.as_(board.anna)
        refused, _ = await anna.post(
            "/v1/notes", {"text": "x", "cost": "2000.00"}, headers={"Idempotency-Key": "k"}
        )
        done, _ = await anna.post(
            "/v1/notes", {"text": "x", "cost": "20.00"}, headers={"Idempotency-Key": "k"}
        )
        assert (refused.status, done.status) == (422, 201)

    async def test_a_retry_while_the_first_is_under_way_is_told_so(self, board):
        anna = board.app.as_(board.anna)
        key = {"Idempotency-Key": "k1"}
        first = asyncio.create_task(anna.post("/v1/notes", {"text": "wait"}, headers=key))
        await asyncio.wait_for(board.gate.entered.wait(), 5)
        response, body = await anna.post("/v1/notes", {"text": "wait"}, headers=key)
        board.gate.leave.set()
        assert (response.status, body["code"]) == (409, "idempotency_in_flight")
        assert (await first)[0].status == 201
        assert await board.notes() == 1


class TestVersions:
    async def test_a_change_must_name_the_version_that_was_read(self, board):
        _, note = await board.client.post("/v1/notes", {"text": "x"})
        path = f"/v1/notes/{note['id']}"
        missing, _ = await board.client.put(path, {"text": "y"})
        unreadable, _ = await board.client.put(path, {"text": "y"}, headers={"If-Match": "1"})
        right, _ = await board.client.put(path, {"text": "y"}, headers={"If-Match": '"1"'})
        stale, problem = await board.client.put(path, {"text": "z"}, headers={"If-Match": '"1"'})
        assert [r.status for r in (missing, unreadable, right, stale)] == [428, 400, 200, 412]
        assert (right.headers["ETag"], problem["code"]) == ('"2"', "stale_version")

    async def test_what_did_not_change_is_not_sent_again(self, board):
        _, note = await board.client.post("/v1/notes", {"text": "x"})
        response, body = await board.client.get(f"/v1/notes/{note['id']}", headers={"If-None-Match": '"1"'})
        assert (response.status, body) == (304, b"")


class TestTenancy:
    async def test_another_tenants_note_is_absent_like_one_that_never_was(self, board):
        _, note = await board.client.post("/v1/notes", {"text": "x"})
        stranger = board.app.as_(board.app.people.person("marketing", tenant_id=uuid4()))
        answers = []
        for note_id in (note["id"], uuid4()):
            response, body = await stranger.get(f"/v1/notes/{note_id}")
            answers.append((response.status, {k: v for k, v in body.items() if k != "instance"}))
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
        _, page = await stranger.get("/v1/notes")
        assert page["items"] == []

    async def test_an_address_that_is_no_identifier_is_absent(self, board):
        response, _ = await board.client.get("/v1/notes/seven")
        assert response.status == 404


class TestAddresses:
    async def test_unknown_addresses_and_methods_are_problems_too(self, board):
        nowhere, body = await board.client.get("/v1/nothing")
        assert (nowhere.status, body["code"]) == (404, "no_such_address")
        method, body = await board.client.patch("/v1/notes", {})
        assert (method.status, body["code"], method.headers["Allow"]) == (
            405,
            "method_not_allowed",
            "GET, POST",
        )

    @pytest.mark.parametrize(
        "address", ["/v1/notes", "/v1/nothing", "/v1/notes/x", "/openapi.json", "/livez"]
    )
    @pytest.mark.parametrize("method", ["GET", "PATCH"])
    async def test_every_answer_tells_browsers_to_run_and_guess_nothing(self, board, method, address):
        response = await board.app.http.request(method, address)
        told = response.headers
        assert "Server" not in told
        assert told["X-Content-Type-Options"] == "nosniff"
        assert told["Referrer-Policy"] == "no-referrer"
        assert told["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
        assert told["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"

    async def test_a_fixed_address_answers_for_itself(self, board):
        response, body = await board.client.put("/v1/notes/count", {})
        assert (response.status, body["code"], response.headers["Allow"]) == (
            405,
            "method_not_allowed",
            "GET",
        )

    async def test_unknown_query_parameters_are_refused(self, board):
        response, body = await board.client.get("/v1/notes?colour=red")
        assert (response.status, body["errors"][0]["field"]) == (422, "colour")

    async def test_pages_follow_each_other_without_loss(self, board):
        for number in range(5):
            await board.client.post("/v1/notes", {"text": str(number)})
        seen, path = [], "/v1/notes?limit=2"
        while path:
            _, page = await board.client.get(path)
            seen += [note["text"] for note in page["items"]]
            cursor = page.get("next_cursor")
            path = f"/v1/notes?limit=2&cursor={cursor}" if cursor else None
        assert seen == ["0", "1", "2", "3", "4"]

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "bnVsbA==", "W10=", "WyJcdTAwMDAiXQ==", "%00"])
    async def test_a_made_up_cursor_is_refused(self, board, cursor):
        response, body = await board.client.get(f"/v1/notes?cursor={cursor}")
        assert (response.status, body["code"]) in ((422, "bad_cursor"), (422, "violations"))

    async def test_the_openapi_document_is_valid_and_complete(self, board):
        _, document = await board.client.get("/openapi.json")
        validate(document)
        assert set(document["paths"]["/v1/notes/{note_id}"]) == {"get", "put", "delete"}
        post = document["paths"]["/v1/notes"]["post"]
        assert (post["x-privilege"], post["tags"]) == ("brief.create", ["notes"])
        assert post["responses"]["201"]["headers"].keys() == {"ETag", "Idempotency-Replayed", "Location"}
        assert post["responses"]["429"]["headers"].keys() == {"Content-Language", "Retry-After"}
        assert document["servers"][0]["url"] == "/"


class TestTokens:
    async def refusal(self, board, token):
        response, body = await board.app.with_token(token).get("/v1/notes")
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        return body["code"]

    async def test_no_token(self, board):
        response, body = await board.app.as_(None).get("/v1/notes")
        assert (response.status, body["code"]) == (401, "token_missing")

    async def test_a_public_endpoint_needs_none(self, board):
        response, body = await board.app.as_(None).get("/v1/board")
        assert (response.status, body["text"]) == (200, "it")

    async def test_expired(self, board):
        token = board.app.people.token(board.anna, lifetime=timedelta(minutes=-1))
        assert await self.refusal(board, token) == "token_expired"

    async def test_a_token_that_was_good_expires_as_well(self, board):
        token = board.app.people.token(board.anna, lifetime=timedelta(seconds=-4))
        response, _ = await board.app.with_token(token).get("/v1/notes")
        assert response.status == 200  # within the leeway for clocks

    async def test_not_yet_valid(self, board):
        token = board.app.people.token(board.anna, nbf=4_000_000_000, exp=4_000_000_600)
        assert await self.refusal(board, token) == "token_not_yet_valid"

    async def test_a_token_of_another_type(self, board):
        """An id token says who signed in, and lets nobody do anything."""
        for type_ in ("JWT", "id+jwt", "", None):
            assert await self.refusal(board, board.app.people.token(board.anna, type_=type_)) == "token_type"
        for type_ in ("AT+JWT", "application/at+jwt"):
            token = board.app.people.token(board.anna, type_=type_)
            response, _ = await board.app.with_token(token).get("/v1/notes")
            assert response.status == 200, type_

    async def test_another_issuer(self, board):
        assert await self.refusal(board, board.app.people.token(board.anna, iss="evil")) == "token_issuer"

    async def test_another_audience(self, board):
        assert await self.refusal(board, board.app.people.token(board.anna, aud="shop")) == "token_audience"

    async def test_claims_missing(self, board):
        assert await self.refusal(board, board.app.people.token(board.anna, tenant="x")) == "token_claims"

    async def test_forged_by_another_key(self, board):
        forger = type(board.app.people)(key=OKPKey.generate_key("Ed25519", {"kid": "test"}))
        assert await self.refusal(board, forger.token(board.anna)) == "token_signature"

    async def test_alg_none_and_a_public_key_used_as_a_secret(self, board):
        good = board.app.people.token(board.anna)
        payload = good.split(".")[1]
        none = "eyJhbGciOiJub25lIn0." + payload + "."
        assert await self.refusal(board, none) == "token_signature"
        secret = OctKey.import_key(json.dumps(board.app.people.key.as_dict(private=False)).encode())
        confused = jwt.encode({"alg": "HS256"}, {"sub": "x"}, secret, algorithms=["HS256"])
        assert await self.refusal(board, confused) == "token_signature"

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "." * 50])
    async def test_garbage(self, board, token):
        response, _ = await board.app.with_token(token).get("/v1/notes")
        assert response.status == 401

    async def test_a_privilege_that_is_missing_is_named(self, board):
        dealer = board.app.people.person("dealer", tenant_id=board.tenant_id)
        response, body = await board.app.as_(dealer).post("/v1/notes", {"text": "x"})
        assert (response.status, body["code"]) == (403, "missing_privilege")
        assert "brief.create" in body["detail"]


async def test_a_list_names_what_its_reader_may_do_with_it(board):
    _, found = await board.client.get("/v1/notes")
    assert found["actions"] == ["create", "copy"]
    reads_only = board.app.as_(board.app.people.person(privileges={"brief.read"}, tenant_id=board.tenant_id))
    _, found = await reads_only.get("/v1/notes")
    assert found["actions"] == []
