"""What becomes of visit orders, worked out by hand, and that none is lost or made up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulation.log import VisitOutcome
from simulation.measures import estate_totals, tally
from simulation.simulate import simulate, simulate_together
from tests.simulation.small_prison import (
    ALLOWANCE,
    CALENDAR,
    DEMAND,
    REGIME,
    daily,
    prison,
    session,
    transfer,
)

SILENT = replace(DEMAND, wish_per_four_weeks=0.0)


def counted(**settings: Any) -> dict[str, int]:
    """Count the orders of ten people in eight weeks, one visit order every 14 days."""
    inputs = prison(people=10, sessions=daily(2), **({"regime": REGIME} | settings))
    log = simulate(inputs, establishment="AAA", seed=3, replication=0)
    return {name: int(numbers.sum()) for name, numbers in log.orders.items()}


def test_orders_that_nobody_uses_lapse_when_privileged_and_accumulate_when_not() -> None:
    """Each has 4 visit orders and 2 privileged ones: of 3 privileged ones 2 lapse, 1 is left."""
    assert counted(demand=SILENT) == {
        "orders_granted": 10 * (4 + 2),
        "orders_lapsed": 10 * 2,
        "orders_exchanged": 0,
        "orders_unused": 10 * (1 + 4 + 1),
    }


def test_who_exchanges_keeps_the_orders_of_the_last_28_days() -> None:
    """Of the 5 visit orders the last two are not yet 28 days old at the last grant."""
    found = counted(demand=SILENT, allowance=replace(ALLOWANCE, swap_share=1.0))

    assert (found["orders_exchanged"], found["orders_unused"]) == (10 * 3, 10 * (2 + 1))
    assert found["orders_lapsed"] == 10 * 2


def test_beyond_the_cap_the_oldest_lapse() -> None:
    found = counted(demand=SILENT, regime=replace(REGIME, orders_cap=3))

    assert (found["orders_lapsed"], found["orders_unused"]) == (10 * (2 + 2), 10 * (3 + 1))


def test_a_prison_grants_its_own_number_at_a_level_and_the_usual_one_at_others() -> None:
    """Everybody is at standard: AAA grants 3 and 2 there, BBB has numbers at enhanced alone."""
    own = {"visit_orders": 3, "privileged_orders": 2}
    inputs = prison(
        people=10, establishments=("AAA", "BBB"), demand=SILENT, regime=REGIME,
        visit_orders=[{"establishment": "AAA", "incentive_level": "standard"} | own,
                      {"establishment": "BBB", "incentive_level": "enhanced"} | own],
    )  # fmt: skip
    granted = {
        code: set(
            simulate(inputs, establishment=code, seed=3, replication=0).orders["orders_granted"]
        )
        for code in ("AAA", "BBB")
    }

    assert granted == {"AAA": {4 * 3 + 2 * 2}, "BBB": {4 * 1 + 2 * 1}}


def test_what_is_granted_and_lapses_in_the_warm_up_does_not_count() -> None:
    found = counted(demand=SILENT, calendar=replace(CALENDAR, weeks=4, warm_up_weeks=4))

    assert (found["orders_granted"], found["orders_lapsed"]) == (10 * (2 + 1), 10 * 1)
    assert found["orders_unused"] == 10 * (1 + 4 + 1)


@hypothesis_settings(max_examples=25)
@given(
    wish=st.sampled_from((1.0, 4.0, 9.0)),
    cap=st.integers(1, 5),
    swaps=st.sampled_from((0.0, 0.5, 1.0)),
    granted=st.integers(0, 2),
)
def test_every_order_is_used_lost_exchanged_or_in_hand(
    wish: float, cap: int, swaps: float, granted: int
) -> None:
    """In hand before and granted since; a booking takes one, a cancellation gives one back."""
    inputs = prison(
        people=12,
        sessions=daily(2),
        demand=replace(DEMAND, wish_per_four_weeks=wish, cancel_share=0.4),
        regime=replace(REGIME, orders_cap=cap, orders_per_14_days=granted),
        allowance=replace(ALLOWANCE, swap_share=swaps),
    )
    log = simulate(inputs, establishment="AAA", seed=5, replication=0)
    orders = {name: int(numbers.sum()) for name, numbers in log.orders.items()}
    turns = log.counts()

    before = 12 * (min(1, cap) + 1)
    used = turns[VisitOutcome.BOOKED] - turns[VisitOutcome.CANCELLED]
    assert before + orders["orders_granted"] == (
        used + orders["orders_lapsed"] + orders["orders_exchanged"] + orders["orders_unused"]
    )


def test_people_on_remand_have_no_orders_to_lose() -> None:
    inputs = prison(people=40, sessions=daily(2), regime=REGIME, seed=1)
    log = simulate(inputs, establishment="AAA", seed=3, replication=0)

    on_remand = ~log.year.place.convicted
    assert on_remand.any()
    assert all((numbers[on_remand] == 0).all() for numbers in log.orders.values())


@pytest.mark.parametrize("days", [0, 26])
def test_visits_on_family_days_are_told_apart(days: int) -> None:
    """Ordinary sessions and family days together are all visits; without family days all are."""
    inputs = prison(
        people=40, sessions=daily(3), seed=1,
        regime=replace(REGIME, family_days_per_year=days, family_day_tables_share=1.0),
    )  # fmt: skip
    log = simulate(inputs, establishment="AAA", seed=3, replication=0)
    told = estate_totals(tally([log], inputs).table(), weeks=inputs.calendar.weeks)
    of_prison = told[told["establishment"] == "AAA"].set_index(["measure", "group_by", "group"])
    visits = of_prison["value"]["visits"]

    assert visits["session_sort"].sum() == visits["all", "all"]
    assert (visits["session_sort", "family_day"] > 0) == (days > 0)
    tables = of_prison["value"]["tables"]
    assert tables["session_sort"].sum() == tables["all", "all"]


def test_orders_of_people_who_are_moved_are_counted_once() -> None:
    """Three of ten leave on days 10 to 12; nobody asks, so the sums stay those of the settled."""

    def all_orders(*moves: dict[str, Any]) -> dict[str, int]:
        inputs = prison(
            people=10, establishments=("AAA", "BBB"), demand=SILENT, regime=REGIME,
            sessions=[session(), session("BBB")], transfers=moves,
        )  # fmt: skip
        logs = list(simulate_together(inputs, ("AAA", "BBB"), seed=3, replication=0))
        return {name: sum(int(log.orders[name].sum()) for log in logs) for name in logs[0].orders}

    assert all_orders(*(transfer(number, 10 + number) for number in range(3))) == all_orders()
