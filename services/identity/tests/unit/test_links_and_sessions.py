from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from identity.application.opaque_tokens import new_token, read_token
from identity.domain.links import Link, link_is_good
from identity.domain.sessions import REFRESH_TOKEN_LIVES, SESSION_LIVES, begun
from optima_kit.refusals import Invalid

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
LINK = Link(UUID(int=1), UUID(int=2), "invitation", b"hash", NOW + timedelta(days=7))


def test_a_link_works_once_for_its_purpose_and_until_it_expires() -> None:
    assert link_is_good(LINK, "invitation", NOW) == LINK
    assert link_is_good(LINK, "invitation", LINK.expires_at - timedelta(seconds=1)) == LINK
    bad = (
        (None, "invitation", NOW),
        (replace(LINK, used=True), "invitation", NOW),
        (LINK, "password_reset", NOW),
        (LINK, "invitation", LINK.expires_at),
    )
    for link, purpose, now in bad:
        with pytest.raises(Invalid, match="link_not_valid"):
            link_is_good(link, purpose, now)  # type: ignore[arg-type]


def test_a_session_ends_however_often_it_is_refreshed() -> None:
    session = begun(UUID(int=1), UUID(int=2), "Firefox", NOW)
    assert session.refresh_token_ends_at(NOW) == NOW + REFRESH_TOKEN_LIVES
    late = NOW + SESSION_LIVES - timedelta(days=1)
    assert session.refresh_token_ends_at(late) == NOW + SESSION_LIVES
    assert session.open(NOW + SESSION_LIVES - timedelta(seconds=1))
    assert not session.open(NOW + SESSION_LIVES)
    assert not replace(session, revoked_at=NOW).open(NOW)


def test_an_opaque_token_names_its_tenant_and_is_kept_as_a_hash() -> None:
    tenant = uuid4()
    token = new_token(tenant)
    assert read_token(token.text) == token
    assert token.tenant_id == tenant
    assert token.secret_hash.hex() not in token.text
    assert new_token(tenant).text != token.text


@pytest.mark.parametrize("text", ["", ".", "x.y", "\ud800", "a" * 600, f"{UUID(int=3)}{'.'}"])
def test_a_text_that_is_no_token_of_ours_leads_nowhere(text: str) -> None:
    assert read_token(text).secret_hash != b""
