"""Two runs side by side: the lines that differ, and what they made differ, with intervals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from scenarios.plain_yaml import text
from scenarios.results import Results
from scenarios.summary import HEADLINE

CANNOT_TELL = "no difference can be told apart"
ONE_REPLICATION = "one replication: no interval"

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
    return all(before.provenance[key] == after.provenance[key] for key in same) and all(
        before.scenario[key] == after.scenario[key] for key in ("population", "calendar")
    )


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
        that of the mean of the differences (Student's t), else Welch's.

    Returns
    -------
    DataFrame
        The keys of a measure, before, after, difference, low, high, replications, verdict.
    """
    one, other = _by_replication(before), _by_replication(after)
    keys = one.index.intersection(other.index)
    x, y = one.loc[keys].to_numpy(), other.loc[keys].to_numpy()
    if paired:
        difference, half = _mean_and_half_width(y - x)
    else:
        difference, half = _welch(x, y)
    table = keys.to_frame(index=False)
    table["before"] = np.nanmean(x, axis=1) if x.size else np.array([])
    table["after"] = np.nanmean(y, axis=1) if y.size else np.array([])
    table["difference"] = difference
    table["low"] = difference - half
    table["high"] = difference + half
    table["replications"] = min(x.shape[1], y.shape[1])
    table["verdict"] = _verdicts(table)
    return table


def _by_replication(measures: pd.DataFrame) -> pd.DataFrame:
    known = measures.dropna(subset="value")
    return known.pivot(index=KEYS, columns="replication", values="value").dropna().sort_index()


def _mean_and_half_width(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n = values.shape[1]
    mean = values.mean(axis=1) if n else np.full(len(values), np.nan)
    if n < 2:
        return mean, np.full(len(values), np.nan)
    return mean, _student(n - 1) * values.std(axis=1, ddof=1) / np.sqrt(n)


def _welch(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    n, m = x.shape[1], y.shape[1]
    mean = y.mean(axis=1) - x.mean(axis=1)
    if min(n, m) < 2:
        return mean, np.full(len(mean), np.nan)
    of_x, of_y = x.var(axis=1, ddof=1) / n, y.var(axis=1, ddof=1) / m
    both = of_x + of_y
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = both**2 / (of_x**2 / (n - 1) + of_y**2 / (m - 1))
    freedom = np.where(both > 0, freedom, n + m - 2)
    return mean, _student(freedom) * np.sqrt(both)


def _student(freedom: Any) -> Any:
    from scipy.special import stdtrit

    return stdtrit(freedom, 0.975)


def _verdicts(table: pd.DataFrame) -> list[str]:
    verdicts = []
    for row in table.itertuples():
        size = LEAST_SHARE * max(abs(row.before), abs(row.after), 1e-12)
        if np.isnan(row.low):
            verdicts.append(ONE_REPLICATION)
        elif row.low <= size and row.high >= -size:
            verdicts.append(CANNOT_TELL)
        else:
            verdicts.append("higher" if row.difference > 0 else "lower")
    return verdicts


def tell(comparison: Comparison) -> list[str]:
    """Say a comparison in lines of text: what was changed, then what became of it."""
    lines = [f"{comparison.before}  ->  {comparison.after}", "", "Settings that differ"]
    lines += [
        f"  {row.setting}: {row.before} -> {row.after}" for row in comparison.lines.itertuples()
    ] or ["  none"]
    shown = comparison.differences.set_index(KEYS)
    lines += ["", "Measures for the estate"]
    for measure, label in HEADLINE.items():
        for row in _rows(shown, measure):
            lines.append(f"  {label}: {_difference(row)}")
    lines += ["", _basis(comparison)]
    return lines


def _rows(shown: pd.DataFrame, measure: str) -> list[dict[str, Any]]:
    index = shown.index
    chosen = (
        (index.get_level_values("establishment") == "ALL")
        & (index.get_level_values("group_by") == "all")
        & (index.get_level_values("measure") == measure)
    )
    return [dict(row) for row in shown[chosen].reset_index().to_dict("records")]


def _difference(row: dict[str, Any]) -> str:
    values = f"{row['before']:,.2f} -> {row['after']:,.2f} {row['measure_unit']}"
    if row["verdict"] in (CANNOT_TELL, ONE_REPLICATION):
        return f"{values}; {row['verdict']}"
    return (
        f"{values}; {row['verdict']} by {abs(row['difference']):,.2f} "
        f"({row['low']:+,.2f} to {row['high']:+,.2f})"
    )


def _basis(comparison: Comparison) -> str:
    rows = comparison.differences
    n = int(rows["replications"].max()) if len(rows) else 0
    how = "the same families in both" if comparison.paired else "not the same families: wider"
    return f"95% intervals over {n} replications, {how}."
