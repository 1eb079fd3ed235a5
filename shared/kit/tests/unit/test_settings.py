"""Configuration: what is wrong is named, and the process does not start."""

from __future__ import annotations

import pytest

from optima_kit.settings import Settings, load_settings

GOOD = {
    "OPTIMA_DATABASE_URL": "postgresql://brief_rw:geheim@localhost/brief",
    "OPTIMA_DATABASE_BACKBONE_URL": "postgresql://brief_backbone:geheim@localhost/brief",
    "OPTIMA_BROKER_URL": "amqp://brief:geheim@localhost/",
    "OPTIMA_ISSUER": "https://id.example",
    "OPTIMA_JWKS_URL": "https://id.example/.well-known/jwks.json",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_environment_is_read(environment):
    environment.setenv("OPTIMA_HTTP_PORT", "9001")
    assert load_settings(Settings).http_port == 9001


def test_proxies_are_separated_by_commas(environment):
    environment.setenv("OPTIMA_TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8")
    assert [str(network) for network in load_settings(Settings).trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]


def test_a_secret_does_not_show_itself(environment):
    assert "geheim" not in repr(load_settings(Settings))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPTIMA_HTTP_PORT", "eighty"),
        ("OPTIMA_HTTP_PORT", "70000"),
        ("OPTIMA_ENVIRONMENT", "holiday"),
        ("OPTIMA_LOG_LEVEL", "loud"),
        ("OPTIMA_POOL_SIZE", "0"),
        ("OPTIMA_GRACE_SECONDS", "-1"),
        ("OPTIMA_RATE_PER_SECOND", "0"),
        ("OPTIMA_TRUSTED_PROXIES", "10.0.0.0/8, the ingress"),
        ("OPTIMA_TRUSTED_PROXIES", "10.1.2.3/8"),
    ],
)
def test_a_wrong_value_ends_the_process_and_names_the_variable(environment, capsys, name, value):
    environment.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        load_settings(Settings)
    assert ended.value.code == 2
    assert f"configuration: {name}: " in capsys.readouterr().err


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(environment, capsys, name):
    environment.delenv(name)
    with pytest.raises(SystemExit):
        load_settings(Settings)
    assert name in capsys.readouterr().err
