"""The privilege matrix of the contracts, in the form that the domain's rules use."""

from __future__ import annotations

from typing import Final

from optima_contracts.privileges import ADMIN_ONLY, PLATFORM, PRIVILEGES, privileges_of

from ..domain.roles import Matrix

EXTERNAL_ROLES: Final = ("dealer", "agent", "supplier")

MATRIX: Final = Matrix(
    known=frozenset(privilege.key for privilege in PRIVILEGES),
    admin_only=ADMIN_ONLY,
    platform=PLATFORM,
    open_to_external=frozenset().union(*(privileges_of(role) for role in EXTERNAL_ROLES)),
)
