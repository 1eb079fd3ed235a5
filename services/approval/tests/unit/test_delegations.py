"""Who acts for whom, whatever was delegated by whom to whom, and whoever has left since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from approval.domain.directory import DELEGATION_CHAIN, Delegation, Directory, Person

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
IDS = [UUID(int=number + 1) for number in range(5)]
PROCESSES = ("spese", "viaggi")
AMOUNTS = (None, Decimal("100.00"), Decimal("100.01"), Decimal("5000.00"))

people = st.fixed_dictionaries(
    {
        id_: st.builds(
            Person, st.just(id_), st.just("P"), st.just(""), active=st.booleans(), may_decide=st.booleans()
        )
        for id_ in IDS
    }
)
delegations = st.builds(
    Delegation,
    st.uuids(),
    st.sampled_from(IDS),
    st.sampled_from(IDS),
    st.sampled_from((NOW - HOUR, NOW, NOW + HOUR)),
    st.sampled_from((NOW, NOW + HOUR, NOW + 2 * HOUR)),
    st.frozensets(st.sampled_from(PROCESSES)),
    st.sampled_from((None, Decimal("100.00"), Decimal("2500.00"))),
)


def may_act_for(
    directory: Directory, whose: UUID, by: UUID, process: str, amount: Decimal | None, links: int
) -> bool:
    """By definition: a chain of delegations that cover it leads from one to the other, and whoever passes on
    may do themselves what they pass on."""
    if links == 0:
        return False
    for each in directory.delegations:
        in_force = each.starts_at <= NOW < each.ends_at
        covers = not each.processes or process in each.processes
        within = each.up_to is None or (amount is not None and amount <= each.up_to)
        if each.from_person == whose and in_force and covers and within:
            if each.to_person == by:
                return True
            through = directory.people[each.to_person]
            if not (through.active and through.may_decide):
                continue
            if may_act_for(directory, each.to_person, by, process, amount, links - 1):
                return True
    return False


def test_thousands_of_delegations_are_gone_through_once(calls):
    """Each of one's own, of those of whoever gave them, and of those of whoever gave it to these."""
    everybody = {id_: Person(id_, "P", "") for id_ in IDS}
    given_ = tuple(
        Delegation(UUID(int=n), whose, to, NOW, NOW + HOUR, frozenset(), Decimal(n))
        for n in range(1, 1001)
        for whose, to in pairwise(reversed(IDS[:4]))
    )
    directory = Directory(everybody, {}, given_)
    with calls() as called:
        grants = directory.grants_to(IDS[0], NOW)
    assert grants == [(whose, None, Decimal(1000)) for whose in IDS[1:4]]
    assert called.count < 100 * 1000


@given(people, st.lists(delegations, max_size=7).map(tuple))
def test_nobody_passes_on_what_they_may_not_do(everybody, given_):
    directory = Directory(everybody, {}, given_)
    for by in IDS:
        grants = directory.grants_to(by, NOW)
        for process in PROCESSES:
            for amount in AMOUNTS:
                expected = {
                    whose
                    for whose in IDS
                    if whose != by and may_act_for(directory, whose, by, process, amount, DELEGATION_CHAIN)
                }
                assert directory.delegators(by, process, amount, NOW).keys() == expected
                # An inbox shows what the person may decide for others, neither more nor less.
                assert expected == {
                    whose
                    for whose, key, up_to in grants
                    if key in (None, process) and (up_to is None or (amount is not None and amount <= up_to))
                }
                for whose in IDS:
                    assert (by in directory.delegates(whose, process, amount, NOW)) == (whose in expected)
