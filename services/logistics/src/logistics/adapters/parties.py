"""How clients write companies and addresses."""

from __future__ import annotations

from optima_kit.legal_fields import AddressFields, IdentityFields

from ..domain.parties import Party


class AddressBody(AddressFields):
    """A name and address."""

    def party(self) -> Party:
        return Party(**self.model_dump())


class IdentityBody(IdentityFields):
    """Who a company or person is before the law."""

    def party(self) -> Party:
        return Party(**self.model_dump())
