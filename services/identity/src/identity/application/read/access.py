"""What a person may do with the entries of the directory.

Nobody may manage a person, a role or a service account that holds a privilege which they lack themselves.
Commands enforce the same rules (`application/access.py`); the functions here only tell what would be allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from optima_kit.actor import Actor

from ...domain.people import Person
from ...domain.roles import Role
from ...domain.second_factor import SecondFactor
from ...domain.service_accounts import ServiceAccount
from ..matrix import MATRIX

PersonAction = Literal[
    "revise",
    "suspend",
    "activate",
    "depart",
    "renew_invitation",
    "withdraw_invitation",
    "reset_password",
    "remove_second_factor",
    "end_sessions",
]
OwnAction = Literal[
    "choose_language",
    "change_password",
    "set_up_second_factor",
    "confirm_second_factor",
    "remove_second_factor",
]
RoleAction = Literal["redefine"]
UnitAction = Literal["redefine"]
TenantAction = Literal["revise", "revise_legal_identity"]
ProviderAction = Literal["replace", "remove"]
AccountAction = Literal["renew_secret", "close"]
SessionAction = Literal["end"]

A = TypeVar("A", bound=str)


def actions_on_person(
    actor: Actor, person: Person, held: frozenset[str], *, has_factor: bool, last_admin: bool
) -> list[PersonAction]:
    """Return what the actor may do with the person. `held` are the privileges of the person's roles.
    `last_admin` says whether the person is the tenant's only active admin."""
    manages = held <= actor.privileges
    writes = manages and actor.may("directory.write")
    invites = manages and actor.may("person.invite") and person.joined_at is None
    leaves = writes and person.active and not last_admin
    return _possible(
        {
            "revise": writes,
            "suspend": leaves,
            "activate": writes and person.joined_at is not None and person.suspended,
            "depart": leaves,
            "renew_invitation": invites,
            "withdraw_invitation": invites and not person.suspended,
            "reset_password": writes and person.active and _proves(actor),
            "remove_second_factor": writes and has_factor and _proves(actor),
            "end_sessions": writes and _proves(actor),
        }
    )


def actions_on_oneself(*, has_password: bool, factor: SecondFactor | None) -> list[OwnAction]:
    return _possible(
        {
            "choose_language": True,
            "change_password": has_password,
            "set_up_second_factor": factor is None or not factor.confirmed,
            "confirm_second_factor": factor is not None and not factor.confirmed,
            "remove_second_factor": factor is not None,
        }
    )


def actions_on_role(actor: Actor, role: Role) -> list[RoleAction]:
    writes = actor.may("directory.write") and _proves(actor)
    return _possible({"redefine": writes and not role.built_in and role.privileges <= actor.privileges})


def actions_on_unit(actor: Actor) -> list[UnitAction]:
    return _possible({"redefine": actor.may("directory.write")})


def actions_on_tenant(actor: Actor) -> list[TenantAction]:
    writes = actor.may("directory.write") and _proves(actor)
    return _possible({"revise": writes, "revise_legal_identity": writes and holds_everything(actor)})


def actions_on_provider(actor: Actor) -> list[ProviderAction]:
    changes = actor.may("directory.write") and _proves(actor) and holds_everything(actor)
    return _possible({"replace": changes, "remove": changes})


def actions_on_account(actor: Actor, account: ServiceAccount) -> list[AccountAction]:
    closes = account.active and actor.may("directory.write") and account.scopes <= actor.privileges
    return _possible({"renew_secret": closes and _proves(actor), "close": closes})


def actions_on_session_of(actor: Actor, held: frozenset[str]) -> list[SessionAction]:
    """Return what the actor may do with a session. `held` are the privileges of the roles of the session's
    person."""
    manages = actor.may("directory.write") and held <= actor.privileges
    return _possible({"end": manages and _proves(actor)})


def holds_everything(actor: Actor) -> bool:
    return actor.privileges >= MATRIX.known


def _proves(actor: Actor) -> bool:
    """Tell whether the actor can prove again who they are. A machine cannot, because it has no session."""
    return actor.session_id is not None


def _possible(actions: Mapping[A, bool]) -> list[A]:
    return [action for action, possible in actions.items() if possible]
