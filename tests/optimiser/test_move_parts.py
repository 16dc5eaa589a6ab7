"""What a move destroys: priced part by part, by destination, and nothing twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.load import read_table
from data.records import Records
from data.schema import columns
from optimiser.move_parts import (
    BY_DATE,
    BY_PLACE,
    PARTS,
    RULE_PARTS,
    MoveParts,
    move_parts,
    planned_sites,
    priced_parts,
    summed_table,
)

PRISONS = pd.Index(["AAA", "BBB", "CCC"])
NAMES = {
    "course": ["thinking_skills", "self_change"],
    "work": ["kitchen", "laundry"],
    "education": ["functional_skills"],
    "treatment": ["recovery_unit"],
    "family_unit": ["family_unit"],
    "booked_visit": ["1", "2"],
    "family_day": ["1", "2"],
    "appointment": ["1", "2"],
}


PRICES = read_table("move_parts").set_index("part")["price_gbp"].to_dict()


def prisoners(number: int, **columns: list[str]) -> pd.DataFrame:
    ids = [f"P{each}" for each in range(number)]
    frame = pd.DataFrame({"prisoner_id": ids, "hold_reason": "", "preference": "none"})
    return frame.assign(**columns)


def activity(
    prisoner_id: str,
    kind: str,
    name: str,
    *,
    weeks_done: int = 0,
    weeks_left: float = np.nan,
    on_sentence_plan: bool = False,
) -> dict[str, object]:
    return {
        "prisoner_id": prisoner_id,
        "kind": kind,
        "activity": name,
        "weeks_done": weeks_done,
        "weeks_left": weeks_left,
        "on_sentence_plan": on_sentence_plan,
    }


def records(rows: list[dict[str, object]], sites: list[tuple[str, str]]) -> Records:
    empty = Records.empty()
    activities = pd.DataFrame(rows, columns=empty.activities.columns)
    return replace(
        empty,
        activities=activities.astype(empty.activities.dtypes.to_dict()),
        activity_sites=pd.DataFrame(sites, columns=["establishment", "activity"], dtype="str"),
    )


def destroyed(
    people: pd.DataFrame,
    recorded: Records,
    *,
    table: pd.DataFrame | None = None,
    visited: list[bool] | None = None,
) -> MoveParts:
    return move_parts(
        people,
        recorded,
        read_table("move_parts") if table is None else table,
        establishments=PRISONS,
        visited=np.array(visited or [False] * len(people)),
        by_rule={},
    )


def told(parts: MoveParts, person: int, prison: str) -> dict[str, float]:
    """Give the parts of one move that cost something, in pounds."""
    where = np.array([PRISONS.get_loc(prison)])
    found = parts.parts_at(np.array([person]), where)
    return {name: pennies[0] / 100 for name, pennies in found.items() if pennies[0]}


EVERYBODY = {"escort": 222.0, "reception": 150.0, "cleared_numbers": 30.0}


def test_a_course_is_lost_where_it_is_not_offered_and_interrupted_where_it_is() -> None:
    """Six weeks at £60 are in vain at CCC; at BBB the course is joined again for £100."""
    rows = [activity("P0", "course", "thinking_skills", weeks_done=6, weeks_left=4)]
    parts = destroyed(prisoners(1), records(rows, [("BBB", "thinking_skills")]))

    assert told(parts, 0, "CCC") == EVERYBODY | {"course_lost": 360.0}
    assert told(parts, 0, "BBB") == EVERYBODY | {"course_interrupted": 100.0}


def test_a_course_that_has_ended_costs_nothing() -> None:
    rows = [activity("P0", "course", "thinking_skills", weeks_done=10, weeks_left=0)]
    parts = destroyed(prisoners(1), records(rows, []))

    assert told(parts, 0, "BBB") == EVERYBODY


def test_dates_are_lost_wherever_a_person_goes() -> None:
    """Two visits at £40, a family day at £80 and an appointment at £50."""
    rows = [
        activity("P0", "booked_visit", "1"),
        activity("P0", "booked_visit", "2"),
        activity("P0", "family_day", "1"),
        activity("P0", "appointment", "1"),
    ]
    parts = destroyed(prisoners(1), records(rows, []))

    lost = {"booked_visits": 80.0, "family_days": 80.0, "appointments": 50.0}
    assert told(parts, 0, "BBB") == told(parts, 0, "CCC") == EVERYBODY | lost


def test_whoever_is_visited_without_a_visit_on_record_is_taken_to_lose_one() -> None:
    rows = [activity("P2", "booked_visit", "1"), activity("P2", "booked_visit", "2")]
    parts = destroyed(prisoners(3), records(rows, []), visited=[True, False, True])

    assert told(parts, 0, "BBB") == EVERYBODY | {"booked_visits": 40.0}
    assert told(parts, 1, "BBB") == EVERYBODY
    assert told(parts, 2, "BBB") == EVERYBODY | {"booked_visits": 80.0}
    assert parts.amounts["booked_visits"].tolist() == [1.0, 0.0, 2.0]


def test_a_recent_transfer_and_a_likely_refusal_are_parts_of_their_own() -> None:
    people = prisoners(2, hold_reason=["recent_transfer", ""], preference=["none", "stay"])
    parts = destroyed(people, records([], []))

    assert told(parts, 0, "BBB") == EVERYBODY | {"recent_transfer": 200.0}
    assert told(parts, 1, "BBB") == EVERYBODY | {"likely_refusal": 30.0}


def test_a_recorded_transfer_is_told_apart_from_a_hold() -> None:
    people = prisoners(2, hold_reason=["recent_transfer", ""])
    parts = move_parts(
        people,
        records([], []),
        read_table("move_parts"),
        establishments=PRISONS,
        visited=np.array([False, False]),
        by_rule={},
        moved_lately=np.array([False, True]),
    )

    assert told(parts, 0, "BBB") == EVERYBODY
    assert told(parts, 1, "BBB") == EVERYBODY | {"recent_transfer": 200.0}


def test_a_planner_prices_a_part_anew() -> None:
    table = read_table("move_parts")
    table.loc[table["part"] == "escort", "price_gbp"] = 100.0
    parts = destroyed(prisoners(1), records([], []), table=table)

    assert told(parts, 0, "BBB") == EVERYBODY | {"escort": 100.0}


def test_the_built_in_table_prices_every_part_once() -> None:
    table = read_table("move_parts")

    assert sorted(table["part"]) == sorted(PARTS)
    assert list(priced_parts(table)) == table["part"].to_list()
    assert columns("move_parts")[0].words == tuple(table["part"])


def test_unknown_and_missing_parts_are_reported_together() -> None:
    table = read_table("move_parts").replace({"part": {"escort": "taxi"}})

    with pytest.raises(ValueError, match=r"no part 'taxi'.*'escort' is missing"):
        priced_parts(table)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pd.DataFrame, Records]:
    number = draw(st.integers(1, 5))
    people = prisoners(
        number,
        hold_reason=[draw(st.sampled_from(["", "recent_transfer"])) for _ in range(number)],
        preference=[draw(st.sampled_from(["stay", "none"])) for _ in range(number)],
    )
    names = [(kind, name) for kind, listed in NAMES.items() for name in listed]
    keys = draw(st.sets(st.tuples(st.integers(0, number - 1), st.sampled_from(names)), max_size=10))
    rows = [
        activity(
            f"P{person}",
            kind,
            name,
            weeks_done=draw(st.integers(0, 30)),
            weeks_left=draw(st.sampled_from([np.nan, 0.0, 5.0])),
        )
        for person, (kind, name) in sorted(keys)
    ]
    sites = draw(st.sets(st.tuples(st.sampled_from(list(PRISONS)), st.sampled_from(names))))
    recorded = records(rows, sorted({(prison, name) for prison, (_, name) in sites}))
    return people, recorded


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_parts_add_up_to_the_price_everywhere_and_agree_with_a_count_by_hand(
    world: tuple[pd.DataFrame, Records],
) -> None:
    people, recorded = world
    parts = destroyed(people, recorded)

    everybody = np.arange(len(people))
    matrix = parts.pennies(everybody)
    for column in range(len(PRISONS)):
        where = np.full(len(people), column)
        by_part = parts.parts_at(everybody, where)
        assert set(by_part) == {*PARTS, *RULE_PARTS}
        total = sum(by_part.values())
        assert total.tolist() == matrix[:, column].tolist()
        assert total.tolist() == parts.at(everybody, where).tolist()
        assert total.tolist() == [by_hand(people, recorded, each, column) for each in everybody]


def by_hand(people: pd.DataFrame, recorded: Records, person: int, column: int) -> int:
    """Price a move in plain Python, row by row."""
    rows = recorded.activities
    rows = rows[~(rows["weeks_left"] <= 0)]
    offered = {tuple(pair) for pair in recorded.activity_sites.to_numpy()}
    gbp = 222 + 150 + 30
    gbp += 200 * (people["hold_reason"][person] == "recent_transfer")
    gbp += 30 * (people["preference"][person] == "stay")
    for _, row in rows[rows["prisoner_id"] == f"P{person}"].iterrows():
        if row["kind"] in BY_DATE:
            gbp += PRICES[BY_DATE[row["kind"]]]
            continue
        kept = (PRISONS[column], row["activity"]) in offered
        weekly = row["kind"] in ("course", "education") and not kept
        gbp += PRICES[BY_PLACE[row["kind"]][kept]] * (row["weeks_done"] if weekly else 1)
    return round(100 * gbp)


def test_a_planned_course_can_be_gone_on_with_where_all_planned_courses_are_offered() -> None:
    rows = [
        activity("P0", "course", "thinking_skills", weeks_left=3, on_sentence_plan=True),
        activity("P0", "course", "self_change", weeks_left=3, on_sentence_plan=True),
        activity("P1", "course", "self_change", weeks_left=3),
        activity("P2", "course", "self_change", weeks_left=0, on_sentence_plan=True),
        activity("P3", "work", "kitchen", on_sentence_plan=True),
    ]
    sites = [("BBB", "thinking_skills"), ("BBB", "self_change"), ("CCC", "self_change")]

    found = planned_sites(
        prisoners(4),
        records(rows, sites),
        establishments=PRISONS,
        from_establishment=np.array([0, 0, 0, 0]),
    )

    assert found.to_list() == ["AAA;BBB", "", "", ""]


def test_the_order_of_rows_decides_nothing() -> None:
    rows = [
        activity("P1", "course", "self_change", weeks_done=3, weeks_left=3),
        activity("P0", "work", "kitchen"),
        activity("P1", "education", "functional_skills", weeks_done=2),
    ]
    one = destroyed(prisoners(2), records(rows, [("BBB", "kitchen")]))
    two = destroyed(prisoners(2), records(rows[::-1], [("BBB", "kitchen")]))

    assert np.array_equal(one.pennies(np.arange(2)), two.pennies(np.arange(2)))


def test_a_sparse_table_holds_what_a_full_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    values, row, column = np.array([5, 7, 1]), np.array([0, 2, 0]), np.array([1, 0, 1])
    offered = np.array([[1, 0], [0, 1]])

    full = summed_table(values, row, column, (3, 2))
    monkeypatch.setattr("optimiser.move_parts.FEW", 0)
    sparse = summed_table(values, row, column, (3, 2))

    rows = np.array([2, 0])
    assert (full[rows] @ offered).tolist() == [[7, 0], [0, 6]]
    assert (sparse[rows] @ offered).tolist() == [[7, 0], [0, 6]]
