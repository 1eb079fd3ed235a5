from __future__ import annotations

import unicodedata
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from identity.application.matrix import MATRIX
from identity.domain import roles
from identity.domain.roles import LOOKALIKES, Role
from identity.domain.units import unit_is_not_within_itself
from optima_contracts.privileges import ADMIN_ONLY, BUILT_IN_ROLES, PLATFORM
from optima_kit.refusals import Forbidden, Invalid, WrongState


@pytest.mark.parametrize("privilege", sorted(ADMIN_ONLY | PLATFORM | {"made.up", ""}))
def test_own_roles_and_services_never_hold_what_is_not_theirs_to_hold(privilege: str) -> None:
    wanted = ["brief.read", privilege]
    with pytest.raises(Invalid) as refused:
        roles.own_roles_hold_only_grantable_privileges(wanted, MATRIX)
    assert refused.value.field == "privileges[1]"
    with pytest.raises(Invalid) as refused:
        roles.scopes_hold_only_grantable_privileges(wanted, MATRIX)
    assert refused.value.field == "scopes[1]"


def test_own_roles_hold_any_other_privilege() -> None:
    rest = sorted(MATRIX.known - ADMIN_ONLY)
    roles.own_roles_hold_only_grantable_privileges(rest, MATRIX)
    roles.scopes_hold_only_grantable_privileges(rest, MATRIX)


@pytest.mark.parametrize("key", BUILT_IN_ROLES)
def test_built_in_roles_are_the_products_own(key: str) -> None:
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(None, key, "Capo", BUILT_IN_ROLES)
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(None, "capo", key.title(), BUILT_IN_ROLES)


def others(letter: str) -> list[str]:
    """What looks like the letter, in small or large."""
    alike = [sign for sign, plain in LOOKALIKES.items() if letter in plain]
    return [letter, letter.upper(), chr(ord(letter) + 0xFEE0), *alike, *(each.upper() for each in alike)]


@given(st.sampled_from(BUILT_IN_ROLES), st.data())
def test_no_alphabet_hides_a_built_in_role(key: str, data: st.DataObject) -> None:
    name = "".join(data.draw(st.sampled_from(others(letter))) for letter in key)
    between = data.draw(st.sampled_from(("", "\u200b", " ", "-", "\u0301")))
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(None, "capo", between.join(name), BUILT_IN_ROLES)


@pytest.mark.parametrize(
    "name", ["adrnin", "Adm1n", "adm!n", "admin 2", "4dmin", "ADMlN", "РURСНАЅІNG", "5upplier"]
)
def test_what_is_read_as_a_built_in_role_passes_for_one(name: str) -> None:
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(None, "capo", name, BUILT_IN_ROLES)


@given(st.text(max_size=8))
@example("ᎪᎠᎷᏆN")
@example("ꓮꓓꓟꓲꓠ")
@example("ᴀᴅᴍɪɴ")
@example("🅰🅳🅼🅸🅽")
@example("\U0001d21badmin\u2d31")
@example("Αdmin")
def test_a_word_of_a_roles_name_is_in_one_alphabet_that_people_write(word: str) -> None:
    """Of whatever signs there are: what is no letter of that alphabet is ASCII, an accent or punctuation."""
    try:
        roles.names_of_roles_are_in_letters_that_people_write(None, word)
    except Invalid:
        return
    for part in unicodedata.normalize("NFKD", word).split():
        letters = [sign for sign in part if sign.isalpha()]
        assert len({unicodedata.name(sign).split()[0] for sign in letters}) <= 1
        assert all(sign.upper() != sign or sign.lower() != sign for sign in letters), "no small capital"
        others = [sign for sign in part if not (sign.isalpha() or unicodedata.combining(sign))]
        assert all(sign.isascii() or unicodedata.category(sign)[0] in "MPS" for sign in others)


@pytest.mark.parametrize(
    "name",
    [
        "Αγορές και λογιστήριο", "Закупки", "Αγορές B2B", "Équipe d’achat – Łódź & Győr", "Capo (1° livello)",
        "Straße", "Admin di sede", "Purchasing 2 / Estero", "Маркетинг и закупки", "Info@sede", "Dealers",
        "Back\u2010up", "Wort\u2011mit",
    ],
)  # fmt: skip
def test_names_in_another_alphabet_are_names(name: str) -> None:
    roles.built_in_roles_are_the_products_own(None, "capo", name, BUILT_IN_ROLES)
    roles.names_of_roles_are_in_letters_that_people_write(None, name)


@pytest.mark.parametrize("name", ["Capo ⭐", "½ giornata ⭐", "ÀＢ⭐c Capo", "ᴀᴅᴍɪɴ"])
def test_whose_word_is_refused_reads_it_as_it_was_typed(name: str) -> None:
    with pytest.raises(Invalid, match="role_name_letters") as refused:
        roles.names_of_roles_are_in_letters_that_people_write(None, name)
    assert refused.value.facts["word"] in name.split()


@pytest.mark.parametrize(("key", "name"), [("adrnin", "4gent"), ("capo", "adrnin"), ("capo", "ᴀᴅᴍɪɴ ⭐")])
def test_what_a_role_is_called_already_stays_until_it_is_changed(key: str, name: str) -> None:
    known = Role(UUID(int=1), key, name, frozenset(), built_in=False)
    roles.built_in_roles_are_the_products_own(known, key, name, BUILT_IN_ROLES)
    roles.names_of_roles_are_in_letters_that_people_write(known, name)
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(known, key, "5upplier", BUILT_IN_ROLES)
    with pytest.raises(Invalid, match="role_name_letters"):
        roles.names_of_roles_are_in_letters_that_people_write(known, "ꓮꓓꓟꓲꓠ")


def test_a_built_in_role_stays_the_products_own_under_its_name() -> None:
    known = Role(UUID(int=1), "agent", "Agent", frozenset(), built_in=True)
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own(known, "agent", "Agent", BUILT_IN_ROLES)


def test_nobody_grants_more_than_they_hold() -> None:
    held = frozenset({"person.invite", "brief.read"})
    roles.nobody_grants_more_than_they_hold(frozenset({"brief.read"}), held)
    with pytest.raises(Forbidden, match="grants_more_than_held"):
        roles.nobody_grants_more_than_they_hold(frozenset({"brief.read", "brief.create"}), held)


def test_a_role_that_external_people_hold_stays_open_to_them() -> None:
    wider = Role(UUID(int=1), "stampa", "Stampa", frozenset({"phase.work", "stock.read"}), built_in=False)
    roles.role_of_external_people_stays_open_to_them(wider, False, MATRIX)
    with pytest.raises(WrongState, match="role_held_by_external_people"):
        roles.role_of_external_people_stays_open_to_them(wider, True, MATRIX)


def test_a_unit_is_not_within_itself() -> None:
    unit_is_not_within_itself(UUID(int=1), [UUID(int=2)])
    with pytest.raises(Invalid, match="unit_cycle"):
        unit_is_not_within_itself(UUID(int=1), [UUID(int=2), UUID(int=1)])
