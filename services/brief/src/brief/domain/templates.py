"""Templates: what briefs that are asked for again and again begin with."""

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
    """Whose people may begin briefs with it, beside whoever keeps it. None: nobody else."""
    kept_by: UUID
    kept_at: datetime


def reusable(content: Content) -> Content:
    """What of a brief its template asks for: neither deadline, budget nor files, which are of that brief."""
    return content.model_copy(update={"deadline": None, "budget": None, "attachments": ()})


def answers_that_fit(form: Form, answers: Mapping[str, FormValue]) -> dict[str, FormValue]:
    """Those that the form, which may have changed since, still takes."""
    known = {key: value for key, value in answers.items() if key in form.fields}
    try:
        return filled_in(form, known)
    except Violations as wrong:
        misfits = {each.field.removeprefix("form.") for each in wrong.refusals if each.field}
        return filled_in(form, {key: value for key, value in known.items() if key not in misfits})
