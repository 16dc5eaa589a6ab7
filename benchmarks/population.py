"""How long it takes to make everybody, beside drawing as many numbers and writing as many words."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pandas as pd

from data.estate import load_estate
from data.geography import load_home_areas
from data.population import Population, synthesise_population
from scenarios.load import load_scenario

AIM_SECONDS = 10.0


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _draw_and_write(population: Population) -> pd.DataFrame:
    """Draw one number and write one short word for every cell of both tables, sorted by a key."""
    draw = np.random.default_rng(1)
    frames = []
    for table in (population.prisoners, population.contacts):
        words = np.array([f"word {n}" for n in range(300)], dtype=object)
        cells = {name: words[draw.integers(0, len(words), len(table))] for name in table.columns}
        frames.append(pd.DataFrame(cells).sort_values(str(table.columns[0])))
    return pd.concat(frames)


def population_seconds() -> dict[str, float | str]:
    """Make prisoners and contacts for the whole estate; the count is checked as well."""
    baseline = load_scenario("baseline")
    estate, home_areas = load_estate(), load_home_areas()

    def make() -> Population:
        return synthesise_population(estate, home_areas, baseline.population, as_of=baseline.as_of)

    population = make()
    people = int(estate.establishments["population"].sum())
    assert len(population.prisoners) == people, "every published place is filled"
    value = min(_seconds(make) for _ in range(2))
    assert value < AIM_SECONDS, f"{value:.1f} s to make {people} people"
    yardstick = min(_seconds(lambda: _draw_and_write(population)) for _ in range(2))
    return {
        "value": value,
        "unit": "seconds",
        "yardstick": "one numpy draw and one word for every cell of both tables, sorted",
        "yardstick_value": yardstick,
        "ratio": value / yardstick,
    }


BENCHMARKS: dict[str, Callable[[], dict[str, float | str]]] = {
    "population_seconds": population_seconds
}
