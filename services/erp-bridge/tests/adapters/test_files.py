"""Tables as Italian firms leave them, each file with all that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import yaml

from erp_bridge.adapters.drop_folder import DropFolder
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.application.ports import Endpoint, Page
from erp_bridge.domain.ddt_invoice import SentDdt, check_invoice
from erp_bridge.domain.entities import Entity
from erp_bridge.domain.import_plan import KnownRecords, Planner, read_records
from erp_bridge.domain.mapping import Fields, missing_columns
from erp_bridge.domain.received_order import read_order
from optima_kit.refusals import Refusal

FILES = Path(__file__).parent / "files"
ENDPOINT = Endpoint(UUID(int=1), {"folder": "erp"})

OUTCOMES: dict[str, list[str]] = yaml.safe_load(FILES.with_suffix(".yaml").read_text("utf-8"))


def test_every_file_has_its_outcome() -> None:
    assert OUTCOMES.keys() == {each.name for each in FILES.iterdir()}


@pytest.mark.parametrize("name", OUTCOMES)
async def test_what_comes_of_each_file(tmp_path: Path, name: str) -> None:
    folder = DropFolder(tmp_path)
    incoming = tmp_path / str(ENDPOINT.tenant_id) / "erp" / "in"
    incoming.mkdir(parents=True)
    (incoming / name).write_bytes((FILES / name).read_bytes())
    beginnings = folder.file_format.incoming
    (entity,) = (each for each, begins in beginnings.items() if name.startswith(begins))
    async with folder.open(ENDPOINT) as session:
        (page,) = [each async for each in session.changes(entity, None)]
    assert list(outcome(folder, entity, page)) == OUTCOMES[name]


def outcome(folder: DropFolder, entity: Entity, page: Page) -> Iterator[str]:
    mapping = folder.mapping().of(entity)
    if page.refused is not None:
        yield page.refused.code
        return
    yield ", ".join(("" if page.dialect is None else page.dialect, *page.unknown))
    if missing := missing_columns(entity, mapping, page.header or ()):
        yield f"column_missing: {', '.join(missing)}"
    elif entity == "received_order":
        for order in (read_order(mapping, each) for each in page.records):
            lines = [" ".join(map(str, line.values())) for line in order.lines]
            yield refused(order.problems) or " | ".join([*known(order.heading), *lines])
    elif entity == "ddt_invoice":
        sent = SentDdt(uuid4(), "12/2026", uuid4(), voided=False, content_hash=None)
        for each in read_records(mapping, page.records):
            problems = check_invoice(each, sent if each.mapped.get("code") == sent.number else None)
            yield refused(problems) or " | ".join(known(each.mapped))
    else:
        capability = folder.describe().capability(entity)
        assert capability is not None
        planner = Planner(capability, mapping, italian_checks(), "gestionale", uuid4)
        read = read_records(mapping, page.records)
        plan = planner.plan(read, KnownRecords(), source=page.source, seen=set())
        for made in plan.records:
            notices = "".join(f" ! {each.code}" for each in made.notices)
            yield " | ".join(known({name: made.fields[name] for name in mapping.fields})) + notices
        for bad in plan.refused:
            yield f"line {bad.line}: {refused(bad.problems)}"


def known(fields: Fields) -> list[str]:
    return [value for name, value in fields.items() if value and (name, value) != ("country", "IT")]


def refused(problems: Iterable[Refusal]) -> str:
    return ", ".join(f"{each.code} ({each.field})" for each in problems)


def test_every_province_is_known_by_its_name() -> None:
    checks = italian_checks()
    known = [checks.province(each) for each in ("Valle d'Aosta", "AOSTA", "Forlì Cesena", "reggio emilia")]
    assert known == ["AO", "AO", "FC", "RE"]


def test_all_orders_of_a_number_come_on_one_page() -> None:
    folder = DropFolder(FILES)
    rows = ["numero_ordine;data_ordine", "1;07/01/2026", "2;07/01/2026", "3;08/01/2026", "1;04/01/2027"]
    content = "\n".join(rows).encode()
    orders = folder.file_format.read("received_order", content, folder.mapping().of("received_order"))
    pages = [[each.values["numero_ordine"] for each in page] for page in orders.portions(1, skip=0)]
    assert pages == [["1", "1"], ["2"], ["3"]]
    # After a crash it goes on behind those that were taken in.
    assert [len(page) for page in orders.portions(5, skip=2)] == [2]
