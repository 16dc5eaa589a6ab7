"""When enough years have been played: once the difference between scenarios is known well enough.

The looks at which this is asked are fixed beforehand, so the same experiment stops at the same
number on any machine; and a run that stopped at twelve is the run of ``--replications 12``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.words import ESTATE
from scenarios.distance import UNITS as EXACT
from scenarios.errors import ScenarioError, suggestion
from scenarios.summary import HEADLINE
from simulation.measures import MEASURES
from simulation.replicate import paired_intervals

FIRST_LOOK = 5
"""Replications before the first look: an interval over fewer says too little of its own width."""

GROWTH = 1.5
"""Each look has half as many replications again: few looks, and never half of them for nothing."""

AIMED_AT = ("visits", "requests_unmet_share", "wait_days_mean", "no_contact_share")
"""Measures that must be precise when none are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How well differences are to be known.

    Attributes
    ----------
    share
        Half-width of the 95% interval of a difference, as a share of the first scenario's mean.
    measures
        Which measures of the estate; those of distance are exact and always known.

    Examples
    --------
    >>> Aim(share=0.05, measures=("visits",)).measures
    ('visits',)
    """

    share: float
    measures: tuple[str, ...] = AIMED_AT

    def __post_init__(self) -> None:
        """Refuse a share that is none and measures nobody knows, all at once."""
        problems = []
        if not 0 < self.share < 1:
            problems.append(
                f"--precision {self.share:g}: expected a share between 0 and 1, such as 0.05."
            )
        known = {*HEADLINE, *EXACT, *(measure.name for measure in MEASURES)}
        problems += [
            f"--measure {name}: no such measure. {suggestion(name, known)}"
            for name in self.measures
            if name not in known
        ]
        if problems:
            raise ScenarioError(problems)


def looks(most: int) -> list[int]:
    """Give the numbers of replications at which precision is looked at.

    Examples
    --------
    >>> looks(50)
    [5, 8, 12, 18, 27, 41, 50]
    >>> looks(3)
    [3]
    """
    found = [min(FIRST_LOOK, most)]
    while found[-1] < most:
        found.append(min(int(np.ceil(found[-1] * GROWTH)), most))
    return found


def widths(before: pd.DataFrame, after: pd.DataFrame, measures: Sequence[str]) -> pd.DataFrame:
    """Give how well the difference of some measures of the estate is known.

    Parameters
    ----------
    before, after
        Measures of two scenarios on the same families.
    measures
        Which; exact ones and those that neither run has are left out.

    Returns
    -------
    DataFrame
        measure, before (mean), difference, half_width, share: the half-width as a share of the
        size of the mean before, or after where that is zero; 0 where nothing differs, missing with
        one replication.
    """
    chosen = [name for name in measures if name not in EXACT]
    one, other = (_of_estate(table, chosen) for table in (before, after))
    found = paired_intervals(one, other).set_index("measure")
    means = one.groupby("measure")["value"].mean().reindex(found.index)
    others = other.groupby("measure")["value"].mean().reindex(found.index)
    half = (found["high"] - found["low"]) / 2.0
    size = means.abs().where(means != 0, others.abs())
    share = (half / size).where(size > 0, np.inf).where(half != 0, 0.0)
    return pd.DataFrame(
        {
            "before": means,
            "difference": found["mean"],
            "half_width": half,
            "share": share,
        }
    ).reset_index()


def is_reached(found: pd.DataFrame, aim: Aim) -> bool:
    """Say whether every difference is known well enough."""
    return bool((found["share"] <= aim.share).all())


def _of_estate(measures: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    of_estate = (measures["establishment"] == ESTATE) & (measures["group_by"] == "all")
    rows = measures[of_estate & measures["measure"].isin(names)]
    words = rows.columns[rows.dtypes == "category"]
    return rows.astype(dict.fromkeys(words, "str")).drop(columns="scenario", errors="ignore")
