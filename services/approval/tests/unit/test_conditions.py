"""Conditions are understood before they run."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approval.adapters.cel import CelConditions
from approval.domain.conditions import IllTyped, read_condition
from approval.domain.reasoning import All, Not, Opaque, Property, Quantity, Some
from approval.domain.subjects import DatedContent, FieldType, SubjectType

ORDER = SubjectType.model_validate(
    {
        "key": "order",
        "name": "Order",
        "fields": {
            "total": {"type": "money"},
            "count": {"type": "whole"},
            "kind": {"type": "text"},
            "urgent": {"type": "flag"},
            "due": {"type": "date"},
            "owner": {"type": "person"},
            "discount": {"type": "money", "optional": True},
            "lines": {"type": "list", "fields": {"kind": {"type": "text"}, "amount": {"type": "money"}}},
            "tags": {"type": "list", "of": "text"},
        },
    }
)


@pytest.mark.parametrize(
    "expression",
    [
        "order.total > 5000.0",
        "order.total > 5000 && order.kind == 'POP'",
        "!order.urgent || order.count in [1, 2, 3]",
        "'vip' in order.tags",
        "order.lines.exists(l, l.kind == 'gadget' && l.amount >= 10.5)",
        "size(order.lines) > 3 || order.lines.size() == 0",
        "order.due < timestamp('2026-12-31T00:00:00Z') + duration('24h')",
        "has(order.discount) && order.discount > 10.0",
        "!has(order.discount) || order.discount > 10.0",
        "has(order.discount) ? order.discount > 10.0 : false",
        "'director' in order.owner.roles",
        "order.kind.startsWith('P') && order.kind.matches('^[A-Z]+$')",
        "order.lines.filter(l, l.amount > 1.0).map(l, l.kind) == ['a']",
        "double(order.count) * 1.5 >= order.total",
        "-order.count < 3",
        "(order.total) > -1.0 ",
        "sum(order.lines.map(l, l.amount)) > 5000.0",
        "sum(order.lines.filter(l, lower(l.kind) == 'gadget').map(l, l.amount)) * 2.0 > order.total",
        "size(order.lines.filter(l, l.amount > 10.0)) >= 3",
        "count(order.lines.map(l, lower(l.kind) == 'gadget')) >= 3",
        "sum(order.lines.map(l, l.kind == 'gadget' ? l.amount : 0.0)) >= 3.0",
        "order.due < today + days(10) && today > timestamp('2026-12-31T00:00:00Z')",
        "order.due - today <= duration('240h')",
        "lower(order.kind) in ['pop', 'gadget'] || lower(order.kind).startsWith('caffè')",
        "order.lines.exists(today, today.amount > 1.0) && order.due > today",
    ],
)
def test_well_typed(expression):
    assert not read_condition(expression, ORDER).unguarded


@pytest.mark.parametrize(
    ("expression", "code", "near"),
    [
        ("order.totale > 5000.0", "condition_unknown_field", "totale"),
        ("ordine.total > 5000.0", "condition_unknown_name", "ordine"),
        ("order.total > '5000'", "condition_types_differ", "'5000'"),
        ("order.total", "condition_not_boolean", "order.total"),
        ("order.total + 1", "condition_types_differ", "+"),
        ("order.kind > ", "condition_unreadable", "…"),
        ("order.kind == 'a' order", "condition_unreadable", "order"),
        ("order.kind & order.urgent", "condition_write", "&"),
        ("order.urgent | order.urgent", "condition_write", "|"),
        ("order.urgent and order.urgent", "condition_write", "and"),
        ("order.urgent e order.total > 1.0", "condition_write", "e"),
        ("order.urgent OR order.urgent", "condition_write", "OR"),
        ("non order.urgent", "condition_write", "non"),
        ("not(order.urgent)", "condition_write", "not"),
        ("order.urgent == True", "condition_write", "True"),
        ("order.kind = 'a'", "condition_write", "="),
        ("order.total => 1.0", "condition_write", "=>"),
        ("order.total <> 1.0", "condition_write", "<>"),
        ("order.kind == “a”", "condition_quotes", "“"),
        ("order.città == 'a'", "condition_accent", "città"),
        ("order.total > 5.000,00", "condition_italian_number", "5.000,"),
        ("order.total > 5,5", "condition_italian_number", "5,"),
        ("order.total > 5€", "condition_unreadable", "€"),
        ("order.urgent && order.kind", "condition_wrong_type", "order"),
        ("order.kind in 'abc'", "condition_not_a_list", "in"),
        ("order.count in ['a']", "condition_types_differ", "in"),
        ("order.lines > 3", "condition_types_differ", "3"),
        ("order.owner > order.owner", "condition_not_ordered", ">"),
        ("order.lines[0].amount > 1.0", "condition_index_may_miss", "["),
        ("order.kind.foo()", "condition_unknown_function", "foo"),
        ("launch(order.kind)", "condition_unknown_function", "launch"),
        ("order.kind.matches(order.kind)", "condition_bad_literal", "kind"),
        ("order.due < timestamp('domani')", "condition_bad_literal", "domani"),
        ("order.lines.exists(order, true)", "condition_name_taken", "order"),
        ("order.kind.length > 3", "condition_no_fields", "length"),
        ("(" * 50 + "true" + ")" * 50, "condition_too_nested", "("),
        ("!order.total", "condition_wrong_type", "order"),
        ("has(order)", "condition_bad_operation", "has"),
        ("sum(order.lines) > 1.0", "condition_bad_operation", "sum"),
        ("sum(order.tags) > 1.0", "condition_bad_operation", "sum"),
        ("sum(order.total) > 1.0", "condition_bad_operation", "sum"),
        ("count(order.lines) > 1", "condition_bad_operation", "count"),
        ("order.due < today + 10", "condition_types_differ", "+"),
        ("order.due < today + days(order.count)", "condition_days", "order"),
        ("order.due < today + days(10000)", "condition_days", "10000"),
        ("order.due < days(10)", "condition_types_differ", "days"),
        ("order.due < '2026-12-31'", "condition_date", "'2026-12-31'"),
        ("31/12/2026 > order.due", "condition_date", "due"),
        ("order.due < order.owner", "condition_types_differ", "owner"),
        ("order.due in ['2026-12-31']", "condition_types_differ", "in"),
        ("order.count in (1, 2)", "condition_write", "("),
        ("order.count in(1,2)", "condition_write", "("),
        ("order.kind in ('a', 'b')", "condition_write", "("),
        ("order.discount != null", "condition_write", "null"),
        ("order.discount is null", "condition_write", "is"),
        ("order.due == today()", "condition_write", "today()"),
        ("order.due > now()", "condition_write", "now"),
        ("order.due > Oggi", "condition_write", "Oggi"),
        ("today.year > 2026", "condition_no_fields", "year"),
        ("has(today)", "condition_bad_operation", "has"),
        ("lower(order.total) == 'a'", "condition_bad_operation", "lower"),
    ],
)
def test_ill_typed(expression, code, near):
    with pytest.raises(IllTyped) as caught:
        read_condition(expression, ORDER)
    assert caught.value.code == code
    if near not in ("order", "("):
        assert caught.value.near == near
    assert 1 <= caught.value.column <= len(expression) + 1


@pytest.mark.parametrize(
    "expression",
    [
        "order.discount > 10.0",
        "order.urgent || order.discount > 10.0",
        "has(order.discount) || order.discount > 10.0",
        "has(order.discount) ? true : order.discount > 1.0",
        "order.discount > 10.0 && has(order.discount)",
    ],
)
def test_an_optional_field_without_a_guard_is_noticed(expression):
    assert read_condition(expression, ORDER).unguarded == {"discount"}


def test_what_a_guarded_field_is_in_has_to_be_there_too():
    fields = {"tax": {"type": "text", "optional": True}}
    kind = {"key": "o", "name": "O", "fields": {"to": {"type": "record", "optional": True, "fields": fields}}}
    order = SubjectType.model_validate(kind)
    assert read_condition("has(o.to.tax)", order).unguarded == {"to"}
    assert read_condition("has(o.to) && has(o.to.tax)", order).unguarded == set()


def test_it_knows_what_is_tested():
    formula = read_condition(
        "10.0 < order.total && (order.kind in ['a', 'b'] || !order.urgent)", ORDER
    ).formula
    total, kind = Quantity("total", "number", least=0), Quantity("kind", "text")
    urgent = Property(Quantity("urgent", "flag"), "==", True)
    tests = Some((Property(kind, "in", ("a", "b")), Not(urgent)))
    assert formula == All((Property(total, ">", Decimal("10.0")), tests))
    assert isinstance(read_condition("order.total * 2.0 > 10.0", ORDER).formula, Opaque)


ANY = SubjectType.model_validate(
    {
        "key": "any",
        "name": "Any",
        "fields": {
            "a": {"type": "whole"},
            "b": {"type": "whole"},
            "s": {"type": "text"},
            "when": {"type": "date"},
            "rows": {"type": "list", "fields": {"n": {"type": "whole"}}},
        },
    }
)


@pytest.mark.parametrize(
    ("expression", "content"),
    [
        ("any.a / any.b > 1", {"a": 1, "b": 0}),
        ("any.a % any.b > 1", {"a": 1, "b": 0}),
        ("any.a * any.a * any.a > 1", {"a": 10**12}),
        ("any.a > 1", {}),
        ("any.rows.exists(r, r.n > 1)", {"rows": [{}]}),
        ("any.rows.exists(r, r.n > 1)", {"rows": [{"n": "molti"}]}),
        ("any.a * 9223372036854775807 > 1", {"a": 10**12}),
        ("any.a + any.a * 9223372 > 1", {"a": 10**12}),
        ("-any.a - 9223372036854775807 > 1", {"a": 10**12}),
        ("any.when + duration('9999999h') > any.when", {"when": "9999-12-31"}),
        ("any.when + duration('99999999999h') > any.when", {"when": "9999-12-31"}),
        ("any.when" + " + duration('9999999h')" * 60 + " > any.when", {"when": "2026-01-01"}),
        ("any.when < timestamp('2026-02-30T00:00:00Z')", {"when": "2026-01-01"}),
        ("any.s.matches('(?=a)')", {"s": "a"}),
    ],
)
def test_what_cannot_be_told_is_never_an_answer(expression, content):
    try:
        predicate = CelConditions().compile(expression, ANY)
    except IllTyped:
        return
    with pytest.raises(ValueError, match=r"any\.|mistyped"):
        predicate(DatedContent(content, None))


@pytest.mark.parametrize(
    "expression",
    [
        "(any.a > 0 ? any.a * 9000000 : any.b) * 9000000 > 1",
        "(any.a > 0 ? any.b : any.a * 9000000) * 9000000 > 1",
        "(any.a > 0 ? 9223372036854775807 : any.b) * 2 > 1",
        "int(any.a * 9000000) * 9000000 > 1",
        "int(double(any.a) * 9000000.0) * 9000000 > 1",
        "int(double(any.a) / 0.0000001) > 1",
        "int(9.3e18) > 1",
        "int(double(9223372036854775807)) > 1",
        "int(sum(any.rows.map(r, r.n))) * 100000 > 1",
        "int(sum(any.rows.map(r, r.n * 9000000))) > 1",
        "any.rows.map(r, r.n * 9000000).exists(x, x * 9000000 > 1)",
        "any.rows.map(r, r.n * 9000000).filter(x, x > 1).exists(x, x * 9000000 > 1)",
        "any.rows.map(r, 9000000000000000000).exists(x, x * 2 > 1)",
        "any.rows.map(r, any.rows.map(s, s.n * r.n)).exists(l, l.exists(x, x * 2 > 1))",
        "[1, any.a * 9000000].exists(x, x * 9000000 > 1)",
        "[9000000000000000000, 1].exists(x, x * 2 > 1)",
        "any.rows.map(r, r.n * 9000000).all(today, any.rows.all(x, x.n > 1) && today * 9000000 > 1)",
    ],
)
def test_a_whole_number_is_never_further_than_it_may_be(expression):
    assert "condition_may_overflow" in [fault.code for fault in read_condition(expression, ANY).faults]


@pytest.mark.parametrize(
    "expression",
    [
        "(order.urgent ? 1 : 2.5) + 1 > 2",
        "order.total > (order.urgent ? 500 : order.total)",
        "[order.count, order.total].exists(n, n > 1)",
        "[1, 2.5].exists(n, n + 1 > 2)",
        "[1.5, 2].map(n, n * 2.0) == [3.0]",
        "(order.urgent ? [1] : [2.5]).exists(n, n + 1 > 2)",
        "(order.urgent ? [1, 2.5] : [3]).exists(n, n + 1 > 2)",
        "(order.urgent ? [3] : [1, 2.5]).exists(n, n + 1 > 2)",
        "(order.urgent ? [] : [1, 2.5]).exists(n, true)",
        "[[1, 2.5]].exists(l, l.exists(n, n + 1 > 2))",
        "[[1], [1, 2.5]].exists(l, l.exists(n, n + 1 > 2))",
        "[[1], [2.5]].exists(l, l.exists(n, n + 1 > 2))",
        "[[], [1], [2.5]].exists(l, l.exists(n, n + 1 > 2))",
        "(order.urgent ? [1] : (order.count > 3 ? [] : [2.5])).exists(n, n + 1 > 2)",
        "order.lines.map(l, [1, 2.5]).exists(l, l.exists(n, n + 1 > 2))",
    ],
)
def test_what_may_be_of_either_type_is_not_published(expression):
    faults = [fault.code for fault in read_condition(expression, ORDER).faults]
    assert faults == ["condition_types_differ"]


def box(text: dict[str, Any], **more: Any) -> FieldType:
    rows = {"type": "list", "fields": {"text": text}} | more
    return FieldType.model_validate({"type": "record", "fields": {"rows": rows}})


TEXTS = box({"type": "text"})


@pytest.mark.parametrize(
    ("one", "other", "faults"),
    [
        (TEXTS, box({"type": "text", "privilege": "brief.budget.read"}), []),
        (TEXTS, box({"type": "text"}, privilege="brief.budget.read", at_most=7), []),
        (TEXTS, box({"type": "text", "optional": True}), ["condition_records_differ"]),
        (TEXTS, box({"type": "whole"}), ["condition_records_differ"]),
        (TEXTS, FieldType(type="unit"), ["condition_records_differ"]),
        (box({"type": "money"}), box({"type": "number"}), ["condition_records_differ"]),
        (
            box({"type": "list", "of": "money"}),
            box({"type": "list", "of": "number"}),
            ["condition_records_differ"],
        ),
    ],
)
@pytest.mark.parametrize(
    "expression", ["(order.urgent ? order.one : order.other) == order.one", "[order.one, order.other] == []"]
)
def test_records_go_together_if_their_fields_do(one, other, faults, expression):
    fields = {**ORDER.fields, "one": one, "other": other}
    order = ORDER.model_copy(update={"fields": fields})
    assert [fault.code for fault in read_condition(expression, order).faults] == faults


@pytest.mark.parametrize(
    "expression",
    [
        "order.total in [1000, 2500.5]",
        "(order.urgent ? 1.0 : 2.5) + 1.0 > 2.0",
        "order.kind in (order.urgent ? [] : ['a', 'b'])",
        "[order.owner, order.owner].exists(p, p.id == 'x')",
        "[[1, 2.5]].exists(l, 2.5 in l)",
        "order.total in (order.urgent ? [1, 2.5] : [3])",
        "(order.urgent ? [] : ['a']).exists(x, x.startsWith('b'))",
        "[[], ['a']].exists(l, l.exists(x, x.startsWith('b')))",
    ],
)
def test_what_is_of_one_type_is_published(expression):
    assert read_condition(expression, ORDER).faults == []


def numbers(depth: int) -> st.SearchStrategy[str]:
    """Whole ones."""
    leaves = st.sampled_from(["any.a", "any.b", "1", "3", "7", "3000", "4611686018427387904"])
    if depth == 0:
        return leaves
    inner = numbers(depth - 1)
    doubles = st.builds("double({})".format, inner) | st.builds("sum({})".format, lists(depth - 1))
    divided = st.builds("{} / {}".format, doubles, st.sampled_from(["0.001", "1.5", "300.0"]))
    reckoned = st.builds("{} {} {}".format, doubles, st.sampled_from("+-*"), doubles)
    return (
        leaves
        | st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), leaves)
        | st.builds("(any.a > any.b ? {} : {})".format, inner, inner)
        | st.builds("int({})".format, inner | doubles | divided | reckoned)
        | st.builds("(-{})".format, inner)
    )


def lists(depth: int) -> st.SearchStrategy[str]:
    """Of whole numbers."""
    made = st.builds("[{}, {}]".format, numbers(depth), numbers(depth)) | st.builds(
        f"any.rows.map(r{depth}, r{depth}.n {{}} {{}})".format, st.sampled_from("+-*"), numbers(depth)
    )
    if depth == 0:
        return made
    kept = st.builds("{}.filter(x, x > {})".format, lists(depth - 1), numbers(0))
    return made | kept | st.builds("{}.map(x, x + {})".format, lists(depth - 1), numbers(0))


FAR = st.sampled_from([10**12, -(10**12), 0])


@given(st.builds("{}.exists(y, y * {} > 1)".format, lists(2), numbers(2)), FAR, FAR, FAR)
def test_what_is_published_overflows_for_no_subject(expression, a, b, n):
    with suppress(IllTyped):
        reading = read_condition(expression, ANY)
        if not reading.faults:
            condition = CelConditions().compile(expression, ANY, reading)
            condition(DatedContent({"a": a, "b": b, "rows": [{"n": n}] * 3}, None))


@pytest.mark.parametrize(
    "expression",
    [
        "(any.a > 0 ? 3 : 4) * 1000000000000000000 > 1",
        "int(any.a * 3) * 1000000 > 1",
        "int(double(any.a) / 300.0) * 3000000 > 1",
        "int(sum(any.rows.map(r, r.n)) * 100.0) > 1",
        "any.rows.map(r, r.n * 3).exists(x, x * 1000000 > 1)",
        "any.rows.map(x, x.n * 9000000).all(x, x > 1) && any.rows.all(x, x.n * 9000000 > 1)",
    ],
)
def test_a_whole_number_may_be_as_far_as_whole_numbers_go(expression):
    assert read_condition(expression, ANY).faults == []


@given(
    st.integers(0, 60),
    st.decimals(0, 10**20, places=2).map(str) | st.integers(0, 10**300).map(str),
    st.sampled_from(["h", "m", "s", "ms"]),
    st.sampled_from("+-"),
)
def test_however_long_durations_are_a_condition_is_read_or_refused(times, count, unit, sign):
    moved = "any.when" + f" {sign} duration('{count}{unit}')" * times
    for expression in (f"{moved} < any.when", f"{moved.replace('any.when', 'today')} < any.when"):
        with suppress(IllTyped):
            CelConditions().compile(expression, ANY)


TODAY = date(2026, 11, 23)


def holds(expression: str, subject: SubjectType = ORDER, **content: Any) -> bool:
    return CelConditions().compile(expression, subject)(DatedContent(content, TODAY))


def test_cents_add_up():
    """As amounts are written, not as doubles come out: 0.1 + 0.2 is 0.3."""
    amounts = {"a": "0.10", "b": "0.20", "A": "4.70"}
    lines = [{"kind": kind, "amount": amount} for kind, amount in amounts.items()]
    assert holds("sum(order.lines.map(l, l.amount)) == 5.0", lines=lines)
    assert holds("sum(order.lines.filter(l, lower(l.kind) == 'a').map(l, l.amount)) == 4.8", lines=lines)
    assert holds("sum(order.lines.map(l, l.amount)) + 1.0 == 1.0", lines=[])


CENTS = st.decimals(0, 10**6, places=2)


@given(CENTS, CENTS, st.decimals("0.01", 1000, places=2), st.decimals("0.5", 1000, places=1))
def test_what_is_reckoned_is_reckoned_in_decimals(price, discount, quantity, share):
    thing = {"price": str(price), "discount": str(discount), "quantity": str(quantity)}
    wanted = {
        "t.price - t.discount": price - discount,
        "t.price + t.discount * t.quantity": price + discount * quantity,
        "(t.price - t.discount) * t.quantity - t.price": (price - discount) * quantity - price,
        f"-t.price * {share} / 100.0": -price * share / 100,
        "sum([t.price, t.discount].map(a, a * t.quantity))": (price + discount) * quantity,
    }
    for expression, value in wanted.items():
        assert holds(f"{expression} == double({value:.6f})", RECKONED, **thing), expression
        assert not holds(f"{expression} > {value:.6f}", RECKONED, **thing), expression


RECKONED = SubjectType.model_validate(
    {
        "key": "t",
        "name": "T",
        "fields": {name: {"type": "number"} for name in ("price", "discount", "quantity")},
    }
)


def test_a_version_of_before_reckons_in_doubles():
    thing = DatedContent({"price": "0.3", "discount": "0.1", "quantity": "1"}, TODAY)
    for exact in (True, False):
        condition = CelConditions().compile("t.price - t.discount >= 0.2", RECKONED, exact=exact)
        assert condition(thing) is exact


def test_reckonings_are_as_many_as_cel_can_read():
    longest = "t.price" + " + t.price" * 40
    assert holds(f"{longest} == 41.0", RECKONED, price="1.0")
    assert holds("(" * 38 + "t.price" + " + t.price)" * 38 + " == 39.0", RECKONED, price="1.0")
    with pytest.raises(IllTyped) as refused:
        read_condition(f"{longest} + t.price == 42.0", RECKONED)
    assert refused.value.code == "condition_too_nested"


def test_rows_are_counted():
    lines = [{"kind": kind, "amount": "1"} for kind in ("Gadget", "gadget", "pop")]
    assert holds("count(order.lines.map(l, lower(l.kind) == 'gadget')) == 2", lines=lines)
    assert holds("count(order.lines.map(l, l.amount > 5.0)) == 0", lines=[])


@given(st.lists(st.decimals(0, 10**9, places=2), max_size=200))
def test_a_sum_is_that_of_the_decimals(amounts):
    lines = [{"kind": "a", "amount": str(each)} for each in amounts]
    assert holds(f"sum(order.lines.map(l, l.amount)) == {sum(amounts, Decimal('0.0'))}", lines=lines)


@pytest.mark.parametrize(
    ("due", "days", "expected"),
    [("2026-12-02", 10, True), ("2026-12-03", 10, False), ("2026-11-22", 0, True), ("2026-11-23", 0, False)],
)
def test_days_count_from_today(due, days, expected):
    assert holds(f"order.due < today + days({days})", due=due) is expected
    assert holds(f"order.due - today < days({days})", due=due) is expected
    assert holds(f"order.due - today < duration('{24 * days}h')", due=due) is expected


def test_a_subject_and_a_row_may_be_called_today():
    """As they could be before the day had the name."""
    thing = SubjectType.model_validate({"key": "today", "name": "T", "fields": {"n": {"type": "whole"}}})
    assert holds("today.n > 1", thing, n=2)
    assert holds("order.lines.exists(today, today.amount > 1.0)", lines=[{"kind": "a", "amount": "2"}])


def test_capital_letters_make_no_difference():
    for kind in ("caffè", "CAFFÈ", "Caffè"):
        assert holds("lower(order.kind) == 'caffè' && lower(order.kind).contains('ffè')", kind=kind)


@pytest.mark.parametrize(
    "expression",
    ["lower(order.kind) == 'POP'", "'Pop' == lower(order.kind)", "lower(order.kind) in ['pop', 'GADGET']",
     "lower(order.kind).contains('POP')"],
)  # fmt: skip
def test_a_text_in_small_letters_is_compared_with_such(expression):
    assert [fault.code for fault in read_condition(expression, ORDER).faults] == [
        "condition_wants_lower_case"
    ]
