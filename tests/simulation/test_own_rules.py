"""Rules of one prison: who of a party may come, what that trip costs, and how families ask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.words import DAYS
from simulation.asking import CHANNELS, Channel, Manner
from simulation.demand import visit_requests
from simulation.log import VisitOutcome
from simulation.own_rules import ages_of, pupils_at, who_come
from simulation.simulate import SimulationInputs, simulate
from simulation.streams import person_keys
from tests.simulation.small_prison import ASKING, COMING, DEMAND, prison, session


@given(
    adults=st.integers(1, 3),
    elder=st.integers(0, 4),
    younger=st.integers(0, 4),
    limits=st.tuples(st.integers(1, 4), st.integers(0, 5), st.integers(1, 8)),
)
def test_members_are_let_in_one_by_one_until_a_limit_is_reached(
    adults: int, elder: int, younger: int, limits: tuple[int, int, int]
) -> None:
    """The plain rule: grown-ups, then children who count as adults, then the younger ones."""
    most_adults, most_children, most = limits
    inside: list[str] = []
    for member in ["adult"] * adults + ["elder"] * elder + ["younger"] * younger:
        as_adult = sum(each != "younger" for each in inside)
        room = (
            as_adult < most_adults
            if member != "younger"
            else (inside.count("younger") < most_children)
        )
        if room and len(inside) < most:
            inside.append(member)

    grown_up, young = who_come(
        np.array([adults]), np.array([elder + younger]), np.array([elder]),
        np.array([limits], dtype=np.float64),
    )  # fmt: skip

    assert grown_up.tolist() == [inside.count("adult")]
    assert young.tolist() == [len(inside) - inside.count("adult")]


def family(**rules: object) -> SimulationInputs:
    """Give two prisons of the same drawn people; the second has rules of its own."""
    return prison(
        people=60,
        establishments=("AAA", "BBB"),
        sessions=[session(), session("BBB")],
        visiting_rules=[{"establishment": "BBB"} | rules],
        seed=4,
    )


def test_a_limit_of_one_prison_is_no_limit_of_another() -> None:
    free, bound = family(), family(adults_max=2, children_max=1, visitors_max=2)

    assert (free.places["AAA"].adults == bound.places["AAA"].adults).all()
    before, after = free.places["BBB"], bound.places["BBB"]
    assert (after.adults == np.minimum(before.adults, 2)).all()
    assert (after.children == np.minimum(before.children, np.minimum(1, 2 - after.adults))).all()
    assert (after.children < before.children).any()


def test_a_trip_costs_what_it_costs_those_who_come() -> None:
    """In the small prisons a trip costs so much a head."""
    before, after = (family(**rules).places["BBB"] for rules in ({}, {"adults_max": 1}))

    heads = [each.adults + each.children for each in (before, after)]
    assert (heads[1] < heads[0]).any()
    assert np.allclose(after.money_gbp / heads[1], before.money_gbp / heads[0])


def test_children_of_the_age_of_adults_take_the_seats_of_adults() -> None:
    """From 1 year on nearly every child counts; at 9 about half of them do."""
    three = {"adults_max": 3}
    young = family().places["BBB"]
    by_age = [family(adult_age=age, **three).places["BBB"] for age in (18, 9, 1)]

    come = [int(each.children.sum()) for each in by_age]
    assert come[0] == young.children.sum()
    assert come[0] > come[1] > come[2]


def test_ages_are_spread_evenly() -> None:
    """Parties of one adult, who leave a seat for one child of adult age."""
    inputs = prison(
        people=3_000, sessions=[session()], seed=2,
        coming=replace(COMING, adults_max=1, adult_age=12),
    )  # fmt: skip
    everybody = prison(people=3_000, sessions=[session()], seed=2)
    stays = everybody.places["AAA"].children.sum() - inputs.places["AAA"].children.sum()
    children = int(everybody.places["AAA"].children.sum())

    assert abs(stays / children - 6 / 18) < 4 * np.sqrt(2 / 9 / children)


@given(
    children=st.lists(st.integers(0, 5), min_size=1, max_size=20),
    limits=st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(1, 6), st.integers(5, 18)),
)
def test_pupils_are_those_of_school_age_among_the_children_who_come(
    children: list[int], limits: tuple[int, int, int, int]
) -> None:
    """Of those who count as adults, and of the others, the elder come; pupils are 5 to 16."""
    parties = pd.DataFrame({"party": range(len(children)), "adults": 1, "children": children})
    keys = person_keys(pd.Series([f"P{number}" for number in range(len(children))]))
    everywhere = np.tile(np.array(limits, dtype=np.float64), (len(children), 1))
    most_adults, most_children, most, adult_age = limits

    expected = []
    for ages in ages_of(parties, keys).tolist():
        inside, as_adults, younger = 1, 1, 0
        pupils = 0
        for age in sorted((age for age in ages if age >= 0), reverse=True):
            is_adult = age >= adult_age
            room = as_adults < most_adults if is_adult else younger < most_children
            if room and inside < most:
                inside, as_adults, younger = (
                    inside + 1,
                    as_adults + is_adult,
                    younger + (not is_adult),
                )
                pupils += 5 <= age <= 16
        expected.append(pupils)

    assert pupils_at(parties, keys, everywhere).tolist() == expected


def test_two_children_in_three_are_of_school_age() -> None:
    place = prison(people=3_000, sessions=[session()], seed=2).places["AAA"]
    children = int(place.children.sum())

    assert abs(place.pupils.sum() / children - 12 / 18) < 4 * np.sqrt(2 / 9 / children)


def test_a_prison_has_channels_of_its_own() -> None:
    inputs = prison(
        people=200, sessions=[session()], asking=replace(ASKING, kiosk_share=0.5),
        visiting_rules=[{"establishment": "AAA", "kiosk_share": 0.0, "online_share": 0.25}],
    )  # fmt: skip
    held, names = inputs.places["AAA"], {"seed": 1, "replication": 0}
    visits = visit_requests(held, inputs.calendar, DEMAND, **names)
    manner = Manner.of(
        held, visits, inputs.asking, DEMAND, inputs.calendar,
        asked_share=np.ones(len(held.keys)), with_resolve=False,
        moved_online=np.zeros(len(visits)), by_line=False, **names,
    )  # fmt: skip

    shares = np.bincount(manner.channel, minlength=len(CHANNELS)) / len(visits)
    assert shares[CHANNELS.index(Channel.KIOSK)] == 0
    assert abs(shares[CHANNELS.index(Channel.ONLINE)] - 0.25) < 0.05


def test_a_prison_has_a_booking_window_of_its_own_for_a_channel() -> None:
    """Own days stand before those of the channel, which stand before those of the regime."""
    inputs = prison(
        people=30, establishments=("AAA", "BBB"),
        sessions=[session(code, number, day=day) for code in ("AAA", "BBB")
                  for number, day in enumerate(DAYS)],
        demand=replace(DEMAND, wish_per_four_weeks=9.0),
        asking=replace(ASKING, online_notice_days_min=4, phone_notice_days_max=21),
        visiting_rules=[{"establishment": "AAA", "online_notice_days_min": 6,
                         "online_notice_days_max": 9, "kiosk_notice_days_max": 14}],
    )  # fmt: skip

    def ahead(code: str) -> set[int]:
        log = simulate(inputs, establishment=code, seed=1, replication=0)
        booked = log.of(VisitOutcome.BOOKED)
        days = log.year.sessions.day[log.slot[booked]] - log.minutes[booked] // 1440
        return set(days.astype(int).tolist())

    # online, telephone, kiosk
    assert inputs.places["AAA"].windows == ((6, 9), (2, 21), (2, 14))
    assert inputs.places["BBB"].windows == ((4, 28), (2, 21), (2, 28))
    assert ahead("AAA") == {6, 7, 8, 9}
    assert min(ahead("BBB")) == 4
    assert max(ahead("BBB")) > 9


@pytest.mark.parametrize(
    ("change", "words"),
    [({"adults_max": 0}, "lets nobody come"), ({"visitors_max": 0}, "lets nobody come"),
     ({"children_max": -1}, "children_max"), ({"adult_age": 19}, "adult_age is 19")],
)  # fmt: skip
def test_a_table_for_nobody_is_refused(change: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        replace(COMING, **change)
