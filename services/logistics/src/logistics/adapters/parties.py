"""Companies and addresses as clients write them."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import field_validator
from pydantic_core import PydanticCustomError

from optima_kit.fields import Text
from optima_kit.legal_fields import AddressFields, IdentityFields

from ..domain.parties import Party


class AddressBody(AddressFields):
    """A name and address."""

    def party(self) -> Party:
        return Party(**self.model_dump())


class IdentityBody(IdentityFields):
    """The legal identity of a company or person."""

    def party(self) -> Party:
        return Party(**self.model_dump())


class RecipientBody(IdentityBody):
    """The recipient of goods; a public body is addressed by its office."""

    office_code: Annotated[str, Text(10)] | None = None
    """For a public body: its office's Codice Univoco in the IPA, six letters and digits."""

    @field_validator("office_code")
    @classmethod
    def _office_code_has_six_characters(cls, value: str | None) -> str | None:
        value = value.upper() if value else None
        if value is not None and not re.fullmatch("[A-Z0-9]{6}", value):
            raise PydanticCustomError("office_code_format", "An office's code has six letters and digits")
        return value
