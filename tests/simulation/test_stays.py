"""Where somebody is on each day of the year, and which stays are known to end."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from simulation.place import BEYOND
from simulation.stays import stays
from tests.simulation.small_prison import CALENDAR, TRANSFERRING, transfer

HOME = "AAA"


def stays_of(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Give the stays of one person, held at AAA on the first day."""
    begin = pd.DataFrame(
        {
            "prisoner_id": ["P00000"],
            "establishment": [HOME],
            "unit": [f"{HOME}-1"],
            "straight_miles": [30.0],
        }
    )
    return stays(begin, pd.DataFrame(rows), TRANSFERRING, CALENDAR, [])


def shown(table: pd.DataFrame) -> list[tuple[object, ...]]:
    columns = ["establishment", "from_day", "until_day", "ends_day"]
    return list(table[columns].itertuples(index=False, name=None))


def test_a_loan_that_becomes_a_transfer_for_good_no_longer_ends() -> None:
    table = stays_of([transfer(0, 5, until_day=20), transfer(0, 20)])

    assert shown(table) == [("AAA", 0, 5, BEYOND), ("BBB", 5, BEYOND, BEYOND)]


def test_a_loan_that_is_prolonged_ends_when_the_second_does() -> None:
    table = stays_of([transfer(0, 5, until_day=20), transfer(0, 20, until_day=30)])

    assert shown(table) == [
        ("AAA", 0, 5, BEYOND),
        ("BBB", 5, 30, 30),
        ("AAA", 30, BEYOND, BEYOND),
    ]


def test_a_change_of_unit_for_a_while_is_neither_left_nor_come_back_from() -> None:
    within = transfer(0, 10, HOME, unit="AAA-2", until_day=20)

    assert shown(stays_of([within, transfer(0, 40)])) == [
        ("AAA", 0, 40, BEYOND),
        ("BBB", 40, BEYOND, BEYOND),
    ]
    assert shown(stays_of([within])) == [("AAA", 0, BEYOND, BEYOND)]


@st.composite
def years(draw: st.DrawFn) -> list[dict[str, object]]:
    """Give rows one after the other: loans and transfers for good, often back to back."""
    rows: list[dict[str, object]] = []
    day = draw(st.integers(1, 15))
    for _ in range(draw(st.integers(1, 6))):
        where = draw(st.sampled_from(["AAA", "BBB", "CCC"]))
        length = draw(st.none() | st.integers(1, 15))
        until = BEYOND if length is None else day + length
        rows.append(transfer(0, day, where, unit=f"{where}-2", until_day=until))
        pause = draw(st.sampled_from([0, 0, 1, 9]))
        day = day + (max(1, pause) if length is None else length + pause)
    return rows


def day_by_day(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    """Say for each day where the person is, and the day on which they are known to leave."""
    found: list[tuple[object, object]] = []
    for day in range(CALENDAR.days):
        begun = [row for row in rows if row["day"] <= day]  # type: ignore[operator]
        for_good = [HOME, *(r["establishment"] for r in begun if r["until_day"] == BEYOND)][-1]
        lent = [r for r in begun if day < r["until_day"] < BEYOND]  # type: ignore[operator]
        away = [row for row in lent if row["establishment"] != for_good]
        there = (away[0]["establishment"], away[0]["until_day"]) if away else (for_good, BEYOND)
        found.append(there)
    return found


@given(rows=years())
def test_stays_say_where_somebody_is_on_each_day(rows: list[dict[str, object]]) -> None:
    table = shown(stays_of(rows))
    expected = day_by_day(rows)

    played: list[object] = []
    for where, first, until, ends in table:
        last = min(until, CALENDAR.days)  # type: ignore[call-overload]
        played += [where] * (last - first)
        assert ends == expected[last - 1][1]
        assert until in (ends, BEYOND) or ends == BEYOND
    assert played == [where for where, _ in expected]
    assert all(one[0] != two[0] and one[2] == two[1] for one, two in pairwise(table))
