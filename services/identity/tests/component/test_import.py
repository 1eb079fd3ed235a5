"""People from a spreadsheet."""

from __future__ import annotations

from typing import Any

from ..conftest import Identity

TABLE = """email;name;kind;company;roles;unit;manager
marta@aurora.example;Marta Colombo;;;marketing;marketing;guido@aurora.example
guido@aurora.example;Guido Santoro;internal;;purchasing auditor;;
roberto@galli.example;"Galli, Roberto";external;Grafiche Galli S.r.l.;dealer;;
"""


async def test_a_table_is_tried_then_imported_and_then_changes_nothing(identity: Identity) -> None:
    admin = await identity.register()
    await admin.put("/v1/units/marketing", {"name": "Marketing"})
    events = len(await identity.database.published())

    response, tried = await send(admin, TABLE, dry_run=True)
    assert response.status == 200
    assert (tried["dry_run"], tried["invited"], tried["changed"]) == (True, 3, 0)
    assert "token" not in str(tried)
    assert len(await identity.database.fetch("SELECT 1 FROM people")) == 1
    assert len(await identity.database.published()) == events

    _, done = await send(admin, TABLE)
    assert [(row["row"], row["outcome"]) for row in done["rows"]] == [
        (2, "invited"),
        (3, "invited"),
        (4, "invited"),
    ]
    for row in done["rows"]:
        await identity.accept(row["invitation"]["token"])
    marta, guido = (row["person"]["id"] for row in done["rows"][:2])
    _, view = await admin.get(f"/v1/people/{marta}")
    assert view["manager"]["id"] == guido
    roberto = await identity.actor("roberto@galli.example")
    assert (roberto.kind, roberto.name) == ("external", "Galli, Roberto")

    events = len(await identity.database.published())
    _, again = await send(admin, TABLE)
    assert (again["invited"], again["changed"], again["unchanged"]) == (0, 0, 3)
    assert len(await identity.database.published()) == events


async def test_a_table_changes_whom_it_names_and_nobody_else(identity: Identity) -> None:
    admin = await identity.register()
    await send(admin, TABLE.replace("marketing;marketing", "marketing;"))
    table = "\ufeffEMAIL,Name,Roles\r\nGUIDO@aurora.example,Guido Santoro,purchasing\r\n\r\n"
    _, done = await send(admin, table)
    assert [(row["row"], row["outcome"]) for row in done["rows"]] == [(2, "changed")]
    _, page = await admin.get("/v1/people?text=guido")
    assert page["items"][0]["roles"] == ["purchasing"]
    _, page = await admin.get("/v1/people")
    assert len(page["items"]) == 4


async def test_every_fault_is_told_with_its_row_and_nothing_is_written(identity: Identity) -> None:
    admin = await identity.register()
    rules = """email;name;kind;company;roles;unit;manager
a@aurora.example;A;;;nothing;;
b@aurora.example;B;external;;dealer;;
c@aurora.example;C;external;Galli;marketing;;
d@aurora.example;D;;;marketing;nowhere;
e@aurora.example;E;;;marketing;;nobody@aurora.example
f@aurora.example;F;;;marketing;;f@aurora.example
good@aurora.example;Good;;;marketing;;
GOOD@aurora.example;Good;;;marketing;;
paola@aurora.example;Paola Ferri;;;auditor;;
"""
    expected = [
        ("rows[9].email", "email_repeated"),
        ("rows[2].roles[0]", "role_unknown"),
        ("rows[3].company", "company_required"),
        ("rows[4].roles", "role_for_internal_people"),
        ("rows[5].unit", "unit_unknown"),
        ("rows[10].roles", "last_admin"),
        ("rows[6].manager", "manager_not_available"),
        ("rows[7].manager", "manager_cycle"),
    ]
    for dry_run in (True, False):
        response, problem = await send(admin, rules, dry_run=dry_run)
        assert response.status == 422
        assert [(error["field"], error["code"]) for error in problem["errors"]] == expected
    cells = "email,name,roles\nno address,,\nx@y.example,\x07,a b/c\n"
    response, problem = await send(admin, cells)
    assert response.status == 422
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("rows[2].email", "string_pattern_mismatch"),
        ("rows[2].name", "string_too_short"),
        ("rows[2].roles", "too_short"),
        ("rows[3].name", "control_characters"),
        ("rows[3].roles", "string_pattern_mismatch"),
    ]
    assert len(await identity.database.fetch("SELECT 1 FROM people")) == 1


async def test_what_is_no_such_table_is_told_why(identity: Identity) -> None:
    admin = await identity.register()
    tables: list[tuple[str | bytes, int, str]] = [
        (b"", 400, "column_missing"),
        (b"email,name\n", 400, "column_missing"),
        (b"email,name,roles\n", 400, "table_empty"),
        (b"email,name,roles,salary\n", 400, "column_unknown"),
        (b"email,name,roles,email\n", 400, "column_unknown"),
        (b"email,name,roles\na@b.it,A\n", 400, "row_incomplete"),
        (b'email,name,roles\n"a@b.it,A,marketing\n', 400, "file_not_csv"),
        ("email,name,roles\na@b.it,Nicolò,marketing".encode("latin-1"), 400, "file_not_utf8"),
        (b"email,name,roles\n" + b"a@b.it,A,marketing\n" * 1001, 422, "table_too_long"),
        (b"x" * (1 << 20) + b"x", 413, "too_large"),
    ]
    for table, status, code in tables:
        response, problem = await send(admin, table)
        assert (response.status, problem["code"]) == (status, code), table[:60]


async def test_an_import_grants_no_more_than_its_author_holds(identity: Identity) -> None:
    admin = await identity.register()
    hr = ["directory.read", "directory.write", "person.invite"]
    await admin.put("/v1/roles/personale", {"name": "Personale", "privileges": hr})
    await identity.invite(admin, "hr@aurora.example", "personale")
    client = await identity.client("hr@aurora.example")
    table = "email,name,roles\nx@aurora.example,X,admin\npaola@aurora.example,Paola,auditor\n"
    response, problem = await send(client, table)
    assert response.status == 422
    assert {error["code"] for error in problem["errors"]} == {"grants_more_than_held"}


async def send(client: Any, table: str | bytes, *, dry_run: bool = False) -> Any:
    data = table.encode() if isinstance(table, str) else table
    path = f"/v1/people/imports?dry_run={'true' if dry_run else 'false'}"
    return await client.request("POST", path, data=data, headers={"Content-Type": "text/csv"})
