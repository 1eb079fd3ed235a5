"""Companies and addresses as clients send them, checked by Italian rules.

For services that depend on python-stdnum.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from stdnum.eu import vat
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.it import codicefiscale, iva

from .fields import Command, Text

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""


class AddressFields(Command):
    """A name and address. In Italy the CAP has five digits and the province two letters."""

    country: Country = "IT"  # first: the others are checked by its rules
    name: Annotated[str, Text(150)]
    street: Annotated[str, Text(150)]
    postal_code: Annotated[str, Text(16)]
    city: Annotated[str, Text(100)]
    province: Annotated[str, Text(40, least=0), Field(validate_default=True)] = ""

    @field_validator("postal_code")
    @classmethod
    def _cap_has_five_digits(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("country") == "IT" and not (value.isascii() and value.isdigit() and len(value) == 5):
            raise PydanticCustomError("postal_code_format", "An Italian postal code (CAP) has five digits")
        return value

    @field_validator("province")
    @classmethod
    def _province_has_two_letters(cls, value: str, info: ValidationInfo) -> str:
        value = value.upper()
        if info.data.get("country") == "IT" and not (value.isascii() and value.isalpha() and len(value) == 2):
            raise PydanticCustomError("province_format", "An Italian province has two letters, such as MI")
        return value


class IdentityFields(AddressFields):
    """Who a company or person is before the law."""

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
