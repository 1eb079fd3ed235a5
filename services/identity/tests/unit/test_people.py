from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.application.matrix import MATRIX
from identity.domain import people
from identity.domain.people import Person
from identity.domain.roles import Role
from optima_contracts.privileges import BUILT_IN_ROLES, privileges_of
from optima_kit.refusals import Invalid, WrongState

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ADMIN = Person(
    id=UUID(int=1),
    name="Paola Ferri",
    email="paola@aurora.example",
    kind="internal",
    company=None,
    roles=("admin",),
    unit_id=None,
    manager_id=None,
    language="it",
    joined_at=NOW,
)


def role(key: str, privileges: frozenset[str] | None = None) -> Role:
    built_in = privileges is None
    held = privileges_of(key) if privileges is None else privileges
    return Role(UUID(int=9), key, key, held, built_in)


@given(st.text("aA\u00e0\u00c0e\u0300\u0301 ñÑi\u0130@.", max_size=8))
def test_an_address_has_one_form(text: str) -> None:
    form = people.normalised_email(text)
    for same in (form, form.upper(), f" {text} ", *(normalize(way, text) for way in ("NFC", "NFD"))):
        assert people.normalised_email(same) == form


@pytest.mark.parametrize("key", BUILT_IN_ROLES)
def test_external_people_hold_dealer_agent_and_supplier_only(key: str) -> None:
    if key in ("dealer", "agent", "supplier"):
        people.external_people_hold_only_roles_open_to_them("external", [role(key)], MATRIX)
        return
    with pytest.raises(Invalid, match="role_for_internal_people"):
        people.external_people_hold_only_roles_open_to_them("external", [role("dealer"), role(key)], MATRIX)
    people.external_people_hold_only_roles_open_to_them("internal", [role(key)], MATRIX)


def test_external_people_hold_own_roles_that_stay_within_that_line() -> None:
    within, beyond = role("stampa", frozenset({"phase.work"})), role("x", frozenset({"brief.read"}))
    people.external_people_hold_only_roles_open_to_them("external", [within], MATRIX)
    with pytest.raises(Invalid, match="role_for_internal_people"):
        people.external_people_hold_only_roles_open_to_them("external", [beyond], MATRIX)


def test_only_external_people_have_a_company() -> None:
    people.external_people_belong_to_a_company("external", "Grafiche Galli")
    people.external_people_belong_to_a_company("internal", None)
    with pytest.raises(Invalid, match="company_required"):
        people.external_people_belong_to_a_company("external", None)
    with pytest.raises(Invalid, match="company_of_internal_person"):
        people.external_people_belong_to_a_company("internal", "Grafiche Galli")


def test_a_manager_is_a_colleague_who_has_not_left() -> None:
    people.manager_is_a_colleague(ADMIN)
    people.manager_is_a_colleague(replace(ADMIN, joined_at=None))
    outsider = replace(ADMIN, kind="external", company="Grafiche Galli")
    for nobody in (None, replace(ADMIN, suspended=True), outsider):
        with pytest.raises(Invalid, match="manager_not_available"):
            people.manager_is_a_colleague(nobody)


def test_nobody_is_their_own_superior() -> None:
    people.nobody_is_their_own_superior(UUID(int=1), [UUID(int=2), UUID(int=3)])
    with pytest.raises(Invalid, match="manager_cycle"):
        people.nobody_is_their_own_superior(UUID(int=1), [UUID(int=2), UUID(int=1)])


def test_a_tenant_keeps_an_active_admin() -> None:
    for after in (replace(ADMIN, roles=("auditor",)), replace(ADMIN, suspended=True)):
        people.tenant_keeps_an_active_admin(ADMIN, after, other_active_admins=1)
        with pytest.raises(WrongState, match="last_admin"):
            people.tenant_keeps_an_active_admin(ADMIN, after, other_active_admins=0)
    never_joined = replace(ADMIN, joined_at=None)
    people.tenant_keeps_an_active_admin(never_joined, replace(never_joined, suspended=True), 0)


def test_an_invited_person_is_not_active_until_they_join() -> None:
    invited = replace(ADMIN, joined_at=None)
    assert not invited.active
    with pytest.raises(WrongState, match="invitation_not_accepted"):
        people.only_people_who_joined_are_activated(invited)
    joined = invited.joined(NOW)
    assert joined.active
    assert joined.version == invited.version + 1


def test_an_address_has_one_person_whatever_its_case() -> None:
    assert people.normalised_email(" Elena@Aurora.Example ") == "elena@aurora.example"
    people.email_belongs_to_one_person("a@b.it", None)
    with pytest.raises(WrongState, match="email_already_member"):
        people.email_belongs_to_one_person("a@b.it", ADMIN)
    with pytest.raises(WrongState, match="email_already_invited"):
        people.email_belongs_to_one_person("a@b.it", replace(ADMIN, joined_at=None))


@given(
    st.lists(
        st.sampled_from(
            [
                lambda person: person.suspended_now(),
                lambda person: person.invited_again(),
                lambda person: person.joined(NOW),
                lambda person: person.reporting_to(UUID(int=2)),
                lambda person: changed(person, roles=("admin",)),
                lambda person: changed(person, roles=("auditor",)),
                lambda person: changed(person, name="Paola Neri"),
                lambda person: changed(person, suspended=not person.suspended),
            ]
        ),
        max_size=8,
    )
)
def test_the_access_version_grows_with_what_a_token_says(steps: list[Callable[[Person], Person]]) -> None:
    """With that alone, and whatever the steps: two states that grant otherwise never share a version."""
    person = replace(ADMIN, joined_at=None)
    for step in steps:
        after = step(person)
        same = (after.roles, after.active) == (person.roles, person.active)
        assert after.access_version == person.access_version + (0 if same else 1)
        person = after


def changed(person: Person, **changes: Any) -> Person:
    names = ("name", "company", "roles", "unit_id", "manager_id", "language", "suspended", "absent_until")
    return person.changed(**{name: getattr(person, name) for name in names} | changes)
