"""How long whole commands take: saying what there is, deciding again after a lock, explaining."""

from __future__ import annotations

import atexit
import resource
import statistics
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from scenarios.planning.explain import explain_person

SCENARIO = "closer_to_home"
"""Scenario that is decided, and decided again after a lock."""

EVERY = 5_000
"""One person in so many is explained, to find one who has somewhere else to go."""

ESTATE = ["-m", "scenarios.cli"]


def seconds(arguments: list[str], *, times: int = 5) -> float:
    """Return the median wall seconds of a command over several runs."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def cpu_seconds(*words: str | Path) -> float:
    """Return the CPU seconds of one ``estate`` command, its start included."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    command = [sys.executable, *ESTATE, *(str(word) for word in words)]
    subprocess.run(command, check=True, capture_output=True)
    return spent() - before


def help_seconds() -> dict[str, float | str]:
    """Time `estate --help` against a bare Python."""
    bare = seconds(["-c", "pass"])
    value = seconds([*ESTATE, "--help"])
    return {
        "value": round(value, 3),
        "unit": "s, median of five",
        "yardstick": "python -c pass",
        "yardstick_value": round(bare, 3),
        "ratio": round(value / bare, 2),
    }


@cache
def _decided() -> tuple[Path, float]:
    """Decide the scenario by a command; give the plan and its CPU seconds, compilation left out."""
    folder = TemporaryDirectory()
    atexit.register(folder.cleanup)
    first, plan = (Path(folder.name) / name for name in ("first", "plan"))
    cpu_seconds("allocate", SCENARIO, "--out", first)
    return plan, cpu_seconds("allocate", SCENARIO, "--out", plan)


@cache
def _somebody() -> tuple[str, str]:
    """Choose a person of the plan and the cheapest unit in another establishment for them."""
    plan, _ = _decided()
    ids = pd.read_parquet(plan / "placements.parquet", columns=["prisoner_id"])["prisoner_id"]
    for prisoner_id in ids.iloc[::EVERY]:
        places = explain_person(plan, prisoner_id).one.alternatives
        away = places[
            (places["unit"] != "") & (places["establishment"] != places["establishment"].iloc[0])
        ]
        if len(away):
            return prisoner_id, str(away["unit"].iloc[0])
    raise RuntimeError("Nobody of those looked at could be held anywhere else.")


def relock_command() -> dict[str, float | str]:
    """Time `estate allocate` after one lock, from the plan before, beside the same from nothing."""
    plan, cold = _decided()
    prisoner_id, unit = _somebody()
    locks, again = (plan.with_name(name) for name in ("locks.csv", "again"))
    decided = ("--reason", "family", "--owner", "benchmark", "--review", "2099-01-01")
    cpu_seconds("lock", plan, prisoner_id, unit, *decided, "--locks", locks)
    value = cpu_seconds("allocate", SCENARIO, "--out", again, "--locks", locks, "--from", plan)
    changed = pd.read_parquet(again / "changed.parquet")
    assert changed.set_index("prisoner_id").loc[prisoner_id, "unit"] == unit
    units = len(pd.read_parquet(plan / "units.parquet"))
    assert len(changed) < units, "a lock moved people who are not in its way"
    return _beside(value, f"{SCENARIO}, {len(changed)} people changed", cold)


def explain_command() -> dict[str, float | str]:
    """Time `estate explain` as a whole command, beside deciding the plan."""
    plan, cold = _decided()
    prisoner_id, _ = _somebody()
    value = statistics.median(cpu_seconds("explain", plan, prisoner_id) for _ in range(3))
    return _beside(value, "median of three", cold)


def explain_work() -> dict[str, float | str]:
    """Time the work of explaining one person, the start of Python and imports left out."""
    plan, cold = _decided()
    prisoner_id, _ = _somebody()
    begun = time.process_time()
    explain_person(plan, prisoner_id)
    return _beside(time.process_time() - begun, "work alone", cold)


def _beside(value: float, what: str, cold: float) -> dict[str, float | str]:
    return {
        "value": round(value, 3),
        "unit": f"CPU seconds, {what}",
        "yardstick": "the whole command from nothing, CPU seconds",
        "yardstick_value": round(cold, 3),
        "ratio": round(value / cold, 3),
    }


BENCHMARKS = {
    "estate_help_seconds": help_seconds,
    "estate_relock": relock_command,
    "estate_explain": explain_command,
    "estate_explain_work": explain_work,
}
