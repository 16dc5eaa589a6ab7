"""How long the command line takes to say what it can do."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time


def seconds(arguments: list[str], *, times: int = 5) -> float:
    """Return the median wall seconds of a command over several runs."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def help_seconds() -> dict[str, float | str]:
    """Time `estate --help` against a bare Python."""
    bare = seconds(["-c", "pass"])
    value = seconds(["-m", "scenarios.cli", "--help"])
    return {
        "value": round(value, 3),
        "unit": "s, median of five",
        "yardstick": "python -c pass",
        "yardstick_value": round(bare, 3),
        "ratio": round(value / bare, 2),
    }


BENCHMARKS = {"estate_help_seconds": help_seconds}
