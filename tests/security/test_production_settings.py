"""Production does not start with what makes it unsafe: every setting of every service."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from optima_kit.hardening import SECRET_BITS, entropy
from optima_kit.settings import Settings, load_settings
from optima_kit.signing import public_keys
from optima_local.deployment.entries import service_entries
from optima_local.deployment.settings_table import settings_model, settings_of

MODELS = {service.name: settings_model(service) for service in service_entries()}
STRONG = "wG7xq2mJ0f9cVbT4nR8sLkY3pHdZ6uEaQ1oXiC5v"

GOOD: dict[str, str] = {
    "database_url": f"postgresql://brief_rw:{STRONG}@postgres.database:5432/brief?sslmode=verify-full",
    "broker_url": f"amqps://brief:{STRONG}@rabbitmq.messaging:5671/%2F",
    "secret": STRONG,
    "public": "https://portal.optima.example.com",
    "inner": "http://optima-identity/.well-known/jwks.json",
    "networks": "10.42.0.0/16,fd00:42::/64",
    "elsewhere": "10.42.0.0/16,fd00:42::/64",
    "sender": "Linea OPTIMA <noreply@example.com>",
    "oidc_issuers": "https://login.example.com/ https://keys.example.com",
}
DATABASE = "postgresql://brief_rw:{}@postgres.database/brief{}"
BAD: dict[str, tuple[str, ...]] = {
    "database_url": (
        DATABASE.format(STRONG, ""),
        DATABASE.format(STRONG, "?sslmode=disable"),
        DATABASE.format(STRONG, "?sslmode=prefer"),
        DATABASE.format("demonstration-on-a-laptop", "?sslmode=verify-full"),
        DATABASE.format("geheim", "?sslmode=verify-full"),
        "postgresql://brief_rw:demonstration-on-a-laptop@localhost/brief",
    ),
    "broker_url": (
        f"amqp://brief:{STRONG}@rabbitmq.messaging/%2F",
        f"amqp://brief:{STRONG}@10.0.0.7/%2F",
        "amqps://guest:guest@rabbitmq.messaging/%2F",
        "amqps://brief:demonstration-on-a-laptop@rabbitmq.messaging/%2F",
    ),
    "secret": (
        "",
        "short",
        "a" * 64,
        "ab" * 32,
        "0123456789" * 4,
        "abcdefghijklmnopqrstuvwxyz0123456789",
        "password" * 6,
        f"demonstration-{STRONG}",
        f"the-demonstration-{STRONG}",
    ),
    "public": (
        "http://portal.optima.example.com",
        "portal.optima.example.com",
        "https://",
        "https://localhost",
        "https://portal.localhost",
        "https://127.0.0.1:8443",
        "https://[::1]/",
        "https://0.0.0.0",
    ),
    "oidc_issuers": (
        "http://login.example.com/",
        "https://login.example.com/, https://127.0.0.1:8443",
        "https://login.example.com/ http://keys.example.com",
    ),
    "inner": ("http://keys.example.com", "http://10.0.0.7:8080", "ftp://optima-identity", "http://a.b.c.d"),
    "networks": ("0.0.0.0/0", "::/0", "10.42.0.0/16,0.0.0.0/0", "0.0.0.0/1,128.0.0.0/1", "2000::/3"),
    "elsewhere": (
        "127.0.0.1/32",
        "10.42.0.0/16,127.0.0.0/8",
        "::1/128",
        "::ffff:127.0.0.1/128",
        "169.254.169.254/32",
        "fe80::1/128",
        "0.0.0.0/32",
        "::/128",
        "0.0.0.0/0",
    ),
    "sender": ("Linea OPTIMA <noreply@localhost>", "noreply@127.0.0.1", "noreply"),
}
KINDS = {
    "issuer": "public",
    "portal_url": "public",
    "database_owner_url": "database_url",
    "database_backbone_url": "database_url",
    "mail_from": "sender",
    "trusted_proxies": "networks",
    "webhook_networks": "elsewhere",
    "erp_networks": "elsewhere",
    "oidc_networks": "elsewhere",
}
HARMLESS = {"mail_url"}
"""Never unencrypted: smtp:// means STARTTLS, or no mail."""


def kind(name: str) -> str | None:
    if name in KINDS or name in GOOD:
        return KINDS.get(name, name)
    endings = {"_secret": "secret", "_networks": "networks", "_url": "inner"}
    return next((found for ending, found in endings.items() if name.endswith(ending)), None)


def bad_values() -> Iterator[tuple[str, str, str]]:
    """(service, field, bad value) of everything that has one."""
    for service, model in MODELS.items():
        for name in model.model_fields.keys() - HARMLESS:
            for bad in BAD.get(kind(name) or "", ()):
                yield service, name, bad


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    def of(service: str, **changed: str) -> type[Settings]:
        model = MODELS[service]
        given = {
            name: GOOD[found] for name in model.model_fields if (found := kind(name)) and name not in HARMLESS
        }
        if "platform_client_secret" in given:
            given["platform_client_secret"] = STRONG[::-1]
        given |= {"event_keys": public_keys({service: STRONG}), "environment": "production"}
        if "mail_url" in model.model_fields:
            given["mail_url"] = "smtps://user:password@mail.example.com"
        for name, value in (given | changed).items():
            monkeypatch.setenv(f"OPTIMA_{name.upper()}", value)
        return model

    return of


@pytest.mark.parametrize("service", MODELS)
def test_a_careful_configuration_starts(service: str, environment: Any) -> None:
    assert load_settings(environment(service)).environment == "production"


@pytest.mark.parametrize(("service", "name", "bad"), sorted(bad_values()))
def test_a_bad_value_is_refused_and_its_variable_named(
    service: str, name: str, bad: str, environment: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        load_settings(environment(service, **{name: bad}))
    assert ended.value.code == 2
    assert f"configuration: OPTIMA_{name.upper()}: " in capsys.readouterr().err
    load_settings(environment(service, **{name: bad}, environment="demonstration"))


SEALING = [name for name, model in MODELS.items() if "key_secret" in model.model_fields]


@pytest.mark.parametrize("service", SEALING)
def test_a_former_secret_is_judged_like_the_new_one(service: str, environment: Any) -> None:
    load_settings(environment(service, key_secret=f"{STRONG}x,{STRONG}"))
    for weak in (f"{STRONG},{'a' * 40}", f"{'a' * 40},{STRONG}", f"{STRONG},"):
        with pytest.raises(SystemExit):
            load_settings(environment(service, key_secret=weak))


@pytest.mark.parametrize("service", MODELS)
def test_no_secret_and_no_address_goes_unjudged(service: str) -> None:
    suspicious = {
        setting.variable.removeprefix("OPTIMA_").lower()
        for setting in settings_of(MODELS[service])
        if setting.secret or setting.variable.endswith(("_URL", "_NETWORKS", "_PROXIES", "ISSUER", "ISSUERS"))
    }
    assert {name for name in suspicious - HARMLESS if kind(name) is None} == set()


@pytest.mark.parametrize("make", [secrets.token_hex, secrets.token_urlsafe], ids=["hexadecimal", "base64"])
def test_random_secrets_are_strong(make: Any) -> None:
    assert all(entropy(make(24)) >= SECRET_BITS for _ in range(2000))


def test_what_stays_on_this_machine_needs_no_encryption(environment: Any) -> None:
    near = {
        "database_url": "postgresql://brief_rw@127.0.0.1/brief?sslmode=disable",
        "broker_url": f"amqp://brief:{STRONG}@localhost/%2F",
    }
    assert load_settings(environment("brief", **near)).environment == "production"
