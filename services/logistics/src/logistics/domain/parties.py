"""Companies and people who send, receive and carry goods, and their addresses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Party:
    """A company, person or place, as a transport document prints it."""

    name: str
    street: str
    postal_code: str
    city: str
    province: str
    country: str = "IT"
    vat_number: str | None = None
    """Partita IVA: eleven digits for Italy, with the country's prefix otherwise."""
    fiscal_code: str | None = None
    office_code: str | None = None
    """For a public body: its office's Codice Univoco in the IPA, six characters."""


def address_gaps(party: Party) -> list[str]:
    """List the fields that are missing from a complete name and address. Only Italy has provinces."""
    needed = ["name", "street", "postal_code", "city", "country"]
    if party.country in ("", "IT"):
        needed.insert(4, "province")
    return [field for field in needed if not getattr(party, field).strip()]


def identity_gaps(party: Party) -> list[str]:
    """List the fields that are missing from a full identity ("generalità"); in Italy that includes a tax
    code."""
    gaps = address_gaps(party)
    if party.country in ("", "IT") and not (party.vat_number or party.fiscal_code):
        gaps.append("vat_number")
    return gaps
