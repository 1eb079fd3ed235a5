"""Each ● in docs/erp-connectors.md, and the test that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from erp_bridge.adapters import business_central, drop_folder, easyfatt, odoo, sap_business_one, tryton, ubl
from erp_bridge.domain.connection import Ability, Description
from erp_bridge.domain.entities import Entity

TESTS = Path(__file__).parents[1]
DESCRIPTIONS = {
    each.DESCRIPTION.key: each.DESCRIPTION
    for each in (drop_folder, easyfatt, ubl, tryton, odoo, business_central, sap_business_one)
}

Cell = tuple[Entity, Ability]
_IMPORTS = "component/test_imports.py::"
_EXPORTS = "component/test_exports.py::"
_BRIDGE = "connectors/test_bridge_with_tryton.py::"
_EASYFATT = "adapters/test_easyfatt.py::"
_CONTRACT = "connectors/test_contract.py::"
_RECEIVED = "component/test_received_orders.py::"
_UBL = "component/test_ubl.py::"
_ORDER_CHANGED = f"{_RECEIVED}test_what_the_erp_changes_of_it_later_is_a_persons_to_see"
_CHANGED = f"{_CONTRACT}test_all_comes_in_and_then_what_changed"
_RETIRED = f"{_CONTRACT}test_who_is_put_to_rest_there_is_deleted"
_SENT = f"{_CONTRACT}test_a_write_that_is_repeated_after_a_crash_doubles_nothing"
_SENT_AGAIN = f"{_CONTRACT}test_a_change_and_a_cancellation_reach_the_same_record"
_LOCKED = f"{_CONTRACT}test_what_somebody_changed_there_is_not_written_over"
_ENTITY = f"{_CONTRACT}test_every_entity_of_a_double_comes_in"
_CONFLICT = "component/test_conflicts.py::test_where_both_changed_a_person_decides"
_LOOKUPS = f"{_IMPORTS}test_suppliers_and_lookup_tables_come_in_as_well"
_OTHERS = f"{_IMPORTS}test_agents_products_and_banks_come_in"
_AGAIN = f"{_IMPORTS}test_every_entity_changes_with_the_next_file"
_JOURNEY = f"{_BRIDGE}test_an_order_becomes_a_sale_and_its_ddt_a_shipment"
_CHANGED_THERE = (
    f"{_BRIDGE}test_what_was_changed_there_waits_for_a_person_and_what_is_cancelled_here_is_there"
)
_SWEEP = f"{_BRIDGE}test_what_changes_or_is_put_to_rest_there_does_here"
_INVOICED = (
    "component/test_ddt_invoices.py::test_an_invoice_of_a_ddt_is_told_of_once_and_again_when_it_changes"
)
_INVOICED_THERE = f"{_BRIDGE}test_an_invoice_posted_there_and_its_withdrawal_are_told_here"

LOOKUPS: tuple[Entity, ...] = (
    "supplier",
    "payment_term",
    "vat_rate",
    "transport_reason",
    "destination",
)

PROOFS: dict[str, dict[Cell, str]] = {
    "drop-folder": {
        ("customer", "in"): f"{_IMPORTS}test_customers_come_in_and_are_told_of",
        ("customer", "update"): _CHANGED,
        ("customer", "conflict"): _CONFLICT,
        **{(each, "in"): _LOOKUPS for each in LOOKUPS},
        **{(each, "in"): _OTHERS for each in ("agent", "product", "bank")},
        **{(each, "update"): _AGAIN for each in (*LOOKUPS, "agent", "product", "bank")},
        ("received_order", "in"): f"{_RECEIVED}test_an_order_of_the_erp_becomes_one_here_once",
        ("received_order", "conflict"): _ORDER_CHANGED,
        ("ddt_invoice", "in"): _INVOICED,
        ("ddt_invoice", "update"): _INVOICED,
        ("order", "out"): f"{_EXPORTS}test_an_order_goes_out_and_again_with_its_prices",
        ("order", "update"): f"{_EXPORTS}test_an_order_goes_out_and_again_with_its_prices",
        ("order", "delete"): f"{_EXPORTS}test_a_cancelled_order_is_marked_in_the_erp",
        ("ddt", "out"): f"{_EXPORTS}test_a_ddt_goes_out_and_its_voiding_too",
        ("ddt", "update"): f"{_EXPORTS}test_what_comes_back_of_a_ddt_is_told_line_by_line",
        ("ddt", "delete"): f"{_EXPORTS}test_a_ddt_goes_out_and_its_voiding_too",
    },
    "easyfatt": {
        ("customer", "in"): f"{_EASYFATT}test_what_comes_of_each_file",
        ("customer", "update"): _CHANGED,
        # How two changes meet is the bridge's, whatever the file.
        ("customer", "conflict"): _CONFLICT,
        ("supplier", "in"): f"{_EASYFATT}test_what_comes_of_each_file",
        ("supplier", "update"): _CHANGED,
        ("order", "out"): f"{_EASYFATT}test_an_order_is_one_that_easyfatt_imports",
        ("order", "update"): _SENT_AGAIN,
        ("ddt", "out"): f"{_EASYFATT}test_a_ddt_carries_its_transport",
    },
    "ubl": {
        ("received_order", "in"): f"{_UBL}test_an_order_comes_once_and_finds_its_customer_by_tax_number",
        ("received_order", "conflict"): f"{_UBL}test_what_the_body_changes_later_is_a_persons_to_see",
        ("ddt", "out"): f"{_UBL}test_its_goods_leave_under_an_electronic_ddt",
    },
    "tryton": {
        ("customer", "in"): _JOURNEY,
        ("customer", "update"): _JOURNEY,
        ("customer", "delete"): _RETIRED,
        ("customer", "conflict"): _CONFLICT,
        **{
            (each, ability): _SWEEP
            for each in ("supplier", "agent", "product", "bank", "payment_term", "vat_rate")
            for ability in ("in", "update", "delete")
        },
        ("received_order", "in"): (
            f"{_BRIDGE}test_a_sale_of_theirs_becomes_an_order_here_and_its_ddt_their_shipment"
        ),
        ("received_order", "conflict"): _ORDER_CHANGED,
        # At night, too; by day the journey has an invoice come back.
        **{("ddt_invoice", ability): _INVOICED_THERE for ability in ("in", "update", "delete")},
        ("order", "out"): _JOURNEY,
        ("order", "update"): _JOURNEY,
        ("order", "delete"): _CHANGED_THERE,
        ("order", "conflict"): _CHANGED_THERE,
        ("ddt", "out"): _JOURNEY,
        ("ddt", "update"): f"{_BRIDGE}test_what_comes_back_of_a_ddt_is_a_customer_return_there",
        ("ddt", "delete"): _CHANGED_THERE,
        # At night; by day an order's stands for it.
        ("ddt", "conflict"): f"{_BRIDGE}test_a_shipment_changed_there_waits_for_a_person",
    },
}


PROOFS |= {
    description.key: {
        ("order", "out"): _SENT,
        ("order", "update"): _SENT_AGAIN,
        ("order", "delete"): _SENT_AGAIN,
        ("order", "conflict"): _LOCKED,
        **{
            (each.entity, ability): proof
            for each in description.capabilities
            for ability, proof in (
                ("in", _ENTITY),
                # All entities of one connector are swept alike.
                ("update", _CHANGED),
                ("delete", _RETIRED),
                ("conflict", _CONFLICT),
            )
            if each.reads and ability in each.abilities
        },
    }
    for description in DESCRIPTIONS.values()
    if description.key in ("odoo", "business-central", "sap-business-one")
}


def cells(told: Description) -> set[Cell]:
    return {(each.entity, ability) for each in told.capabilities for ability in each.abilities}


@pytest.mark.parametrize("connector", DESCRIPTIONS)
def test_every_ability_has_its_test_and_every_test_its_ability(connector: str) -> None:
    assert PROOFS[connector].keys() == cells(DESCRIPTIONS[connector])


@pytest.mark.parametrize("proof", sorted({each for proofs in PROOFS.values() for each in proofs.values()}))
def test_the_test_that_is_named_is_there(proof: str) -> None:
    file, _, name = proof.partition("::")
    text = (TESTS / file).read_text("utf-8")
    assert f"def {name}(" in text
