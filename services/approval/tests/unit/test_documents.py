"""A document means what it says, and says it once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, get_args, get_origin

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, RootModel, TypeAdapter, ValidationError

from approval.adapters.documents import MOST_BYTES, MOST_NODES, read_document
from approval.application.working_time import WorkingTime
from approval.domain.process import Definition
from approval.domain.subjects import SubjectType
from optima_kit.refusals import Malformed, Violations


class Anything(RootModel[Any]):
    model_config = ConfigDict(arbitrary_types_allowed=True)


def read(text: str, media_type: str = "application/yaml", model: type[BaseModel] = Anything) -> Any:
    return read_document(model, text.encode(), media_type)


KEYS = st.text("abcxyz_-", min_size=1, max_size=4)
PRINTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn", "Co", "Zl", "Zp"]), max_size=6)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), PRINTABLE)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_size=4,
)


@given(DOCUMENTS)
def test_json_and_yaml_read_alike(document):
    assert read(json.dumps(document), "application/json").root == document
    for style in (False, True, None):
        text = yaml.safe_dump(document, default_flow_style=style, allow_unicode=True, width=10**6)
        assert read(text).root == document, text


@given(st.data(), DOCUMENTS)
def test_a_key_that_is_there_twice_is_refused_with_its_place(data, document):
    holders = [document]
    for each in holders:
        for value in each.values() if isinstance(each, dict) else each:
            if isinstance(value, dict | list):
                holders.append(value)
    holder = data.draw(st.sampled_from([each for each in holders if isinstance(each, dict)]))
    holder["first"], holder["second"] = 1, 2
    text = json.dumps(document, indent=1, ensure_ascii=False).replace('"second"', '"first"')
    line = next(i for i, each in enumerate(text.splitlines(), 1) if '"first": 2' in each)
    for media_type in ("application/json", "application/yaml"):
        with pytest.raises(Malformed) as caught:
            read(text, media_type)
        facts = caught.value.facts
        assert (caught.value.code, facts["key"]) == ("document_key_twice", "first")
        assert (facts["line"], facts["first"]) == (line, line - 1)
        assert text.splitlines()[line - 1][int(str(facts["column"])) - 1 :].startswith('"first"')


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("8:30", "8:30"),
        ("14:00", "14:00"),
        ("190:20:30", "190:20:30"),
        ("2026-01-31", "2026-01-31"),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("0b101", "0b101"),
        ("2.500,00", "2.500,00"),
        ("<<", "<<"),
        ("true", True),
        ("~", None),
        ("", None),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("2.500", Decimal("2.500")),
        ("1e3", Decimal("1e3")),
        ('"2.5"', "2.5"),
        ("'true'", "true"),
    ],
)
def test_the_core_schema(written, means):
    found = read(f"a: {written}").root["a"]
    assert (found, type(found)) == (means, type(means))


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: &x 2", "yaml_anchor", 2, 4),
        ("a: &x [y]\nb: *x", "yaml_anchor", 1, 4),
        ("a: !!python/object/apply:os.system [x]", "yaml_tag", 1, 4),
        ("a: 1\n2: b", "yaml_key_not_text", 2, 1),
        ("? [a]\n: b", "yaml_key_not_text", 1, 3),
        ("a: 1\n---\nb: 2", "yaml_several_documents", 2, 1),
        ("a: b: c", "yaml_colon_in_text", 1, 5),
        ("a:\n\tb: 1", "yaml_sign_in_text", 2, 1),
        ("a: 1\nb: @x", "yaml_sign_in_text", 2, 4),
        ("- a\nb: 1", "yaml_indentation", 2, 1),
        ("a: 'x", "malformed_yaml", 1, 6),
        ("a: {b: 1, b: 2}", "document_key_twice", 1, 11),
        ("a: 1\n\na: 2", "document_key_twice", 3, 1),
    ],
)
def test_what_cannot_be_read_has_a_place(text, code, line, column):
    with pytest.raises(Malformed) as caught:
        read(text)
    assert (caught.value.code, caught.value.facts.get("line"), caught.value.facts.get("column")) == (
        code, line, column,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "document_empty"),
        ("# nothing", "document_empty"),
        ("[" * 5000, "document_too_nested"),
        ("a: " + "{b: " * 100, "document_too_nested"),
        ("[" + "a," * 40_000 + "]", "document_too_large"),
        ("{" + ",".join(f"k{i}: [a, b]" for i in range(20_000)) + "}", "document_too_large"),
        ("a: \x00", "malformed_yaml"),
    ],
)
def test_a_document_has_a_largest_size(text, code, calls):
    """However much follows, it is not looked at."""
    assert len(text) <= MOST_BYTES
    with calls() as called, pytest.raises(Malformed) as caught:
        read(text)
    assert caught.value.code == code
    assert called.count < 20 * MOST_NODES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[" * 5000 + "]" * 5000, "document_too_nested"),
        ("[" + "{}," * 5000 + "{}]", "document_too_large"),
        ("[" * 250_000, "document_too_large"),
        ("[" * 100 + "]" * 100, "document_too_nested"),
        ('{"a": NaN}', "malformed_json"),
        ('{"a": ' + "1" * 5000 + "}", "malformed_json"),
        ("{'a': 1}", "malformed_json"),
        ('{"a": {"b": 1,\n "b": 2}}', "document_key_twice"),
        ('[{"a:{": "b", "c": ":"}, {"a": 1, "a": [1]}]', "document_key_twice"),
    ],
)
def test_json_is_read_as_strictly(text, code):
    with pytest.raises(Malformed) as caught:
        read(text, "application/json")
    assert caught.value.code == code


PROCESS = """
key: prova
name: Prova
subject: brief
limits:
  direttore: {limit}
steps:
  - key: uno
    approvers: [{{role: direttore}}]
    due: {{hours: {hours}}}
"""


def read_process(media_type: str, limit: str, hours: str) -> Definition:
    text = PROCESS.format(limit=limit, hours=hours)
    if media_type == "application/json":
        text = json.dumps(yaml.safe_load(PROCESS.format(limit="LIMIT", hours="HOURS")), indent=1)
        text = text.replace('"LIMIT"', limit).replace('"HOURS"', hours)
    found: Definition = read(text, media_type, Definition)
    return found


@pytest.mark.parametrize("media_type", ["application/yaml", "application/json"])
class TestForms:
    @pytest.mark.parametrize("limit", ["2500", "2500.00", '"2500"', '"2500.5"', "0"])
    def test_money(self, media_type, limit):
        found = read_process(media_type, limit, "8").limits["direttore"]
        assert found == Decimal(limit.strip('"'))

    @pytest.mark.parametrize("limit", ["2.500", '"2.500"', '"2.500,00"', '"1.234.567,8"', '"12,50"'])
    def test_italian_money_is_refused_with_the_remedy(self, media_type, limit):
        with pytest.raises(Violations) as caught:
            read_process(media_type, limit, "8")
        (refusal,) = caught.value.refusals
        assert (refusal.code, refusal.field) == ("italian_number", "limits.direttore")
        assert refusal.facts["write"] in ("2500", "2500.00", "1234567.8", "12.50")
        assert refusal.facts.get("line") == (6 if media_type == "application/yaml" else None)

    @pytest.mark.parametrize("limit", ["-1", "1e3", '" "', "true", '"molto"', "1.2345", "[]"])
    def test_other_money_is_refused(self, media_type, limit):
        with pytest.raises(Violations) as caught:
            read_process(media_type, limit, "8")
        assert [(r.code, r.field) for r in caught.value.refusals] == [("money_form", "limits.direttore")]

    @pytest.mark.parametrize(
        ("hours", "code"),
        [
            ('"8:30"', "hours_as_clock"), ('"8,5"', "italian_number"), ('"PT8H"', "hours_form"),
            ("-8", "hours_form"), ("0", "greater_than"), ("8.555", "italian_number"),
        ],
    )  # fmt: skip
    def test_hours(self, media_type, hours, code):
        with pytest.raises(Violations) as caught:
            read_process(media_type, "1", hours)
        (refusal,) = caught.value.refusals
        assert (refusal.code, refusal.field) == (code, "steps[0].due.hours")
        if code == "hours_as_clock":
            assert refusal.facts["write"] == "8.5"


def test_times_of_day_are_no_numbers():
    text = "week: {monday: [[09:00, 13:00], [14:00, 18:30]]}"
    found = read(text, model=WorkingTime)
    assert "14:00" in json.dumps(found.model_dump(mode="json"))


ODD_FORMS: dict[type, list[Any]] = {
    bool: ["yes", "no", "on", "true", "", 0, 1, "1", Decimal("1.0")],
    int: ["3", "٣", True, 3.0, Decimal("3.0"), Decimal("1e1"), "3.0", ""],
    time: [9, 32400, "9", "9:00", "09", "0900", "09.00", Decimal("9.30"), True, "09:00Z", "24:00"],
    date: [0, 86400, "0", "20261224", "24/12/2026", "2026-12-24T00:00:00", "2026-02-30", "2026-W52-4", True],
}
"""By type: what pydantic by itself would take for one, or people would, and a document doesn't mean."""
Wrap = Callable[[Any], Any]


def scalars_in(hint: Any, wrap: Wrap = lambda value: value) -> Iterator[tuple[Any, Wrap]]:
    """The types in a hint, each with what puts a value into its place."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is list:
        yield from scalars_in(inner[0], lambda value: wrap([value]))
    elif origin is tuple:
        yield from scalars_in(inner[0], lambda value: wrap([value] * len(inner)))
    elif origin is dict:
        yield from scalars_in(inner[1], lambda value: wrap({"a": value}))
    elif origin is Annotated:
        yield from scalars_in(inner[0], wrap)
    elif inner:
        for each in inner:
            yield from scalars_in(each, wrap)
    else:
        yield hint, wrap


def fields_of(*models: type[BaseModel]) -> Iterator[Any]:
    """Every field of the models, and of those inside them, that holds a flag, a whole number, a time or a
    day, and no text as well."""
    inside = [*models]
    for model in inside:
        for name, field in model.model_fields.items():
            found = list(scalars_in(field.annotation))
            # In one order in every process: the workers of a run compare what they have collected.
            kinds = dict.fromkeys(kind for kind, _ in found)
            inside += [
                k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel) and k not in inside
            ]
            for kind, wrap in found if str not in kinds else ():
                if kind in ODD_FORMS:
                    form = TypeAdapter(Annotated[field.annotation, name, *field.metadata])
                    yield pytest.param(form, kind, wrap, id=f"{model.__name__}.{name}")


@pytest.mark.parametrize(("form", "kind", "wrap"), [*fields_of(Definition, SubjectType, WorkingTime)])
def test_no_other_form_is_taken_for_the_one_that_is_meant(form, kind, wrap):
    for odd in ODD_FORMS[kind]:
        with pytest.raises(ValidationError):
            form.validate_python(wrap(odd))
    meant = {bool: True, int: 1, time: "09:00", date: "2026-12-24"}[kind]
    if kind is not time:
        form.validate_python(wrap(meant))


def test_a_refusal_names_the_line():
    steps = "  - key: uno\n    quorum: metà\n  - key: due\n    approvers: []\n"
    text = f"key: prova\nname: Prova\nsubject: brief\nsteps:\n{steps}"
    with pytest.raises(Violations) as caught:
        read(text, model=Definition)
    found = {(refusal.field, refusal.facts.get("line")) for refusal in caught.value.refusals}
    assert found == {("steps[0].approvers", 5), ("steps[0].quorum", 6), ("steps[1].approvers", 8)}


@pytest.mark.parametrize(
    ("document", "field", "write"),
    [
        ({"key": "Approvazione Città"}, "key", "approvazione-citta"),
        ({"key": "è-tutto"}, "key", "e-tutto"),
        ({"subject": "ordine-d'acquisto"}, "subject", "ordine_d_acquisto"),
        ({"limits": {"Direttore Generale": "1"}}, "limits.Direttore Generale", "direttore-generale"),
    ],
)
def test_a_key_with_accents_or_capitals_is_told_what_to_write(document, field, write):
    base = {"key": "a", "name": "A", "subject": "b", "steps": [{"key": "u", "approvers": [{"role": "r"}]}]}
    with pytest.raises(Violations) as caught:
        read(json.dumps(base | document), model=Definition)
    assert [(r.code, r.field, r.facts["write"]) for r in caught.value.refusals] == [
        ("key_form", field, write)
    ]


WHOLE = yaml.safe_load("""
key: prova
name: Prova
subject: brief
limits: {direttore: "10.00", admin: unlimited}
steps:
  - key: uno
    when: brief.budget > 1.0
    approvers: [{role: a}, {manager: {of: requester, take: direct, levels: 2}}, {person: x@example.it}]
    quorum: {at_least: 1}
    rejection: {percent: 50}
    if_too_few: {ask: [{role: b, group: g}]}
    on_rejection: {back_to: zero}
    due: {hours: 8, remind: [2], then: [escalate]}
    evidence: {media_types: [application/pdf], at_most: 2, required: true}
    allows: [abstain]
    reasons: [approve]
    requires: [purpose]
  - key: rami
    join: {at_least: 1}
    parallel:
      - {key: r1, steps: [{key: due, approvers: [{unit: u}]}]}
      - key: r2
        steps:
          - key: casi
            match: first
            choose:
              - {key: c1, when: brief.budget > 1.0}
              - {key: c2, steps: [{key: tre, approvers: [{field: f}]}]}
""")
JUNK = st.sampled_from((None, -1, 3.7, "", "???", "Città", [], {}, [[1]], {"x": {"y": 1}}, True))


def paths_in(value: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Every place of a document, with what holds it."""
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = [(name, f"{path}.{name}" if path else name) for name in value]
    elif isinstance(value, list):
        inner = [(index, f"{path}[{index}]") for index in range(len(value))]
    return [each for key, here in inner for each in [(here, value, key), *paths_in(value[key], here)]]


@given(st.data(), JUNK)
def test_refusals_name_places_that_the_document_has(data, junk):
    """Or a field that is missing in one that it has."""
    document = copy.deepcopy(WHOLE)
    path, holder, key = data.draw(st.sampled_from(paths_in(document)))
    how = data.draw(st.sampled_from(("replace", "remove", "add")))
    if how == "replace":
        holder[key] = junk
    elif how == "remove":
        del holder[key]
    elif isinstance(holder, dict):
        holder["altro"] = junk
    try:
        read(yaml.safe_dump(document, allow_unicode=True), model=Definition)
    except Violations as violations:
        known = {"", *(each for each, _, _ in paths_in(document))}
        for refusal in violations.refusals:
            where = refusal.field or ""
            assert where in known or where.rpartition(".")[0] in known, (path, how, refusal)
            assert refusal.facts["line"]
