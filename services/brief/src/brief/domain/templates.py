"""Templates: content with which recurring briefs can be begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from optima_kit.refusals import Violations

from .content import Content
from .forms import Form, FormValue, filled_in


@dataclass(frozen=True, slots=True)
class Template:
    template_id: UUID
    name: str
    content: Content
    unit_id: UUID | None
    """The unit whose people may use the template besides the person who keeps it. If None, nobody else
    may."""
    kept_by: UUID
    kept_at: datetime


def reusable(content: Content) -> Content:
    """Return a brief's content without deadline, budget and files, which belong to that brief alone."""
    return content.model_copy(update={"deadline": None, "budget": None, "attachments": ()})


def answers_that_fit(form: Form, answers: Mapping[str, FormValue]) -> dict[str, FormValue]:
    """Return those answers that the form still accepts. The form may have changed since they were given."""
    known = {key: value for key, value in answers.items() if key in form.fields}
    try:
        return filled_in(form, known)
    except Violations as wrong:
        misfits = {each.field.removeprefix("form.") for each in wrong.refusals if each.field}
        return filled_in(form, {key: value for key, value in known.items() if key not in misfits})
