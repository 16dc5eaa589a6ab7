"""Two runs side by side: the lines that differ, and what they made differ, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scenarios.comparing.decimals import IN_WHOLE_UNITS, SHARE, decimals
from scenarios.comparing.verdict import CANNOT_TELL, ONE_REPLICATION, SAME, UNDECIDED
from scenarios.distance import UNITS as EXACT
from scenarios.plain_yaml import text
from scenarios.results import Results
from scenarios.summary import HEADLINE
from simulation.replicate import paired_intervals

KEYS = ["establishment", "group_by", "group", "measure", "measure_unit"]

LEAST_SHARE = 1e-9
"""Differences smaller than this share of the values compared are rounding."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """What differs between two runs, before and after.

    Attributes
    ----------
    before, after
        Titles of the two runs.
    lines
        setting, before, after: every setting that differs.
    differences
        The keys of a measure, before and after (means), difference, low and high (95%),
        replications, verdict.
    paired
        True when both runs played the same families: one seed, one data folder, as many
        replications. Otherwise the intervals are those of independent runs, and wider.
    """

    before: str
    after: str
    lines: pd.DataFrame
    differences: pd.DataFrame
    paired: bool


def compare(before: Results, after: Results) -> Comparison:
    """Set two runs side by side.

    Parameters
    ----------
    before, after
        Results whose differences are taken as after less before.

    Returns
    -------
    Comparison
        Differences of every measure that both runs have.
    """
    paired = is_paired(before, after)
    return Comparison(
        before=before.title,
        after=after.title,
        lines=lines_that_differ(before.scenario, after.scenario),
        differences=differences(before.measures, after.measures, paired=paired),
        paired=paired,
    )


def is_paired(before: Results, after: Results) -> bool:
    """Say whether two runs played the same families, replication by replication."""
    same = ("seed", "replications", "data_digest")
    begin = [results.provenance.get("start_state") for results in (before, after)]
    if begin[0] != begin[1]:
        return False
    return all(before.provenance[key] == after.provenance[key] for key in same) and all(
        before.scenario[key] == after.scenario[key] for key in ("population", "calendar")
    )


MADE_FROM = (
    "scenario_digest", "data_digest", "model_digest", "seed", "replications", "start_state",
)  # fmt: skip
"""What of a manifest decides every number of a run."""


def made_from(results: Results) -> dict[str, Any]:
    """Give all that a run was made from: two runs of the same are the same to the byte."""
    return {key: results.provenance.get(key) for key in MADE_FROM}


def is_about(compared: Sequence[Mapping[str, Any]], before: Results, after: Results) -> bool:
    """Say whether a study that keeps what it compared is about two runs.

    Parameters
    ----------
    compared
        Two rows, each with the ``made_from`` of a run.
    before, after
        Runs of the same settings, tables, seed, years and version as those.
    """
    return [row.get("made_from") for row in compared] == [made_from(before), made_from(after)]


def lines_that_differ(before: dict[str, Any], after: dict[str, Any]) -> pd.DataFrame:
    """List every setting with another value: setting, before, after, as text.

    Examples
    --------
    >>> lines_that_differ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}).values.tolist()
    [['a.c', '2', '3']]
    """
    one, other = dict(_settings(before)), dict(_settings(after))
    told = ("name", "title", "question", "parent")
    rows = [
        (setting, text(one.get(setting)), text(other.get(setting)))
        for setting in sorted(one.keys() | other.keys())
        if one.get(setting) != other.get(setting) and setting not in told
    ]
    return pd.DataFrame(rows, columns=["setting", "before", "after"], dtype="str")


def _settings(tree: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _settings(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def differences(before: pd.DataFrame, after: pd.DataFrame, *, paired: bool) -> pd.DataFrame:
    """Give the difference of every measure two runs share, with a 95% interval.

    Parameters
    ----------
    before, after
        Tables of measures.
    paired
        Whether replication by replication the same families were played; then the interval is
        that of the mean of the differences (Student's t), else that of independent means (Welch).

    Returns
    -------
    DataFrame
        The keys of a measure, before and after (means), difference, low, high, replications,
        verdict.

    Notes
    -----
    A quantile is told in whole days or minutes, so that a step of one may stand for a change of
    next to nothing. Its interval is therefore taken to reach one unit to either side at least.
    """
    means = _means(before).add_suffix("_before")
    means = means.join(_means(after).add_suffix("_after"), how="inner")
    found = _paired(before, after).reindex(means.index) if paired else _independent(means)
    table = pd.DataFrame(
        {
            "before": means["mean_before"],
            "after": means["mean_after"],
            "difference": found["mean"],
            "low": found["low"],
            "high": found["high"],
            "replications": found["replications"],
        }
    )
    table = table.dropna(subset=["before", "after", "difference"]).reset_index()
    table["replications"] = table["replications"].astype("int64")
    same = _same_in_every_year(table)
    quantile = table["measure"].astype("str").str.endswith(IN_WHOLE_UNITS) & ~same
    table["low"] = table["low"].mask(quantile, np.minimum(table["low"], table["difference"] - 1.0))
    table["high"] = table["high"].mask(
        quantile, np.maximum(table["high"], table["difference"] + 1.0)
    )
    table["verdict"] = np.where(same, SAME, _verdicts(table))
    return table


def _same_in_every_year(table: pd.DataFrame) -> pd.Series[bool]:
    """Say where no replication differs, but for rounding."""
    least = _rounding(table)
    return (table["low"].abs() <= least) & (table["high"].abs() <= least)


def _rounding(table: pd.DataFrame) -> pd.Series[float]:
    return LEAST_SHARE * table[["before", "after"]].abs().max(axis=1)


def _means(measures: pd.DataFrame) -> pd.DataFrame:
    found = measures.groupby(KEYS, sort=True)["value"]
    return pd.DataFrame(
        {"mean": found.mean(), "variance": found.var(), "replications": found.count()}
    )


def _paired(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    without = ["scenario"]
    found = paired_intervals(before.drop(columns=without), after.drop(columns=without))
    return found.set_index(KEYS)


def _independent(means: pd.DataFrame) -> pd.DataFrame:
    """Give Welch's interval for the difference of two independent means."""
    n, m = means["replications_before"], means["replications_after"]
    of_before, of_after = means["variance_before"] / n, means["variance_after"] / m
    both = of_before + of_after
    spread = of_before**2 / (n - 1).clip(lower=1) + of_after**2 / (m - 1).clip(lower=1)
    freedom = (both**2 / spread).where(spread > 0, n + m - 2)
    half = student_t(freedom) * np.sqrt(both)
    difference = means["mean_after"] - means["mean_before"]
    known = np.minimum(n, m) > 1
    return pd.DataFrame(
        {
            "mean": difference,
            "low": (difference - half).where(known),
            "high": (difference + half).where(known),
            "replications": np.minimum(n, m),
        }
    )


def student_t(freedom: pd.Series[float]) -> NDArray[np.float64]:
    """Give the factor of a 95% interval for each number of degrees of freedom."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(freedom.to_numpy(np.float64), 0.975), dtype=np.float64)


def _verdicts(table: pd.DataFrame) -> NDArray[np.object_]:
    rounding = _rounding(table)
    unclear = (table["low"] <= rounding) & (table["high"] >= -rounding)
    way = np.where(table["difference"] > 0, "higher", "lower").astype(object)
    verdict = np.where(unclear, CANNOT_TELL, way)
    return np.where(table["low"].isna(), ONE_REPLICATION, verdict)


def tell(comparison: Comparison) -> list[str]:
    """Say a comparison in lines of text: what was changed, then what became of it."""
    lines = [f"{comparison.before}  ->  {comparison.after}", "", "Settings that differ"]
    lines += [
        f"  {row.setting}: {row.before} -> {row.after}" for row in comparison.lines.itertuples()
    ] or ["  none"]
    lines += ["", "Measures for the estate"]
    rows = comparison.differences
    rows = rows[(rows["establishment"] == "ALL") & (rows["group_by"] == "all")]
    known = {row["measure"]: row for row in rows.to_dict("records")}
    lines += [
        f"  {label}: {_difference(known[measure])}"
        for measure, label in HEADLINE.items()
        if measure in known
    ]
    lines += ["", _basis(comparison)]
    return lines


def _difference(row: dict[Any, Any]) -> str:
    measure, unit = row["measure"], row["measure_unit"]
    before, after = (_amount(row[name], measure) for name in ("before", "after"))
    said = f"{before} -> {after}{_unit_word(measure, unit)}; "
    return said + (str(row["verdict"]) if row["verdict"] in UNDECIDED else difference_words(row))


def difference_words(row: Mapping[Any, Any]) -> str:
    """Say a difference and its interval in the unit of its measure.

    Parameters
    ----------
    row
        One row of :func:`differences`: measure, difference, low, high and verdict are read.

    Examples
    --------
    >>> row = {"measure": "visits", "difference": 7.0, "low": 5.5, "high": 8.5}
    >>> difference_words(row | {"verdict": "higher"})
    'higher by 7 (+6 to +8)'
    >>> difference_words(row | {"low": -1.0, "verdict": CANNOT_TELL})
    'no difference can be told apart (-1 to +8)'
    >>> difference_words(row | {"verdict": SAME})
    'the same in every year'
    """
    verdict, measure = str(row["verdict"]), str(row["measure"])
    if verdict in (SAME, ONE_REPLICATION):
        return verdict
    by = "" if verdict == CANNOT_TELL else f" by {_step(abs(row['difference']), measure)}"
    if measure in EXACT:
        return f"{verdict}{by} (exact)"
    low, high = (_step(row[name], measure, sign="+") for name in ("low", "high"))
    return f"{verdict}{by} ({low} to {high})"


def _step(value: float, measure: str, sign: str = "") -> str:
    """Write a difference; that of two percentages is in points.

    Examples
    --------
    >>> _step(0.0125, "requests_unmet_share"), _step(0.04, "straight_miles", sign="+")
    ('1.2 points', '+0.04')
    """
    is_share = measure.endswith(SHARE)
    size, digits = value * (100 if is_share else 1), decimals(measure)
    small = 0 < abs(size) < 0.5 / 10**digits
    text = f"{size:{sign}.1g}" if small else f"{size:{sign},.{digits}f}"
    return f"{text} points" if is_share else text


def _amount(value: float, measure: str) -> str:
    """Write a value with the decimals of its measure; shares as percentages.

    Examples
    --------
    >>> _amount(14.333, "wait_days_p90"), _amount(812.25, "visits"), _amount(0.256, "use_share")
    ('14.3', '812', '25.6%')
    """
    is_share = measure.endswith(SHARE)
    size = value * (100 if is_share else 1)
    return f"{size:,.{decimals(measure)}f}{'%' if is_share else ''}"


def _unit_word(measure: str, unit: str) -> str:
    return "" if measure.endswith(SHARE) else f" {unit}"


def _basis(comparison: Comparison) -> str:
    rows = comparison.differences
    n = int(rows["replications"].max()) if len(rows) else 0
    how = "the same families in both" if comparison.paired else "not the same families: wider"
    return f"95% intervals over {n} replications, {how}."
