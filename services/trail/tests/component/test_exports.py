"""Exports stream in portions; a printout tells what was asked for, by whom, and where the trail stood."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from pypdf import PdfReader

from optima_contracts.brief import BriefCommented, BriefDrafted
from optima_contracts.economics import BriefPriced
from optima_contracts.identity import LegalIdentity, PersonChanged, TenantChanged
from optima_kit.testing import ServiceHarness
from trail.adapters.verify_command import verify_command

from ..conftest import Scene

TENANT, ANNA, ADA, BRIEF = UUID(int=1), UUID(int=31), UUID(int=32), UUID(int=33)


def auditor(app: ServiceHarness, **options: Any) -> Any:
    return app.as_(app.people.person("auditor", tenant_id=TENANT, name="Ada Revisora", **options))


@pytest.fixture
async def told(scene: Scene) -> Any:
    legal = LegalIdentity(
        name="Caffè Aurora S.p.A.", street="Via Po 1", postal_code="10100", city="Torino", province="TO"
    )
    person = PersonChanged(
        person_id=ANNA, name="Anna Bianchi", email="a@example.it", kind="internal", roles=[], active=True
    )
    await scene.record(
        scene.event(TenantChanged(tenant_id=TENANT, slug="aurora", legal=legal), subject=TENANT),
        scene.event(person, subject=ANNA),
        scene.event(
            BriefDrafted(brief_id=BRIEF, number="B-1", title="#strong[Menù]", requester_id=ANNA),
            subject=BRIEF,
            actor_id=ANNA,
        ),
        scene.event(
            BriefPriced(brief_id=BRIEF, revision=1, content_hash="h", lines=[], total="987.65"), subject=BRIEF
        ),
        scene.event(
            BriefCommented(brief_id=BRIEF, comment_id=UUID(int=9)),
            subject=BRIEF,
            actor_id=ANNA,
            time=scene.now - timedelta(days=40),
        ),
    )
    return scene


async def printed(reader: Any, query: str = "", **options: Any) -> str:
    response, body = await reader.get(f"/v1/exports/pdf{query}", **options)
    assert response.status == 200, body
    assert response.content_type == "application/pdf"
    text = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)
    return " ".join(text.replace("\u200b", "").split())


async def test_a_printout_names_period_reader_pages_and_head(app: ServiceHarness, told: Any) -> None:
    text = await printed(auditor(app), "?occurred_from=2026-11-01T00:00:00Z")
    head = (await told.stored.fetch("SELECT hash FROM heads"))[0]["hash"]
    for expected in ("Caffè Aurora S.p.A.", "Ada Revisora", "dal 01/11/2026 01:00:00", head, "Pagina 1 di 1"):
        assert expected in text
    assert "Anna Bianchi" in text
    assert "24/11/2026 10:30:00" in text
    assert "brief.commented" not in text


async def test_what_somebody_wrote_never_becomes_markup(app: ServiceHarness, told: Any) -> None:
    assert "#strong[Menù]" in await printed(auditor(app), f"?brief={BRIEF}")


async def test_a_printout_follows_the_readers_language(app: ServiceHarness, told: Any) -> None:
    text = await printed(auditor(app), headers={"Accept-Language": "en"})
    assert "Page 1 of 1" in text
    assert "on behalf" not in text


async def test_an_erased_name_is_not_printed(app: ServiceHarness, told: Any) -> None:
    admin = app.as_(app.people.person("admin", tenant_id=TENANT))
    assert (await admin.post(f"/v1/people/{ANNA}/erasure"))[0].status == 200
    text = await printed(auditor(app))
    assert "Anna" not in text
    assert "cancellato su richiesta" in text


async def test_prices_are_printed_only_for_who_may_see_them(app: ServiceHarness, told: Any) -> None:
    reader = app.people.person(tenant_id=TENANT, privileges={"trail.read", "trail.read_all", "trail.export"})
    text = await printed(app.as_(reader))
    assert "987.65" not in text
    assert "economics" not in text
    assert "987.65" in await printed(auditor(app))


async def test_more_than_fits_is_refused_with_the_remedy(
    app: ServiceHarness, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.application.print_entries.MOST_PRINTED", 2)
    response, body = await auditor(app).get("/v1/exports/pdf")
    assert (response.status, body["code"]) == (422, "printout_too_large")
    assert "2 registrazioni" in body["detail"]


@pytest.mark.parametrize("path", ["/v1/exports", "/v1/exports/pdf"])
async def test_who_does_not_read_everything_gets_no_file(app: ServiceHarness, told: Any, path: str) -> None:
    reader = app.people.person(tenant_id=TENANT, privileges={"trail.read", "trail.export"})
    response, body = await app.as_(reader).get(path)
    assert (response.status, body["code"]) == (403, "missing_privilege")


async def test_a_long_export_comes_in_portions_and_verifies(
    app: ServiceHarness, told: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trail.adapters.postgres.PORTION", 2)
    response, data = await auditor(app).get("/v1/exports")
    assert response.headers["Transfer-Encoding"] == "chunked"
    file = tmp_path / "export.jsonl"
    file.write_bytes(data)
    assert verify_command([str(file)]) == 0
    assert len(data.splitlines()) == 6
    _, portion = await auditor(app).get("/v1/exports?after=1&limit=3")
    assert [b'"number":%d' % n in line for n, line in enumerate(portion.splitlines()[1:], 2)] == [True] * 3
