"""The first days: working days, late and busy receptions, what families wait for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import binom, expon, kstest

from simulation.early_days import (
    EarlyDays,
    EarlySettings,
    early_tally,
    early_totals,
    next_holders,
    play_early_days,
)
from simulation.line import Lines, Service, family_calls
from simulation.need import receptions_per_place
from simulation.place import Place
from simulation.replicate import replicate, totals
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.small_prison import CALENDAR, EARLY, LINE, daily, prison

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


def test_as_many_are_received_in_a_year_as_the_need_of_family_work_counts() -> None:
    """Per function, where many have days left and some most of a year; four standard deviations.

    Everybody leaves within the year, so the first of each place is no chance; the later ones are
    a Poisson number.
    """
    function = np.array(["reception", "training"] * 300, dtype=object)
    left = np.where(np.arange(600) // 2 % 5 < 3, 0.5, 30.0)
    weeks: NDArray[np.float64] = left + np.where(function == "training", 9.0, 0.0)
    calendar = replace(YEAR, warm_up_weeks=0)
    found = early(
        prison(people=600, sessions=daily(6), calendar=calendar, expected_weeks=weeks.tolist())
    ).receptions
    people = pd.DataFrame({"establishment": "AAA", "function": function, "expected_weeks": weeks})
    expected = receptions_per_place(people)

    for word in ("reception", "training"):
        here = function == word
        received = int(np.isin(found.person, np.flatnonzero(here)).sum())
        later = expected[here].sum() - here.sum()
        assert received == pytest.approx(expected[here].sum(), abs=4 * later**0.5)


def test_receptions_are_counted_from_the_date_of_the_data() -> None:
    """Data of the Monday before the year, four weeks of warm-up: day 21."""
    calendar = replace(YEAR, warm_up_weeks=4)
    first, later = (
        prison(people=40, sessions=daily(6), calendar=calendar, as_of=as_of, seed=3).places["AAA"]
        for as_of in (YEAR.start_date - timedelta(weeks=4), YEAR.start_date - timedelta(weeks=1))
    )

    assert (first.received_day[first.days_since_sentence < 14] <= 0).all()
    just = later.days_since_sentence < 14
    assert just.sum() > 3
    assert (later.received_day == first.received_day + 21).all()
    assert (later.received_day[just] == 21 - later.days_since_sentence[just]).all()


def test_a_place_is_first_taken_when_its_holder_is_expected_to_leave(
    inputs: SimulationInputs,
) -> None:
    place = inputs.places["AAA"]
    person, turn, day = next_holders(place, 364, seed=1, replication=0)
    known = (place.received_day > 0) & (place.received_day < 364)

    first = {who: when for who, which, when in zip(person, turn, day, strict=True) if which == 1}
    assert known.sum() > 50
    assert all(first[who] == place.received_day[who] for who in np.flatnonzero(known))


def test_later_stays_are_exponential_with_the_mean_of_the_function() -> None:
    """Of people who all leave on one day, and whose own time left says nothing of the next."""
    weeks = np.full(600, 8.0)
    inputs = prison(people=600, sessions=daily(6), calendar=YEAR, expected_weeks=weeks.tolist())
    person, turn, day = next_holders(inputs.places["AAA"], 20_000, seed=1, replication=0)
    one, two = (day[turn == number][np.argsort(person[turn == number])] for number in (1, 2))

    assert kstest(two - one, expon(scale=56.0).cdf).pvalue > 0.001


def test_next_holders_are_the_same_whoever_else_is_held(inputs: SimulationInputs) -> None:
    """Holders are drawn by name: with others' places gone, those of the rest do not change."""
    place = inputs.places["AAA"]
    fewer = replace(
        place,
        keys=place.keys[:50],
        received_day=place.received_day[:50],
        days_per_holder=place.days_per_holder[:50],
    )

    def holders(of: Place) -> set[tuple[int, int, int]]:
        columns = next_holders(of, 364, seed=1, replication=0)
        return set(zip(*(column.tolist() for column in columns), strict=True))

    assert holders(fewer) == {each for each in holders(place) if each[0] < 50}


def test_families_ring_to_find_those_who_are_received(inputs: SimulationInputs) -> None:
    """With a call for each reception, as many ring as are received a while before the end."""
    line = replace(LINE, find_share=1.0, answered_here=(Service.BOOKING, Service.FIND_A_PRISONER))
    log = simulate(inputs, establishment="AAA", seed=1, replication=0)
    received = early(inputs).receptions
    nobody = np.empty(0, dtype=np.int64)

    calls = family_calls(
        Lines(settings=line), log.year.place, log.year.visits, nobody, inputs.calendar,
        lambda: received, seed=1, replication=0,
    ).others  # fmt: skip

    # a fortnight, and a weekend until the line opens
    assert line.find_days == 14.0
    ready = int((received.day < inputs.calendar.days - 17).sum())
    assert ready <= len(calls.minutes) <= len(received)
    assert (calls.minutes >= received.minutes.min()).all()


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


def test_calls_come_so_long_after_the_reception_or_at_their_time_of_day(
    inputs: SimulationInputs,
) -> None:
    found = early(inputs, replace(EARLY, first_call_hours=3.5, call_at="18:30"))
    later = np.isfinite(found.call_hours) & ~found.first_night

    assert (found.call_hours[found.first_night] == 3.5).all()
    at = (found.receptions.minutes + found.call_hours * 60.0)[later] % 1440.0
    assert at == pytest.approx(np.full(len(at), 18.5 * 60.0))
    assert 0 < later.sum() < len(later)


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
    tally = early_tally(found, inputs.calendar, establishment="AAA", replication=0).table()

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
