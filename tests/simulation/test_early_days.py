"""The first days: working days, late and busy receptions, what families wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from simulation.early_days import (
    EarlyDays,
    EarlySettings,
    early_tally,
    early_totals,
    play_early_days,
)
from simulation.replicate import replicate, totals
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import CALENDAR, EARLY, daily, prison

NO_HOLIDAYS = np.empty(0, dtype=np.int64)
YEAR = replace(CALENDAR, weeks=52)


def inputs_of(*, people: int = 120, seed: int | None = 8) -> SimulationInputs:
    return prison(people=people, sessions=daily(6), calendar=YEAR, seed=seed)


@pytest.fixture(scope="module")
def inputs() -> SimulationInputs:
    return inputs_of()


def early(
    inputs: SimulationInputs,
    settings: EarlySettings = EARLY,
    *,
    seed: int = 1,
    holidays: tuple[str, ...] = (),
) -> EarlyDays:
    log = simulate(inputs, establishment="AAA", seed=seed, replication=0)
    days = np.array([(date.fromisoformat(day) - date(1970, 1, 1)).days for day in holidays])
    return play_early_days(log, inputs.calendar, settings, days.astype(np.int64), seed=seed)


def test_nobody_is_received_on_a_sunday_and_few_on_a_saturday(inputs: SimulationInputs) -> None:
    found = early(inputs, replace(EARLY, saturday_share=0.1)).receptions

    weekday = inputs.calendar.weekdays(found.day)
    saturdays, count = int((weekday == 5).sum()), len(found)
    low, high = binom.ppf([0.001, 0.999], count, 0.1)
    assert count > 500
    assert not (weekday == 6).any()
    assert low <= saturdays <= high


def test_nobody_is_received_on_a_bank_holiday(inputs: SimulationInputs) -> None:
    day = inputs.calendar.day_of(date(2026, 8, 31))

    assert (early(inputs).receptions.day == day).any()
    assert not (early(inputs, holidays=("2026-08-31",)).receptions.day == day).any()


def test_a_place_is_taken_anew_whenever_the_stay_is_over(inputs: SimulationInputs) -> None:
    """Receptions of a place are those of the weeks in which a multiple of the stay falls."""
    found = early(inputs).receptions
    stays = inputs.places["AAA"].received_day

    for person in range(20):
        stay = int(stays[person])
        weeks = sorted(found.day[found.person == person] // 7)
        expected = [] if stay <= 0 else [day // 7 for day in range(stay, 364, stay)]
        assert weeks == expected


def test_no_call_on_the_first_night_when_reception_is_late_or_busy(
    inputs: SimulationInputs,
) -> None:
    late = early(inputs, replace(EARLY, reception_until="11:00"))
    busy = early(inputs, replace(EARLY, receptions_per_day=0, reception_until="24:00"))
    free = early(
        inputs, replace(EARLY, knows_number_share=1.0, reception_until="24:00",
                        receptions_per_day=999)
    )  # fmt: skip

    assert late.too_late.all()
    assert not late.first_night.any()
    assert busy.too_busy.all()
    assert not busy.first_night.any()
    has_party = inputs.places["AAA"].has_party[free.receptions.person]
    assert free.first_night.tolist() == has_party.tolist()


def test_numbers_are_cleared_on_working_days_after_the_reception(
    inputs: SimulationInputs,
) -> None:
    found = early(inputs)
    known = np.isfinite(found.cleared_days)
    day = (found.receptions.day[known] + found.cleared_days[known]).astype(np.int64)

    assert (found.cleared_days >= 1).all()
    assert (inputs.calendar.weekdays(day) < 5).all()


def test_whoever_comes_on_a_friday_waits_over_the_weekend(inputs: SimulationInputs) -> None:
    """With one working day each: three days from Friday, one from the other weekdays."""
    found = early(inputs, replace(EARLY, clear_working_days=0.0))
    known = np.isfinite(found.cleared_days)
    weekday = inputs.calendar.weekdays(found.receptions.day)

    assert set(found.cleared_days[known & (weekday == 4)]) == {3.0}
    assert set(found.cleared_days[known & (weekday < 4)]) == {1.0}


def test_clearing_takes_as_long_as_is_drawn_exponentially() -> None:
    """Mean of 1 + floor(exponential of mean m) is 1 + 1 / (e ** (1 / m) - 1) working days."""
    inputs = inputs_of(people=600)
    found = early(inputs)
    known = np.flatnonzero(np.isfinite(found.cleared_days) & found.receptions.from_court)
    start = found.receptions.day[known]
    end = start + found.cleared_days[known].astype(np.int64)
    dates = np.datetime64(inputs.calendar.first_date, "D")
    working = np.busday_count(dates + start + 1, dates + end + 1)

    category = inputs.places["AAA"].category[found.receptions.person[known]]
    assert not (category == "A").any()
    expected = 1 + 1 / (np.exp(1 / 3.0) - 1)
    assert working.mean() == pytest.approx(expected, abs=4 * working.std() / len(known) ** 0.5)


def test_people_of_category_a_and_from_another_prison_wait_longer() -> None:
    """The same draws, twice as long: nobody is cleared earlier."""
    inputs = inputs_of(seed=None)  # nobody on remand: all come from another prison
    place = replace(inputs.places["AAA"], received_day=np.arange(120) % 50 + 7)
    inputs = replace(inputs, places={"AAA": place})
    of_category_a = replace(
        inputs, places={"AAA": replace(place, category=np.full(120, "A", dtype=object))}
    )

    usual = early(inputs, replace(EARLY, clear_transfer_factor=1.0)).cleared_days
    moved = early(inputs, replace(EARLY, clear_transfer_factor=2.0)).cleared_days
    high = early(of_category_a, replace(EARLY, clear_transfer_factor=2.0)).cleared_days

    assert (usual <= moved).all()
    assert (moved <= high).all()
    assert usual.mean() < moved.mean() < high.mean()


def test_find_a_prisoner_answers_from_half_to_one_and_a_half_of_its_mean(
    inputs: SimulationInputs,
) -> None:
    found = early(inputs, replace(EARLY, find_share=1.0, told_share=0.0, clear_working_days=9.0))
    asked = np.isfinite(found.find_days)

    assert asked.sum() > 100
    assert (found.call_hours[asked] > 72.0).all()
    assert found.find_days[asked].min() >= 19.5
    assert found.find_days[asked].max() <= 58.5


def test_reception_visits_bring_the_first_visit_forward(inputs: SimulationInputs) -> None:
    """The same people, the same draws: nobody is visited later, and somebody sooner."""
    without = early(inputs).visit_days
    everywhere = early(
        inputs, replace(EARLY, reception_visit_prisons_share=1.0, reception_visit_share=1.0)
    ).visit_days

    assert (everywhere <= without).all()
    assert (everywhere < without).any()


def test_first_days_do_not_change_with_what_else_is_played(inputs: SimulationInputs) -> None:
    on = replace(inputs, early=replace(EARLY, modelled=True))

    def measures(given: SimulationInputs) -> pd.DataFrame:
        tallies, _ = replicate(given, ("AAA",), seed=1, replication=0, keep_log=False)
        return totals(tallies, weeks=52)

    with_early, without = measures(on), measures(inputs)

    of_early = with_early["measure"].str.startswith("early_")
    assert of_early.any()
    pd.testing.assert_frame_equal(with_early[~of_early].reset_index(drop=True), without)


def test_measures_are_counts_of_those_received(inputs: SimulationInputs) -> None:
    found = early(inputs)
    tally = early_tally(found, inputs.calendar, establishment="AAA", replication=0)

    measures = early_totals(tally)

    def value(measure: str, group: str = "all") -> float:
        rows = measures[(measures["establishment"] == "ALL") & (measures["group"] == group)]
        return float(rows.loc[rows["measure"] == measure, "value"].item())

    contact = np.minimum(found.call_hours, found.visit_days * 24)
    assert value("early_receptions") == len(found.receptions)
    assert sum(value("early_receptions", day) for day in ("mon", "fri", "sun")) < value(
        "early_receptions"
    )
    assert value("early_no_contact_in_72_hours_share") == pytest.approx((contact > 72).mean())
    assert value("early_no_contact_in_14_days_share") == pytest.approx((contact > 336).mean())
    days = np.sort(found.cleared_days[np.isfinite(found.cleared_days)])
    assert value("early_cleared_number_days_p90") == days[int(np.ceil(0.9 * len(days))) - 1]


def test_faults_of_the_settings_are_told_at_once() -> None:
    with pytest.raises(ValueError, match=r"find_share is 2.*ask_days is -1.*is not after"):
        replace(EARLY, find_share=2.0, ask_days=-1.0, arrive_until="10:00")
