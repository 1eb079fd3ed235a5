from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from types import SimpleNamespace
from uuid import uuid4

import pytest

from brief.domain.brief import Brief
from brief.domain.lifecycle import Cause, State
from optima_kit.refusals import NotYet, WrongState

RESTING = [state for state in State if state not in (State.CHANGES_REQUESTED, State.DELIVERED)]


def entered(brief: Brief) -> list[State]:
    return [transition.to_state for transition in brief.transitions]


UNDER_APPROVAL = {State.SUBMITTED, State.IN_APPROVAL}
BEFORE_GOODS_LEFT = UNDER_APPROVAL | {State.DRAFT, State.OVER_BUDGET, State.APPROVED, State.IN_PRODUCTION}


class TestRequester:
    @pytest.mark.parametrize("state", [state for state in RESTING if state is not State.DRAFT])
    def test_only_a_draft_changes(self, made: SimpleNamespace, state: State) -> None:
        brief = made.brief_in(state)
        version = brief.version
        for change in (
            lambda: brief.revise(made.content(), [], made.now),
            lambda: brief.detach(uuid4(), made.now),
            lambda: brief.submit("standard", made.context),
        ):
            with pytest.raises(WrongState, match="brief_not_draft"):
                change()
        assert (brief.state, brief.version, brief.transitions) == (state, version, [])

    def test_submission_freezes_the_draft(self, made: SimpleNamespace) -> None:
        brief = made.draft()
        drafted = brief.draft
        frozen = brief.submit("standard", made.context)
        assert (frozen.content, brief.draft, brief.state) == (drafted, None, State.SUBMITTED)
        assert brief.content_hash == frozen.content_hash

    @pytest.mark.parametrize("state", RESTING)
    def test_cancellable_until_goods_have_left(self, made: SimpleNamespace, state: State) -> None:
        brief = made.brief_in(state)
        if state in BEFORE_GOODS_LEFT:
            assert brief.cancel("Campagna sospesa", made.context) is state
            assert (brief.state, brief.reason) == (State.CANCELLED, "Campagna sospesa")
        else:
            with pytest.raises(WrongState, match="brief_not_cancellable"):
                brief.cancel("Campagna sospesa", made.context)
            assert brief.state is state


class TestPrices:
    @pytest.mark.parametrize("state", RESTING)
    def test_priced_while_under_approval_only(self, made: SimpleNamespace, state: State) -> None:
        item = made.item()
        brief = made.brief_in(state, made.content(item))
        price = lambda: brief.price(1, [(item.item_id, Decimal(2))], uuid4(), made.now, made.anna)  # noqa: E731
        if state in UNDER_APPROVAL:
            unpriced = brief.content_hash
            assert price() is not None
            assert brief.content_hash != unpriced
            assert brief.state is state
        else:
            with pytest.raises(WrongState, match="brief_not_to_be_priced"):
                price()

    def test_prices_of_another_revision_are_refused(self, made: SimpleNamespace) -> None:
        brief = made.brief_in(State.SUBMITTED)
        with pytest.raises(WrongState, match="content_stale"):
            brief.price(2, [], uuid4(), made.now, made.anna)

    def test_the_same_prices_again_change_nothing(self, made: SimpleNamespace) -> None:
        item = made.item()
        brief = made.brief_in(State.SUBMITTED, made.content(item))
        brief.price(1, [(item.item_id, Decimal("2"))], uuid4(), made.now, made.anna)
        known = (brief.content_hash, brief.version)
        assert brief.price(1, [(item.item_id, Decimal("2.00"))], uuid4(), made.now, made.anna) is None
        assert (brief.content_hash, brief.version) == known

    def test_a_new_revision_is_unpriced_with_proposals(self, made: SimpleNamespace) -> None:
        item = made.item()
        brief = made.brief_in(State.SUBMITTED, made.content(item))
        brief.price(1, [(item.item_id, Decimal("2"))], uuid4(), made.now, made.anna)
        for revision in (1, 2):
            # Also from a revision that came back unpriced.
            brief.changes_requested(made.approval, revision, "Meno pezzi", made.context)
            frozen = brief.submit("standard", made.context)
            assert brief.pricing is None
            assert brief.content_hash == frozen.content_hash
            assert frozen.proposed_prices == {item.item_id: Decimal("2")}


class TestApproval:
    def answers(self, made: SimpleNamespace, brief: Brief, revision: int) -> dict[str, Callable[[], bool]]:
        hash_ = brief.content_hash or ""
        context = made.context
        return {
            "opened": lambda: brief.approval_opened(made.approval, revision, context),
            "approved": lambda: brief.approved(made.approval, revision, hash_, context),
            "rejected": lambda: brief.rejected(made.approval, revision, "No", context),
            "changes": lambda: brief.changes_requested(made.approval, revision, "Meno pezzi", context),
            "recalled": lambda: brief.returned(made.approval, revision, Cause.RECALLED, None, context),
        }

    @pytest.mark.parametrize("state", [State.SUBMITTED, State.IN_APPROVAL])
    @pytest.mark.parametrize(
        ("answer", "reached", "revision"),
        [
            ("approved", State.APPROVED, 1),
            ("rejected", State.REJECTED, 1),
            ("changes", State.DRAFT, 2),
            ("recalled", State.DRAFT, 2),
        ],
    )
    def test_an_end_counts_before_and_after_the_opening_is_known(
        self, made: SimpleNamespace, state: State, answer: str, reached: State, revision: int
    ) -> None:
        brief = made.brief_in(state)
        content = brief.submitted.content
        assert self.answers(made, brief, 1)[answer]()
        assert (brief.state, brief.revision, brief.approval_id) == (reached, revision, made.approval)
        assert brief.draft == (content if reached is State.DRAFT else None)
        version = brief.version
        assert not self.answers(made, brief, 1)["opened"](), "the opening, late"
        assert not self.answers(made, brief, 1)[answer](), "the end, again"
        assert brief.version == version

    @pytest.mark.parametrize("answer", ["opened", "approved", "rejected", "changes", "recalled"])
    def test_answers_about_an_earlier_revision_change_nothing(
        self, made: SimpleNamespace, answer: str
    ) -> None:
        brief = made.brief_in(State.IN_APPROVAL)
        self.answers(made, brief, 1)["changes"]()
        for _ in ("drafted", "submitted"):
            version = brief.version
            assert not self.answers(made, brief, 1)[answer]()
            assert (brief.version, brief.revision) == (version, 2)
            if brief.state is State.DRAFT:
                brief.submit("standard", made.context)

    def test_approval_of_other_prices_does_not_count(self, made: SimpleNamespace) -> None:
        item = made.item()
        brief = made.brief_in(State.IN_APPROVAL, made.content(item))
        read = brief.content_hash
        brief.price(1, [(item.item_id, Decimal(9))], uuid4(), made.now, made.anna)
        assert not brief.approved(made.approval, 1, read, made.context)
        assert brief.state is State.IN_APPROVAL
        assert brief.approved(made.approval, 1, brief.content_hash, made.context)

    def test_requested_changes_pass_through_their_state_into_the_next_draft(
        self, made: SimpleNamespace
    ) -> None:
        brief = made.brief_in(State.IN_APPROVAL)
        brief.changes_requested(made.approval, 1, "Meno pezzi", made.context)
        assert [(m.to_state, m.revision, m.reason) for m in brief.transitions] == [
            (State.CHANGES_REQUESTED, 1, "Meno pezzi"),
            (State.DRAFT, 2, "Meno pezzi"),
        ]
        assert (brief.cause, brief.reason) == (Cause.CHANGES_REQUESTED, "Meno pezzi")

    @pytest.mark.parametrize("answer", ["opened", "approved", "rejected", "changes", "recalled"])
    def test_a_cancelled_brief_stays_cancelled(self, made: SimpleNamespace, answer: str) -> None:
        brief = made.brief_in(State.SUBMITTED)
        brief.cancel("Campagna sospesa", made.context)
        assert not self.answers(made, brief, 1)[answer]()
        assert brief.state is State.CANCELLED


class TestDelivery:
    def reports(self, made: SimpleNamespace, brief: Brief) -> dict[str, Callable[[], object]]:
        order, context = made.order, made.context
        return {
            "confirmed": lambda: brief.order_confirmed(order, made.now),
            "started": lambda: brief.production_started(order, context),
            "ddt": lambda: brief.goods_left(order, context),
            "departed": lambda: brief.goods_left(order, context),
            "delivered": lambda: brief.order_delivered(order, context),
        }

    def test_any_order_of_reports_ends_closed_and_only_forward(self, made: SimpleNamespace) -> None:
        rank = {state: n for n, state in enumerate(State)}
        for order in permutations(["confirmed", "started", "ddt", "departed", "delivered"]):
            brief = made.brief_in(State.APPROVED)
            for report in order:
                self.reports(made, brief)[report]()
                self.reports(made, brief)[report]()
            assert brief.state is State.CLOSED, order
            assert brief.order_id == made.order
            reached = [rank[state] for state in entered(brief)]
            assert reached == sorted(set(reached)), order

    @pytest.mark.parametrize("state", [State.DRAFT, State.SUBMITTED, State.IN_APPROVAL, State.REJECTED])
    def test_nothing_is_made_before_approval(self, made: SimpleNamespace, state: State) -> None:
        for report in ("started", "ddt", "delivered"):
            with pytest.raises(NotYet):
                self.reports(made, made.brief_in(state))[report]()

    def test_delivered_and_closed_are_two_transitions(self, made: SimpleNamespace) -> None:
        brief = made.brief_in(State.IN_DELIVERY)
        brief.order_delivered(made.order, made.context)
        assert entered(brief) == [State.DELIVERED, State.CLOSED]


class TestCancellation:
    def test_goods_had_left_whatever_arrives_first(self, made: SimpleNamespace) -> None:
        """Backoffice cancels the order while logistics issues a document and then refuses: one truth."""
        for order in permutations(["cancelled", "refused", "ddt", "delivered"]):
            brief = made.brief_in(State.IN_PRODUCTION)
            reports = {
                "cancelled": lambda b=brief: b.order_cancelled("Errore", made.context),
                "refused": lambda b=brief: b.cancellation_refused("Merce partita", made.context),
                "ddt": lambda b=brief: b.goods_left(made.order, made.context),
                "delivered": lambda b=brief: b.order_delivered(made.order, made.context),
            }
            waiting = list(order)
            while waiting:
                put_aside = []
                for report in waiting:
                    try:
                        reports[report]()
                    except NotYet:
                        put_aside.append(report)
                assert put_aside != waiting, "nothing would ever be handled"
                waiting = put_aside
            assert brief.state is State.CLOSED, order

    def test_a_refused_cancellation_is_revoked(self, made: SimpleNamespace) -> None:
        brief = made.brief_in(State.CANCELLED)
        assert brief.cancellation_refused("Merce partita", made.context)
        assert (brief.state, brief.cause) == (State.IN_DELIVERY, Cause.CANCELLATION_REFUSED)
        assert brief.order_cancelled("Brief annullato", made.context) is None, "production's answer, late"
        assert brief.state is State.IN_DELIVERY
        left = brief.order_cancelled("Merce resa", made.context, goods_came_back=True)
        assert (left, brief.state) == (State.IN_DELIVERY, State.CANCELLED)

    @pytest.mark.parametrize("state", [State.APPROVED, State.IN_PRODUCTION])
    def test_backoffice_cancelled_the_order(self, made: SimpleNamespace, state: State) -> None:
        brief = made.brief_in(state)
        assert brief.order_cancelled("Cliente insolvente", made.context) is state
        assert (brief.state, brief.cause, brief.reason) == (
            State.CANCELLED,
            Cause.ORDER_CANCELLED,
            "Cliente insolvente",
        )

    def test_productions_answer_to_the_briefs_own_cancellation_changes_nothing(
        self, made: SimpleNamespace
    ) -> None:
        brief = made.brief_in(State.CANCELLED)
        assert brief.order_cancelled("Brief annullato", made.context) is None
        assert brief.cause is Cause.CANCELLED_BY_REQUESTER
