"""Other numbers of caseworkers on the same draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulation.casework import NEVER
from simulation.family_levels import caseworkers, play_levels, together
from simulation.family_workers import play_family_work
from tests.simulation.family_team import CALENDAR, SETTINGS, full_time, team

BUSY = replace(SETTINGS, leave_days=33.0, sick_share=0.05, vacant_share=0.1)


def test_a_level_is_the_year_with_so_many_caseworkers() -> None:
    """Counted from the played year itself, which shares no code with the counting."""
    work = team(people=250, stay_days=80.0)
    levels = play_levels(work, BUSY, CALENDAR, ftes=[0.0, 1.4], seed=3, replications=[0, 1])

    for replication in (0, 1):
        year = play_family_work(
            replace(work, posts=tuple(caseworkers(1.4))),
            BUSY,
            CALENDAR,
            seed=3,
            replication=replication,
        )
        measured = (year.cases.day >= year.first_day) & (year.cases.day < year.end_day)
        contact = year.done.first_contact_day[measured]
        wait = (contact - year.cases.day[measured])[contact != NEVER]
        assert levels.referrals[replication] == measured.sum()
        assert levels.reached[replication, 1] == len(wait)
        assert levels.wait_days[replication, 1] == wait.sum()
        assert levels.reached_within[replication, 1, 5] == (wait <= 5).sum()
        unmet = (measured.sum() - len(wait)) * 5.5 + year.done.hours_undone[measured].sum()
        assert levels.unmet_hours[replication, 1] == pytest.approx(unmet)
    assert (levels.reached[:, 0] == 0).all()


def test_workers_of_other_lines_stay() -> None:
    work = team(posts=[*full_time(2), *full_time(1, "early_days")])

    nobody = play_levels(work, SETTINGS, CALENDAR, ftes=[0.0], seed=1, replications=[0])
    others = play_levels(
        replace(work, posts=()), SETTINGS, CALENDAR, ftes=[0.0], seed=1, replications=[0]
    )

    # nobody is referred from receptions here, so early-days workers reach nobody
    assert nobody.reached.sum() == others.reached.sum() == 0


def test_levels_side_by_side_are_those_of_one_call() -> None:
    work = team(people=150)

    def played(*ftes: float) -> object:
        return play_levels(work, BUSY, CALENDAR, ftes=ftes, seed=3, replications=[0, 1])

    both = together(played(0.0, 1.2), played(0.6))  # type: ignore[arg-type]
    at_once = played(0.0, 0.6, 1.2)

    for name in ("fte", "reached_within", "reached", "wait_days", "unmet_hours", "weighted_hours"):
        np.testing.assert_array_equal(getattr(both, name), getattr(at_once, name))


def test_a_referral_never_reached_is_not_in_time() -> None:
    levels = play_levels(team(), SETTINGS, CALENDAR, ftes=[0.0, 6.0], seed=1, replications=[0])

    assert levels.shares_within(10_000)[0].tolist() == [0.0, 1.0]


def test_without_referrals_everybody_is_reached_in_time() -> None:
    nobody = replace(team(), rates=np.zeros_like(team().rates))

    levels = play_levels(nobody, SETTINGS, CALENDAR, ftes=[0.0], seed=1, replications=[0])

    assert levels.shares_within(0).tolist() == [[1.0]]


def test_hours_of_priority_weigh_more() -> None:
    from data.words import ReferralSource

    work = team(rates={ReferralSource.SELF_HARM_REVIEW: 0.5})

    levels = play_levels(work, SETTINGS, CALENDAR, ftes=[0.0], seed=1, replications=[0])

    assert levels.weighted_hours.item() == 2 * levels.unmet_hours.item() > 0
