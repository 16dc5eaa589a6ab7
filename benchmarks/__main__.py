"""Run benchmarks and print one JSON line each: `python -m benchmarks [NAME ...]`.

A line holds name, value, unit, yardstick, yardstick_value and ratio. Machine speed drifts, so the
ratio to the yardstick is the figure to keep; `docs/benchmarks.md` says on what machine.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable

AREAS = (
    "travel",
    "population",
    "allocation",
    "side",
    "frontier",
    "order",
    "simulation",
    "services",
    "peers",
    "command",
    "app",
)
Benchmark = Callable[[], dict[str, float | str]]


def collect() -> dict[str, Benchmark]:
    """Return every benchmark by name, area by area."""
    found: dict[str, Benchmark] = {}
    for area in AREAS:
        found |= importlib.import_module(f"benchmarks.{area}").BENCHMARKS
    return found


def main(names: list[str]) -> int:
    """Run the named benchmarks (all when none is named); return the exit code."""
    benchmarks = collect()
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        print(
            f"no benchmark named {', '.join(unknown)}; there are {', '.join(benchmarks)}",
            file=sys.stderr,
        )
        return 2
    for name in names or list(benchmarks):
        print(json.dumps({"name": name, **benchmarks[name]()}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
