"""Offered, usable and taken slots are three things; calls go wrong as often as set."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from data.estate import Estate
from data.words import DAYS
from simulation.calling import slots_abroad
from simulation.clock import MINUTES_PER_DAY
from simulation.log import VisitLog, VisitOutcome
from simulation.simulate import SimulationInputs, simulate
from simulation.timetable import video_slots
from simulation.video import VideoRegime, stations_under
from tests.simulation.small_prison import (
    CALENDAR,
    CALLING,
    DEMAND,
    VIDEO,
    prison,
    session,
    stations,
)

CALLS = replace(
    DEMAND,
    wish_per_four_weeks=0.0,
    video_user_share=1.0,
    video_wish_per_four_weeks=4.0,
    video_no_show_share=0.0,
)
FULL = replace(VIDEO, full_credit_share=1.0)


def inputs(
    *,
    people: int = 40,
    each_day: int = 2,
    video: VideoRegime = FULL,
    seed: int = 4,
    **changes: float,
) -> SimulationInputs:
    """Give a prison whose families only call, with stations open every morning."""
    return prison(
        people=people,
        video_stations=[stations(day=day, stations=each_day) for day in DAYS],
        demand=CALLS,
        video=video,
        calling=replace(CALLING, **changes),
        seed=seed,
    )


def played(**changes: object) -> VisitLog:
    """Play eight weeks of it."""
    return simulate(inputs(**changes), establishment="AAA", seed=1, replication=0)  # type: ignore[arg-type]


def rows(log: VisitLog, outcome: VisitOutcome) -> int:
    """Count the rows of an outcome."""
    return int(log.of(outcome).sum())


def test_usable_stations_are_a_binomial_part_of_those_offered() -> None:
    """Eight weeks of 28 slots with 4 stations each, of which 0.9 x 0.8 are usable."""
    log = played(people=2, each_day=4, usable_picture_share=0.9, usable_privacy_share=0.8)
    usable = log.year.video_slots.tables.sum()
    offered = played(people=2, each_day=4).year.video_slots.tables.sum()
    low, high = binom.interval(0.999, offered, 0.72)

    assert log.year.video_places.sum() == offered
    assert low < usable < high


def test_one_more_station_leaves_the_others_as_usable_as_they_were() -> None:
    few, more = (
        played(people=2, each_day=number, usable_picture_share=0.5).year.video_slots
        for number in (2, 3)
    )
    usable = dict(zip(few.start, few.tables, strict=True))
    then = dict(zip(more.start, more.tables, strict=True))

    assert {then[start] - tables for start, tables in usable.items()} == {0, 1}


def test_long_call_lasts_an_hour_and_takes_the_credit_of_two() -> None:
    """Everybody has 60 minutes a month and wants them in one piece: one call a month each."""
    log = played(each_day=9, long_call_share=1.0)
    held = np.flatnonzero(log.of(VisitOutcome.VIDEO_HELD))
    whose = log.year.numbered(lambda asked: asked.person)[log.request[held]]
    month = log.year.video_slots.day[log.slot[held]] // 28
    booked = log.of(VisitOutcome.VIDEO_BOOKED)
    months = CALENDAR.months(log.year.video_slots.day[log.slot[booked]])
    person = log.year.numbered(lambda asked: asked.person)[log.request[booked]]

    assert set(log.minutes_had[held]) == {60.0}
    assert max(Counter(zip(person, months, strict=True)).values()) == 1
    assert len(set(zip(whose, month, strict=True))) > 20


def test_family_with_credit_for_one_call_makes_a_short_one_when_it_wants_a_long_one() -> None:
    log = played(long_call_share=1.0, video=replace(FULL, full_credit_share=0.0))

    assert set(log.minutes_had[log.of(VisitOutcome.VIDEO_HELD)]) == {30.0}


def test_two_calls_at_one_station_never_overlap() -> None:
    """With one station, no slot is held by two, long calls counted in both of theirs."""
    log = played(each_day=1, long_call_share=0.5)
    held = np.flatnonzero(log.of(VisitOutcome.VIDEO_HELD))
    slots = [
        (log.slot[row] + part) for row in held for part in range(int(log.minutes_had[row] // 30))
    ]

    assert max(Counter(slots).values()) == 1
    assert len(slots) > len(held) > 50


def test_failed_call_gives_its_credit_back() -> None:
    """Where every call fails nobody ever runs out of credit by calls that have begun."""
    never = played(each_day=9, failure_share=1.0)
    always = played(each_day=9)

    assert rows(never, VisitOutcome.VIDEO_HELD) == 0
    assert rows(never, VisitOutcome.VIDEO_FAILED) > rows(always, VisitOutcome.VIDEO_HELD)
    assert rows(never, VisitOutcome.VIDEO_NO_CREDIT) < rows(always, VisitOutcome.VIDEO_NO_CREDIT)


def test_calls_that_break_off_last_half_as_long_on_average() -> None:
    had = (log := played(each_day=9, drop_out_share=1.0)).minutes_had[
        log.of(VisitOutcome.VIDEO_HELD)
    ]

    assert (had > 0).all()
    assert had.mean() == pytest.approx(15.0, abs=4 * 30 / np.sqrt(12 * len(had)))


def test_nobody_calls_who_does_not_know_of_it() -> None:
    assert rows(played(awareness_share=0.0), VisitOutcome.VIDEO_BOOKED) == 0


def test_a_family_turned_away_asks_for_a_call_instead_only_if_it_knows_of_calls() -> None:
    """One table a week for twenty families who would all turn to a call; none, half, all know."""
    turned, lost = [], []
    for share in (0.0, 0.5, 1.0):
        crowded = prison(
            sessions=[session(open_tables=1)],
            demand=replace(DEMAND, wish_per_four_weeks=6.0, refused_to_video_share=1.0),
            calling=replace(CALLING, awareness_share=share),
        )
        log = simulate(crowded, establishment="AAA", seed=1, replication=0)
        turned.append(rows(log, VisitOutcome.TURNED_TO_VIDEO))
        lost.append(rows(log, VisitOutcome.REFUSED))

    assert turned[0] == lost[2] == 0
    assert 0 < turned[1] < turned[2]
    assert len({sum(both) for both in zip(turned, lost, strict=True)}) == 1


def test_people_whom_nobody_visits_call_when_they_have_somebody_to_call() -> None:
    without, with_somebody = played(), played(without_visits_share=1.0)
    place = without.year.place

    def callers(log: VisitLog) -> set[int]:
        return set(log.year.calls.person.tolist())

    alone = set(np.flatnonzero(~place.has_party).tolist())
    assert not callers(without) & alone
    assert len(callers(with_somebody) & alone) > len(alone) / 2
    table = with_somebody.table(CALENDAR)
    is_alone = table["prisoner_id"].isin(place.prisoner_id[list(alone)])
    assert set(table.loc[is_alone, "adults"]) == {1}


def test_families_abroad_are_called_while_they_are_awake() -> None:
    """Clocks eleven hours ahead: 11:00 here is 22:00 there, and too late for the last slot."""
    log = played(abroad_share=1.0, abroad_hours_ahead=(11.0,))
    abroad = log.year.place.foreign_national
    booked = log.of(VisitOutcome.VIDEO_BOOKED)
    person = log.year.numbered(lambda asked: asked.person)[log.request[booked]]
    slots = log.year.video_slots
    ends = (slots.end % MINUTES_PER_DAY)[log.slot[booked]]

    assert ends[abroad[person]].max() == 11 * 60
    assert ends[~abroad[person]].max() == 11 * 60 + 40


@pytest.mark.parametrize(("hours", "expected"), [(0.0, [1, 1]), (-5.0, [0, 1]), (13.0, [1, 1])])
def test_slots_abroad_are_read_off_the_clock_there(hours: float, expected: list[int]) -> None:
    """Slots at 08:00 and 19:00, 40 minutes each; awake from 08:00 to 22:00.

    Five hours behind it is 03:00 and 14:00; thirteen ahead 21:00 to 21:40 and 08:00.
    """
    weekly = video_slots(
        pd.DataFrame([stations(start="08:00", end="08:40"), stations(start="19:00", end="19:40")]),
        CALENDAR,
        days=7,
        evening_from="16:30",
        step_minutes=40,
    ).weekly
    positions = slots_abroad(weekly, hours, CALLING)

    assert [positions >> place & 1 for place in range(2)] == expected


def test_calls_instead_of_visits_take_away_some_of_the_same_requests() -> None:
    def asked(share: float) -> set[tuple[int, int]]:
        made = prison(
            people=60,
            demand=replace(DEMAND, video_user_share=0.5),
            calling=replace(CALLING, instead_of_visit_share=share),
        )
        visits = simulate(made, establishment="AAA", seed=1, replication=0).year.visits
        return set(zip(visits.person.tolist(), visits.number.tolist(), strict=True))

    none, half, every = asked(0.0), asked(0.5), asked(1.0)
    assert every < half < none
    assert len({person for person, _ in every}) < len({person for person, _ in none})


def test_stations_stay_shut_without_an_officer_and_outside_the_hours_of_the_provider() -> None:
    estate = Estate(
        establishments=pd.DataFrame({"establishment": ["AAA"]}),
        units=pd.DataFrame(),
        session_templates=pd.DataFrame(),
        video_stations=pd.DataFrame(
            [
                stations(stations=6, start="08:00", end="12:00"),
                stations(day="tue", start="19:00", end="21:00"),
            ]
        ),
        family_workers=pd.DataFrame(),
        excluded_dates=pd.DataFrame(),
        bank_holidays=pd.DataFrame(),
    )
    regime = replace(
        VIDEO, officers=1, stations_per_officer=4, provider_from="09:00", provider_until="18:00"
    )

    found = stations_under(estate, regime)

    assert found[["day", "stations", "start", "end"]].to_numpy().tolist() == [
        ["mon", 4, "09:00", "12:00"]
    ]


def test_settings_of_calls_that_make_no_sense_are_refused_together() -> None:
    with pytest.raises(ValueError, match=r"failure_share is 2.*abroad_hours_ahead needs"):
        replace(CALLING, failure_share=2, abroad_hours_ahead=())
    with pytest.raises(ValueError, match=r"abroad_until 07:00 is not after"):
        replace(CALLING, abroad_until="07:00")
    with pytest.raises(ValueError, match=r"provider_until 08:00 is not after"):
        replace(VIDEO, provider_from="09:00", provider_until="08:00")
    with pytest.raises(ValueError, match="at least one officer"):
        replace(VIDEO, officers=0)
