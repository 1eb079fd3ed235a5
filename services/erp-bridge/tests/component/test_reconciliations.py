"""A complete export that waits in the folder is compared with what is known, and not taken in."""

from __future__ import annotations

from typing import Any

PATH = "/v1/connections/gestionale/reconciliations"
ROMA = "AURORA-RM;Caffè Aurora Roma S.r.l.;12345670587;;Via Nazionale 30;00184;Roma;RM;MP05;BB 30 gg FM\n"
NAPOLI = ROMA.replace("AURORA-RM", "AURORA-NA").replace("12345670587", "01234560371")


async def test_an_export_is_compared_record_by_record(bridge: Any) -> None:
    await bridge.connect()
    await bridge.import_customers()
    person = bridge.as_("backoffice")
    response, problem = await person.post(PATH, json={"entity": "customer"})
    assert (response.status, problem["code"]) == (409, "comparison_empty")
    bridge.drop(ROMA)
    await bridge.take_in()
    path = bridge.drop(ROMA.replace("Via Nazionale 30", "Via Nuova 1"), NAPOLI)
    rows = await bridge.everything()
    response, told = await person.post(PATH, json={"entity": "customer"})
    assert response.status == 200, told
    assert (told["there"], told["linked"]) == (2, 2)
    assert (told["missing_here"], told["missing_there"]) == (["AURORA-NA"], ["AURORA-MI"])
    assert told["differing"] == ["AURORA-RM"]
    assert (await bridge.everything(), path.exists()) == (rows, True)


async def test_a_file_that_lacks_a_customer_deletes_nobody(bridge: Any) -> None:
    await bridge.connect()
    await bridge.import_customers()
    bridge.drop(ROMA)
    response, problem = await bridge.as_("backoffice").post(
        PATH, json={"entity": "customer", "delete_missing": True}
    )
    assert (response.status, problem["errors"][0]["code"]) == (422, "deletions_not_told")


async def test_what_does_not_come_in_is_not_compared(bridge: Any) -> None:
    await bridge.connect()
    response, problem = await bridge.as_("backoffice").post(PATH, json={"entity": "order"})
    assert (response.status, problem["errors"][0]["code"]) == (422, "entity_not_exchanged")
