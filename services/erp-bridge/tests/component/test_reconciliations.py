"""A complete export that waits in the folder is compared with what is known, and not taken in."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from ..conftest import Bridge

PATH = "/v1/connections/gestionale/reconciliations"
ROMA = "AURORA-RM;Caffè Aurora Roma S.r.l.;12345670587;;Via Nazionale 30;00184;Roma;RM;MP05;BB 30 gg FM\n"
NAPOLI = ROMA.replace("AURORA-RM", "AURORA-NA").replace("12345670587", "01234560371")


async def test_an_export_is_compared_record_by_record(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    person = bridge.as_("backoffice")
    response, problem = await person.post(PATH, json={"entity": "customer"})
    assert (response.status, problem["code"]) == (409, "comparison_empty")
    bridge.drop(ROMA)
    await bridge.import_all()
    path = bridge.drop(ROMA.replace("Via Nazionale 30", "Via Nuova 1"), NAPOLI)
    rows = await bridge.everything()
    response, told = await person.post(PATH, json={"entity": "customer"})
    assert response.status == 200, told
    assert (told["there"], told["linked"]) == (2, 2)
    assert [told[each] for each in ("missing_here", "missing_there", "differing")] == [1, 1, 1]
    assert told["totals"] == [{"there": 2, "linked": 2}]
    # It keeps its own findings, and changes nothing else.
    after = await bridge.everything()
    assert {name for name in rows if after[name] != rows[name]} <= {
        "reconciliations",
        "reconciliation_differences",
        "idempotency_keys",
    }
    assert path.exists()
    found = f"/v1/reconciliations/{told['id']}"
    _, listed = await person.get("/v1/reconciliations?connection=gestionale")
    assert [each["id"] for each in listed["items"]] == [told["id"]]
    differing, here, there = await differences(person, found)
    assert differing["record"]["name"] == "Caffè Aurora Roma S.r.l."
    assert (here["kind"], here["remote_id"], "record" in here) == ("missing_here", "AURORA-NA", False)
    assert (there["kind"], there["record"]["code"]) == ("missing_there", "AURORA-MI")
    _, some = await person.get(f"{found}/differences?kind=missing_here")
    assert [each["name"] for each in some["items"]] == ["Caffè Aurora Roma S.r.l."]
    response, report = await person.get(f"{found}/report")
    assert "text/csv" in response.headers["Content-Type"]
    assert "\r\nTotale del mese;" in report.decode()
    assert "Manca qui;AURORA-NA;AURORA-NA;Caffè Aurora Roma S.r.l.;;" in report.decode()


async def differences(person: Any, found: str) -> list[dict[str, Any]]:
    """All of them, a page each."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        _, page = await person.get(f"{found}/differences?limit=1{cursor}")
        items += page["items"]
        if "next_cursor" not in page:
            return items
        cursor = f"&cursor={page['next_cursor']}"


async def test_the_last_comparisons_are_kept(bridge: Bridge) -> None:
    await bridge.connect()
    bridge.drop(ROMA)
    person = bridge.as_("backoffice")
    for _ in range(12):
        await person.post(PATH, json={"entity": "customer"})
    _, listed = await person.get("/v1/reconciliations")
    assert len(listed["items"]) == 10
    rows = await bridge.stored.fetch("SELECT FROM reconciliation_differences")
    assert len(rows) == 10
    response, problem = await person.get(f"/v1/reconciliations/{UUID(int=7)}/differences")
    assert (response.status, problem["code"]) == (404, "reconciliation_absent")


async def test_a_file_that_lacks_a_customer_deletes_nobody(bridge: Bridge) -> None:
    await bridge.connect()
    await bridge.import_customers()
    bridge.drop(ROMA)
    response, problem = await bridge.as_("backoffice").post(
        PATH, json={"entity": "customer", "delete_missing": True}
    )
    assert (response.status, problem["errors"][0]["code"]) == (422, "deletions_not_told")


async def test_what_does_not_come_in_is_not_compared(bridge: Bridge) -> None:
    await bridge.connect()
    response, problem = await bridge.as_("backoffice").post(PATH, json={"entity": "ddt"})
    assert (response.status, problem["errors"][0]["code"]) == (422, "entity_not_exchanged")
