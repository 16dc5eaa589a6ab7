"""Families that start to ask once a worker has helped: who, when, and that nobody else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from scipy.stats import binom

from data.words import ReferralSource
from simulation.family_workers import FamilyWork, play_family_work
from simulation.helped import OF_PARTIES, Started, families_started, started_at, with_parties
from simulation.place import Place
from simulation.replicate import replicate, totals
from simulation.simulate import SimulationInputs, simulate
from simulation.together import play_alone, play_together
from tests.simulation.family_team import SETTINGS, full_time, team
from tests.simulation.small_prison import CALENDAR, VIDEO, daily, prison, stations
from tests.simulation.test_together import BUSY, CODES, prisons

ASKING = replace(SETTINGS, starts_to_ask_share=1.0, starts_to_ask_days=10)
WEEKS = replace(CALENDAR, weeks=30, warm_up_weeks=2)


def workers_for(place: Place, *, posts: int = 8, stay_days: float = 1e6) -> FamilyWork:
    work = team(
        people=len(place.keys),
        rates={ReferralSource.NO_VISITS: 1.0, ReferralSource.SELF_REFERRAL: 0.5},
        posts=full_time(posts),
        establishment=place.establishment,
        stay_days=stay_days,
    )
    return replace(work, keys=place.keys)


def helped(inputs: SimulationInputs, share: float = 1.0, **given: float) -> SimulationInputs:
    """Give the same prisons with workers who reach everybody, and families that start or not."""
    works = {code: workers_for(place, **given) for code, place in inputs.places.items()}  # type: ignore[arg-type]
    settings = replace(ASKING, starts_to_ask_share=share)
    return replace(inputs, family_settings=settings, family_work=works)


@pytest.fixture(scope="module")
def inputs() -> SimulationInputs:
    return prison(
        people=200,
        sessions=daily(6),
        video_stations=[stations()],
        video=VIDEO,
        calendar=WEEKS,
        seed=8,
    )


def started(inputs: SimulationInputs, *, replication: int = 0) -> Started:
    found = started_at(
        inputs.family_work["AAA"],
        inputs.family_settings,
        inputs.calendar,
        inputs.places["AAA"],
        seed=1,
        replication=replication,
    )
    assert found is not None
    return found


def test_families_start_for_people_whom_nobody_visits_and_nobody_has_barred(
    inputs: SimulationInputs,
) -> None:
    place = inputs.places["AAA"]
    alone = ~place.has_party & ~place.contact_refused

    found = started(helped(inputs))

    assert 0 < len(np.unique(found.person)) <= alone.sum()
    assert alone[found.person].all()
    assert (place.contact_refused & ~place.has_party).any()


def test_of_those_helped_the_families_of_a_share_start(inputs: SimulationInputs) -> None:
    """One draw for each helped case; the count lies where 998 of 1,000 binomial counts do."""
    count, of = (
        sum(len(started(helped(inputs, share), replication=year)) for year in range(8))
        for share in (0.3, 1.0)
    )

    low, high = binom.ppf([0.001, 0.999], of, 0.3)
    assert low <= count <= high


def test_a_family_asks_some_days_after_the_first_contact_and_until_the_person_leaves(
    inputs: SimulationInputs,
) -> None:
    """Worked out again from the cases, in the days of the year of visits."""
    on = helped(inputs, stay_days=40.0)
    settings = on.family_settings
    assert settings is not None
    year = play_family_work(on.family_work["AAA"], settings, on.calendar, seed=1, replication=0)
    found = families_started(year, settings, on.calendar, on.places["AAA"], seed=1)
    shift = on.calendar.warm_up_weeks * 7 - settings.warm_up_weeks * 7
    cases = {
        (person, first + 10 + shift): leaves + 1 + shift
        for person, first, leaves in zip(
            year.cases.person.tolist(),
            year.done.first_contact_day.tolist(),
            year.cases.leaves_day.tolist(),
            strict=True,
        )
        if first >= 0
    }

    assert len(found) > 10
    for person, first, until in zip(
        found.person.tolist(), found.from_day.tolist(), found.until_day.tolist(), strict=True
    ):
        assert cases[person, first] == until > first

    visits = simulate(on, establishment="AAA", seed=1, replication=0).year.visits
    day = visits.asked_minutes // 1440
    of_started = np.flatnonzero(np.isin(visits.person, found.person))
    assert len(of_started) > 10
    for request in of_started.tolist():
        own = found.person == visits.person[request]
        times = zip(found.from_day[own].tolist(), found.until_day[own].tolist(), strict=True)
        assert any(first <= day[request] < until for first, until in times)


def test_nobody_elses_requests_change(inputs: SimulationInputs) -> None:
    before = simulate(inputs, establishment="AAA", seed=1, replication=0).year
    on = helped(inputs)
    after = simulate(on, establishment="AAA", seed=1, replication=0).year
    new = np.isin(after.visits.person, started(on).person)

    assert new.sum() > 20
    for name in ("person", "number", "asked_minutes", "no_show", "cancels", "attempts"):
        kept = getattr(after.visits, name)[~new]
        assert (kept == getattr(before.visits, name)).all()
    for name in ("person", "number", "asked_minutes", "no_show"):
        assert (getattr(after.calls, name) == getattr(before.calls, name)).all()
    for whose in ("adults", "children", "net_cost_gbp"):
        known = getattr(after.place, whose)[after.visits.party[~new]]
        assert (known == getattr(before.place, whose)[before.visits.party]).all()


def test_with_a_share_of_0_the_year_is_the_one_without_help(inputs: SimulationInputs) -> None:
    off = helped(inputs, share=0.0)

    assert off.family_settings is not None
    log, without = (
        simulate(each, establishment="AAA", seed=1, replication=0) for each in (off, inputs)
    )
    assert off.places["AAA"] is inputs.places["AAA"]
    assert (log.minutes == without.minutes).all()
    assert (log.outcome == without.outcome).all()


@hypothesis_settings(max_examples=20, deadline=None)
@given(people=st.lists(st.integers(0, 199), max_size=30), seed=st.integers(0, 99))
def test_parties_stay_in_order_and_new_ones_are_like_those_that_come(
    inputs: SimulationInputs, people: list[int], seed: int
) -> None:
    place = inputs.places["AAA"]
    alone = np.flatnonzero(~place.has_party)
    who = alone[np.array(people, dtype=np.int64) % len(alone)]
    nothing = np.zeros(len(who), dtype=np.int64)
    found = with_parties(
        place, Started(person=who, from_day=nothing, until_day=nothing + 1), seed=seed
    )

    assert (np.diff(found.party_person) >= 0).all()
    assert (np.diff(found.party_ladder) > 0).all()
    assert len(found.party_person) == len(place.party_person) + len(np.unique(who))
    is_new = np.isin(found.party_person, who)
    rows = {
        tuple(getattr(place, name)[row] for name in OF_PARTIES)
        for row in np.flatnonzero(~place.conditions)
    }
    for row in np.flatnonzero(is_new):
        assert tuple(getattr(found, name)[row] for name in OF_PARTIES) in rows
    for name in OF_PARTIES:
        assert (getattr(found, name)[~is_new] == getattr(place, name)).all()


def test_a_prison_alone_given_the_answers_is_the_prison_together_when_families_start() -> None:
    on = helped(prisons(replace(BUSY, modelled=True)))
    together = play_together(on, CODES, seed=3, replication=1)

    for log in together.logs:
        alone = play_alone(on, log.establishment, together.answers, seed=3, replication=1)
        assert (alone.minutes == log.minutes).all()
        assert (alone.outcome == log.outcome).all()
        assert (alone.request == log.request).all()


def test_families_that_start_are_a_measure_where_they_may(inputs: SimulationInputs) -> None:
    def told(given: SimulationInputs) -> dict[str, float]:
        tallies, _ = replicate(given, ("AAA",), seed=1, replication=0, keep_log=False)
        rows = totals(tallies, weeks=given.calendar.weeks)
        rows = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
        return dict(zip(rows["measure"], rows["value"], strict=True))

    on, off = told(helped(inputs)), told(helped(inputs, share=0.0))

    in_year = started(helped(inputs)).from_day >= WEEKS.warm_up_days
    assert on["worker_families_started"] == in_year.sum() > 0
    assert "worker_families_started" not in off
    assert on["requests"] > off["requests"]
    assert on["worker_people_helped"] == off["worker_people_helped"]


def test_people_with_a_stay_here_and_a_stay_there_are_found_by_name(
    inputs: SimulationInputs,
) -> None:
    """Of somebody who is here twice, each stay is a row, and the family comes to both."""
    place = inputs.places["AAA"]
    alone = np.flatnonzero(~place.has_party & ~place.contact_refused)[:1]
    twice = np.sort(np.concatenate([np.arange(len(place.keys)), alone]))
    of_people = {
        name: getattr(place, name)[twice]
        for name in place.__slots__
        if isinstance(getattr(place, name), np.ndarray)
        and name not in (*OF_PARTIES, "party_person", "party_ladder", "apart")
    }
    moved = (place.party_person > alone[0]).astype(np.int64)
    doubled = replace(
        place,
        **of_people,
        party_person=place.party_person + moved,
        party_ladder=place.party_ladder + moved,
    )
    on = helped(inputs)
    found = started_at(
        on.family_work["AAA"], on.family_settings, on.calendar, doubled, seed=1, replication=0
    )

    assert found is not None
    rows = found.person[np.isin(found.person, [alone[0], alone[0] + 1])]
    assert (rows == alone[0]).sum() == (rows == alone[0] + 1).sum() > 0
    assert len(with_parties(doubled, found, seed=1).party_person) > len(place.party_person)
