"""The results of a command that does something several times."""

from __future__ import annotations

from uuid import UUID

from optima_kit.fields import View
from optima_kit.http.problems import load_catalogue

from ..application.assign_phases import AssignmentResult
from ..domain.machine import PhaseState


class ProblemView(View):
    """Why one of several assignments was refused."""

    code: str
    detail: str
    field: str | None = None


class AssignmentResultView(View):
    phase_id: UUID
    state: PhaseState | None = None
    """The state of the phase after its assignment."""
    problem: ProblemView | None = None
    """Why the phase was not assigned."""


class AssignmentResultsView(View):
    items: list[AssignmentResultView]
    """The results in the order of the request."""


def assignment_results(results: list[AssignmentResult], language: str) -> AssignmentResultsView:
    return AssignmentResultsView(items=[_result(each, language) for each in results])


def _result(result: AssignmentResult, language: str) -> AssignmentResultView:
    if result.refusal is None:
        state = result.found.phase.state if result.found else None
        return AssignmentResultView(phase_id=result.phase_id, state=state)
    refusal = result.refusal
    facts = {"field": refusal.field or "", **refusal.facts}
    detail = load_catalogue("production").text(refusal.code, language, facts) or refusal.code
    problem = ProblemView(code=refusal.code, detail=detail, field=refusal.field)
    return AssignmentResultView(phase_id=result.phase_id, problem=problem)
