"""Services as they are served, for clients that others' generators have made."""

from tests.security.conftest import serve as serve  # a fixture
