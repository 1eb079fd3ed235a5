"""After a change of secret and cipher, all that lasts is sealed under the new one, and nothing is lost."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import asyncpg
import pytest

from optima_kit.clock import SystemClock
from optima_kit.db import Database
from optima_kit.resealing import seal_anew
from optima_kit.sealing import SealBroken, SealedColumn
from optima_local.services import find_services

from .conftest import SERVICES, build
from .test_tenancy import plant, without_checks

pytestmark = pytest.mark.servers

OLD, NEW = "old-secret-of-this-test-0123456789", "new-secret-of-this-test-9876543210"
ENDS_BY_ITSELF = {
    "identity": {"signing_keys.sealed", "sign_in_attempts.sealed_verifier"},
    "trail": {"anchor_keys.sealed"},
    "portal": {"sessions.tokens"},
}
"""What is sealed and goes within 90 days: keys that a successor replaces, sign-ins under way, sessions."""
_SEALED = re.compile(r"sealed|secrets$|tokens$")


def column_of(update: str) -> tuple[str, str]:
    """The table and the column that a statement seals anew."""
    found = re.match(r"UPDATE (\w+) SET (\w+) =", update)
    assert found is not None
    return found[1], found[2]


@pytest.mark.parametrize("name", [service.module for service in find_services()])
async def test_all_that_is_sealed_and_lasts_can_be_sealed_anew(name, database_for, monkeypatch, tmp_path):
    stored = await database_for(name)
    rows = await stored.fetch(
        "SELECT table_name || '.' || column_name AS place FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea'"
    )
    lasting = {row["place"] for row in rows if _SEALED.search(row["place"])} - ENDS_BY_ITSELF.get(name, set())
    sealed = build(name, stored, monkeypatch, tmp_path).sealed if name in SERVICES else ()
    assert lasting == {".".join(column_of(each.update.sql)) for each in sealed}


@pytest.mark.parametrize("name", ["identity", "trail", "erp_bridge"])
async def test_another_secret_and_cipher_seal_everything_anew(name, database_for, monkeypatch, tmp_path):
    stored = await database_for(name)

    def columns(secret: str) -> Sequence[SealedColumn]:
        return build(name, stored, monkeypatch, tmp_path, key_secret=secret).sealed

    before, after = columns(OLD), columns(f"chacha20-poly1305:{NEW}")
    both = columns(f"chacha20-poly1305:{NEW},{OLD}")
    tenants = [uuid.uuid4(), uuid.uuid4()]
    root = await asyncpg.connect(stored.superuser_url)
    await without_checks(root)
    backbone = await asyncpg.connect(stored.backbone_url)
    database = await Database.open(stored.rw_url, source=f"/optima/{name}", size=1, clock=SystemClock())
    try:
        for each in before:
            table, column = column_of(each.update.sql)
            for tenant_id in tenants:
                await plant(root, table, tenant_id, column)
                async with database.transaction(tenant_id) as work:
                    (row,) = await work.fetch(each.listed, after=uuid.UUID(int=0), limit=9)
                    put = {"id": row["id"], "former": row["sealed"]}
                    work.write(each.update, **put, sealed=each.sealer.sealed(b"private", row["about"]))
        count, broken = await seal_anew(database, backbone, both)
        assert (count, broken) == (len(before) * len(tenants), [])
        for old, new in zip(before, after, strict=True):
            for tenant_id in tenants:
                async with database.transaction(tenant_id) as work:
                    (row,) = await work.fetch(new.listed, after=uuid.UUID(int=0), limit=9)
                assert new.sealer.opened(row["sealed"], row["about"]) == b"private"
                with pytest.raises(SealBroken):
                    old.sealer.opened(row["sealed"], row["about"])
        assert await seal_anew(database, backbone, both) == (0, [])
        # Somebody who has lost the secret is told of each, and nothing is changed.
        count, broken = await seal_anew(database, backbone, before)
        assert (count, len(broken)) == (0, len(before) * len(tenants))
    finally:
        await database.close()
        await backbone.close()
        await root.close()
