"""Every form that is sent with one thing wrong says so, keeps the rest, and keeps the bars of its page.

Of the forms of all pages each is tried once, for the first role that has it.
"""

from __future__ import annotations

from typing import Any, Final

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from optima_kit.testing.nights import NIGHTLY

from .conftest import ROLES, Portal
from .reading import Form, Reading
from .test_pages import LOOKS, UNFOLD, is_as_wide_and_accessible, lines_shown, one_of, reads_well

pytestmark = [
    pytest.mark.servers,
    pytest.mark.journey,
    pytest.mark.xdist_group("stack"),
    pytest.mark.timeout(900),
    NIGHTLY,
]

MAKE_WRONG: Final = """form => {
    const chosen = ["hidden", "checkbox", "radio", "file", "submit", "button", "fieldset", "select-one"];
    const can = each => each.name && !each.disabled && !chosen.includes(each.type);
    const typed = [...form.elements].filter(can);
    const strict = ["date", "datetime-local", "time", "number"];
    // They count where something else is chosen.
    const counted = each => !["minimum", "maximum", "longest", "quorum_number"].includes(each.name);
    const number = typed.find(each => ["decimal", "numeric"].includes(each.inputMode) && counted(each));
    if (![...form.elements].some(each => each.matches("button:not([type=button])"))) return null;
    const missing = typed.find(each => each.required && !strict.includes(each.type));
    const day = typed.find(each => strict.includes(each.type));
    const wrong = number ?? missing ?? day;
    if (!wrong) return null;
    // As a browser sends it that knows no such fields.
    if (wrong === day) wrong.type = "text";
    wrong.value = wrong === missing ? "" : "molto";
    const kept = [];
    for (const each of typed) {
        if (each === wrong || each.value || each.inputMode) continue;
        if (!["text", "textarea"].includes(each.type)) continue;
        each.value = `Prova ${kept.length}`;
        kept.push([each.name, each.value]);
    }
    form.noValidate = true;
    return kept;
}"""
SEND: Final = """form => {
    const buttons = [...form.elements].filter(each => each.matches("button:not([type=button])"));
    form.requestSubmit(buttons.find(each => each.matches(".primary")) ?? buttons[0]);
}"""
VALUES: Final = "name => [...document.getElementsByName(name)].map(each => each.value)"
FOCUSED: Final = "document.activeElement.matches('[role=alert], [autofocus]')"
HAD: Final[set[str]] = set()
"""Kinds of forms that were tried."""
PROOF: Final = "Conferma che sei tu"


@pytest.mark.parametrize("role", ROLES)
def test_a_refused_form_says_why_and_keeps_the_rest(
    portal: Portal, walks: dict[str, list[Reading]], axe: str, role: str
) -> None:
    page, faults = portal.as_(role), list[str]()
    for reading in walks[role]:
        for form in reading.forms:
            if form.can_be_wrong and form.kind not in HAD:
                try:
                    if is_refused_well(page, axe, reading, form):
                        HAD.add(form.kind)
                except (AssertionError, PlaywrightError) as error:
                    faults.append(str(error).partition("\n")[0])
    assert not faults, "\n".join(faults)
    assert HAD


def is_refused_well(page: Page, axe: str, reading: Reading, form: Form) -> bool:
    """False: nothing in it can be wrong for this role, or it asks for a proof first."""
    where = f"{form.kind} of {reading.address}"
    page.goto(reading.address)
    page.evaluate(UNFOLD)
    sent = page.locator('main form[method="post"]').nth(form.place)
    kept: list[tuple[str, str]] | None = sent.evaluate(MAKE_WRONG)
    if kept is None:
        return False
    with page.expect_navigation() as navigation:
        sent.evaluate(SEND)
    answer: Any = navigation.value
    if page.get_by_role("heading", level=1).inner_text() == PROOF:
        return False
    assert answer.status in (400, 409, 413, 422), (where, answer.status)
    assert page.locator("main [role=alert]").first.is_visible(), where
    assert page.evaluate(FOCUSED), f"{where}: nothing leads to the refusal"
    for name, value in kept:
        assert value in page.evaluate(VALUES, name), (where, name)
    page.evaluate(UNFOLD)
    page.evaluate(axe)
    for width, scheme in one_of(LOOKS, form.kind):
        is_as_wide_and_accessible(page, where, width, scheme)
    reads_well(where, lines_shown(page))
    return True
