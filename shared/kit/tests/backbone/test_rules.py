"""What needs no server: the tables of reactions and jobs, order within a batch, patterns, pauses."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from tally import Chore, Tally

from optima_kit.broker import pauses
from optima_kit.cause import Cause
from optima_kit.ids import new_id
from optima_kit.inbox import Item, in_sequence
from optima_kit.jobs import JobKinds
from optima_kit.outbox import CausedOutbox, OutboxWrites
from optima_kit.reactions import Reactions, Unreadable
from optima_kit.topology import Access, definitions
from optima_kit.writes import StateWrites

TALLY = Tally("rules")


async def nothing(*_):
    pass


def test_a_type_has_one_reaction():
    reactions = Reactions()
    reactions.on(TALLY.Counted)(nothing)
    with pytest.raises(ValueError, match="two reactions"):
        reactions.on(TALLY.Counted)(nothing)
    told = ("person_changed", "role_changed", "service_account_changed", "session_ended")
    assert reactions.bindings() == [
        *(f"optima.identity.{each}.v1" for each in told),
        "optima.rules.counted.v1",
        "optima.trail.person_erased.v1",
    ]


def test_who_answers_everything_binds_everything_and_gets_plain_data():
    reactions = Reactions()
    assert not reactions
    reactions.on_everything()(nothing)
    with pytest.raises(ValueError, match="two reactions"):
        reactions.on_everything()(nothing)
    assert reactions.bindings() == ["optima.#"]
    reaction, received = reactions.read(envelope(new_id(), 1))
    assert reaction.model is None
    assert received.data == {"value": 3}


def test_a_kind_of_job_is_declared_once():
    jobs = JobKinds()
    jobs.on("chore", Chore)(nothing)
    with pytest.raises(ValueError, match="two jobs"):
        jobs.outside("chore", Chore)(nothing)
    assert jobs.get("errand") is None


def envelope(subject, sequence):
    writes = OutboxWrites("/optima/rules")
    outbox = CausedOutbox(writes, StateWrites(), new_id(), Cause(datetime(2030, 1, 7, 9, 0, tzinfo=UTC)))
    outbox.add(TALLY.Stated(value=3), subject=subject, correlation=subject)
    written = writes.take()
    return f"{written['openings'][0]}{sequence}{written['closings'][0]}".encode()


def test_events_of_a_subject_trade_places_among_themselves_only():
    a, b = new_id(), new_id()
    arrived = [(a, 3), (b, 1), (a, 1), (b, 2), (a, 2)]
    reactions = TALLY.reactions
    items = [Item(*reactions.read(envelope(subject, sequence))) for subject, sequence in arrived]
    ordered = [(item.received.subject, item.received.sequence) for item in in_sequence(items)]
    assert ordered == [(a, 1), (b, 1), (a, 2), (b, 2), (a, 3)]


def test_unreadable_messages_say_what_is_wrong_without_their_values():
    body = envelope(new_id(), 1).replace(b'"value":3', b'"value":"4711 EUR"')
    with pytest.raises(Unreadable) as refused:
        TALLY.reactions.read(body)
    assert refused.value.reason == "unparseable"
    assert "4711" not in str(refused.value)


def test_pauses_grow_to_their_limit_with_jitter():
    pause = pauses(0.1, 1.0)
    for bound in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0):
        assert bound / 2 <= pause() <= bound


@pytest.mark.parametrize(
    ("patterns", "key", "may"),
    [
        (("optima.brief.#",), "optima.brief.submitted.v1", True),
        (("optima.brief.#",), "optima.brief.#", True),
        (("optima.brief.#",), "optima.briefs.submitted.v1", False),
        (("optima.brief.#",), "optima.#", False),
        (("optima.*.opened.v1",), "optima.approval.opened.v1", True),
        (("optima.*.opened.v1",), "optima.*.opened.v1", True),
        (("optima.*.opened.v1",), "optima.#.opened.v1", False),
        (("optima.brief.submitted.v1",), "optima.brief.submittedxv1", False),
        ((), "optima.brief.submitted.v1", False),
        ((), "", True),
    ],
)
def test_what_patterns_let_through(patterns, key, may):
    made = definitions([Access("brief", (), patterns)], {"brief": "x"})
    assert (re.search(made["topic_permissions"][0]["read"], key) is not None) is may


def test_definitions_hold_no_password():
    made = definitions([Access("erp-bridge", (), ())], {"erp_bridge": "hunter2"})
    assert "hunter2" not in str(made)
    assert made["users"][0]["name"] == "erp_bridge"
