"""A body says each thing once."""

from __future__ import annotations

import copy
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optima_kit.http.requests import every_key_is_there_once
from optima_kit.refusals import Malformed

TEXTS = st.text(st.sampled_from('a:{}[],"\\\u00e0\n'), max_size=5)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def objects_in(document: Any) -> list[dict[str, Any]]:
    found, inside = [], [document]
    for each in inside:
        if isinstance(each, dict):
            found.append(each)
            inside.extend(each.values())
        elif isinstance(each, list):
            inside.extend(each)
    return found


@given(DOCUMENTS, st.booleans(), st.data())
def test_a_key_that_is_there_twice_is_refused_wherever_it_is(document, escaped, data):
    def read(text: str) -> None:
        every_key_is_there_once(text.encode(), orjson.loads(text))

    # orjson knows no integers beyond 64 bits.
    written = json.dumps(document, ensure_ascii=escaped)
    read(written)
    doubled = copy.deepcopy(document)
    if objects := objects_in(doubled):
        each = data.draw(st.sampled_from(objects))
        each["first"], each["second"] = data.draw(DOCUMENTS), 1
        text = json.dumps(doubled, ensure_ascii=escaped)
        read(text)
        with pytest.raises(Malformed) as caught:
            read(text.replace('"second"', '"fir\\u0073t"'))
        assert (caught.value.code, caught.value.facts["key"]) == ("json_key_twice", "first")


def test_a_body_of_numbers_and_levels_beyond_measure_is_read_as_before():
    nested = '{"a":' * 900 + "1" + "}" * 900
    long = '{"t": "a:b", "n": ' + "9" * 5000 + "}"
    for text in (nested, long):
        try:
            document = orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        every_key_is_there_once(text.encode(), document)
