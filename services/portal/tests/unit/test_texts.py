"""Every text has its Italian, and every code of a service its name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import portal.adapters
from brief.domain.lifecycle import Cause
from brief.domain.lifecycle import State as BriefState
from erp_bridge.adapters import drop_folder, easyfatt, tryton
from erp_bridge.domain.conflict import Choice
from erp_bridge.domain.connection import Write
from erp_bridge.domain.entities import ENTITIES, fields_of
from erp_bridge.domain.failure import CONNECTION, Direction, ErrorClass
from erp_bridge.domain.reconciliation import DifferenceKind
from erp_bridge.domain.run import RunKind
from logistics.domain.counts import CountState
from logistics.domain.shipments import Freight, TransportBy
from logistics.domain.shipments import State as ShipmentState
from logistics.domain.stock import Kind as MovementKind
from portal.adapters.labels import LABELS, label
from production.domain.job import GRANTING, JobState, PhaseState
from production.domain.job_changes import KIND_UNKNOWN
from production.domain.order import OrderState

FOLDER = Path(portal.adapters.__file__).parent
CONNECTORS = (drop_folder.DESCRIPTION, easyfatt.DESCRIPTION, tryton.DESCRIPTION)
CARRIED = [capability for each in CONNECTORS for capability in each.capabilities]

PLACE = re.compile(r"%\(\w+\)s|%%")


def texts() -> set[str]:
    found = extract_from_dir(
        str(FOLDER),
        method_map=[("**.py", "python"), ("**.html", "jinja2.ext.babel_extract")],
        options_map={"**.html": {"extensions": "jinja2.ext.do", "silent": "false"}},
        keywords={"_": None, "N_": None, "ngettext": (1, 2)},
    )
    return {message[0] if isinstance(message, tuple) else message for _, _, message, _, _ in found}


def test_each_text_has_its_italian_and_none_is_left_over() -> None:
    with (FOLDER / "locale" / "it.po").open("rb") as file:
        catalogue = read_po(file)
    translated = {
        message.id[0] if isinstance(message.id, tuple) else message.id
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }
    assert texts() == translated


def test_each_text_is_translated_once() -> None:
    lines = (FOLDER / "locale" / "it.po").read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line.startswith("msgid ") and line != 'msgid ""']
    assert len(texts) == len(set(texts))


def test_a_text_names_what_is_put_into_it_and_its_italian_the_same() -> None:
    """A percent sign of its own is written twice: templates format every text."""
    with (FOLDER / "locale" / "it.po").open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        forms = [*_forms(message.id), *_forms(message.string)]
        assert not [form for form in forms if PLACE.sub("", form).count("%")], forms
        assert len({frozenset(PLACE.findall(form)) - {"%%"} for form in forms if "%" in form}) <= 1, forms


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def test_a_code_of_a_newer_service_is_shown_in_its_own_words() -> None:
    assert label("erp_entity", "cost_centres") == "cost centres"
    assert label("event", "optima.erp.cost_centre_changed.v1") == "erp cost centre changed"


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("brief", BriefState),
        ("brief_cause", Cause),
        ("order", OrderState),
        ("job", JobState),
        ("phase", PhaseState),
        ("task", GRANTING),
        ("blocked", (KIND_UNKNOWN,)),
        ("shipment", ShipmentState),
        ("transport_by", get_args(TransportBy)),
        ("freight", get_args(Freight)),
        ("movement", MovementKind),
        ("count", CountState),
        ("erp_entity", (*ENTITIES, CONNECTION)),
        ("erp_field", {field for entity in ENTITIES for field in fields_of(entity)}),
        ("erp_field", {field for each in CARRIED for field in each.cannot_carry}),
        ("erp_write", get_args(Write)),
        ("erp_deletes", {each.deletes for each in CARRIED}),
        ("erp_direction", get_args(Direction)),
        ("erp_setting", {setting.name for each in CONNECTORS for setting in each.settings}),
        ("error_class", get_args(ErrorClass)),
        ("run_kind", get_args(RunKind)),
        ("conflict_choice", get_args(Choice)),
        ("erp_difference", get_args(DifferenceKind)),
    ],
)
def test_each_code_has_a_name(kind: str, codes: Iterable[str]) -> None:
    assert {str(code) for code in codes} <= LABELS[kind].keys()
