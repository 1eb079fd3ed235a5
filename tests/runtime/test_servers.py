"""What the private servers need from a machine, and what is said where it is missing."""

import os
import stat
from pathlib import Path

import pytest

from optima_local import postgres, rabbitmq
from optima_local.files import write_json
from optima_local.layout import Layout
from optima_local.ports import is_free, settle_ports
from optima_local.processes import StartFailed
from optima_local.secrets import settle_secrets


def test_without_apt_and_without_rabbitmq_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq, "PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert rabbitmq.find_rabbitmq() is None
    with pytest.raises(StartFailed, match=r"apt install rabbitmq-server.*OPTIMA_AMQP_URL"):
        rabbitmq.fetch_rabbitmq()


def test_programs_unpacked_elsewhere_before_a_move_are_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rabbitmq, "PROGRAMS", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "rabbitmq" / "root").mkdir(parents=True)
    (tmp_path / "rabbitmq" / "root" / "complete").write_text("/somewhere/else")
    assert rabbitmq.find_rabbitmq() is None


def test_a_postgresql_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    for version, taken in (("14.9", False), ("15.0", True)):
        folder = tmp_path / version
        folder.mkdir()
        (folder / "initdb").touch()
        (folder / "postgres").write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version} (Debian)'\n")
        (folder / "postgres").chmod(0o755)
        assert (postgres.postgres_version(folder) >= postgres.OLDEST_VERSION) is taken


def test_ports_stay_from_run_to_run_and_move_only_when_taken(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first = settle_ports(layout, ["postgres", "amqp"])
    assert len(set(first.values())) == 2
    assert settle_ports(layout, ["postgres", "amqp", "brief"]) == first | {
        "brief": settle_ports(layout, [])["brief"]
    }

    import socket

    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", first["amqp"]))
        squatter.listen()
        assert not is_free(first["amqp"])
        moved = settle_ports(layout, ["postgres", "amqp"])
    assert moved["postgres"] == first["postgres"]
    assert moved["amqp"] != first["amqp"]


def test_no_two_share_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optima_local.ports.CANDIDATES", range(21_000, 21_012))
    names = [f"service-{number}" for number in range(6)]
    assert len(set(settle_ports(Layout(tmp_path), names).values())) == 6

    doubled = Layout(tmp_path / "doubled")
    write_json(doubled.ports, {"amqp": 21_003, "brief": 21_003})
    assert doubled.ports.stat().st_mode & 0o777 == 0o600
    assert len(set(settle_ports(doubled, ["amqp", "brief"]).values())) == 2


def test_secrets_are_made_once_for_their_owner_alone(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    first = settle_secrets(layout, ["a", "b"])
    assert settle_secrets(layout, ["a", "b", "c"]).items() >= first.items()
    assert stat.S_IMODE(os.stat(layout.state / "secrets.json").st_mode) == 0o600
