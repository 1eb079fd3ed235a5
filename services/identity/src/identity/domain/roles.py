"""Roles: named sets of privileges. Some are built in, others are defined by a tenant."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from optima_kit.refusals import Forbidden, Invalid, WrongState

ADMIN = "admin"

_TAKEN_FOR: Final = (
    "0o 1il |il !il 3e 4a 5s 8b @a $s "
    "αa βb γyv εe ζz ηnh ιil κk λa μmu νnv οo πn ρp σos τt υuy χx ωw "
    "аa бb вb гr дdg еe зe иnu кk мm нh оo пn рp сc тtm уyu хx цu шw ьb яr єe ѕs іil јj ћh ђh ґr "
    "ıil øo œo æa đd ðd ħh łl ŋn þp ŧt"
)
LOOKALIKES: Final = {row[0]: row[1:] for row in _TAKEN_FOR.split()}
"""The plain letters for which a character can be mistaken, in lower or upper case. An i and an l can also be
mistaken for each other."""

ALPHABETS: Final = (
    frozenset("abcdefghijklmnopqrstuvwxyzßıøœæđðħłŋþŧ"),
    frozenset("αβγδεζηθικλμνξοπρστυφχψω"),
    frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґ"),
)
"""Letters of languages in which tenants may name roles. Phonetic letters, small capitals, and other alphabets
that imitate ours are left out."""

_BETWEEN: Final = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("’‘“”«»‐–—·€°")


@dataclass(frozen=True, slots=True)
class Matrix:
    """What the product knows about privileges. The rules below use it instead of naming privileges."""

    known: frozenset[str]
    """Every privilege that a tenant's people can hold."""
    admin_only: frozenset[str]
    platform: frozenset[str]
    open_to_external: frozenset[str]
    """All privileges of the built-in roles dealer, agent and supplier together."""


@dataclass(frozen=True, slots=True)
class Role:
    id: UUID
    key: str
    name: str
    privileges: frozenset[str]
    built_in: bool
    version: int = 1
    second_factor: bool = False
    """Whether the role grants nothing in a session in which no second factor was shown."""

    def redefined(self, *, name: str, privileges: frozenset[str], second_factor: bool = False) -> Role:
        return replace(
            self,
            name=name,
            privileges=privileges,
            second_factor=second_factor,
            version=self.version + 1,
        )

    def open_to_external(self, matrix: Matrix) -> bool:
        """Tell whether the role grants only privileges that dealers, agents or suppliers have."""
        return self.privileges <= matrix.open_to_external


def role_is_in_force(role: Role, *, has_factor: bool) -> bool:
    """Tell whether a role grants anything in a session in which no second factor was shown. A person who has
    a factor must show it, wherever they signed in. A person without one can set one up, which needs no
    role."""
    return not has_factor and not role.second_factor


def privileges_of(roles: Iterable[Role]) -> frozenset[str]:
    return frozenset().union(*(role.privileges for role in roles))


def built_in_roles_are_the_products_own(
    known: Role | None, key: str, name: str, built_in: Sequence[str]
) -> None:
    """Raise WrongState if a built-in role would be changed, or if a role's new key or name can be mistaken
    for that of a built-in role by case, width, accents or `LOOKALIKES`: people who assign a role must know
    what they assign. An unchanged name of a `known` role is not checked."""
    new_key = known is None or known.built_in
    new_name = known is None or known.name != name
    for field, text, is_new in (("key", key, new_key), ("name", name, new_name)):
        if is_new and any(_can_be_taken_for(each, text) for each in built_in):
            raise WrongState("role_built_in", field=field, role=text)


def names_of_roles_are_in_letters_that_people_write(known: Role | None, name: str) -> None:
    """Raise Invalid unless each word of a role's name is written in one of the `ALPHABETS`, so that we need
    not know every other character that looks like a letter. An unchanged name of a `known` role is not
    checked."""
    for word in name.split() if known is None or known.name != name else ():
        if not all(map(_is_in_one_alphabet, _plain(word).split())):
            raise Invalid("role_name_letters", field="name", word=word)


def _is_in_one_alphabet(word: str) -> bool:
    letters = {sign for sign in word if sign not in _BETWEEN or sign.isalpha()}
    return not letters or any(letters <= alphabet for alphabet in ALPHABETS)


def _can_be_taken_for(built_in: str, text: str) -> bool:
    signs = _plain(text)
    return any(
        _reads_as(built_in, written)
        for written in (signs, signs.replace("rn", "m"), signs.replace("vv", "w"))
    )


def _reads_as(built_in: str, signs: str) -> bool:
    """Tell whether somebody could read the characters as the name of the built-in role. Characters that are
    not letters may be skipped, unless they look like a letter of the name."""
    reached = {0}
    for sign in signs:
        taken = LOOKALIKES.get(sign, sign) + sign
        further = {at + 1 for at in reached if at < len(built_in) and _alike(built_in[at], taken)}
        reached = further if sign.isalpha() else further | reached
    return len(built_in) in reached


def _alike(letter: str, signs: str) -> bool:
    return letter in signs or (letter in "il" and not {"i", "l"}.isdisjoint(signs))


def _plain(text: str) -> str:
    """Return the text without accents, in lower case and normal width."""
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in folded if not unicodedata.category(sign).startswith("M"))


def own_roles_hold_only_grantable_privileges(privileges: Sequence[str], matrix: Matrix) -> None:
    """Raise Invalid for privileges that a tenant's own roles cannot hold, such as those for economics and for
    assigning phases, which only admins have."""
    for index, privilege in enumerate(privileges):
        field = f"privileges[{index}]"
        if privilege in matrix.admin_only:
            raise Invalid("privilege_admin_only", field=field, privilege=privilege)
        if privilege in matrix.platform:
            raise Invalid("privilege_platform_only", field=field, privilege=privilege)
        if privilege not in matrix.known:
            raise Invalid("privilege_unknown", field=field, privilege=privilege)


def scopes_hold_only_grantable_privileges(scopes: Sequence[str], matrix: Matrix) -> None:
    """Raise Invalid for scopes that a machine cannot hold. The rule is the same as for a tenant's own
    roles."""
    for index, scope in enumerate(scopes):
        if scope in matrix.admin_only or scope in matrix.platform or scope not in matrix.known:
            raise Invalid("scope_not_grantable", field=f"scopes[{index}]", scope=scope)


def nobody_grants_more_than_they_hold(
    granted: frozenset[str], held: frozenset[str], *, field: str | None = None
) -> None:
    """Raise Forbidden if a person would grant privileges that they lack. Otherwise a person who may invite
    people could become an admin through an invitation."""
    beyond = granted - held
    if beyond:
        raise Forbidden("grants_more_than_held", field=field, privilege=min(beyond))


def role_of_external_people_stays_open_to_them(role: Role, held_by_external: bool, matrix: Matrix) -> None:
    if held_by_external and not role.open_to_external(matrix):
        raise WrongState("role_held_by_external_people", field="privileges", role=role.key)
