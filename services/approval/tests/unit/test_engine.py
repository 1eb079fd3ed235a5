"""What an approval does, rule by rule."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import yaml

from approval.domain import engine
from optima_kit.refusals import Forbidden, Invalid, Refusal, WrongState

POP = """
- key: revisione
  parallel:
    - key: ramo-acquisti
      steps:
        - key: acquisti
          approvers: [{role: purchasing}]
          requires: [quote_total]
          material_fields: [items, quote_total]
    - key: ramo-marketing
      steps:
        - key: marketing
          approvers: [{role: marketing-lead}]
          material_fields: [items, title]
- key: direzione
  when: brief.quote_total > 5000.0
  approvers: [{role: director}]
"""

TWO_STEPS = """
- {key: uno, approvers: [{role: purchasing}]}
- {key: due, approvers: [{role: director}]}
"""


def one_step(**options: Any) -> str:
    step = {"key": "uno", "approvers": [{"role": "purchasing"}]} | options
    return yaml.safe_dump([step])


def refusal_of(action: Any) -> Refusal:
    with pytest.raises(Refusal) as caught:
        action()
    return caught.value


def test_a_brief_goes_through_parallel_review_and_the_director(world):
    world.open(POP)
    assert world.steps() == {"acquisti": "pending", "marketing": "pending", "direzione": "waiting"}
    refusal = refusal_of(lambda: world.decide("paolo", "acquisti"))
    assert (type(refusal), refusal.code) == (WrongState, "fields_required")
    world.amend(quote_total="6000.00")
    world.decide("lia", "marketing").decide("paolo", "acquisti")
    assert world.steps()["direzione"] == "pending"
    assert world.asked("direzione") == {"dario"}
    world.decide("dario", "direzione")
    assert world.run.state == "approved"


def test_under_the_threshold_the_director_is_not_asked(world):
    world.open(POP).amend(quote_total="5000.00")
    world.decide("lia", "marketing").decide("paolo", "acquisti")
    assert world.steps()["direzione"] == "skipped"
    assert world.run.state == "approved"


def test_the_first_of_several_decides_and_the_others_are_not_required(world):
    world.open(one_step())
    assert world.asked("uno") == {"paolo", "piera"}
    world.decide("piera", "uno")
    assert world.parts("uno") == {"paolo": "not_required", "piera": "approved"}


def test_a_stale_decision_is_refused(world):
    world.open(one_step())
    refusal = refusal_of(lambda: world.decide("paolo", "uno", content_hash="other"))
    assert (refusal.status, refusal.code) == (409, "stale_content")


def test_an_ended_approval_takes_no_decision(world):
    world.open(one_step()).decide("paolo", "uno")
    assert refusal_of(lambda: world.decide("piera", "uno")).code == "approval_ended"


def test_a_step_that_waits_or_does_not_exist_takes_no_decision(world):
    world.open(TWO_STEPS)
    assert refusal_of(lambda: world.decide("dario", "due")).code == "step_not_pending"
    assert refusal_of(lambda: world.decide("dario", "tre")).code == "step_unknown"


def test_somebody_else_may_not_decide(world):
    world.open(one_step())
    assert isinstance(refusal_of(lambda: world.decide("dario", "uno")), Forbidden)
    world.leave("paolo")
    assert isinstance(refusal_of(lambda: world.decide("paolo", "uno")), Forbidden)


def test_nobody_decides_twice(world):
    world.open(one_step(quorum="all")).decide("paolo", "uno")
    assert refusal_of(lambda: world.decide("paolo", "uno", "reject", "no")).code == "part_decided_already"


@pytest.mark.parametrize("act", ["reject", "request_changes"])
@pytest.mark.parametrize("reason", [None, "  "])
def test_a_refusal_needs_a_reason(world, act, reason):
    world.open(one_step())
    refusal = refusal_of(lambda: world.decide("paolo", "uno", act, reason))
    assert isinstance(refusal, Invalid)
    assert (refusal.code, refusal.field) == ("reason_required", "reason")


def test_a_step_may_demand_reasons_for_approvals(world):
    world.open(one_step(reasons=["approve"]))
    assert refusal_of(lambda: world.decide("paolo", "uno")).code == "reason_required"
    assert world.decide("paolo", "uno", reason="prezzo buono").run.state == "approved"


def test_a_rejection_ends_the_approval(world):
    world.open(TWO_STEPS).decide("paolo", "uno", "reject", "troppo caro")
    assert (world.run.state, world.run.reason) == ("rejected", "troppo caro")
    assert world.steps() == {"uno": "rejected", "due": "not_required"}
    assert world.parts("uno") == {"paolo": "rejected", "piera": "not_required"}


def test_asking_for_changes_ends_the_approval_as_such(world):
    world.open(POP).decide("piera", "acquisti", "request_changes", "mancano le misure")
    assert (world.run.state, world.run.reason) == ("changes_requested", "mancano le misure")
    assert world.steps()["marketing"] == "not_required"


def test_on_rejection_to_the_requester(world):
    world.open(one_step(on_rejection="requester")).decide("paolo", "uno", "reject", "no")
    assert (world.run.state, world.run.reason) == ("changes_requested", "no")


def test_on_rejection_back_to_a_step(world):
    world.open(
        """
- {key: uno, approvers: [{role: purchasing}]}
- {key: due, approvers: [{role: marketing-lead}]}
- {key: tre, approvers: [{role: director}], on_rejection: {back_to: uno}}
"""
    )
    world.decide("paolo", "uno").decide("lia", "due").decide("dario", "tre", "reject", "rifare")
    assert world.steps() == {"uno": "pending", "due": "waiting", "tre": "waiting"}
    assert world.run.steps["uno"].round == 2
    world.decide("piera", "uno").decide("lia", "due").decide("dario", "tre")
    assert world.run.state == "approved"


class TestQuorum:
    def test_all(self, world):
        world.open(one_step(quorum="all")).decide("paolo", "uno")
        assert world.run.state == "open"
        assert world.decide("piera", "uno").run.state == "approved"

    def test_all_ends_as_soon_as_it_is_out_of_reach(self, world):
        world.open(one_step(quorum="all", rejection="impossible")).decide("paolo", "uno", "reject", "no")
        assert world.run.state == "rejected"

    def test_any_survives_a_rejection_when_only_impossibility_rejects(self, world):
        world.open(one_step(rejection="impossible")).decide("paolo", "uno", "reject", "no")
        assert world.run.state == "open"
        assert world.decide("piera", "uno").run.state == "approved"

    def test_n_of_m_with_early_impossibility(self, world):
        rule = one_step(
            approvers=[{"role": "purchasing"}, {"role": "director"}],
            quorum={"at_least": 2},
            rejection="impossible",
        )
        world.open(rule).decide("paolo", "uno", "reject", "no")
        assert world.run.state == "open"
        world.decide("piera", "uno", "reject", "no")
        assert world.run.state == "rejected"
        assert world.parts("uno")["dario"] == "not_required"

    def test_percent(self, world):
        rule = one_step(
            approvers=[{"role": "purchasing"}, {"role": "director"}, {"role": "marketing-lead"}],
            quorum={"percent": 60},
        )
        world.open(rule).decide("paolo", "uno").decide("lia", "uno")
        assert world.run.state == "open"
        assert world.decide("dario", "uno").run.state == "approved"

    def test_who_abstains_is_no_voter(self, world):
        world.open(one_step(quorum="all")).decide("paolo", "uno", "abstain")
        assert world.run.state == "open"
        assert world.decide("piera", "uno").run.state == "approved"

    def test_a_step_where_all_abstain_is_rejected(self, world):
        world.open(one_step()).decide("paolo", "uno", "abstain").decide("piera", "uno", "abstain")
        assert world.run.state == "rejected"

    def test_one_per_group(self, world):
        rule = one_step(approvers=[{"role": "purchasing"}, {"role": "director"}], quorum="one_per_group")
        world.open(rule).decide("paolo", "uno")
        assert world.run.state == "open"
        assert world.decide("dario", "uno").run.state == "approved"

    def test_a_group_that_abstains_makes_it_impossible(self, world):
        rule = one_step(approvers=[{"role": "purchasing"}, {"role": "director"}], quorum="one_per_group")
        world.open(rule).decide("dario", "uno", "abstain")
        assert world.run.state == "rejected"

    def test_a_rejection_rule_of_its_own(self, world):
        rule = one_step(
            approvers=[{"role": "purchasing"}, {"role": "director"}, {"role": "marketing-lead"}],
            rejection={"at_least": 2},
            quorum={"at_least": 3},
        )
        world.open(rule).decide("paolo", "uno", "abstain")
        assert world.run.state == "open"
        world.decide("piera", "uno", "reject", "no")
        assert world.run.state == "rejected"


class TestSelfApproval:
    def test_forbidden_asks_somebody_else(self, world):
        world.open(one_step(), requester="paolo")
        assert world.asked("uno") == {"piera"}
        assert [out.why for out in world.history[1].left_out] == ["requester"]

    def test_forbidden_with_nobody_else_asks_the_admins(self, world):
        world.open(one_step(approvers=[{"role": "director"}]), requester="dario")
        assert world.asked("uno") == {"ada"}

    def test_skipped(self, world):
        world.open(one_step(self_approval="skipped"), requester="paolo")
        assert world.steps() == {"uno": "skipped"}

    def test_allowed(self, world):
        world.open(one_step(self_approval="allowed"), requester="paolo")
        assert world.decide("paolo", "uno").run.state == "approved"

    @pytest.mark.parametrize("policy", ["forbidden", "allowed"])
    def test_a_delegate_never_inherits_it(self, world, policy):
        world.delegate("piera", "paolo")
        world.open(one_step(self_approval=policy, quorum="all"), requester="paolo")
        refusal = refusal_of(lambda: world.decide("paolo", "uno", for_="piera"))
        assert refusal.code == "requester_may_not_approve"


class TestSamePerson:
    RULE = """
- {key: uno, approvers: [{role: director}]}
- {key: due, approvers: [{role: director}], same_person: once}
"""

    def test_once(self, world):
        world.open(self.RULE).decide("dario", "uno")
        assert world.run.state == "approved"
        part = world.run.steps["due"].parts[world.id("dario")]
        assert (part.state, part.decided_by) == ("approved", None)

    def test_asked_again_unless_said(self, world):
        world.open(self.RULE.replace(", same_person: once", "")).decide("dario", "uno")
        assert world.asked("due") == {"dario"}

    def test_only_for_the_step_right_before(self, world):
        world.open(
            """
- {key: uno, approvers: [{role: director}]}
- {key: mezzo, approvers: [{role: purchasing}]}
- {key: due, approvers: [{role: director}], same_person: once}
"""
        )
        world.decide("dario", "uno").decide("paolo", "mezzo")
        assert world.asked("due") == {"dario"}

    def test_across_a_parallel(self, world):
        world.open(
            """
- key: insieme
  parallel:
    - {key: a, steps: [{key: uno, approvers: [{role: director}]}]}
    - {key: b, steps: [{key: altro, approvers: [{role: purchasing}]}]}
- {key: due, approvers: [{role: director}], same_person: once}
"""
        )
        world.decide("dario", "uno").decide("paolo", "altro")
        assert world.run.state == "approved"


class TestDelegation:
    def test_a_delegate_acts_on_behalf(self, world):
        world.delegate("dario", "lia")
        world.open(one_step(approvers=[{"role": "director"}])).decide("lia", "uno", for_="dario")
        part = world.run.steps["uno"].parts[world.id("dario")]
        assert (part.state, part.decided_by) == ("approved", world.id("lia"))

    def test_it_is_half_open(self, world):
        world.delegate("dario", "lia", hours=1)
        world.open(one_step(approvers=[{"role": "director"}]))
        world.now += timedelta(hours=1)
        assert isinstance(refusal_of(lambda: world.decide("lia", "uno", for_="dario")), Forbidden)
        world.now -= timedelta(microseconds=1)
        assert world.decide("lia", "uno", for_="dario").run.state == "approved"

    def test_it_is_limited_to_processes_and_amounts(self, world):
        rule = one_step(approvers=[{"role": "director"}])
        world.delegate("dario", "lia", processes=frozenset({"altro"}))
        world.open(rule, budget="100.00")
        assert isinstance(refusal_of(lambda: world.decide("lia", "uno", for_="dario")), Forbidden)
        world.delegations = ()
        world.delegate("dario", "lia", up_to=Decimal("99.99"))
        assert isinstance(refusal_of(lambda: world.decide("lia", "uno", for_="dario")), Forbidden)
        world.delegations = ()
        world.delegate("dario", "lia", up_to=Decimal("100.00"))
        assert world.decide("lia", "uno", for_="dario").run.state == "approved"

    def test_chains_are_bounded_and_cycles_safe(self, world):
        for giver, taker in (("dario", "lia"), ("lia", "mirco"), ("mirco", "paolo"), ("paolo", "piera")):
            world.delegate(giver, taker)
        world.delegate("lia", "dario")
        world.open(one_step(approvers=[{"role": "director"}]))
        assert isinstance(refusal_of(lambda: world.decide("piera", "uno", for_="dario")), Forbidden)
        assert world.decide("paolo", "uno", for_="dario").run.state == "approved"

    @pytest.mark.parametrize("givers", [["paolo"], ["paolo", "piera"]])
    def test_who_stands_in_says_for_whom(self, world, givers):
        for giver in givers:
            world.delegate(giver, "lia")
        world.open(one_step(quorum={"at_least": 2}))
        assert refusal_of(lambda: world.decide("lia", "uno")).code == "say_on_behalf_of_whom"
        world.decide("lia", "uno", for_="paolo")
        part = world.run.steps["uno"].parts[world.id("paolo")]
        assert (part.state, part.decided_by) == ("approved", world.id("lia"))

    def test_a_second_word_is_not_the_delegator_s(self, world):
        world.delegate("paolo", "piera")
        world.open(one_step(quorum={"at_least": 2})).decide("piera", "uno")
        assert refusal_of(lambda: world.decide("piera", "uno")).code == "part_decided_already"
        assert world.decide("piera", "uno", for_="paolo").run.state == "approved"

    def test_not_for_who_did_not_delegate(self, world):
        world.open(one_step())
        assert refusal_of(lambda: world.decide("lia", "uno", for_="paolo")).code == "delegate_not_appointed"

    def test_first_to_act_wins(self, world):
        world.delegate("paolo", "lia")
        world.open(one_step(quorum="all")).decide("paolo", "uno")
        assert refusal_of(lambda: world.decide("lia", "uno", for_="paolo")).code == "part_decided_already"


class TestDifferentPeople:
    """Two signatures are two people's."""

    GROUPS = one_step(approvers=[{"role": "purchasing"}, {"role": "director"}], quorum="one_per_group")

    def refused(self, world, *decision, **more):
        return refusal_of(lambda: world.decide(*decision, **more)).code == "one_person_one_signature"

    def test_one_per_group_is_not_met_by_one_person(self, world):
        world.delegate("dario", "paolo")
        world.open(self.GROUPS).decide("paolo", "uno")
        assert self.refused(world, "paolo", "uno", for_="dario")
        assert world.decide("dario", "uno").run.state == "approved"

    def test_who_is_asked_acts_for_nobody_before_their_own_word_either(self, world):
        world.delegate("dario", "paolo")
        world.open(self.GROUPS)
        assert self.refused(world, "paolo", "uno", for_="dario")

    def test_a_delegate_of_two_signs_for_one(self, world):
        world.delegate("dario", "lia")
        world.delegate("paolo", "lia")
        world.open(self.GROUPS).decide("lia", "uno", for_="dario")
        assert self.refused(world, "lia", "uno", for_="paolo")

    def test_an_earlier_approval_that_counts_is_a_signature_too(self, world):
        world.delegate("piera", "paolo")
        world.open(one_step() + one_step(key="due", quorum="all", same_person="once"))
        world.decide("paolo", "uno")
        assert self.refused(world, "paolo", "due", for_="piera")

    @pytest.mark.parametrize("quorum", ["any", {"at_least": 2}, {"percent": 100}])
    def test_other_quorums_ask_for_it(self, world, quorum):
        world.delegate("piera", "paolo")
        world.open(one_step(quorum=quorum, distinct=True))
        assert self.refused(world, "paolo", "uno", for_="piera")

    @pytest.mark.parametrize("quorum", ["any", {"at_least": 2}, {"percent": 100}])
    def test_other_quorums_go_without(self, world, quorum):
        world.delegate("piera", "paolo")
        world.open(one_step(quorum=quorum)).decide("paolo", "uno", for_="piera")
        assert world.parts("uno")["piera"] == "approved"

    def test_it_can_be_waived(self, world):
        world.delegate("piera", "paolo")
        world.open(one_step(quorum="all", distinct=False)).decide("paolo", "uno")
        assert world.decide("paolo", "uno", for_="piera").run.state == "approved"

    def test_what_was_published_before_goes_on_as_it_was(self, world):
        world.read_by = 1
        world.delegate("dario", "paolo")
        world.open(self.GROUPS).decide("paolo", "uno").decide("paolo", "uno")
        assert world.run.state == "approved"


class TestForwarding:
    def test_the_part_moves(self, world):
        world.open(one_step(quorum="all"))
        world.forward("paolo", "dario", "uno")
        assert world.parts("uno") == {"paolo": "cancelled", "piera": "requested", "dario": "requested"}
        assert isinstance(refusal_of(lambda: world.decide("paolo", "uno")), Forbidden)
        assert world.decide("dario", "uno").decide("piera", "uno").run.state == "approved"

    def test_not_to_the_requester_nor_to_an_approver_nor_to_who_left(self, world):
        world.open(one_step())
        assert refusal_of(lambda: world.forward("paolo", "marta", "uno")).code == "forwarding_to_requester"
        assert refusal_of(lambda: world.forward("paolo", "piera", "uno")).code == "approver_asked_already"
        world.leave("dario")
        assert refusal_of(lambda: world.forward("paolo", "dario", "uno")).code == "forwarding_not_possible"

    def test_it_survives_a_change_of_people(self, world):
        world.open(one_step(quorum="all"))
        world.forward("paolo", "dario", "uno")
        world.people_change()
        assert world.asked("uno") == {"piera", "dario"}
        world.leave("dario")
        world.people_change()
        assert world.asked("uno") == {"piera", "paolo"}


class TestPeople:
    def test_who_leaves_is_no_longer_asked(self, world):
        world.open(one_step(quorum="all")).decide("piera", "uno")
        world.leave("paolo")
        assert world.people_change().run.state == "approved"

    def test_who_comes_is_asked(self, world):
        world.open(one_step())
        world.change("mirco", roles=frozenset({"purchasing"}))
        assert world.people_change().asked("uno") == {"paolo", "piera", "mirco"}

    def test_when_the_last_leaves_the_fallback_is_asked(self, world):
        world.open(one_step(approvers=[{"role": "director"}], if_too_few={"ask": [{"role": "purchasing"}]}))
        world.leave("dario")
        assert world.people_change().asked("uno") == {"paolo", "piera"}

    def test_when_the_last_leaves_a_step_may_be_skipped(self, world):
        world.open(one_step(approvers=[{"role": "director"}], if_too_few="skip"))
        world.leave("dario")
        assert world.people_change().steps() == {"uno": "skipped"}

    def test_an_approval_that_nobody_can_decide_ends(self, world):
        world.open(one_step(approvers=[{"role": "director"}]))
        world.leave("dario")
        world.leave("ada")
        assert world.people_change().run.state == "rejected"

    @pytest.mark.parametrize(("policy", "state"), [("skip", "approved"), ("reject", "rejected")])
    def test_whoever_loses_the_role_is_not_asked_any_more(self, world, policy, state):
        world.open(one_step(approvers=[{"role": "director"}], if_too_few=policy))
        world.change("dario", roles=frozenset({"purchasing"}))
        assert world.people_change().run.state == state
        assert world.parts("uno") == {"dario": "cancelled"}

    def test_approvals_of_who_left_count_towards_the_quorum(self, world):
        world.open(one_step(quorum={"at_least": 2}, if_too_few="reject")).decide("paolo", "uno")
        world.leave("paolo")
        assert world.people_change().asked("uno") == {"piera"}
        assert world.decide("piera", "uno").run.state == "approved"

    def test_too_few_for_the_quorum_are_made_up(self, world):
        world.leave("piera")
        world.open(one_step(quorum={"at_least": 2}))
        assert world.asked("uno") == {"paolo", "ada"}

    def test_who_took_over_is_asked_in_their_place(self, world):
        world.open(one_step(quorum={"at_least": 2}, if_too_few={"ask": [{"role": "admin"}]}))
        world.depart("paolo", "lia")
        assert world.parts("uno") == {"paolo": "cancelled", "piera": "requested", "lia": "requested"}
        world.people_change()
        assert world.asked("uno") == {"piera", "lia"}
        event = world.history[-1]
        assert (event.kind, event.from_person, event.to_person, event.at) == (
            "part_handed_over", world.id("paolo"), world.id("lia"), world.now,
        )  # fmt: skip
        world.decide("lia", "uno").decide("piera", "uno")
        assert world.run.state == "approved"

    def test_who_took_over_serves_the_group(self, world):
        groups = [{"role": "purchasing", "group": "acquisti"}, {"role": "director", "group": "direzione"}]
        world.open(one_step(approvers=groups, quorum="one_per_group"))
        world.depart("dario", "lia")
        world.decide("paolo", "uno").decide("lia", "uno")
        assert world.run.state == "approved"

    def test_who_took_over_from_who_took_over_is_asked(self, world):
        world.open(one_step(approvers=[{"role": "director"}]))
        world.change("lia", active=False, successor=world.id("mirco"))
        world.depart("dario", "lia")
        assert world.asked("uno") == {"mirco"}
        world.depart("mirco", "dario")
        assert world.asked("uno") == {"ada"}

    @pytest.mark.parametrize("successor", ["piera", "marta", "mirco"])
    def test_who_took_over_is_not_asked_twice_nor_for_themselves_nor_without_the_right(
        self, world, successor
    ):
        world.open(one_step(quorum="all"))
        world.change("mirco", may_decide=False)
        world.depart("paolo", successor)
        assert world.parts("uno") == {"paolo": "cancelled", "piera": "requested"}

    def test_what_who_took_over_has_decided_stands(self, world):
        world.open(one_step(quorum="all")).decide("piera", "uno")
        world.depart("paolo", "piera")
        assert world.parts("uno") == {"paolo": "cancelled", "piera": "approved"}
        assert world.run.state == "approved"

    def test_where_nobody_may_take_over_the_fallback_is_asked(self, world):
        world.open(one_step(approvers=[{"role": "director"}], if_too_few={"ask": [{"role": "purchasing"}]}))
        world.depart("dario", "marta")
        assert world.asked("uno") == {"paolo", "piera"}

    def test_who_took_over_from_the_requester_stands_where_they_stood(self, world):
        world.open(one_step(quorum="all"))
        world.depart("marta", "paolo")
        assert world.asked("uno") == {"piera"}
        world.forward("piera", "lia", "uno")
        assert refusal_of(lambda: world.forward("lia", "paolo", "uno")).code == "forwarding_to_requester"
        world.delegate("lia", "paolo")
        refused = refusal_of(lambda: world.decide("paolo", "uno", for_="lia"))
        assert refused.code == "requester_may_not_approve"
        assert refusal_of(lambda: world.recall("marta")).code == "only_requester_recalls"
        world.recall("paolo")
        assert world.run.state == "cancelled"

    def test_an_absent_person_may_be_left_out(self, world):
        world.change("paolo", absent_until=world.now + timedelta(days=1))
        world.open(one_step(absent="left_out"))
        assert world.asked("uno") == {"piera"}

    def test_an_absent_person_with_a_delegate_is_asked(self, world):
        world.change("paolo", absent_until=world.now + timedelta(days=1))
        world.delegate("paolo", "lia")
        assert world.open(one_step(absent="left_out")).asked("uno") == {"paolo", "piera"}


class TestSelectors:
    @pytest.mark.parametrize(
        ("selector", "expected"),
        [
            ({"person": "DARIO@example.it"}, {"dario"}),
            ({"unit": "marketing"}, {"mirco", "lia"}),
            ({"unit_manager": "marketing"}, {"lia"}),
            ({"manager": {}}, {"lia"}),
            ({"manager": {"take": "first_qualified"}}, {"dario"}),
            ({"manager": {"take": "up_to_qualified"}}, {"lia", "dario"}),
            ({"manager": {"take": "first_qualified", "levels": 1}}, {"ada"}),
            ({"manager": {"take": "first_qualified", "of": "requester"}}, {"dario"}),
            ({"field": "requester"}, {"ada"}),
            ({"field": "requester.manager"}, {"piera"}),
        ],
    )
    def test_selector(self, world, selector, expected):
        document = {
            "limits": {"director": "10000.00", "marketing-lead": "1000.00"},
            "steps": [{"key": "uno", "approvers": [selector]}],
        }
        requester = {
            "id": str(world.id("marta")),
            "name": "Marta",
            "manager": str(world.id("piera")),
            "roles": [],
        }
        world.open(yaml.safe_dump(document), content={"requester": requester})
        assert world.asked("uno") == expected

    @pytest.mark.parametrize(("budget", "expected"), [("1000.00", {"lia"}), ("1000.01", {"dario"})])
    def test_a_limit_covers_its_own_amount(self, world, budget, expected):
        document = {
            "limits": {"director": "unlimited", "marketing-lead": "1000.00"},
            "steps": [{"key": "uno", "approvers": [{"manager": {"take": "first_qualified"}}]}],
        }
        assert world.open(document, budget=budget).asked("uno") == expected


class TestParallel:
    ANY = """
- key: insieme
  join: any
  parallel:
    - {key: a, steps: [{key: uno, approvers: [{role: purchasing}]}]}
    - key: b
      when: brief.budget > 1000.0
      steps:
        - {key: due, approvers: [{role: director}]}
        - {key: tre, approvers: [{role: marketing-lead}]}
- {key: poi, approvers: [{role: admin}]}
"""

    def test_the_first_branch_is_enough_where_said(self, world):
        world.open(self.ANY).decide("paolo", "uno")
        assert world.steps() == {
            "uno": "approved",
            "due": "not_required",
            "tre": "not_required",
            "poi": "pending",
        }

    def test_a_rejected_branch_leaves_the_others(self, world):
        world.open(self.ANY).decide("paolo", "uno", "reject", "no")
        assert world.run.state == "open"
        world.decide("dario", "due").decide("lia", "tre")
        assert world.steps()["poi"] == "pending"

    def test_it_is_rejected_when_no_branch_is_left(self, world):
        world.open(self.ANY).decide("dario", "due", "reject", "no")
        assert world.steps()["tre"] == "not_required"
        world.decide("paolo", "uno", "reject", "neanche io")
        assert (world.run.state, world.run.reason) == ("rejected", "neanche io")

    def test_a_branch_whose_condition_fails_does_not_run(self, world):
        world.open(self.ANY, budget="10.00")
        assert world.steps() == {"uno": "pending", "due": "skipped", "tre": "skipped", "poi": "waiting"}
        assert world.decide("paolo", "uno", "reject", "no").run.state == "rejected"

    def test_a_skip_that_leaves_too_few_branches_ends_it(self, world):
        world.open(
            """
- key: insieme
  join: {at_least: 2}
  parallel:
    - {key: a, steps: [{key: uno, approvers: [{role: purchasing}]}]}
    - {key: b, steps: [{key: due, approvers: [{role: director}], if_too_few: skip}]}
    - {key: c, steps: [{key: tre, approvers: [{role: marketing-lead}]}]}
"""
        )
        world.decide("lia", "tre", "reject", "no")
        assert world.run.state == "open"
        world.leave("dario")
        world.people_change()
        assert world.steps() == {"uno": "not_required", "due": "skipped", "tre": "rejected"}
        assert (world.run.state, world.run.reason) == ("rejected", "votes:tre")

    def test_nested(self, world):
        world.open(
            """
- key: fuori
  parallel:
    - key: a
      steps:
        - key: dentro
          join: any
          parallel:
            - {key: a1, steps: [{key: uno, approvers: [{role: purchasing}]}]}
            - {key: a2, steps: [{key: due, approvers: [{role: director}]}]}
        - {key: dopo, approvers: [{role: admin}]}
    - {key: b, steps: [{key: tre, approvers: [{role: marketing-lead}]}]}
"""
        )
        world.decide("paolo", "uno", "reject", "no").decide("dario", "due")
        assert world.steps() == {
            "uno": "rejected", "due": "approved", "dopo": "pending", "tre": "pending",
        }  # fmt: skip
        world.decide("ada", "dopo").decide("lia", "tre")
        assert world.run.state == "approved"


class TestChoice:
    RULE = """
- key: per-importo
  choose:
    - {key: piccolo, when: brief.budget <= 1000.0, steps: []}
    - key: medio
      when: brief.budget > 1000.0 && brief.budget <= 5000.0
      steps: [{key: uno, approvers: [{role: purchasing}]}]
    - {key: grande, steps: [{key: due, approvers: [{role: director}]}]}
"""

    @pytest.mark.parametrize(
        ("budget", "steps", "state"),
        [
            ("1000.00", {"uno": "skipped", "due": "skipped"}, "approved"),
            ("5000.00", {"uno": "pending", "due": "skipped"}, "open"),
            ("5000.01", {"uno": "skipped", "due": "pending"}, "open"),
        ],
    )
    def test_one_case_is_taken(self, world, budget, steps, state):
        world.open(self.RULE, budget=budget)
        assert (world.steps(), world.run.state) == (steps, state)

    def test_an_amendment_takes_another(self, world):
        world.open(self.RULE, budget="5000.00").amend(budget="9000.00")
        assert world.steps() == {"uno": "not_required", "due": "pending"}
        world.amend("hash-3", budget="4000.00")
        assert world.steps() == {"uno": "pending", "due": "not_required"}


class TestAmendment:
    def test_only_steps_whose_material_fields_changed_reopen(self, world):
        world.open(POP).amend(quote_total="6000.00")
        world.decide("lia", "marketing").decide("paolo", "acquisti")
        world.amend("hash-3", quote_total="7000.00")
        assert world.steps() == {"acquisti": "pending", "marketing": "approved", "direzione": "pending"}
        world.decide("dario", "direzione")
        assert world.run.state == "open"
        assert world.decide("paolo", "acquisti").run.state == "approved"

    def test_votes_on_other_content_do_not_count(self, world):
        world.open(one_step(quorum="all")).decide("paolo", "uno").amend(title="Altro")
        assert world.parts("uno") == {"paolo": "requested", "piera": "requested"}
        assert world.run.steps["uno"].round == 2

    def test_a_condition_that_turns_true_asks_after_all(self, world):
        world.open(POP).amend(quote_total="4000.00").decide("lia", "marketing")
        world.amend("hash-3", quote_total="4500.00").decide("paolo", "acquisti")
        assert world.run.state == "approved"

    def test_a_condition_that_turns_false_asks_no_longer(self, world):
        world.open(POP).amend(quote_total="6000.00").decide("lia", "marketing").decide("paolo", "acquisti")
        world.amend("hash-3", quote_total="100.00")
        assert world.steps() == {"acquisti": "pending", "marketing": "approved", "direzione": "not_required"}
        assert world.decide("paolo", "acquisti").run.state == "approved"

    def test_a_branch_whose_condition_turns_false_goes_no_further(self, world):
        rule = """
- key: insieme
  join: all
  parallel:
    - key: caro
      when: brief.budget > 5000.0
      steps:
        - {key: uno, approvers: [{role: purchasing}]}
        - {key: due, approvers: [{role: director}]}
    - {key: sempre, steps: [{key: tre, approvers: [{role: marketing-lead}]}]}
"""
        world.open(rule, budget="9000.00").amend(budget="100.00")
        assert world.steps() == {"uno": "not_required", "due": "skipped", "tre": "pending"}

    def test_a_skipped_step_comes_back(self, world):
        rule = """
- {key: uno, when: brief.budget > 9000.0, approvers: [{role: director}]}
- {key: due, approvers: [{role: purchasing}]}
"""
        world.open(rule)
        assert world.steps() == {"uno": "skipped", "due": "pending"}
        world.amend(budget="9500.00")
        assert world.steps() == {"uno": "pending", "due": "pending"}

    def test_a_step_that_was_approved_by_time_reopens_as_well(self, world):
        rule = """
- {key: uno, approvers: [{role: purchasing}], due: {hours: 8, then: [approve]}}
- {key: due, approvers: [{role: director}]}
"""
        world.open(rule).time_is_over("uno")
        assert world.steps() == {"uno": "approved", "due": "pending"}
        assert world.amend(title="Altro").steps()["uno"] == "pending"


class TestMigration:
    OLD = """
- {key: uno, approvers: [{role: purchasing}]}
- {key: due, when: brief.budget > 9000.0, approvers: [{role: director}]}
- {key: tre, approvers: [{role: admin}]}
"""

    def test_what_has_not_begun_may_change(self, world):
        world.open(self.OLD).decide("paolo", "uno")
        assert world.steps() == {"uno": "approved", "due": "skipped", "tre": "pending"}
        world.migrate(self.OLD.replace("9000.0", "1000.0"))
        assert world.steps() == {"uno": "approved", "due": "pending", "tre": "waiting"}
        assert world.run.process_version == 2
        assert world.decide("dario", "due").steps()["tre"] == "pending"

    def test_a_step_before_one_that_waits_comes_first(self, world):
        world.open(self.OLD)
        before = "- {key: prima, approvers: [{role: director}]}\n"
        world.migrate(before + self.OLD.strip())
        assert world.steps() == {"prima": "pending", "uno": "waiting", "due": "waiting", "tre": "waiting"}
        world.take_migration_back()
        assert world.steps()["uno"] == "pending"
        world.migrate(before + self.OLD.strip())
        world.decide("dario", "prima").decide("paolo", "uno").decide("ada", "tre")
        assert world.run.state == "approved"

    def test_a_step_before_one_that_was_voted_on_is_refused(self, world):
        rule = one_step(quorum="all")
        world.open(rule).decide("paolo", "uno")
        refusal = refusal_of(lambda: world.migrate(one_step(key="prima") + rule))
        assert refusal.facts == {"reason": "step_before_votes", "step": "uno"}

    def test_a_step_with_another_name_is_the_same(self, world):
        world.open(self.OLD)
        world.migrate(self.OLD.replace("{key: uno,", "{key: uno, name: Acquisti,"))
        assert world.steps()["uno"] == "pending"

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (("{role: admin}", "{role: director}"), "step_changed"),
            (("key: tre", "key: quattro"), "step_removed"),
        ],
    )
    def test_what_has_begun_may_not(self, world, change, reason):
        world.open(self.OLD).decide("paolo", "uno")
        refusal = refusal_of(lambda: world.migrate(self.OLD.replace(*change)))
        assert (refusal.code, refusal.facts) == ("migration_refused", {"reason": reason, "step": "tre"})

    def test_a_step_may_not_move_into_a_branch(self, world):
        world.open(self.OLD)
        refusal = refusal_of(
            lambda: world.migrate(
                """
- key: insieme
  parallel:
    - {key: a, steps: [{key: uno, approvers: [{role: purchasing}]}]}
    - {key: b, steps: [{key: altro, approvers: [{role: director}]}]}
"""
            )
        )
        assert refusal.facts["reason"] == "step_moved"

    def test_it_can_be_taken_back_until_somebody_acts(self, world):
        world.open(self.OLD)
        before = world.run.steps
        world.migrate(self.OLD + "- {key: quattro, approvers: [{role: director}]}\n")
        world.take_migration_back()
        assert (world.run.steps, world.run.process_version) == (before, 1)
        world.migrate(self.OLD + "- {key: quattro, approvers: [{role: director}]}\n")
        world.decide("paolo", "uno")
        assert refusal_of(world.take_migration_back).code == "migration_settled"


class TestTime:
    def test_due_dates_count_working_hours(self, world):
        world.open(one_step(due={"hours": 10, "remind": [4]}))
        run = world.run.steps["uno"]
        assert run.due_at.isoformat() == "2026-11-24T11:00:00+00:00"
        assert [at.isoformat() for at in world.history[1].remind_at] == ["2026-11-23T14:00:00+00:00"]

    def test_escalating_a_team_asks_its_manager_once(self, world):
        due = {"hours": 8, "then": ["escalate", "escalate", "expire"]}
        people = [{"person": "marta@example.it"}, {"person": "mirco@example.it"}]
        world.open(one_step(approvers=people, due=due), requester="piera")
        assert world.time_is_over("uno").asked("uno") == {"lia"}
        assert world.time_is_over("uno").asked("uno") == {"dario"}
        assert world.decide("dario", "uno").run.state == "approved"

    def test_a_team_s_manager_stands_for_all_its_groups(self, world):
        people = [{"person": "marta@example.it"}, {"person": "mirco@example.it"}]
        due = {"hours": 8, "then": ["escalate", "expire"]}
        world.open(one_step(approvers=people, quorum="one_per_group", due=due), requester="piera")
        assert world.time_is_over("uno").asked("uno") == {"lia"}
        assert world.decide("lia", "uno").run.state == "approved"

    def test_a_quorum_of_two_is_escalated_to_two(self, world):
        people = [{"person": "marta@example.it"}, {"person": "mirco@example.it"}]
        due = {"hours": 8, "then": ["escalate", "expire"]}
        world.open(one_step(approvers=people, quorum={"at_least": 2}, due=due), requester="piera")
        assert world.time_is_over("uno").asked("uno") == {"lia", "dario"}

    def test_escalation_moves_the_part_to_the_manager_and_then_acts(self, world):
        rule = one_step(
            approvers=[{"role": "marketing-lead"}], due={"hours": 8, "then": ["escalate", "reject"]}
        )
        world.open(rule).time_is_over("uno")
        assert world.parts("uno") == {"lia": "cancelled", "dario": "requested"}
        assert world.run.steps["uno"].overdue_actions == 1
        assert world.time_is_over("uno").run.state == "rejected"

    def test_without_anybody_above_the_next_action_is_taken(self, world):
        rule = one_step(approvers=[{"role": "director"}], due={"hours": 8, "then": ["escalate", "expire"]})
        assert world.open(rule).time_is_over("uno").run.state == "expired"

    @pytest.mark.parametrize(
        ("action", "state"), [("approve", "approved"), ("skip", "approved"), ("reject", "rejected")]
    )
    def test_automatic_outcome(self, world, action, state):
        world.open(one_step(due={"hours": 8, "then": [action]})).time_is_over("uno")
        assert world.run.state == state
        assert set(world.parts("uno").values()) == {"not_required"}

    def test_a_timer_that_fires_again_does_nothing(self, world):
        rule = one_step(
            approvers=[{"role": "marketing-lead"}], due={"hours": 8, "then": ["escalate", "reject"]}
        )
        world.open(rule).time_is_over("uno")
        result = engine.overdue(world.run, world.rules, "uno", 1, 0, world.now, world.directory)
        assert result.events == ()

    def test_reminders_go_to_who_is_still_asked(self, world):
        world.open(one_step(quorum="all", due={"hours": 8})).decide("paolo", "uno")
        result = engine.remind(world.run, world.rules, "uno", 1, world.now, world.directory)
        assert [event.people for event in result.events] == [(world.id("piera"),)]
        assert engine.remind(world.run, world.rules, "uno", 2, world.now, world.directory).events == ()


def test_only_the_requester_recalls(world):
    world.open(one_step())
    refusal = refusal_of(
        lambda: engine.recall(world.run, world.rules, world.id("paolo"), None, world.now, world.directory)
    )
    assert refusal.code == "only_requester_recalls"
    world.took(engine.recall(world.run, world.rules, world.id("marta"), None, world.now, world.directory))
    assert world.run.state == "cancelled"
    assert set(world.parts("uno").values()) == {"cancelled"}


class TestEvidence:
    PDF = {"name": "preventivo.pdf", "media_type": "application/pdf", "sha256": "0" * 64, "size": 10}  # noqa: RUF012

    def test_what_may_be_attached(self, world):
        world.open(one_step(evidence={"media_types": ["application/pdf"], "required": True}))
        assert refusal_of(lambda: world.decide("paolo", "uno")).code == "evidence_required"
        other = {**self.PDF, "media_type": "text/html"}
        assert (
            refusal_of(lambda: world.decide("paolo", "uno", evidence=(other,))).field
            == "evidence[0].media_type"
        )
        assert world.decide("paolo", "uno", evidence=(self.PDF,)).run.state == "approved"

    def test_nothing_unless_said(self, world):
        world.open(one_step())
        assert (
            refusal_of(lambda: world.decide("paolo", "uno", evidence=(self.PDF,))).code
            == "evidence_not_allowed"
        )


def test_an_amount_that_is_written_otherwise_reopens_nothing(world):
    world.open(
        [
            {"key": "uno", "approvers": [{"role": "purchasing"}]},
            {"key": "due", "approvers": [{"role": "director"}]},
        ]
    )
    world.decide("paolo", "uno").amend(budget="8000.0", quote_total=None)
    assert world.steps() == {"uno": "approved", "due": "pending"}
    world.amend("hash-3", budget="8000.01")
    assert world.steps() == {"uno": "pending", "due": "pending"}


def test_people_whom_an_earlier_step_waits_for_are_found_then(world):
    """The field comes with an amendment; until then nobody could approve the second step."""
    rules = world.define(
        [
            {"key": "uno", "approvers": [{"role": "purchasing"}], "requires": ["purpose"]},
            {"key": "due", "approvers": [{"field": "purpose"}], "if_too_few": "reject"},
        ]
    )
    subject = engine.Subject("brief", world.id("b"), 1, world.id("marta"), world.content(), "hash-1")
    assert engine.step_without_approver(rules, subject, world.now, world.directory) is None
    subject = engine.Subject(
        "brief", world.id("b"), 1, world.id("marta"), world.content(purpose="nessuno"), "hash-1"
    )
    assert engine.step_without_approver(rules, subject, world.now, world.directory) == "due"
