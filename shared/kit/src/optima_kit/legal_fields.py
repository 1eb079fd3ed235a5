"""Fields of companies and addresses that clients send, checked by Italian rules.

For services that depend on python-stdnum.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import codicefiscale, iva
from stdnum.sm import coe

from .fields import Command, Text

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""A country code of ISO 3166-1 alpha-2."""

PROVINCES: Final = frozenset(
    "AG AL AN AO AP AQ AR AT AV BA BG BI BL BN BO BR BS BT BZ CA CB CE CH CI CL CN CO CR CS CT"  # noqa: SIM905
    " CZ EN FC FE FG FI FM FR GE GO GR IM IS KR LC LE LI LO LT LU MB MC ME MI MN MO MS MT NA NO NU OG OR"
    " OT PA PC PD PE PG PI PN PO PR PT PU PV PZ RA RC RE RG RI RM RN RO SA SI SO SP SR SS SU SV TA TE TN"
    " TO TP TR TS TV UD VA VB VC VE VI VR VS VT VV".split()
)
"""The Italian provinces, including those of Sardinia that were abolished and restored."""
_WITHIN_ITALY: Final = {"SM": re.compile(r"4789[0-9]"), "VA": re.compile("00120")}
"""The states that have Italian postal codes, with these codes."""


class AddressFields(Command):
    """A name and address. In Italy, the postal code (CAP) has five digits and the province must exist. San
    Marino and the Vatican have their own codes within the Italian ones."""

    country: Country = "IT"  # comes first, since the other fields are checked by its rules
    name: Annotated[str, Text(150)]
    street: Annotated[str, Text(150)]
    postal_code: Annotated[str, Text(16)]
    city: Annotated[str, Text(100)]
    province: Annotated[str, Text(40, least=0), Field(validate_default=True)] = ""

    @field_validator("postal_code")
    @classmethod
    def _cap_has_five_digits(cls, value: str, info: ValidationInfo) -> str:
        country = info.data.get("country")
        if country == "IT" and not (value.isascii() and value.isdigit() and len(value) == 5):
            raise PydanticCustomError("postal_code_format", "An Italian postal code (CAP) has five digits")
        for state, its_own in _WITHIN_ITALY.items():
            if country in ("IT", state) and (its_own.fullmatch(value) is not None) != (country == state):
                raise PydanticCustomError(
                    "postal_code_of_another_state", "4789x is San Marino's (SM), 00120 the Vatican's (VA)"
                )
        return value

    @field_validator("province")
    @classmethod
    def _province_has_two_letters(cls, value: str, info: ValidationInfo) -> str:
        value = value.upper()
        if info.data.get("country") == "IT" and not (value.isascii() and value.isalpha() and len(value) == 2):
            raise PydanticCustomError("province_format", "An Italian province has two letters, such as MI")
        if info.data.get("country") == "IT" and value not in PROVINCES:
            raise PydanticCustomError("province_unknown", "There is no such province in Italy")
        return value


class IdentityFields(AddressFields):
    """The legal identity of a company or person."""

    vat_number: Annotated[str, Text(28)] | None = None
    fiscal_code: Annotated[str, Text(28)] | None = None

    @field_validator("vat_number")
    @classmethod
    def _vat_number_is_genuine(cls, value: str | None, info: ValidationInfo) -> str | None:
        country = info.data.get("country")
        if value is None or country is None:
            return value
        try:
            if country == "IT":
                return str(iva.validate(value))
            if country == "SM":
                return _vat_number_of_san_marino(value)
            if country.lower() in vat.MEMBER_STATES:
                return str(vat.validate(value))
        except StdnumError:
            raise PydanticCustomError(
                "vat_number_format", "The VAT number is wrong: check its digits"
            ) from None
        return value

    @field_validator("fiscal_code")
    @classmethod
    def _fiscal_code_is_genuine(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None or info.data.get("country") != "IT":
            return value
        try:
            return str(codicefiscale.validate(value))
        except StdnumError:
            raise PydanticCustomError(
                "fiscal_code_format", "The codice fiscale is wrong: check its characters"
            ) from None


def _vat_number_of_san_marino(value: str) -> str:
    """Check a VAT number from San Marino and return it: SM and five digits, or a Partita IVA, under which
    some trade in Italy. Raises StdnumError."""
    compact = re.sub(r"[\s.-]", "", value.upper())
    if len(compact) == 11:
        return str(iva.validate(compact))
    return f"SM{coe.validate(compact.removeprefix('SM')):0>5}"
