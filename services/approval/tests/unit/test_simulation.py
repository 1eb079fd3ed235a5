"""Who would approve, and why."""

from __future__ import annotations

from approval.domain.engine import Subject
from approval.domain.simulation import simulate

RULE = """
- key: insieme
  parallel:
    - {key: a, steps: [{key: uno, approvers: [{role: purchasing}], requires: [quote_total]}]}
    - key: b
      when: brief.category == "GADGET"
      steps: [{key: due, approvers: [{role: marketing-lead}]}]
- {key: tre, when: brief.budget > 5000.0, approvers: [{role: director}], due: {hours: 8}}
- {key: quattro, approvers: [{role: director}], same_person: once}
"""


def run(world, requester="marta", **content):
    process = world.define(RULE)
    subject = Subject("brief", world.id("b"), 1, world.id(requester), world.content(**content), "hash")
    simulation = simulate(process, subject, world.now, world.directory)
    return simulation, {step.step: step for step in simulation.steps}


def test_every_step_says_who_and_why(world):
    simulation, steps = run(world)
    assert simulation.outcome == "approved"
    assert [(key, step.outcome, step.because) for key, step in steps.items()] == [
        ("uno", "asked", None),
        ("due", "skipped", "condition"),
        ("tre", "asked", None),
        ("quattro", "asked", None),
    ]
    assert [each.why for each in steps["uno"].asked] == ["role:purchasing", "role:purchasing"]
    assert steps["uno"].missing == ("quote_total",)
    assert steps["due"].condition == 'brief.category == "GADGET"'
    assert steps["tre"].due_at is not None


def test_who_is_left_out_is_named(world):
    _, steps = run(world, requester="paolo")
    assert [(out.person, out.why) for out in steps["uno"].left_out] == [(world.id("paolo"), "requester")]


def test_a_subject_that_nobody_could_approve_is_not_opened(world):
    for name in ("dario", "ada"):
        world.leave(name)
    simulation, steps = run(world)
    assert simulation.outcome == "not_opened"
    assert (steps["tre"].outcome, steps["tre"].because) == ("rejected", "nobody")
    assert steps["quattro"].outcome == "not_reached"
