"""Every event that says something in words is judged: whose text it is, or why it is nobody's."""

from __future__ import annotations

from uuid import UUID

import pytest

from optima_contracts.approval import Decided
from optima_contracts.catalogue import every_event_type
from optima_contracts.envelope import EventData
from optima_contracts.identity import PersonChanged, PersonDeparted
from optima_contracts.personal import PersonalText, personal_texts

SUBJECT, ACTOR, SUCCESSOR = UUID(int=1), UUID(int=2), UUID(int=3)
TELLING = {"name", "email", "company", "reason", "by"}
"""The last word of a field's name that may hold a text of a person's."""
NOBODYS = {
    **{
        f"{type_} step_name": "the process's words"
        for type_, model in every_event_type().items()
        if "step_name" in model.model_fields
    },
    "optima.approval.not_opened.v1 reason": "the system's own words",
    "optima.approval.expired.v1 reason": "the system's own words",
    "optima.brief.proof_submitted.v1 file_name": "a file's",
    "optima.brief.quotation_answered.v1 asked_by": "a person's id",
    "optima.economics.budget_planned.v1 name": "a budget's",
    "optima.erp.record_refused.v1 reason": "what the ERP said of a record",
    "optima.logistics.delivery_proved.v1 name": "a file's",
    "optima.logistics.destination_kept.v1 name": "a place's",
    "optima.identity.service_account_changed.v1 name": "a machine's",
    "optima.identity.password_changed.v1 by": "one of a few words",
    "optima.identity.sign_in_refused.v1 reason": "one of a few words",
    "optima.identity.session_ended.v1 reason": "one of a few words",
    "optima.identity.unit_changed.v1 name": "an organisational unit's",
    "optima.production.kind_defined.v1 name": "a kind of work's",
    "optima.logistics.ddt_issued.v1 reason": "the causale, from a lookup table",
    "optima.logistics.ddt_issued.v1 transport_by": "one of a few words",
    "optima.logistics.ddt_voided.v1 replaced_by": "a document's id",
    "optima.logistics.cancellation_refused.v1 reason": "the system's own words",
    "optima.trail.webhook_disabled.v1 reason": "one of a few words",
}


def judged(type_: str, model: type[EventData], field: str) -> bool:
    ids = {name: str(SUBJECT) for name in model.model_fields if name.endswith("_id")}
    return bool(personal_texts(type_, SUBJECT, ACTOR, {**ids, field: "text"}))


def test_every_telling_field_is_sealed_or_known_to_be_nobodys() -> None:
    telling = {
        f"{type_} {field}": judged(type_, model, field)
        for type_, model in every_event_type().items()
        for field in model.model_fields
        if field.rsplit("_")[-1] in TELLING
    }
    assert {name for name, sealed in telling.items() if not sealed} == NOBODYS.keys()


def test_a_text_belongs_to_its_subject_to_whoever_wrote_it_or_to_whom_the_event_names() -> None:
    about = {"name": "Anna", "email": "a@example.it", "company": None, "roles": []}
    assert personal_texts(PersonChanged.type, SUBJECT, ACTOR, about) == [
        PersonalText(SUBJECT, "name", "Anna"),
        PersonalText(SUBJECT, "email", "a@example.it"),
    ]
    assert personal_texts(Decided.type, SUBJECT, ACTOR, {"reason": "troppo"}) == [
        PersonalText(ACTOR, "reason", "troppo")
    ]
    departed = {"person_id": str(SUBJECT), "successor_id": str(SUCCESSOR), "successor_name": "Marco"}
    assert personal_texts(PersonDeparted.type, SUBJECT, ACTOR, departed) == [
        PersonalText(SUCCESSOR, "successor_name", "Marco")
    ]


@pytest.mark.parametrize("data", [{"reason": None}, {}])
def test_where_nothing_is_said_nothing_is_sealed(data: dict[str, None]) -> None:
    assert personal_texts(Decided.type, SUBJECT, ACTOR, data) == []
    assert personal_texts(Decided.type, SUBJECT, None, {"reason": "by a timer"}) == []
