"""Signatures of events: genuine ones hold, and nothing else does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from optima_contracts.catalogue import every_event_type
from optima_contracts.publishers import publishers_of
from optima_contracts.signatures import TOGETHER, EventKeys, EventSigner, Forged
from optima_kit.settings import Settings
from optima_kit.signing import public_keys
from optima_local.access import load_access

BRIEF, OTHER = EventSigner("the secret of brief"), EventSigner("the secret of another")
KEYS = EventKeys([f"brief={BRIEF.public_key}", f"approval={OTHER.public_key}"])
TYPE = "optima.brief.submitted.v1"
events = st.lists(
    st.binary(max_size=30).map(lambda raw: b'{"data":"' + raw.hex().encode() + b'"}'), min_size=1
)


def holds(event, source="/optima/brief", type_=TYPE, keys=KEYS):
    try:
        keys.check(event, source, type_)
    except Forged:
        return False
    return True


@given(events)
def test_each_event_of_a_batch_holds_by_itself_and_in_any_order(batch):
    signed = BRIEF.signed(batch)
    fresh = EventKeys([f"brief={BRIEF.public_key}"])
    assert all(holds(event, keys=fresh) for event in reversed(signed))
    assert [event.rpartition(b',"signature":"')[0] + b"}" for event in signed] == batch


@given(events, st.data())
def test_whatever_is_changed_breaks_it(batch, data):
    signed = data.draw(st.sampled_from(BRIEF.signed(batch)))
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != signed[place]))
    # The last character of base64 carries bits that mean nothing: they are no part of the signature.
    if place != len(signed) - 3:
        assert not holds(signed[:place] + bytes((other,)) + signed[place + 1 :])


@pytest.mark.parametrize("size", [1, 2, 3, 5, TOGETHER, TOGETHER + 1])
def test_one_events_signature_is_none_for_another(size):
    signed = BRIEF.signed([b'{"n":%d}' % n for n in range(size)])
    _, _, tag = signed[0].rpartition(b',"signature":"')
    assert not holds(b'{"n":99,"signature":"' + tag)
    for event in signed[1:]:
        assert not holds(event.rpartition(b',"signature":"')[0] + b',"signature":"' + tag)


def test_only_its_own_source_and_types_count():
    (event,) = BRIEF.signed([b'{"data":{}}'])
    assert holds(event)
    assert not holds(event, source="/optima/approval")
    assert not holds(event, source="/optima/stranger")
    assert not holds(event, type_="optima.identity.person_changed.v1")
    assert not holds(event, type_="optima.economics.job_set.v1")


@pytest.mark.parametrize(
    "event",
    [b'{"data":{}}', b'{"data":{},"signature":""}', b'{"data":{"a":1,"signature":"AAAA"}}', b"no event", b""],
)
def test_no_signature_is_none(event):
    assert not holds(event)


def test_while_unsigned_events_pass_a_wrong_signature_does_not():
    keys = EventKeys([f"brief={BRIEF.public_key}"], unsigned=True)
    assert holds(b'{"data":{}}', keys=keys)
    assert not holds(OTHER.signed([b'{"data":{}}'])[0], keys=keys)


def test_a_key_takes_over_from_another():
    keys = EventKeys([f"brief={BRIEF.public_key}", f"brief={OTHER.public_key}"])
    for signer in (BRIEF, OTHER):
        assert holds(signer.signed([b'{"data":{}}'])[0], keys=keys)


def test_every_type_is_published_by_whom_the_broker_lets_publish_it():
    granted = {
        type_: {
            name
            for name, access in load_access().items()
            if any(type_ == key or type_.startswith(key.removesuffix("#")) for key in access.publishes)
        }
        for type_ in every_event_type()
    }
    assert granted == {type_: set(publishers_of(type_)) for type_ in granted}


def test_a_wrong_key_is_named():
    given_keys = public_keys({"brief": "a", "erp-bridge": "b"})
    common = {
        "database_url": SecretStr("x"),
        "database_backbone_url": SecretStr("x"),
        "broker_url": SecretStr("x"),
        "issuer": "x",
        "jwks_url": "x",
        "environment": "demonstration",
    }
    assert len(Settings(**common, event_keys=given_keys).event_keys) == 2
    with pytest.raises(ValidationError, match="brief: an Ed25519 public key is 43 characters"):
        Settings(**common, event_keys=given_keys.replace("brief=", "brief=A"))
