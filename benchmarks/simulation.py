"""The simulated year beside bare SimPy loops with a timeout for each thing that happens in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import simpy

from benchmarks.memory import peak_megabytes
from scenarios.ensemble.runner import process_pool, tasks_of
from scenarios.ensemble.task import run_task
from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.planning.place import place, simulated_on
from simulation.clock import MINUTES_PER_DAY
from simulation.log import VisitLog, VisitOutcome
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs, simulate
from simulation.together import play_together

AIM_SECONDS = 12.0
SEED = 1
ROUNDS = 15
YARDSTICK = (
    "one for each asking answered, cancellation, session and booked call held, two for each ringing"
)


@cache
def simulation_inputs() -> SimulationInputs:
    """Give the real estate with today's placements under the baseline."""
    baseline = load_scenario("baseline")
    inputs = load_inputs(baseline)
    return simulated_on(baseline, inputs, place(baseline, inputs))


def without_lines(inputs: SimulationInputs) -> SimulationInputs:
    """Let calls get through after a fixed wait, so that a prison can be played alone."""
    settings = replace(inputs.lines.settings, modelled=False)
    return replace(inputs, lines=replace(inputs.lines, settings=settings))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Give the CPU seconds of this process that some work takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def bare_loop(timeouts: int) -> None:
    """Let one SimPy process wait so many times and do nothing else."""
    env = simpy.Environment()

    def wait() -> Generator[simpy.Timeout, Any, None]:
        for _ in range(timeouts):
            yield env.timeout(1.0)

    env.process(wait())
    env.run()


ANSWERS = (
    VisitOutcome.BOOKED, VisitOutcome.NO_ORDER, VisitOutcome.NO_TABLE,
    VisitOutcome.VIDEO_BOOKED, VisitOutcome.VIDEO_NO_CREDIT, VisitOutcome.VIDEO_NO_SLOT,
)  # fmt: skip
"""What somebody who asks for the first time or again, for a visit or a call, can be answered."""

CALLS_WHOSE_TIME_CAME = (VisitOutcome.VIDEO_HELD, VisitOutcome.VIDEO_NO_SHOW)


def _things_that_happen(inputs: SimulationInputs) -> int:
    """Count what happens in one replication, however the code goes about it.

    Askings answered, cancellations, dated sessions and booked calls whose time came, from the
    logs, and two for each ringing of a booking line, which begins and ends; the warm-up is played
    too and counts.
    """
    end = inputs.calendar.days * MINUTES_PER_DAY
    count = 0
    for group in inputs.played_together():
        played = play_together(inputs, group, seed=SEED, replication=0)
        count += sum(_turns_of(log, end) for log in played.logs)
        count += sum(2 * len(line.year.rang) for line in played.lines)
    return count


def _turns_of(log: VisitLog, end: int) -> int:
    turns = log.counts()[[*ANSWERS, VisitOutcome.CANCELLED, *CALLS_WHOSE_TIME_CAME]]
    return int(turns.sum()) + _sessions_held(log, end)


def _sessions_held(log: VisitLog, end: int) -> int:
    return int((log.year.sessions.start < end).sum())


@cache
def _national() -> tuple[float, int, int]:
    """Play and measure one replication of the whole estate; check the visits as well.

    Gives CPU seconds, requests for visits and calls, and things that happened.
    """
    inputs = simulation_inputs()
    found = []

    def play() -> None:
        found.append(
            replicate(inputs, inputs.establishments, seed=SEED, replication=0, keep_log=False)[0]
        )

    seconds = cpu_seconds(play)
    tallies = found[0]
    for_all = tallies[tallies["group_by"] == "all"].groupby("quantity")["value"].sum()
    visits = for_all["visits"]
    assert 500_000 < visits < 700_000, f"{visits:.0f} visits in the baseline year"
    requests = int(for_all["requests"] + for_all["video_requests"])
    return seconds, requests, _things_that_happen(inputs)


def simulate_national_seconds() -> dict[str, float | str]:
    """Play one replication of the whole estate under the baseline, which has every feature on.

    The yardstick is a bare loop with one timeout for each asking answered, cancellation, dated
    session and booked call whose time came, and two for each ringing of a booking line.
    """
    value, _, things = _national()
    yardstick = cpu_seconds(lambda: bare_loop(things))
    return {
        "value": value,
        "unit": "CPU seconds",
        "yardstick": f"bare SimPy loop, {things} timeouts: {YARDSTICK}",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def simulate_national_microseconds() -> dict[str, float | str]:
    """Give the same for each request for a visit or a call, beside one timeout of a bare loop."""
    seconds, requests, things = _national()
    value = 1e6 * seconds / requests
    yardstick = 1e6 * cpu_seconds(lambda: bare_loop(things)) / things
    return {
        "value": value,
        "unit": f"CPU microseconds a request, {requests} requests",
        "yardstick": "one timeout of a bare SimPy loop",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def simulate_national_megabytes() -> dict[str, float | str]:
    """Play one replication of the whole estate in one worker: the most memory it held."""
    inputs = simulation_inputs()
    with TemporaryDirectory() as folder, process_pool(1) as pool:
        before = pool.submit(peak_megabytes).result()
        for task in tasks_of(inputs, Path(folder), seed=SEED, replication=0):
            pool.submit(run_task, task).result()
        value = pool.submit(peak_megabytes).result()
    return {
        "value": value,
        "unit": "MB, most held by a worker, measures only",
        "yardstick": "the same before its first task: Python and libraries",
        "yardstick_value": before,
        "ratio": value / before,
    }


def simulate_bare_loop_ratio() -> dict[str, float | str]:
    """Play one large prison, draws and checks included, in turn with its own bare loop.

    Without its booking line, which it shares with others.
    """
    inputs = without_lines(simulation_inputs())
    establishment = max(inputs.establishments, key=lambda code: len(inputs.places[code].keys))
    log = simulate(inputs, establishment=establishment, seed=SEED, replication=0)
    things = _turns_of(log, inputs.calendar.days * MINUTES_PER_DAY)
    simulated, bare = [], []
    for _ in range(ROUNDS):
        simulated.append(
            cpu_seconds(
                lambda: simulate(inputs, establishment=establishment, seed=SEED, replication=0)
            )
        )
        bare.append(cpu_seconds(lambda: bare_loop(things)))
    value, yardstick = min(simulated), min(bare)
    return {
        "value": value,
        "unit": "CPU seconds",
        "yardstick": f"bare SimPy loop, {things} timeouts: {YARDSTICK}",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


BENCHMARKS: dict[str, Callable[[], dict[str, float | str]]] = {
    "simulate_national_seconds": simulate_national_seconds,
    "simulate_national_microseconds": simulate_national_microseconds,
    "simulate_national_megabytes": simulate_national_megabytes,
    "simulate_bare_loop_ratio": simulate_bare_loop_ratio,
}
