"""Decides whether an approval can migrate to another version of its process: only if the new version changes
nothing that has already started."""

from __future__ import annotations

from typing import Literal

from .approval import Approval, StepRun
from .process import Choice, Parallel, Process
from .run import comes_too_early
from .values import value


@value
class MigrationBlocker:
    """The part of the process that prevents a migration, by its key, and the reason."""

    key: str
    reason: Literal[
        "step_removed",
        "step_changed",
        "step_moved",
        "step_before_votes",
        "node_changed",
        "other_case",
        "other_subject",
    ]


def migration_blocker(approval: Approval, old: Process, new: Process) -> MigrationBlocker | None:
    """Return the first blocker in document order, or None if the approval can be migrated."""
    kept = (new.definition.fields.get(name) == each for name, each in old.definition.fields.items())
    if old.submitted != new.submitted or not all(kept):
        return MigrationBlocker(new.key, "other_subject")
    for key, run in approval.steps.items():
        if has_started(run):
            blocker = _step_blocker(key, approval, old, new)
            if blocker is not None:
                return blocker
    return _order_blocker(approval, new) if new.rules > 1 else None


def _order_blocker(approval: Approval, new: Process) -> MigrationBlocker | None:
    """Return a blocker if people have voted on a step that, in the new version, has to wait for an earlier
    step. This may also be a step that a condition passed over before and that now applies."""
    started = {key: run for key, run in approval.steps.items() if has_started(run)}
    for key, run in approval.steps.items():
        voted = any(part.state in ("approved", "rejected", "abstained") for part in run.parts.values())
        if run.state == "pending" and voted and comes_too_early(key, started, new, approval.dated):
            return MigrationBlocker(key, "step_before_votes")
    return None


def has_started(run: StepRun) -> bool:
    """Tell whether people were asked or the step was decided. A step that waits, or was passed over because
    of a condition, has not started: the new version judges it again."""
    return run.state != "waiting" and not (run.state == "skipped" and run.because in ("condition", "case"))


def _step_blocker(key: str, approval: Approval, old: Process, new: Process) -> MigrationBlocker | None:
    if key not in new.steps:
        return MigrationBlocker(key, "step_removed")
    unnamed = {"name": ""}
    if new.steps[key].model_copy(update=unnamed) != old.steps[key].model_copy(update=unnamed):
        return MigrationBlocker(key, "step_changed")
    before, after = old.places[key].enclosing, new.places[key].enclosing
    if [inner.key for _, inner in before] != [inner.key for _, inner in after]:
        return MigrationBlocker(key, "step_moved")
    for (old_node, old_inner), (new_node, new_inner) in zip(before, after, strict=True):
        if _frame(old_node) != _frame(new_node) or old_inner.when != new_inner.when:
            return MigrationBlocker(new_node.key, "node_changed")
        if isinstance(new_node, Choice) and new.case_for(new_node, approval.dated) is not new_inner:
            return MigrationBlocker(new_node.key, "other_case")
    return None


def _frame(node: Parallel | Choice) -> tuple[object, ...]:
    """Return what a node defines apart from its branches or cases."""
    return (node.key, node.when, node.join if isinstance(node, Parallel) else None)


def choices_that_stay(approval: Approval, new: Process) -> tuple[str, ...]:
    """Return the choices that stay as they were taken: the new version has them too, and a step of the taken
    case has started."""
    started = [key for key, run in approval.steps.items() if has_started(run)]
    return tuple(
        choice
        for choice, taken in approval.choices.items()
        if choice in new.choices
        and any(
            node.key == choice and case.key == taken
            for key in started
            for node, case in new.places[key].enclosing
        )
    )
