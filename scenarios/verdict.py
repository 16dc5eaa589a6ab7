"""A difference in plain words, and whether it stands whatever is assumed about distance."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scenarios.compare import CANNOT_TELL, ONE_REPLICATION

DEPENDS = "depends on an assumption"
MOST_DECIMALS = 4


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
    >>> verdict_words({"before": 0.31, "low": 0.02, "high": 0.035, "measure_unit": "share",
    ...                "verdict": "higher"})
    'higher by 2.0 to 3.5 points'
    """
    if row["verdict"] == ONE_REPLICATION:
        return ONE_REPLICATION
    scale, unit = _scale(row)
    low, high = float(row["low"]) * scale, float(row["high"]) * scale
    decimals = _decimals(high - low)
    if row["verdict"] == CANNOT_TELL:
        if low == high:
            return CANNOT_TELL
        signed = [f"{_whole_zero(end, decimals):+,.{decimals}f}{unit}" for end in (low, high)]
        return f"{CANNOT_TELL} ({signed[0]} to {signed[1]})"
    nearer, further = sorted((abs(low), abs(high)))
    least, most = f"{nearer:,.{decimals}f}", f"{further:,.{decimals}f}"
    span = most if least == most else f"{least} to {most}"
    return f"{row['verdict']} by {span}{unit}"


def _scale(row: Mapping[str, Any]) -> tuple[float, str]:
    """Give the factor and the sign in which a difference is told."""
    if str(row["measure_unit"]).startswith("share"):
        return 100.0, " points"
    if row["before"]:
        return 100.0 / abs(float(row["before"])), "%"
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
    if len(set(verdicts.values())) == 1:
        return words[own]
    each = "; ".join(f"{words[curve]} ({curve})" for curve in verdicts)
    return f"{DEPENDS}: {each}"
