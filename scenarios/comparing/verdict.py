"""A difference in plain words, and whether it stands whatever is assumed about distance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

CANNOT_TELL = "no difference can be told apart"
ONE_REPLICATION = "one replication: no interval"
SAME = "the same in every year"
UNDECIDED = (CANNOT_TELL, ONE_REPLICATION, SAME)
"""Verdicts by which nothing is higher or lower."""

DEPENDS = "depends on an assumption"
MOST_DECIMALS = 4
PER_CENT, POINTS = "%", " points"

TOO_SMALL = 0.05
"""Per cent or points that are told as no more than a tenth, on either side of nothing."""

BETTER = dict.fromkeys(
    (
        "visits", "visits_per_prisoner_per_four_weeks", "regular_contact_share", "visited_share",
        "people_visited", "nearer_share", "entitlement_reachable_share", "worker_need_met_share",
        "worker_people_helped",
    ),
    "higher",
) | dict.fromkeys(
    (
        "straight_miles", "over_50_miles_share", "over_100_miles_share", "further_share",
        "visit_cost_gbp", "no_contact_share", "no_contact_in_90_days_share",
        "no_contact_in_year_share", "wait_days_mean", "wait_days_median", "wait_days_p90",
        "requests_unmet_share", "requests_unmet_no_table_share", "requests_without_visit_share",
        "called_off", "refused_entry", "school_hours_missed", "worker_hours_unmet",
        "worker_days_to_first_contact_p90", "staff_gbp",
    ),
    "lower",
)  # fmt: skip
"""Which way each measure is better. What families spend and travel in all has no better way: who
is nearer visits more."""

WAYS = {
    CANNOT_TELL: "No difference to be told",
    ONE_REPLICATION: "One year: cannot be told",
    SAME: "The same in every year",
}


def way(verdict: str, measure: str) -> str:
    """Say in a word or two whether a difference is for the better.

    Parameters
    ----------
    verdict
        Of ``compare.differences``.
    measure
        Where neither way is better, the verdict itself is given.

    Examples
    --------
    >>> way("lower", "no_contact_share"), way("lower", "family_money_gbp")
    ('Better', 'Lower')
    >>> way(SAME, "staff_gbp")
    'The same in every year'
    """
    if verdict in WAYS:
        return WAYS[verdict]
    if measure not in BETTER:
        return verdict.capitalize()
    return "Better" if verdict == BETTER[measure] else "Worse"


def verdict_words(row: Mapping[str, Any]) -> str:
    """Say how a measure differs: in per cent of what it was, shares in points.

    Parameters
    ----------
    row
        One row of ``compare.differences``: before, low, high, measure_unit and verdict are read.

    Examples
    --------
    >>> row = {"before": 200.0, "low": 6.2, "high": 7.8, "measure_unit": "visits"}
    >>> verdict_words(row | {"verdict": "higher"})
    'higher by 3.1 to 3.9%'
    >>> verdict_words(row | {"low": -7.8, "high": -6.2, "verdict": "lower"})
    'lower by 3.1 to 3.9%'
    >>> verdict_words(row | {"low": -1.0, "verdict": CANNOT_TELL})
    'no difference can be told apart (-0.5% to +3.9%)'
    >>> verdict_words(row | {"low": -0.06, "high": 0.04, "verdict": CANNOT_TELL})
    'no difference can be told apart (less than 0.1% either way)'
    >>> verdict_words({"before": 0.31, "low": 0.02, "high": 0.035, "measure_unit": "share",
    ...                "verdict": "higher"})
    'higher by 2.0 to 3.5 points'
    >>> verdict_words({"before": 0.047, "low": 0.00048, "high": 0.00048, "measure_unit": "share",
    ...                "verdict": "higher"})
    'higher by less than 0.1 points'
    """
    if row["verdict"] in (ONE_REPLICATION, SAME):
        return str(row["verdict"])
    scale, unit = _scale(row)
    low, high = float(row["low"]) * scale, float(row["high"]) * scale
    decimals = _decimals(high - low)
    if row["verdict"] == CANNOT_TELL:
        if max(abs(low), abs(high)) < TOO_SMALL and unit in (PER_CENT, POINTS):
            return f"{CANNOT_TELL} (less than 0.1{unit} either way)"
        signed = [f"{_whole_zero(end, decimals):+,.{decimals}f}{unit}" for end in (low, high)]
        return f"{CANNOT_TELL} ({signed[0]} to {signed[1]})"
    nearer, further = sorted((abs(low), abs(high)))
    least, most = f"{nearer:,.{decimals}f}", f"{further:,.{decimals}f}"
    span = most if least == most else f"{least} to {most}"
    if not round(further, decimals):
        span = f"less than {10.0**-decimals:.{decimals}f}"
    return f"{row['verdict']} by {span}{unit}"


def _scale(row: Mapping[str, Any]) -> tuple[float, str]:
    """Give the factor and the sign in which a difference is told."""
    if str(row["measure_unit"]).startswith("share"):
        return 100.0, POINTS
    if row["before"]:
        return 100.0 / abs(float(row["before"])), PER_CENT
    return 1.0, f" {row['measure_unit']}"


def _decimals(width: float) -> int:
    """Give as many decimals as an interval of this width can bear."""
    if not width > 0:
        return 1
    return min(max(math.ceil(-math.log10(width)), int(width < 10)), MOST_DECIMALS)


def _whole_zero(value: float, decimals: int) -> float:
    """Write what rounds to nothing without a minus sign."""
    return round(value, decimals) + 0.0


def conclusion(verdicts: Mapping[str, str], words: Mapping[str, str], own: str) -> str:
    """Say whether a verdict stands under every curve of how visits fall with their cost.

    Parameters
    ----------
    verdicts
        Verdict of the same measure by curve.
    words
        The same in plain words.
    own
        The curve the scenarios have by themselves; its words are given when all verdicts agree.

    Examples
    --------
    >>> words = {"none": "higher by 2 to 3%", "steep": "no difference can be told apart"}
    >>> conclusion({"none": "higher", "steep": CANNOT_TELL}, words, "none")
    'depends on an assumption: higher by 2 to 3% (none); no difference can be told apart (steep)'
    >>> conclusion({"none": "higher", "steep": "higher"}, words, "none")
    'higher by 2 to 3%'
    """
    if len({CANNOT_TELL if each == SAME else each for each in verdicts.values()}) == 1:
        return words[own]
    each = "; ".join(f"{words[curve]} ({curve})" for curve in verdicts)
    return f"{DEPENDS}: {each}"
