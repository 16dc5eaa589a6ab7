"""Cases worked through day by day."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import chi2, norm

from data.words import ReferralSource
from simulation.casework import NEVER, Hours, work_through
from simulation.family_workers import cases_of
from tests.simulation.family_team import SETTINGS, daily, referred, team

HARM, RECEPTION, SELF = (
    ReferralSource.SELF_HARM_REVIEW,
    ReferralSource.RECEPTION,
    ReferralSource.SELF_REFERRAL,
)


def test_a_case_alone_takes_its_steps_when_they_are_due() -> None:
    """First contact on day 4, assessment on 7, contacts on 12 and 17, closed with the last."""
    done = work_through(referred([4]), daily(8.0), SETTINGS)

    assert done.first_contact_day.tolist() == [4]
    assert done.closed_day.tolist() == [17]
    assert np.flatnonzero(done.open_cases).tolist() == list(range(4, 17))
    assert done.hours_used[[4, 7, 12, 17]].tolist() == [1.0, 2.0, 1.0, 1.5]
    assert done.hours_used.sum() == 5.5


def test_work_that_a_day_leaves_undone_goes_on_the_next_day() -> None:
    """With half an hour a day the first contact, an hour, is made on the second day."""
    done = work_through(referred([0]), daily(0.5, days=30), SETTINGS)

    assert done.first_contact_day.tolist() == [1]
    assert done.hours_used[:2].tolist() == [0.5, 0.5]
    # the assessment, due on day 4, takes four days; then 5 days to a contact of two, and again
    assert done.closed_day.tolist() == [20]


def test_referrals_are_taken_in_order_of_time_while_the_caseload_has_room() -> None:
    """With room for one, the second waits until the first is closed on day 13."""
    done = work_through(referred([0, 0]), daily(8.0, room=1.0), SETTINGS)

    assert done.first_contact_day.tolist() == [0, 13]


def test_self_harm_and_early_days_come_first_whatever_the_caseload() -> None:
    cases = referred([0, 0, 0, 0], source=[SELF, SELF, RECEPTION, HARM])

    done = work_through(cases, daily(1.0, room=1.0), SETTINGS)

    assert done.first_contact_day[[3, 2]].tolist() == [0, 1]
    assert (done.first_contact_day[:2] > 1).all() or (done.first_contact_day[:2] == NEVER).all()


def test_steps_of_open_cases_come_before_new_ones() -> None:
    """On day 3 two hours go to the assessment of the first; the second is reached on day 4."""
    done = work_through(referred([0, 3]), daily(2.0), SETTINGS)

    assert done.first_contact_day.tolist() == [0, 4]


def test_early_days_workers_see_to_early_days_alone() -> None:
    cases = referred([0, 0], source=[SELF, RECEPTION])

    done = work_through(cases, daily(0.0, early_days=4.0), SETTINGS)

    assert done.first_contact_day.tolist() == [NEVER, 0]
    assert done.closed_day[1] == 13


def test_a_referral_not_reached_in_time_lapses() -> None:
    hours = Hours(
        casework=np.where(np.arange(30) < 10, 0.0, 8.0),
        early_days=np.zeros(30),
        room=np.full(30, 99.0),
    )

    done = work_through(referred([0, 0, 25], leaves_after=9), hours, SETTINGS)
    late = work_through(referred([0], leaves_after=10), hours, SETTINGS)

    assert done.has_lapsed.tolist() == [True, True, False]
    assert late.first_contact_day.tolist() == [10]


def test_what_waits_at_the_end_has_lapsed_only_when_the_person_has_left() -> None:
    done = work_through(referred([0, 25], leaves_after=9), daily(0.0, days=30), SETTINGS)

    assert done.has_lapsed.tolist() == [True, False]


@given(
    days=st.lists(st.integers(0, 59), max_size=40),
    hours=st.floats(0, 12),
    early=st.floats(0, 4),
    room=st.floats(0, 20),
    stay=st.integers(0, 60),
    contacts=st.integers(0, 4),
)
@hypothesis_settings(max_examples=80, deadline=None)
def test_every_case_is_lapsed_waiting_open_or_closed(
    days: list[int],
    hours: float,
    early: float,
    room: float,
    stay: int,
    contacts: int,
) -> None:
    """Hours used are those of the steps done, and no first contact comes before the referral."""
    choose = np.random.default_rng(len(days))
    sources = [(SELF, HARM, RECEPTION)[choose.integers(3)] for _ in days]
    cases = referred(sorted(days), source=sources, leaves_after=stay, contacts=contacts)

    done = work_through(cases, daily(hours, early_days=early, room=room), SETTINGS)

    reached, closed = done.first_contact_day != NEVER, done.closed_day != NEVER
    assert (done.first_contact_day[reached] >= cases.day[reached]).all()
    assert (done.first_contact_day[reached] <= cases.leaves_day[reached]).all()
    assert done.open_cases[-1] == reached.sum() - closed.sum()
    least = (closed * (3.5 + contacts)).sum() + (reached & ~closed).sum() * 1.0
    assert done.hours_used.sum() >= least - 1e-6
    assert done.hours_used.sum() <= len(days) * (3.5 + contacts) + 1e-6


def test_cases_begun_and_then_left_are_told_with_the_hours_they_lack() -> None:
    """An hour a day goes to the first contact of somebody new each day; nothing else is done.

    Assessment, two contacts and the closure are 2 + 2 + 0.5 hours, due three days later. Those due
    four weeks before the end count: first contacts of the first 29 of 60 days.
    """
    cases = referred(list(range(60)), source=HARM)

    done = work_through(cases, daily(1.0), SETTINGS)

    assert (done.first_contact_day == np.arange(60)).all()
    assert done.hours_undone.tolist() == [4.5] * 29 + [0.0] * 31
    assert work_through(cases, daily(8.0), SETTINGS).hours_undone.sum() == 0.0


def test_open_cases_below_the_cap_are_those_of_a_queue_without_waiting() -> None:
    """M/G/infinity: Poisson with mean arrivals a day times mean days, whatever the spread.

    Cases of 2 to 8 contacts last 3 + 5 times as many days; samples 43 days apart and more are
    independent. Mean and dispersion lie in their 95% intervals.
    """
    settings = replace(SETTINGS, contacts_min=2, contacts_max=8)
    rate_per_day = 200 * 1.3 / 364
    hours = daily(1e6, days=600)
    samples = []
    for replication in range(40):
        work = team(people=200, rates={SELF: 1.3})
        cases = cases_of(work, settings, days=600, seed=5, replication=replication)
        open_cases = work_through(cases, hours, settings).open_cases
        samples += open_cases[100:600:45].tolist()
    counts = np.array(samples)
    mean = rate_per_day * (3 + 5 * 5)

    assert abs(counts.mean() - mean) < norm.ppf(0.975) * np.sqrt(mean / len(counts))
    dispersion = ((counts - counts.mean()) ** 2).sum() / counts.mean()
    low, high = chi2.ppf([0.025, 0.975], len(counts) - 1)
    assert low < dispersion < high


def test_a_caseload_cap_is_a_loss_of_time_not_of_cases() -> None:
    cases = referred(list(range(0, 40, 2)))

    capped = work_through(cases, daily(8.0, days=200, room=3.0), SETTINGS)
    free = work_through(cases, daily(8.0, days=200), SETTINGS)

    assert capped.open_cases.max() == 3
    assert (capped.closed_day != NEVER).all()
    assert capped.hours_used.sum() == free.hours_used.sum() == pytest.approx(20 * 5.5)
