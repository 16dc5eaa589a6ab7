"""Moves in steps: all of them are made, and on no evening does a prison overflow."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.display import orders
from scenarios.planning.in_step import Pair, steps
from tests.simulation.family_team import CALENDAR

PRISONS = "ABCDEFG"
PAIRS = [(one, other) for one in PRISONS for other in PRISONS if one != other]
MOVES = st.dictionaries(st.sampled_from(PAIRS), st.integers(1, 6), min_size=1)


def people_to_move(moves: dict[Pair, int]) -> pd.DataFrame:
    pairs = [pair for pair, number in moves.items() for _ in range(number)]
    return pd.DataFrame(
        {
            "prisoner_id": [f"P{number:04d}" for number in range(len(pairs))],
            "from_establishment": [one for one, _ in pairs],
            "establishment": [other for _, other in pairs],
            "own_gain_gbp": [float(7 * number % 11) for number in range(len(pairs))],
        }
    )


def evenings(rows: pd.DataFrame) -> list[Counter[str]]:
    """Count evening by evening, one move after the other, how many people a prison has gained."""
    now: Counter[str] = Counter()
    found = []
    for _, day in rows[rows["date"] != orders.NO_DATE].groupby("date", sort=True):
        for one, other in zip(day["from_establishment"], day["establishment"], strict=True):
            now[one] -= 1
            now[other] += 1
        found.append(Counter(now))
    return found


@given(MOVES)
def test_steps_are_all_moves_and_no_other(moves: dict[Pair, int]) -> None:
    made: Counter[Pair] = Counter()
    for step in steps(list(moves), moves):
        assert step.times >= 1
        assert len(set(step.pairs)) == len(step.pairs)
        for pair in step.pairs:
            made[pair] += step.times
    assert made == Counter(moves)


@given(MOVES, st.integers(1, 40))
def test_on_no_evening_holds_a_prison_more_than_today_or_in_the_end(
    moves: dict[Pair, int], per_week: int
) -> None:
    rows = people_to_move(moves)
    dated = orders.dated(rows, CALENDAR, per_week, first_come=False)
    assert sorted(dated["prisoner_id"]) == sorted(rows["prisoner_id"])
    arrive, leave = Counter(rows["establishment"]), Counter(rows["from_establishment"])
    for evening in evenings(dated):
        for prison, gained in evening.items():
            end = arrive[prison] - leave[prison]
            assert min(0, end) <= gained <= max(0, end)
    assert orders.overfull(dated).empty


@given(MOVES, st.integers(1, 40))
def test_never_are_more_moves_made_than_so_many_a_week(
    moves: dict[Pair, int], per_week: int
) -> None:
    dated = orders.dated(people_to_move(moves), CALENDAR, per_week, first_come=False)
    known = pd.to_datetime(dated.loc[dated["date"] != orders.NO_DATE, "date"])
    week = (known - pd.Timestamp(CALENDAR.start_date)).dt.days // 7
    made = week.value_counts().sort_index().cumsum()
    assert (made.to_numpy() <= per_week * (made.index.to_numpy() + 1)).all()


def test_two_full_prisons_change_places_on_one_day() -> None:
    rows = people_to_move({("A", "B"): 3, ("B", "A"): 3})
    played = orders.dated(rows, CALENDAR, 1, first_come=True)
    assert orders.overfull(played).to_dict() == {"B": 3}
    dated = orders.dated(rows, CALENDAR, 1, first_come=False)
    assert dated.groupby("date")["establishment"].agg(sorted).tolist() == 3 * [["A", "B"]]


def test_step_that_does_not_fit_into_the_year_has_no_date_at_all() -> None:
    rows = people_to_move({("A", "B"): 27, ("B", "A"): 27})
    dated = orders.dated(rows, CALENDAR, 1, first_come=False)
    without = dated[dated["date"] == orders.NO_DATE]
    assert sorted(without["establishment"]) == ["A", "B"]


def test_room_is_told_on_the_page_and_in_both_sheets() -> None:
    from scenarios.display.move_list import move_list

    rows = people_to_move({("A", "B"): 3, ("B", "A"): 3}).assign(
        sex="men", from_unit="", unit="", reason="other",
        straight_miles_before=1.0, straight_miles_after=2.0,
    )  # fmt: skip
    names = pd.DataFrame({"establishment": ["A", "B"], "name": ["Ashby", "Burton"]})
    played = orders.dated(rows, CALENDAR, 1, first_come=True)
    told = orders.room(played, names)
    assert "1 prison would for a time hold more people than today or in the plan, Burton 3" in told
    in_step = orders.room(orders.dated(rows, CALENDAR, 1, first_come=False), names)
    assert "On no evening does a prison hold more people" in in_step
    assert told in move_list(played, names, told).note
    assert told in orders.orders_sheet(orders.block_orders(played, names), told).note


def test_move_that_ends_where_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends in another prison"):
        steps([("A", "A")], {("A", "A"): 1})
