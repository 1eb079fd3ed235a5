"""What the form of a kind of item is sent as."""

from __future__ import annotations

from typing import Any

from portal.adapters.pages.kinds import _phases


def row(name: str, after: str = "", *, key: str = "", **more: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("days", "daily_quantity", "unit", "factor"), "")
    flags = dict.fromkeys(("quality_check", "skippable", "starts_on_parts", "needs_proof"), False)
    return {"key": key, "name": name, "after": after, **empty, **flags, **more}


def test_new_phases_get_keys_of_their_names_and_follow_by_number() -> None:
    phases = _phases([row("Pre-stampa è"), row("Stampa", "1"), row("Taglio", "2, 1")], "it")
    assert [(phase["key"], phase["after"]) for phase in phases] == [
        ("pre-stampa-e", []),
        ("stampa", ["pre-stampa-e"]),
        ("taglio", ["stampa", "pre-stampa-e"]),
    ]


def test_a_known_phase_keeps_its_key_and_a_new_one_of_its_name_gets_another() -> None:
    phases = _phases([row("Stampa"), row("Stampa offset", key="stampa")], "it")
    assert [phase["key"] for phase in phases] == ["stampa-1", "stampa"]


def test_a_phase_without_a_name_is_removed_and_nothing_follows_it() -> None:
    phases = _phases([row("Stampa"), row("", key="taglio"), row("Imballo", "1, 2, 9")], "it")
    assert [(phase["key"], phase["after"]) for phase in phases] == [("stampa", []), ("imballo", ["stampa"])]


def test_numbers_are_sent_as_the_service_takes_them() -> None:
    (phase,) = _phases([row("Stampa", daily_quantity="1.500,5", factor="8", days="3", unit="fogli")], "it")
    assert (phase["daily_quantity"], phase["factor"], phase["days"], phase["unit"]) == (
        "1500.5",
        "8",
        3,
        "fogli",
    )
    assert _phases([row("Stampa", days="tre")], "it")[0]["days"] == "tre", "the service says what is wrong"
