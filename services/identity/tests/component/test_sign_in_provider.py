"""Choosing the provider that a tenant trusts."""

from __future__ import annotations

from ..conftest import Identity, Serve

ISSUERS = "https://id.example, https://login.example/"
CHOICE = {"issuer": "https://id.example", "client_id": "optima", "client_secret": "a secret"}


async def test_the_operator_says_which_issuers_there_are(serve: Serve) -> None:
    identity = await serve(oidc_issuers=ISSUERS)
    admin = await identity.register()
    for issuer, status in (
        ("https://id.example", 200),
        ("https://login.example/aurora/v2", 200),
        ("https://id.example.evil.example", 422),
        ("https://id.example/x", 422),
        ("http://169.254.169.254/latest", 422),
        ("https://login.example", 422),
    ):
        found, view = await admin.get("/v1/sign-in-provider")
        headers = {"If-Match": f'"{view["version"]}"'} if found.status == 200 else {}
        response, problem = await admin.put(
            "/v1/sign-in-provider", CHOICE | {"issuer": issuer}, headers=headers
        )
        assert response.status == status, issuer
        assert status == 200 or problem["code"] == "issuer_not_allowed"
    _, view = await admin.get("/v1/sign-in-provider")
    assert view == {
        "issuer": "https://login.example/aurora/v2",
        "client_id": "optima",
        "has_secret": True,
        "version": 2,
        "actions": ["replace", "remove"],
    }


async def test_only_an_admin_chooses_it(serve: Serve) -> None:
    """Else whoever may write the directory could let their own provider introduce them as the admin."""
    identity = await serve(oidc_issuers=ISSUERS)
    admin = await identity.register()
    hr = ["directory.read", "directory.write", "person.invite"]
    await admin.put("/v1/roles/personale", {"name": "Personale", "privileges": hr})
    await identity.invite(admin, "hr@aurora.example", "personale")
    client = await identity.client("hr@aurora.example")
    for attempt in (client.put("/v1/sign-in-provider", CHOICE), client.delete("/v1/sign-in-provider")):
        response, problem = await attempt
        assert (response.status, problem["code"]) == (403, "grants_more_than_held")


async def test_a_choice_is_changed_and_given_up(serve: Serve) -> None:
    identity = await serve(oidc_issuers=ISSUERS)
    admin = await identity.register()
    absent, _ = await admin.delete("/v1/sign-in-provider")
    assert absent.status == 404
    await admin.put("/v1/sign-in-provider", CHOICE)
    blind, _ = await admin.put("/v1/sign-in-provider", CHOICE)
    assert blind.status == 428
    gone, _ = await admin.delete("/v1/sign-in-provider")
    assert gone.status == 204
    told = await identity.database.published("optima.identity.sign_in_provider_changed.v1")
    assert [event.data["issuer"] for event in told] == ["https://id.example", None]
    assert "a secret" not in str(told)


async def test_without_a_provider_nobody_is_sent_to_one(identity: Identity) -> None:
    await identity.register()
    answers = []
    for tenant in ("aurora", "nowhere"):
        body = {"tenant": tenant, "redirect_uri": "https://portale.example/callback"}
        response, problem = await identity.anybody.post("/v1/sign-ins", body)
        answers.append((response.status, problem["code"]))
    assert answers == [(404, "provider_not_set_up")] * 2
