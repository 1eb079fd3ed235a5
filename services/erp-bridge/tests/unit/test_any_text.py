"""Whatever stands in a cell: it is read, or its record is refused. Nothing ends the import of its page."""

from __future__ import annotations

from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from erp_bridge.adapters.drop_folder import DESCRIPTION, DropFolder
from erp_bridge.adapters.italian_checks import italian_checks
from erp_bridge.domain.ddt_invoice import check_invoice
from erp_bridge.domain.entities import Entity
from erp_bridge.domain.import_plan import KnownRecords, Planner, RemoteRecord, read_records
from erp_bridge.domain.received_order import LINES, read_order
from erp_bridge.domain.record import checked
from optima_kit.refusals import Violations

MAPPING = DropFolder.mapping(DropFolder.__new__(DropFolder))
CHECKS = italian_checks()
READ = [each.entity for each in DESCRIPTION.capabilities if each.reads]
NASTY = [
    *("nan", "NaN", "sNaN", "inf", "-Infinity", "1e999999", "1e-999999", "0x1F", "1_000"),
    *("٣٣", "²²²²²²²²²²²", "\x00", "\ufeff", "\u202e", "a" * 5000, "9" * 5000),
    *("'", '"', "=1+1", "#N/D", "%", "€", "--", "00000000000"),
    *("IT", "SM", "SM²", "IT²²²²²²²²²²²", "DE²²²²²²²²²", "31/02/2026", "0/0/0", "²/1/2026"),
    *("RSSMRA80A01H501²", "RSSMRA80A41H501Ω", "IT60X0542811101000000²23456", "BPPIITRR²", "MP²²"),
    *("RB ² gg FM", "RB 30²/60 gg", "RB 999 gg FM+99", "³⁰ gg", "30 gg FM+²"),
]
texts = st.sampled_from(NASTY) | st.text(max_size=30)


def refused_or_read(entity: Entity, values: dict[str, str]) -> None:
    mapping = MAPPING.of(entity)
    if entity == "received_order":
        read_order(mapping, RemoteRecord({**values, LINES: [values]}, line=2))
        return
    records = read_records(mapping, [RemoteRecord(values, line=2)])
    if entity == "ddt_invoice":
        check_invoice(records[0], None)
        return
    capability = DESCRIPTION.capability(entity)
    assert capability is not None
    planner = Planner(capability, mapping, CHECKS, "gestionale", uuid4)
    plan = planner.plan(records, KnownRecords(), source="x.csv", seen=set())
    assert len(plan.records) + len(plan.refused) == 1
    for planned in plan.records:
        assert all(len(value or "") <= 200 for value in planned.fields.values())


@pytest.mark.parametrize("entity", READ)
@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_text_in_every_cell_is_read_or_refused(entity: Entity, text: str) -> None:
    columns = MAPPING.of(entity).columns()
    refused_or_read(entity, dict.fromkeys(columns, text))
    for column in columns:
        refused_or_read(entity, {**dict.fromkeys(columns, "1"), column: text})


@given(data=st.data(), entity=st.sampled_from(READ))
def test_any_texts_are_read_or_refused(data: st.DataObject, entity: Entity) -> None:
    columns = MAPPING.of(entity).columns()
    refused_or_read(entity, data.draw(st.fixed_dictionaries(dict.fromkeys(columns, texts))))


@given(rate=texts)
@example(rate="100.000000001")
@example(rate="0.0000000001")
def test_a_rate_is_a_share_of_the_whole_or_none(rate: str) -> None:
    try:
        fields, _ = checked("vat_rate", {"code": "x", "name": "x", "rate": rate}, None, CHECKS)
    except Violations:
        return
    if fields["rate"]:
        assert 0 <= float(fields["rate"]) <= 100
        assert len(fields["rate"]) <= 13
