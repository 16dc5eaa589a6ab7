"""The same requests given to Ciw, a peer simulator, are seen on the same days."""

from __future__ import annotations

from dataclasses import replace

import ciw
import numpy as np
import pytest
from numpy.typing import NDArray

from simulation.log import VisitLog, VisitOutcome
from simulation.simulate import simulate
from tests.simulation.small_prison import CALENDAR, DEMAND, NO_ALLOWANCE, daily, prison

DAY = 1440.0
PEOPLE = 40_000
"""So many that nobody asks twice for one session, which Ciw would allow and a hall does not."""

TABLES = 8
NOT_SEEN = -1


def played(requests_a_day: float, window_days: int, seed: int) -> VisitLog:
    """Play a prison with one session a day and nothing that stands between asking and a table."""
    inputs = prison(
        people=PEOPLE,
        sessions=daily(TABLES),
        calendar=replace(CALENDAR, weeks=20),
        demand=replace(DEMAND, wish_per_four_weeks=requests_a_day * 28 / PEOPLE),
        regime=replace(NO_ALLOWANCE, notice_days_min=1, notice_days_max=window_days),
    )
    return simulate(inputs, establishment="AAA", seed=seed, replication=0)


def days_of_ours(log: VisitLog) -> NDArray[np.int64]:
    """Give the day of the visit that each request was booked for."""
    days = np.full(len(log.year.visits), NOT_SEEN)
    booked = log.of(VisitOutcome.BOOKED)
    days[log.request[booked]] = log.year.sessions.day[log.slot[booked]]
    return days


def days_of_ciw(log: VisitLog, most_waiting: float) -> NDArray[np.int64]:
    """Let Ciw serve the same requests in slots at midnight; whoever finds it full is lost."""
    asked = log.year.visits.asked_minutes
    gaps = np.diff(asked, prepend=0.0).tolist()
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, np.inf])],
        service_distributions=[ciw.dists.Deterministic(0.0)],
        number_of_servers=[ciw.Slotted(slots=[DAY], slot_sizes=[TABLES])],
        queue_capacities=[most_waiting],
    )
    run = ciw.Simulation(network)
    run.simulate_until_max_time(asked[-1] + 400 * DAY)
    records = sorted(run.get_all_records(only=["service", "rejection"]), key=lambda r: r.id_number)
    assert len(records) == len(asked)
    return np.array(
        [
            round(record.service_start_date / DAY) if record.record_type == "service" else NOT_SEEN
            for record in records
        ]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bookings_without_a_window_are_those_of_ciws_slotted_service(seed: int) -> None:
    """Every family is seen on the same day, though halls are nearly full."""
    log = played(requests_a_day=7.6, window_days=300, seed=seed)

    assert len(log.year.visits) > 900
    assert days_of_ours(log).tolist() == days_of_ciw(log, np.inf).tolist()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bookings_within_a_window_are_those_of_ciws_slotted_service(seed: int) -> None:
    """Halls are asked for more than they hold: the same families are turned away."""
    log = played(requests_a_day=8.4, window_days=3, seed=seed)
    ours = days_of_ours(log)

    assert (ours == NOT_SEEN).mean() > 0.01
    assert ours.tolist() == days_of_ciw(log, 3 * TABLES).tolist()
