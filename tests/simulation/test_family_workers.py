"""Who is referred, who is at work, and what a year of family work gives."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from data.words import ReferralSource, WorkerLine
from simulation import family_measures
from simulation.casework import NEVER
from simulation.family_workers import (
    FamilyWorkSettings,
    Post,
    cases_of,
    days_played,
    duty_hours,
    hours_at_work,
    parts_of,
    play_family_work,
    posts_of,
    presence_of,
)
from simulation.need import SOURCES
from simulation.regime import FAMILY_DAY_TEMPLATE
from tests.simulation.family_team import CALENDAR, SETTINGS, full_time, team

SELF, RECEPTION = ReferralSource.SELF_REFERRAL, ReferralSource.RECEPTION
NAMES = [f"casework-{number}" for number in range(40)]


def presence(settings: FamilyWorkSettings, *, weeks: int = 104, seed: int = 1) -> np.ndarray:
    return presence_of(NAMES, "LEI", settings, weeks=weeks, seed=seed, replication=0)[0]


def test_nobody_works_at_weekends_and_everybody_else_without_absence() -> None:
    at_work = presence(SETTINGS).reshape(len(NAMES), 104, 7)

    assert at_work[:, :, :5].all()
    assert not at_work[:, :, 5:].any()


def test_who_is_moved_is_referred_where_they_are_and_no_referral_outlasts_the_stay() -> None:
    """The referrals of the same people in two prisons, one after the other, are those of one."""
    rates = {SELF: 20.0, RECEPTION: 5.0}
    days, moved = 400, np.full(100, 150)
    whole = cases_of(team(rates=rates), SETTINGS, days=days, seed=1, replication=0)
    before = cases_of(
        team(rates=rates, until_day=moved), SETTINGS, days=days, seed=1, replication=0
    )
    after = cases_of(team(rates=rates, from_day=moved), SETTINGS, days=days, seed=1, replication=0)

    early = whole.day < 150
    for name in ("person", "source", "day", "contacts"):
        both = np.concatenate([getattr(before, name), getattr(after, name)])
        assert both.tolist() == getattr(whole, name).tolist()
    assert (before.leaves_day == np.minimum(whole.leaves_day[early], 149)).all()
    assert (after.leaves_day == whole.leaves_day[~early]).all()
    assert early.any()


def test_leave_is_exact_in_every_year_and_differs_between_workers() -> None:
    at_work = presence(replace(SETTINGS, leave_days=33.0)).reshape(len(NAMES), 2, 364)

    assert (at_work.sum(axis=2) == 260 - 33).all()
    assert len({tuple(row) for row in at_work[:, 0].tolist()}) == len(NAMES)


@pytest.mark.parametrize(
    "change", [{"sick_share": 0.2, "sick_days": 4}, {"vacant_share": 0.2, "vacant_weeks": 3}]
)
def test_absence_takes_its_share_of_the_time(change: dict[str, float]) -> None:
    """Spells of the same worker depend on each other, so the interval is over workers."""
    away = 1.0 - presence(replace(SETTINGS, **change), weeks=208).sum(axis=1) / (208 * 5)  # type: ignore[arg-type]

    half = norm.ppf(0.975) * away.std(ddof=1) / np.sqrt(len(away))
    assert abs(away.mean() - 0.2) < half


def test_one_more_post_leaves_the_absence_of_the_others() -> None:
    settings = replace(SETTINGS, leave_days=33.0, sick_share=0.1, vacant_share=0.1)

    few, _ = presence_of(NAMES[:2], "LEI", settings, weeks=60, seed=1, replication=0)
    more, _ = presence_of(NAMES[:3], "LEI", settings, weeks=60, seed=1, replication=0)

    assert (more[:2] == few).all()


def test_hours_are_those_of_the_posts_less_fixed_duties() -> None:
    """Two posts of 7 hours a day, three quarters for cases, less 10 hours of duty a week."""
    settings = replace(SETTINGS, casework_share=0.75)
    posts = [*full_time(1), replace(full_time(2)[1], fte=0.6)]
    there = np.tile([1.0] * 5 + [0.0] * 2, (2, 2))

    hours = hours_at_work(posts, there, there, settings, first_day=0, duty_hours_per_week=10.0)

    assert hours.casework[:5] == pytest.approx([1.6 * 7 * 0.75 - 2.0] * 5)
    assert hours.casework[5:7].tolist() == [0.0, 0.0]
    assert hours.room[0] == pytest.approx(1.6 * 30)


def test_workers_of_the_visitors_centre_take_over_fixed_duties() -> None:
    posts = [*full_time(1), replace(full_time(1, "visitors_centre")[0], fte=0.2)]
    there = np.ones((2, 5))

    hours = hours_at_work(posts, there, there, SETTINGS, first_day=0, duty_hours_per_week=10.0)

    assert hours.casework == pytest.approx([7.0 - (2.0 - 1.4)] * 5)
    assert hours.room == pytest.approx([30.0] * 5)


def test_workers_are_there_until_their_last_day() -> None:
    posts = full_time(1, last_day=2)
    there = np.ones((1, 14))

    hours = hours_at_work(posts, there, there, SETTINGS, first_day=7, duty_hours_per_week=0.0)

    assert np.flatnonzero(hours.casework).tolist() == list(range(10))


def test_posts_are_full_ones_and_what_is_left() -> None:
    assert parts_of(3.0) == [1.0, 1.0, 1.0]
    assert parts_of(0.0) == []
    assert parts_of(0.2 * 3) == [0.6]


def test_posts_name_their_line_and_end() -> None:
    rows = [
        {"establishment": "LEI", "line": "casework", "funder": "service", "fte": 1.2, "ends": ""},
        {
            "establishment": "LEI",
            "line": "play",
            "funder": "grant",
            "fte": 0.4,
            "ends": "2026-08-02",
        },
    ]

    posts = posts_of(pd.DataFrame(rows), date(2026, 8, 3))["LEI"]

    assert [(post.line, post.fte, post.last_day) for post in posts] == [
        ("casework", 1.0, None),
        ("casework", 0.2, None),
        ("play", 0.4, -1),
    ]
    assert len({post.name for post in posts}) == 3


def test_fixed_duties_follow_sessions_and_family_days() -> None:
    """Three sessions, one of them every other week, at 2 hours; 13 family days of 8 hours.

    A session that is cut to no table has no duties.
    """
    settings = replace(
        SETTINGS,
        duty_hours_per_session=2.0,
        duty_hours_per_family_day=8.0,
    )
    weekly = pd.DataFrame(
        {
            "template": ["LEI-sat-am", "LEI-sun-am", "LEI-wed-pm"],
            "every_n_weeks": [1, 1, 2],
            "open_tables": [10, 0, 10],
            "closed_tables": [0, 1, 1],
        }
    )
    family_day = weekly.head(1).assign(template=f"LEI{FAMILY_DAY_TEMPLATE}")
    cut = weekly.head(1).assign(open_tables=0)

    assert duty_hours(pd.concat([weekly, family_day]), settings, 13) == 7.0
    assert duty_hours(weekly, settings, 13) == 5.0
    assert duty_hours(pd.concat([weekly, cut]), settings, 13) == 5.0
    assert duty_hours(None, settings, 13) == 0.0


def test_a_contract_that_ended_long_ago_works_no_hour_of_the_year() -> None:
    settings = replace(SETTINGS, warm_up_weeks=26)
    posts = (Post(name="grant-0", line="casework", fte=1.0, last_day=-365),)
    there = np.ones((1, 600))

    hours = hours_at_work(posts, there, there, settings, first_day=182, duty_hours_per_week=0.0)

    assert not hours.casework.any()
    assert not hours.room.any()


def test_referrals_come_at_their_rate_and_from_their_source() -> None:
    work = team(people=300, rates={SELF: 1.0, RECEPTION: 0.5})
    counts = []
    for replication in range(30):
        cases = cases_of(work, SETTINGS, days=364, seed=2, replication=replication)
        counts.append(np.bincount(cases.source, minlength=len(SOURCES)))
    mean = np.mean(counts, axis=0)

    for source, expected in ((SELF, 300.0), (RECEPTION, 150.0)):
        half = norm.ppf(0.975) * np.sqrt(expected / 30)
        assert abs(mean[SOURCES.index(source)] - expected) < half
    assert mean.sum() == mean[[SOURCES.index(SELF), SOURCES.index(RECEPTION)]].sum()


def test_where_nobody_is_referred_workers_have_nothing_to_do() -> None:
    nobody = replace(team(posts=full_time(1)), rates=np.zeros_like(team().rates))

    year = play_family_work(nobody, SETTINGS, CALENDAR, seed=1, replication=0)

    assert len(year.cases.day) == 0
    assert year.done.hours_used.sum() == 0.0


def test_a_longer_time_played_keeps_the_referrals_of_a_shorter_one() -> None:
    work = team()

    short, long = (
        cases_of(work, SETTINGS, days=days, seed=2, replication=0) for days in (200, 400)
    )

    kept = long.day < 200
    assert (long.person[kept] == short.person).all()
    assert (long.contacts[kept] == short.contacts).all()


def test_workers_do_not_change_who_is_referred() -> None:
    few = play_family_work(team(posts=full_time(1)), SETTINGS, CALENDAR, seed=1, replication=0)
    many = play_family_work(team(posts=full_time(3)), SETTINGS, CALENDAR, seed=1, replication=0)

    assert (few.cases.day == many.cases.day).all()
    assert (few.cases.person == many.cases.person).all()
    assert few.done.hours_used.sum() <= many.hours.casework.sum()


def test_enough_workers_reach_everybody_within_a_weekend() -> None:
    year = play_family_work(team(posts=full_time(4)), SETTINGS, CALENDAR, seed=1, replication=0)

    measured = (year.cases.day >= year.first_day) & (year.cases.day < year.end_day)
    wait = (year.done.first_contact_day - year.cases.day)[measured]
    assert (year.done.first_contact_day[measured] != NEVER).all()
    assert wait.max() <= 3


def test_a_year_is_played_from_weeks_before_to_weeks_after() -> None:
    assert days_played(CALENDAR, SETTINGS) == (182, 546, 602)


def totals(*works: object) -> pd.DataFrame:
    years = [
        play_family_work(each, SETTINGS, CALENDAR, seed=1, replication=0)  # type: ignore[arg-type]
        for each in works
    ]
    return family_measures.family_totals(family_measures.tally(years, SETTINGS).table(), weeks=52)


def test_measures_of_the_estate_are_those_of_all_its_referrals() -> None:
    """Of two prisons one has workers: half the hours are met, and waits are those of one."""
    found = totals(team(posts=full_time(4)), team(establishment="WDI", region="Wales")).set_index(
        ["establishment", "group_by", "group", "measure"]
    )["value"]

    def told(code: str, measure: str, group_by: str = "all", group: str = "all") -> float:
        return float(found[code, group_by, group, measure])

    for measure in ("worker_referrals", "worker_people_helped", "worker_hours_unmet", "worker_fte"):
        assert told("ALL", measure) == told("LEI", measure) + told("WDI", measure)
    assert told("LEI", "worker_need_met_share") == 1.0
    assert told("WDI", "worker_need_met_share") == 0.0
    share = told("LEI", "worker_referrals") / told("ALL", "worker_referrals")
    assert told("ALL", "worker_need_met_share") == pytest.approx(share)
    mean = "worker_days_to_first_contact_mean"
    assert told("ALL", mean) == told("LEI", mean)
    assert np.isnan(told("WDI", mean))
    assert told("ALL", "worker_fte", "region", "Wales") == 0.0
    assert told("ALL", "family_need_hours") == 20.0


def test_groups_add_up_to_everybody() -> None:
    found = totals(team(posts=full_time(1)))
    here = found[(found["establishment"] == "LEI") & (found["measure"] == "worker_referrals")]

    by_group = here.groupby("group_by")["value"].sum()
    assert set(by_group) == {by_group["all"]}
    assert set(here["group_by"]) >= {"referral_source", "sex", "distance_band", "care_experience"}


def test_nine_in_ten_are_reached_within_the_ninth_decile() -> None:
    work = team(posts=full_time(1), people=300)
    year = play_family_work(work, SETTINGS, CALENDAR, seed=1, replication=0)
    measured = (year.cases.day >= year.first_day) & (year.cases.day < year.end_day)
    reached = measured & (year.done.first_contact_day != NEVER)
    wait = np.sort((year.done.first_contact_day - year.cases.day)[reached])

    found = totals(work)
    chosen = found[(found["measure"] == "worker_days_to_first_contact_p90")]
    told = chosen[(chosen["establishment"] == "LEI") & (chosen["group_by"] == "all")]["value"]

    assert told.item() == wait[int(np.ceil(0.9 * len(wait))) - 1]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hours_per_week": -1.0}, "hours_per_week is -1.0, below 0"),
        ({"sick_share": 1.0}, "sick_share is 1.0, not below 1"),
        ({"vacant_weeks": 0}, "vacant_weeks is 0; give at least 1"),
        ({"contacts_min": 9}, "contacts_max 2 is below contacts_min 9"),
        ({"casework_share": 1.2}, "casework_share is 1.2, above 1"),
        ({"leave_days": 300.0}, "more than a year of working days"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        replace(SETTINGS, **change)  # type: ignore[arg-type]


def test_hours_of_a_worker_are_worked_by_hand() -> None:
    """260 days less 26 of leave, a tenth sick: 210.6 days of 7 hours, half for cases."""
    settings = replace(SETTINGS, leave_days=26.0, sick_share=0.1, casework_share=0.5)

    assert settings.hours_per_fte == pytest.approx(210.6 * 7 * 0.5)
    assert settings.leave_cover_fte == pytest.approx(1 / 0.81)
    assert SETTINGS.hours_per_referral == 5.5


def test_the_lines_of_workers_are_all_known_to_the_year() -> None:
    posts = [post for line in WorkerLine for post in full_time(1, str(line))]

    year = play_family_work(team(posts=posts), SETTINGS, CALENDAR, seed=1, replication=0)

    assert year.hours.early_days.sum() == year.hours.casework.sum()
