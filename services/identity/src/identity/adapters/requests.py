"""The bodies and query parameters that clients send about the directory."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated
from uuid import UUID

from pydantic import Field

from optima_kit.http import Code, Command, Flag, Moment, PageQuery, Query, Text
from optima_kit.legal_fields import IdentityFields
from optima_kit.time_zones import TimeZone

from ..application.invite_person import Invitation
from ..application.register_tenant import FirstAdmin
from ..application.revise_person import PersonChanges
from ..domain.people import Kind
from ..domain.tenants import Language, Legal

_NOT_SEEN = (
    r"\s\x00-\x1f\x7f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
)
"""Invisible characters, with which an e-mail address could look like another one."""
Email = Annotated[
    str,
    Field(
        min_length=3,
        max_length=254,
        pattern=rf"^[^{_NOT_SEEN}@]+@[^{_NOT_SEEN}@]+\.[^{_NOT_SEEN}@.]+$",
    ),
]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9]){1,39}$")]
"""A tenant's short name, which appears in addresses: lower-case letters, digits and single dashes."""


class LegalBody(IdentityFields):
    """The tenant's legal identity, which its transport documents print as the sender."""

    def legal(self) -> Legal:
        return Legal(**self.model_dump())


class AdminBody(Command):
    name: Annotated[str, Text(120)]
    email: Email

    def first_admin(self) -> FirstAdmin:
        return FirstAdmin(self.name, self.email)


class RegisterTenant(Command):
    slug: Slug
    legal: LegalBody
    language: Language = "it"
    time_zone: TimeZone = "Europe/Rome"
    admin: AdminBody


class ReviseTenant(Command):
    legal: LegalBody
    language: Language
    time_zone: TimeZone


class InvitePerson(Command):
    name: Annotated[str, Text(120)]
    email: Email
    kind: Kind = "internal"
    company: Annotated[str, Text(120)] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=20)]
    unit: Code | None = None
    manager: UUID | None = None
    language: Language | None = None

    def invitation(self) -> Invitation:
        return Invitation(
            name=self.name,
            email=self.email,
            kind=self.kind,
            roles=self.roles,
            company=self.company,
            unit=self.unit,
            manager_id=self.manager,
            language=self.language,
        )


class PeopleQuery(PageQuery):
    text: Annotated[str, Text(100)] | None = None
    """Words of a name in any order, or an e-mail address. The beginning of the last word is enough. Case and
    accents are ignored."""


class RevisePerson(Command):
    """Changes of a person. Fields that are left out stay as they are."""

    name: Annotated[str, Text(120)] = Field(default_factory=str)
    company: Annotated[str, Text(120)] | None = None
    roles: Annotated[list[Code], Field(min_length=1, max_length=20)] = Field(default_factory=list)
    unit: Code | None = None
    manager: UUID | None = None
    language: Language = Field(default_factory=lambda: "it")
    active: Flag = Field(default_factory=bool)
    absent_until: Moment | None = None

    def changes(self) -> PersonChanges:
        given: dict[str, object] = {name: getattr(self, name) for name in self.model_fields_set}
        if "manager" in given:
            given["manager_id"] = given.pop("manager")
        if self.absent_until is not None:
            given["absent_until"] = self.absent_until.astimezone(UTC)
        return PersonChanges(**given)  # type: ignore


class ReviseOneself(Command):
    language: Language


class ImportQuery(Query):
    dry_run: bool = False
    """Whether only to report what the import would do."""


class Depart(Command):
    successor: UUID


class DefineUnit(Command):
    name: Annotated[str, Text(120)]
    parent: Code | None = None
    manager: UUID | None = None


class DefineRole(Command):
    name: Annotated[str, Text(120)]
    privileges: Annotated[list[Annotated[str, Text(64)]], Field(max_length=200)]
    second_factor: Flag = False
    """Whether the role grants nothing in a session in which no second factor was shown."""


class ChooseProvider(Command):
    issuer: Annotated[str, Field(max_length=300, pattern=r"^https?://[^\s?#\x00-\x1f]+$")]
    client_id: Annotated[str, Text(200)]
    client_secret: Annotated[str, Field(min_length=1, max_length=512)] | None = None
    """Leave it out for a public client, which is protected only by PKCE."""


class OpenServiceAccount(Command):
    name: Annotated[str, Text(120)]
    scopes: Annotated[list[Annotated[str, Text(64)]], Field(min_length=1, max_length=200)]
