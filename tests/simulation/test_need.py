"""The need of a prison: a sum over its people, the same for the same people."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from simulation.need import (
    DRIVERS,
    SOURCES,
    NeedSettings,
    drivers_of_each,
    need_table,
    people_held,
    receptions_per_place,
    referrals_per_year,
    share_of_year,
)
from simulation.place import BEYOND
from tests.simulation.family_team import CALENDAR

NEED = NeedSettings(
    referrals_per_reception=0.1,
    self_referrals_per_parent=0.2,
    self_referrals_per_woman=0.3,
    self_referrals_per_care_experienced=0.05,
    self_referrals_per_far_person=0.07,
    far_miles=50.0,
    referrals_per_person_without_visitors=0.25,
    self_harm_reviews_per_man=0.05,
    self_harm_reviews_per_woman=0.5,
    family_day_referrals_per_parent=0.04,
    course_referrals_per_parent=0.03,
    referrals_per_release=0.06,
    missing_parent_share=0.5,
)


def person(**given: object) -> dict[str, object]:
    plain: dict[str, object] = {
        "establishment": "LEI",
        "prisoner_id": "P1",
        "function": "training",
        "sex": "men",
        "children_under_18": 0,
        "care_experience": False,
        "straight_miles": 10.0,
        "expected_weeks": 52.0,
        "days_to_release": 900.0,
        "has_visitors": True,
    }
    return plain | given


def prison(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows)


def hours(people: pd.DataFrame, settings: NeedSettings = NEED) -> dict[str, float]:
    table = need_table(people, settings, hours_per_referral=2.0)
    return table.set_index("establishment")["need_hours"].to_dict()


@st.composite
def peopled(draw: st.DrawFn) -> pd.DataFrame:
    numbers = draw(st.integers(min_value=1, max_value=12))
    rows = [
        person(
            prisoner_id=f"P{number}",
            sex=draw(st.sampled_from(["men", "women"])),
            function=draw(st.sampled_from(["reception", "training"])),
            children_under_18=draw(st.integers(0, 3)),
            care_experience=draw(st.booleans()),
            straight_miles=draw(st.floats(0, 300)),
            expected_weeks=draw(st.floats(1, 500)),
            days_to_release=draw(st.one_of(st.just(np.nan), st.floats(0, 3000))),
            has_visitors=draw(st.booleans()),
        )
        for number in range(numbers)
    ]
    return pd.DataFrame(rows)


def test_the_need_of_one_man_is_worked_by_hand() -> None:
    """A father 60 miles away whom nobody visits, here for a year more.

    0.1 + (0.2 + 0.07) + 0.25 + 0.05 + 0.04 + 0.03 = 0.74 referrals of two hours.
    """
    father = person(children_under_18=2, straight_miles=60.0, has_visitors=False)

    assert hours(prison(father)) == {"LEI": pytest.approx(1.48)}


def test_the_need_of_one_woman_is_worked_by_hand() -> None:
    """In care as a child and released within twelve weeks, after a month's stay.

    13 x 0.1 + (0.3 + 0.05) + 0.5 + 364/84 x 0.06 = 2.41 referrals of two hours.
    """
    woman = person(sex="women", care_experience=True, days_to_release=20.0, expected_weeks=4.0)

    assert hours(prison(woman)) == {"LEI": pytest.approx(4.82)}


@given(people=peopled(), seed=st.integers(0, 2**32 - 1))
@hypothesis_settings(max_examples=50, deadline=None)
def test_two_prisons_with_the_same_people_get_the_same_number(
    people: pd.DataFrame, seed: int
) -> None:
    """However they are listed, and whatever they are called."""
    order = np.random.default_rng(seed).permutation(len(people))
    others = people.iloc[order].assign(
        establishment="WDI", prisoner_id=[f"Q{number}" for number in range(len(people))]
    )

    found = hours(pd.concat([people, others], ignore_index=True))

    assert found["WDI"] == pytest.approx(found["LEI"], rel=1e-12)


@given(people=peopled())
@hypothesis_settings(max_examples=30, deadline=None)
def test_the_need_of_a_prison_is_the_sum_over_its_people(people: pd.DataFrame) -> None:
    of_each = referrals_per_year(drivers_of_each(people, NEED), NEED)

    assert list(of_each) == [str(source) for source in SOURCES]
    assert hours(people)["LEI"] == pytest.approx(2.0 * of_each.to_numpy().sum())


@pytest.mark.parametrize("name", [each.name for each in fields(NeedSettings)])
def test_every_weight_counts(name: str) -> None:
    people = prison(
        person(children_under_18=1),
        person(sex="women", care_experience=True),
        person(straight_miles=60.0, has_visitors=False),
        person(days_to_release=10.0),
    )
    other = replace(NEED, **{name: 0.0})

    before, after = (need_table(people, each, hours_per_referral=2.0) for each in (NEED, other))

    told = ["need_hours", "latent_hours"]
    assert not np.allclose(before[told], after[told])


def test_parents_nobody_recorded_are_latent_and_stand_apart() -> None:
    """Half of two people without a recorded child, at 0.2 + 0.04 + 0.03 referrals of two hours."""
    table = need_table(prison(person(), person()), NEED, hours_per_referral=2.0)
    without = need_table(
        prison(person(), person()), replace(NEED, missing_parent_share=0.0), hours_per_referral=2.0
    )

    assert table["parents_not_recorded"].tolist() == [1.0]
    assert table["latent_hours"].tolist() == pytest.approx([0.54])
    assert without["latent_hours"].tolist() == [0.0]
    assert without["need_hours"].tolist() == table["need_hours"].tolist()


def test_places_change_hands_once_in_the_mean_stay_of_their_function() -> None:
    people = prison(
        person(function="reception", expected_weeks=10.0),
        person(function="reception", expected_weeks=16.0),
        person(function="training", expected_weeks=104.0),
    )

    assert receptions_per_place(people).tolist() == [4.0, 4.0, 0.5]


def test_people_are_gathered_in_order_and_without_those_held_nowhere() -> None:
    placements = pd.DataFrame(
        {
            "prisoner_id": ["P2", "P1", "P3"],
            "establishment": ["LEI", "LEI", ""],
            "unit": ["LEI-1", "LEI-2", ""],
            "straight_miles": [5.0, 6.0, 7.0],
        }
    )
    prisoners = pd.DataFrame([person(prisoner_id=f"P{number}") for number in (1, 2, 3)])
    units = pd.DataFrame({"unit": ["LEI-1", "LEI-2"], "function": ["reception", "training"]})
    parties = pd.DataFrame({"prisoner_id": ["P1", "P1"]})

    found = people_held(placements, prisoners, units, parties)

    assert found["prisoner_id"].tolist() == ["P1", "P2"]
    assert found["function"].tolist() == ["training", "reception"]
    assert found["has_visitors"].tolist() == [True, False]
    assert found["from_day"].tolist() == [0, 0]


def test_somebody_moved_in_the_year_counts_in_each_prison_for_the_share_of_it_there() -> None:
    """Of 52 weeks after 4 of warm-up one person is at LEI for 13, away for 26, back for 13."""
    calendar = replace(CALENDAR, weeks=52, warm_up_weeks=4)
    days = [(0, 17 * 7), (17 * 7, 43 * 7), (43 * 7, BEYOND)]
    placements = pd.DataFrame(
        {
            "prisoner_id": "P1",
            "establishment": ["LEI", "WDI", "LEI"],
            "unit": ["LEI-1", "WDI-1", "LEI-1"],
            "straight_miles": [5.0, 60.0, 5.0],
            "from_day": [first for first, _ in days],
            "until_day": [until for _, until in days],
        }
    )
    units = pd.DataFrame({"unit": ["LEI-1", "WDI-1"], "function": ["training", "training"]})
    parties = pd.DataFrame({"prisoner_id": ["P1"]})

    people = people_held(placements, pd.DataFrame([person()]), units, parties)
    share = share_of_year(people, calendar)
    table = need_table(people, NEED, hours_per_referral=2.0, share=share).set_index("establishment")

    assert share.tolist() == [0.25, 0.25, 0.5]
    assert table["people"].to_dict() == {"LEI": 0.5, "WDI": 0.5}
    assert table["far_from_home"].to_dict() == {"LEI": 0.0, "WDI": 0.5}
    of_all_year = need_table(prison(person()), NEED, hours_per_referral=2.0)
    assert table.loc["LEI", "need_hours"] == pytest.approx(of_all_year["need_hours"].item() / 2)


def test_drivers_are_what_a_report_lists() -> None:
    assert list(drivers_of_each(prison(person()), NEED)) == list(DRIVERS)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"far_miles": -1.0}, "far_miles is -1.0, below 0"),
        ({"missing_parent_share": 1.5}, "above 1"),
    ],
)
def test_wrong_weights_are_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(NEED, **change)
