"""The answer in words: today's estate beside the plan closer to home."""

from __future__ import annotations

from typing import Any

from scenarios.compare import Comparison, compare
from scenarios.results import Results

SCENARIOS = ("baseline", "closer_to_home")


def tell(today: Results, plan: Results) -> list[str]:
    """Say what families would gain, who ends further away, and what it does to visits.

    Parameters
    ----------
    today, plan
        Results of the two scenarios of the demo, on the same families.
    """
    return [
        "",
        *_distance(today, plan),
        *_gain(plan),
        *_further(plan),
        *_visits(compare(today, plan)),
        *_proof(plan),
        *_where(today, plan),
    ]
