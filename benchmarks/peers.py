"""The simulated year beside peers on like work, and what ensembles add to it.

Peers are a process for each family in plain SimPy (the reference model of the tests), and the
slotted service of Ciw.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import ciw
import numpy as np

from benchmarks.simulation import simulation_inputs, without_lines
from simulation.measures import estate_totals
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs, simulate
from tests.simulation.reference_model import ReferenceModel
from tests.simulation.small_prison import CALENDAR, DEMAND, NO_ALLOWANCE, daily, prison

SEED = 1
PEOPLE, TABLES = 1_000, 12
SHORT_RUNS = 200
EARLY_RUNS = 20
TASK_SECONDS = 0.3
TASKS, WORKERS = 40, 2
PAIRS, PRISONS = 20, 12
WEEKEND = ("sat", "sun")


@cache
def _hall() -> SimulationInputs:
    """Give a prison with one session a day and families who ask once, so that all can play it."""
    return prison(
        people=PEOPLE,
        sessions=daily(TABLES),
        calendar=replace(CALENDAR, weeks=26),
        demand=replace(DEMAND, wish_per_four_weeks=0.95 * 28 * TABLES / PEOPLE),
        regime=replace(NO_ALLOWANCE, notice_days_min=1, notice_days_max=28),
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _ours() -> float:
    inputs = _hall()
    simulate(inputs, establishment="AAA", seed=SEED, replication=0)
    return min(
        _cpu_seconds(lambda: simulate(inputs, establishment="AAA", seed=SEED, replication=0))
        for _ in range(5)
    )


def simulate_beside_process_per_family() -> dict[str, float | str]:
    """Play one hall, and the same as a process for each request with SimPy resources."""
    inputs = _hall()
    year = simulate(inputs, establishment="AAA", seed=SEED, replication=0).year
    model = ReferenceModel(inputs, year, SEED, 0)
    yardstick = _cpu_seconds(model.run)
    value = _ours()
    requests = len(year.visits)
    return {
        "value": 1e6 * value / requests,
        "unit": "CPU microseconds a request",
        "yardstick": "a process per request, plain SimPy, which walks through the calendar",
        "yardstick_value": 1e6 * yardstick / requests,
        "ratio": value / yardstick,
    }


def simulate_beside_ciw() -> dict[str, float | str]:
    """Play one hall, and hand the same requests to Ciw's slotted service."""
    year = simulate(_hall(), establishment="AAA", seed=SEED, replication=0).year
    asked = year.visits.asked_minutes
    network = ciw.create_network(
        arrival_distributions=[
            ciw.dists.Sequential([*np.diff(asked, prepend=0.0).tolist(), np.inf])
        ],
        service_distributions=[ciw.dists.Deterministic(0.0)],
        number_of_servers=[ciw.Slotted(slots=[1440.0], slot_sizes=[TABLES])],
    )
    run = ciw.Simulation(network)
    yardstick = _cpu_seconds(lambda: run.simulate_until_max_time(asked[-1] + 28 * 1440.0))
    value = _ours()
    return {
        "value": 1e6 * value / len(asked),
        "unit": "CPU microseconds a request",
        "yardstick": "Ciw, slotted service once a day, the same requests",
        "yardstick_value": 1e6 * yardstick / len(asked),
        "ratio": value / yardstick,
    }


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _run_often(runs: int) -> list[float]:
    """Play one prison so often in this process and give the memory held after each run."""
    inputs = _hall()
    held = []
    for replication in range(runs):
        replicate(inputs, ("AAA",), seed=SEED, replication=replication, keep_log=True)
        held.append(_resident_megabytes())
    return held


def worker_memory_over_200_runs() -> dict[str, float | str]:
    """Play one prison again and again in one worker: memory after the last and after the 20th."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        held = pool.submit(_run_often, SHORT_RUNS).result()
    return {
        "value": held[-1],
        "unit": "MB resident",
        "yardstick": f"the same worker after {EARLY_RUNS} runs",
        "yardstick_value": held[EARLY_RUNS - 1],
        "ratio": held[-1] / held[EARLY_RUNS - 1],
    }


def _spin(seconds: float) -> float:
    """Work for so many CPU seconds and give the wall time it took."""
    begun, start = time.perf_counter(), time.process_time()
    while time.process_time() - start < seconds:
        pass
    return time.perf_counter() - begun


def ensemble_overhead() -> dict[str, float | str]:
    """Hand out tasks of 0.3 CPU seconds to two workers: wall time beside what the tasks took."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        list(pool.map(_spin, [0.01] * WORKERS * 2))
        begun = time.perf_counter()
        taken = sum(pool.map(_spin, [TASK_SECONDS] * TASKS))
        wall = time.perf_counter() - begun
    return {
        "value": wall,
        "unit": f"seconds of {WORKERS} workers, {TASKS} tasks",
        "yardstick": "what the tasks took themselves, over the workers",
        "yardstick_value": taken / WORKERS,
        "ratio": wall / (taken / WORKERS),
    }


def replications_saved_by_common_draws(
    measure: str = "visits",
) -> dict[str, float | str]:
    """Add a weekend table at some prisons: variance of the paired over the unpaired difference.

    The number of replications that an interval of a given width takes grows with the variance,
    so the ratio is how many times fewer replications the common draws need.
    """
    before = without_lines(simulation_inputs())
    codes = [code for code in before.establishments if before.sessions[code]["day"]][:PRISONS]
    after = _with_weekend_table(before, codes)
    values = np.array(
        [
            [_measured(inputs, codes, replication, measure) for inputs in (before, after)]
            for replication in range(PAIRS)
        ]
    )
    paired = float(np.var(values[:, 1] - values[:, 0], ddof=1))
    unpaired = float(np.var(values[:, 0], ddof=1) + np.var(values[:, 1], ddof=1))
    return {
        "value": paired,
        "unit": f"variance of the difference in {measure}, {PAIRS} pairs, {len(codes)} prisons",
        "yardstick": "the same with independent seeds: the sum of both variances",
        "yardstick_value": unpaired,
        "ratio": paired / unpaired,
    }


def replications_saved_on_unmet_share() -> dict[str, float | str]:
    """As above, for the share of requests that are not met."""
    return replications_saved_by_common_draws("requests_unmet_share")


def _with_weekend_table(inputs: SimulationInputs, codes: list[str]) -> SimulationInputs:
    """Give one open table more in every weekend session of these prisons."""
    sessions = dict(inputs.sessions)
    for code in codes:
        table = sessions[code]
        more = [
            tables + (tables > 0 and day in WEEKEND)
            for tables, day in zip(table["open_tables"], table["day"], strict=True)
        ]
        sessions[code] = {**table, "open_tables": more}
    return replace(inputs, sessions=sessions)


def _measured(inputs: SimulationInputs, codes: list[str], replication: int, measure: str) -> float:
    tallies, _ = replicate(inputs, codes, seed=SEED, replication=replication, keep_log=False)
    totals = estate_totals(tallies, weeks=inputs.calendar.weeks)
    chosen = totals.query("establishment == 'ALL' and group_by == 'all' and measure == @measure")
    return float(chosen["value"].iloc[0])


BENCHMARKS: dict[str, Callable[[], dict[str, float | str]]] = {
    "simulate_beside_process_per_family": simulate_beside_process_per_family,
    "simulate_beside_ciw": simulate_beside_ciw,
    "worker_memory_over_200_runs": worker_memory_over_200_runs,
    "ensemble_overhead": ensemble_overhead,
    "replications_saved_by_common_draws": replications_saved_by_common_draws,
    "replications_saved_on_unmet_share": replications_saved_on_unmet_share,
}
