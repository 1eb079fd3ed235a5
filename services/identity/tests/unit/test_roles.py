from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
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
        roles.built_in_roles_are_the_products_own(key, "Capo", BUILT_IN_ROLES)
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own("capo", key.title(), BUILT_IN_ROLES)


def others(letter: str) -> list[str]:
    """What looks like the letter, in small or large."""
    alike = [chr(each) for each, plain in LOOKALIKES.items() if chr(plain) == letter]
    return [letter, letter.upper(), chr(ord(letter) + 0xFEE0), *alike, *(each.upper() for each in alike)]


@given(st.sampled_from(BUILT_IN_ROLES), st.data())
def test_no_alphabet_hides_a_built_in_role(key: str, data: st.DataObject) -> None:
    name = "".join(data.draw(st.sampled_from(others(letter))) for letter in key)
    between = data.draw(st.sampled_from(("", "\u200b", " ", "-", "\u0301")))
    with pytest.raises(WrongState, match="role_built_in"):
        roles.built_in_roles_are_the_products_own("capo", between.join(name), BUILT_IN_ROLES)


def test_names_in_another_alphabet_are_names() -> None:
    roles.built_in_roles_are_the_products_own("capo", "Αγορές και λογιστήριο", BUILT_IN_ROLES)
    roles.built_in_roles_are_the_products_own("capo", "Закупки", BUILT_IN_ROLES)


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
