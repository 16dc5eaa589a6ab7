"""The simulated year beside bare SimPy loops with as many events."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from functools import cache
from typing import Any
from unittest.mock import patch

import simpy

from scenarios.inputs import load_inputs
from scenarios.load import load_scenario
from scenarios.place import place, simulated_on
from simulation.replicate import replicate
from simulation.simulate import SimulationInputs, simulate

AIM_SECONDS = 12.0
SEED = 1
ROUNDS = 5


@cache
def _inputs() -> SimulationInputs:
    """Give the real estate with today's placements under the baseline."""
    baseline = load_scenario("baseline")
    inputs = load_inputs(baseline)
    return simulated_on(baseline, inputs, place(baseline, inputs))


def _cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _bare_loop(events: int) -> None:
    """Let one SimPy process wait so many times and do nothing else."""
    env = simpy.Environment()

    def wait() -> Generator[simpy.Timeout, Any, None]:
        for _ in range(events):
            yield env.timeout(1.0)

    env.process(wait())
    env.run()


def _events(inputs: SimulationInputs, establishments: tuple[str, ...]) -> int:
    """Count the events that SimPy processes in one replication."""
    count = 0
    step = simpy.Environment.step

    def counted(env: simpy.Environment) -> None:
        nonlocal count
        count += 1
        step(env)

    with patch.object(simpy.Environment, "step", counted):
        for establishment in establishments:
            simulate(inputs, establishment=establishment, seed=SEED, replication=0)
    return count


def simulate_national_seconds() -> dict[str, float | str]:
    """Play and measure one replication of the whole estate; the visits are checked as well."""
    inputs = _inputs()
    found = []

    def play() -> None:
        found.append(
            replicate(inputs, inputs.establishments, seed=SEED, replication=0, keep_log=False)[0]
        )

    value = _cpu_seconds(play)
    tallies = found[0]
    chosen = tallies[(tallies["group_by"] == "all") & (tallies["quantity"] == "visits")]
    visits = float(chosen["value"].sum())
    assert 500_000 < visits < 700_000, f"{visits:.0f} visits in the baseline year"
    events = _events(inputs, inputs.establishments)
    yardstick = _cpu_seconds(lambda: _bare_loop(events))
    return {
        "value": value,
        "unit": "CPU seconds",
        "yardstick": f"bare SimPy loop, {events} events",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


def simulate_bare_loop_ratio() -> dict[str, float | str]:
    """Play one large prison, draws and checks included, in turn with its own bare loop."""
    inputs = _inputs()
    establishment = max(inputs.establishments, key=lambda code: len(inputs.places[code].keys))
    events = _events(inputs, (establishment,))
    simulated, bare = [], []
    for _ in range(ROUNDS):
        simulated.append(
            _cpu_seconds(
                lambda: simulate(inputs, establishment=establishment, seed=SEED, replication=0)
            )
        )
        bare.append(_cpu_seconds(lambda: _bare_loop(events)))
    value, yardstick = min(simulated), min(bare)
    return {
        "value": value,
        "unit": "CPU seconds",
        "yardstick": f"bare SimPy loop, {events} events",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


BENCHMARKS: dict[str, Callable[[], dict[str, float | str]]] = {
    "simulate_national_seconds": simulate_national_seconds,
    "simulate_bare_loop_ratio": simulate_bare_loop_ratio,
}
