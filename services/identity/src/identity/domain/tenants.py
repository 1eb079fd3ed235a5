"""Tenants. A tenant is one customer organisation; every person, unit and role belongs to exactly one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from optima_kit.refusals import WrongState

Language = Literal["it", "en"]


@dataclass(frozen=True, slots=True)
class Legal:
    """The customer's identity under Italian law, as its documents print it."""

    name: str
    vat_number: str | None
    fiscal_code: str | None
    street: str
    postal_code: str
    city: str
    province: str
    country: str


@dataclass(frozen=True, slots=True)
class Tenant:
    id: UUID
    slug: str
    legal: Legal
    language: Language
    time_zone: str
    version: int = 1

    def revised(self, *, legal: Legal, language: Language, time_zone: str) -> Tenant:
        return replace(self, legal=legal, language=language, time_zone=time_zone, version=self.version + 1)


def slug_belongs_to_one_tenant(slug: str, *, added: bool) -> None:
    if not added:
        raise WrongState("slug_taken", field="slug", slug=slug)
