"""What one run changes beside another: by group of people, by prison, and by what brings it about.

Everything is read from the stored tables of the two runs. Where both played the same families,
replication by replication, intervals are those of the paired difference.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import ESTATE
from scenarios.comparing.compare import (
    differences,
    is_about,
    is_paired,
    made_from,
    student_t,
)
from scenarios.comparing.verdict import BETTER, CANNOT_TELL, ONE_REPLICATION, SAME
from scenarios.results import Results

ALL = "all"
KEYS = ["replication", "establishment", "group_by", "group"]

PEOPLE_VISITED = "people_visited"
"""People who are visited in four weeks, averaged over the year."""

STAFF = "staff_gbp"
"""What the staff of visit sessions and video calls cost in a year."""

WEEKS_PER_YEAR = 52

HIGHER_IS_BETTER = {
    name: BETTER[name] == "higher"
    for name in (
        "visits_per_prisoner_per_four_weeks",
        "regular_contact_share",
        "no_contact_share",
        "wait_days_p90",
    )
}
"""The measures by which a group of people is said to gain or to lose."""

GROUPS_OF_PEOPLE = (
    "sex",
    "children_under_18",
    "care_experience",
    "nationality",
    "income",
    "car",
    "distance_band",
    "region",
)
"""The ``group_by`` of people for whom visits are measured apart."""

GAINS, LOSES, BOTH_WAYS = "gains", "loses", "gains and loses"
OTHER_PEOPLE = "not the same people in both runs"
"""A plan moves people from one band of distance, or region, to another."""

WATERFALLS = ("outcome", "session_kind", *GROUPS_OF_PEOPLE)
"""Ways in which the change of a count can be split into parts that add up."""

ENDED_IN_VISIT = "attended"


def estate_rows(results: Results) -> pd.DataFrame:
    """Read every measure of the whole estate, with the two that are worked out from others.

    Returns
    -------
    DataFrame
        The columns of ``measures``; ``people_visited`` (people) is ``visited_share`` of the people
        of the group, and ``staff_gbp`` (GBP a year) the staff hours of visits and of video calls
        at ``benefit.staff_gbp_per_hour`` of the run's own scenario, a year of 52 weeks whatever
        ``calendar.weeks`` were measured.
    """
    import pyarrow.parquet as pq

    assert results.folder is not None
    rows = pq.read_table(
        results.folder / "measures.parquet",
        filters=[("establishment", "==", ESTATE)],
        use_threads=False,
    )
    return with_worked_out(
        rows.to_pandas(),
        float(results.scenario["benefit"]["staff_gbp_per_hour"]),
        int(results.scenario["calendar"]["weeks"]),
    )


def prison_rows(results: Results, measures: Sequence[str]) -> pd.DataFrame:
    """Read some measures of every establishment, for all people and by kind of session."""
    import duckdb

    assert results.folder is not None
    query = f"""
        SELECT * FROM read_parquet($path)
        WHERE establishment <> '{ESTATE}' AND group_by IN ('{ALL}', 'session_kind')
            AND list_contains($measures, measure)
    """  # noqa: S608  words of ours
    given = {"path": str(results.folder / "measures.parquet"), "measures": list(measures)}
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 1}) as connection:
        rows = connection.execute(query, given).df()
    words = {name: "str" for name in rows.columns if rows[name].dtype == object}
    return rows.astype(words)


def with_worked_out(measures: pd.DataFrame, staff_gbp_per_hour: float, weeks: int) -> pd.DataFrame:
    """Add people visited and the cost of staff to a table of measures, where they can be known.

    Parameters
    ----------
    measures
        Hours of staff are of the measured weeks.
    staff_gbp_per_hour
        GBP.
    weeks
        How many weeks were measured; the cost is scaled to a year of 52.

    Examples
    --------
    >>> keys = {"scenario": "a", "replication": 0, "establishment": "ALL"}
    >>> keys |= {"group_by": "all", "group": "all", "measure_unit": ""}
    >>> rows = [{"measure": "people", "value": 80.0}, {"measure": "visited_share", "value": 0.5}]
    >>> rows += [{"measure": "staff_hours", "value": 10.0}]
    >>> rows += [{"measure": "video_staff_hours", "value": 5.0}]
    >>> found = with_worked_out(pd.DataFrame([keys | row for row in rows]), 20.0, 26)
    >>> found.tail(2)[["measure", "value"]].values.tolist()
    [['people_visited', 40.0], ['staff_gbp', 600.0]]
    """
    keys = [name for name in ("scenario", *KEYS) if name in measures.columns]
    wanted = ["people", "visited_share", "staff_hours", "video_staff_hours"]
    wide = (
        measures[measures["measure"].isin(wanted)]
        .pivot_table(index=keys, columns="measure", values="value", observed=True)
        .reindex(columns=wanted)
    )
    hours = wide["staff_hours"] + wide["video_staff_hours"]
    found = {
        (PEOPLE_VISITED, "people in four weeks"): wide["visited_share"] * wide["people"],
        (STAFF, "GBP a year"): hours * staff_gbp_per_hour * WEEKS_PER_YEAR / weeks,
    }
    parts = [
        values.dropna().rename("value").reset_index().assign(measure=name, measure_unit=unit)
        for (name, unit), values in found.items()
    ]
    return pd.concat([measures, *parts], ignore_index=True)[list(measures.columns)]


def estate_differences(
    before: Results,
    after: Results,
    rows: tuple[pd.DataFrame, pd.DataFrame] | None = None,
) -> pd.DataFrame:
    """Give the difference of every measure of the whole estate, for every group.

    Parameters
    ----------
    before, after
        Two runs.
    rows
        Their ``estate_rows``, where they have been read already.

    Returns
    -------
    DataFrame
        As ``compare.differences``.
    """
    one, other = rows or (estate_rows(before), estate_rows(after))
    return differences(one, other, paired=is_paired(before, after))


def kinds_held_elsewhere(before: pd.DataFrame, after: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """Count the prisons with a kind of session in both runs, where these are not the same prisons.

    The wait for an evening visit at eight prisons and at fifty is not of the same visits: its
    change says nothing of what became of anybody's wait.

    Parameters
    ----------
    before, after
        The ``prison_rows`` of two runs, ``tables`` among them.

    Returns
    -------
    dict
        Prisons in the first run and in the second, by kind of session.
    """
    one, other = (_prisons_by_kind(rows) for rows in (before, after))
    return {
        kind: (len(one.get(kind, ())), len(other.get(kind, ())))
        for kind in sorted(one.keys() | other.keys())
        if one.get(kind) != other.get(kind)
    }


def _prisons_by_kind(rows: pd.DataFrame) -> dict[str, frozenset[str]]:
    tables = rows[rows["measure"] == "tables"]
    held = tables[(tables["group_by"] == "session_kind") & (tables["value"] > 0)]
    prisons = held.groupby("group")["establishment"]
    return {str(kind): frozenset(each.astype(str)) for kind, each in prisons}


def prisons_of_other_people(before: Results, after: Results) -> frozenset[str]:
    """Name the establishments that do not hold the same people in both runs.

    Parameters
    ----------
    before, after
        Two stored runs. Where they are not of the same population no establishment does.
    """
    import duckdb

    assert before.folder is not None
    assert after.folder is not None
    same_population = (
        before.provenance["data_digest"] == after.provenance["data_digest"]
        and before.scenario["population"] == after.scenario["population"]
    )
    differs = (
        "one.establishment IS DISTINCT FROM other.establishment" if same_population else "true"
    )
    given = {
        "one": str(before.folder / "placements.parquet"),
        "other": str(after.folder / "placements.parquet"),
    }
    query = f"""
        SELECT DISTINCT unnest([one.establishment, other.establishment])
        FROM read_parquet($one) one
        FULL JOIN read_parquet($other) other ON one.prisoner_id = other.prisoner_id
        WHERE {differs}
    """  # noqa: S608  words of ours
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 1}) as connection:
        return frozenset(
            str(code) for (code,) in connection.execute(query, given).fetchall() if code
        )


def gains_and_losses(
    found: pd.DataFrame, group_bys: Sequence[str] = GROUPS_OF_PEOPLE
) -> pd.DataFrame:
    """Say of each group of people whether it gains or loses, by the measures of a better contact.

    Parameters
    ----------
    found
        Differences of the whole estate.
    group_bys
        Which groups of people.

    Returns
    -------
    DataFrame
        One row per group: group_by, group, people (before), then for each measure of
        ``HIGHER_IS_BETTER`` its difference, ``<measure>_low`` and ``<measure>_high``, and
        verdict: gains, loses, gains and loses, that no difference can be told apart, or that the
        group is not of the same people. A group gains when at least one measure is better and none
        is worse beyond chance, with all measures of all groups of the same people taken together:
        where nothing changes, any group at all gains or loses in at most one of twenty pairs of
        runs. Groups of nobody are left out.

    Notes
    -----
    Holm (1979), A simple sequentially rejective multiple test procedure, at 5%, of the p-values to
    which the intervals belong.
    """
    told_of = {"people", *HIGHER_IS_BETTER}
    rows = found[found["group_by"].isin(list(group_bys)) & found["measure"].isin(told_of)]
    by_group: dict[tuple[str, str], dict[str, dict[Any, Any]]] = {}
    for row in rows.to_dict("records"):
        of_group = by_group.setdefault((str(row["group_by"]), str(row["group"])), {})
        of_group[str(row["measure"])] = row
    held_in = {key: known for key, known in by_group.items() if _has_people(known)}
    beyond = _beyond_chance([known for known in held_in.values() if _is_same_people(known)])
    told = []
    for (group_by, group), known in held_in.items():
        line: dict[str, Any] = {
            "group_by": group_by,
            "group": group,
            "people": known["people"]["before"],
        }
        for measure in HIGHER_IS_BETTER:
            if measure in known:
                line[measure] = known[measure]["difference"]
                line |= {f"{measure}_{end}": known[measure][end] for end in ("low", "high")}
        line["verdict"] = _way(known, beyond) if _is_same_people(known) else OTHER_PEOPLE
        told.append(line)
    ends = [f"{measure}{end}" for measure in HIGHER_IS_BETTER for end in ("", "_low", "_high")]
    columns = ["group_by", "group", "people", *ends, "verdict"]
    order = {name: place for place, name in enumerate(group_bys)}
    table = pd.DataFrame(told, columns=columns)
    return table.sort_values(
        "group_by", key=lambda names: names.map(order), kind="stable", ignore_index=True
    )


Known = Mapping[str, Mapping[Any, Any]]
"""Differences of one group by measure."""


def _has_people(known: Known) -> bool:
    return "people" in known and bool(known["people"]["before"])


def _is_same_people(known: Known) -> bool:
    return bool(known["people"]["before"] == known["people"]["after"])


def _way(known: Known, beyond: set[int]) -> str:
    """Say whether the measures of a group that differ beyond chance are better or worse."""
    told = {name: known[name] for name in HIGHER_IS_BETTER if name in known}
    ways = {
        GAINS if (row["verdict"] == "higher") is HIGHER_IS_BETTER[name] else LOSES
        for name, row in told.items()
        if id(row) in beyond
    }
    if len(ways) > 1:
        return BOTH_WAYS
    verdicts = {str(row["verdict"]) for row in told.values()}
    if ONE_REPLICATION in verdicts:
        return next(iter(ways), ONE_REPLICATION)
    return next(iter(ways), SAME if verdicts == {SAME} else CANNOT_TELL)


CHANCE = 0.05
"""How likely it may be that any comparison of many is called a difference by chance alone."""


def _beyond_chance(groups: Sequence[Known]) -> set[int]:
    """Name the rows of some groups that differ with all of them taken together."""
    rows = [known[name] for known in groups for name in HIGHER_IS_BETTER if name in known]
    told = [row for row in rows if row["verdict"] != ONE_REPLICATION]
    if not told:
        return set()
    p = holm(_p_values(pd.DataFrame(told)))
    return {
        id(row)
        for row, each in zip(told, p, strict=True)
        if each <= CHANCE and row["verdict"] in ("higher", "lower")
    }


def _p_values(rows: pd.DataFrame) -> NDArray[np.float64]:
    """Give the p-value to which each 95% interval belongs, by Student's t.

    Of runs of unlike families the degrees of freedom are taken as those of one of them: fewer than
    Welch's, so that the p-value is never too small where the interval leaves out zero.
    """
    from scipy.special import stdtr

    freedom = rows["replications"].astype(np.float64) - 1.0
    half = np.maximum(rows["high"] - rows["difference"], rows["difference"] - rows["low"])
    error = np.asarray(half, dtype=np.float64) / student_t(freedom)
    size = rows["difference"].abs().to_numpy(np.float64)
    t = np.divide(size, error, out=np.where(size > 0, np.inf, 0.0), where=error > 0)
    return np.asarray(2.0 * stdtr(freedom.to_numpy(), -t), dtype=np.float64)


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjust p-values of many comparisons, so that any is at most 5% by chance in one of twenty.

    Parameters
    ----------
    p
        Shape (comparisons,), from 0 to 1.

    Returns
    -------
    ndarray of float64
        The same shape and order, never smaller.

    Notes
    -----
    Holm (1979). The smallest is multiplied by how many there are, the next by one fewer, and so
    on; none may be smaller than one before it, nor larger than 1.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, 0.03, 0.005])).round(3).tolist()
    [0.03, 0.06, 0.06, 0.02]
    """
    order = np.argsort(p, kind="stable")
    left = np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p, dtype=np.float64)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * left), 1.0)
    return adjusted


def parts_of_change(found: pd.DataFrame, by: str) -> pd.DataFrame:
    """Split the change of a count into parts that add up to it, each with its interval.

    By ``outcome`` the count is of requests that end in a visit: those made, less those that end
    in every other way. By any other ``group_by`` it is of visits held, in every group. Nothing is
    attributed to a setting: two runs cannot tell which of several changed lines did what.

    Parameters
    ----------
    found
        Differences of the whole estate.
    by
        One of ``WATERFALLS``.

    Returns
    -------
    DataFrame
        One row per part, then one of the whole (part ``all``): part, before, after, change, low,
        high, start and end of the bar that draws it. Empty where the runs do not measure it.
    """
    measure = "requests" if by == "outcome" else "visits"
    rows = found[(found["measure"] == measure) & (found["group_by"] == by)]
    columns = ["part", "before", "after", "change", "low", "high", "start", "end"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    if by == "outcome":
        made = found[(found["measure"] == measure) & (found["group_by"] == ALL)]
        whole = rows[rows["group"] == ENDED_IN_VISIT]
        others = rows[rows["group"] != ENDED_IN_VISIT]
        lost = others.assign(difference=-others["difference"], low=-others["high"])
        lost["high"] = -others["low"]
        rows = pd.concat([made.assign(group="made"), lost])
    else:
        whole = found[(found["measure"] == measure) & (found["group_by"] == ALL)]
    parts = rows.rename(columns={"group": "part", "difference": "change"})
    parts = parts[(parts["before"] != 0.0) | (parts["after"] != 0.0)]
    first = parts["part"] != "made"
    size = parts["change"].abs()
    parts = parts.assign(first=first, size=size).sort_values(
        ["first", "size", "part"], ascending=[True, False, True]
    )
    begun = float(whole["before"].iloc[0])
    ends = begun + parts["change"].cumsum()
    parts = parts.assign(start=ends - parts["change"], end=ends)
    total = whole.rename(columns={"difference": "change"}).assign(part=ALL, start=begun)
    total["end"] = total["after"]
    return pd.concat([parts[columns], total[columns]], ignore_index=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A ratio of two differences and its 95% interval; the ends are missing where there is none."""

    value: float
    low: float
    high: float
    replications: int


def cost_per_person(before: pd.DataFrame, after: pd.DataFrame, visited: pd.DataFrame) -> Ratio:
    """Give what the staff cost more in a year for each person newly visited in it.

    Parameters
    ----------
    before, after
        Rows of ``estate_rows`` of two runs of the same families.
    visited
        The table of ``newly_visited``; its replications alone count.

    Returns
    -------
    Ratio
        Pounds of staff a year per person. Its interval is Fieller's for the ratio of two means over
        replications. Where that is not finite, because nobody may be newly visited at all, the ends
        are missing, as they are with one replication.

    Notes
    -----
    Fieller (1954): the ratios ``r`` for which the mean of ``cost - r * people`` does not differ
    from 0 by Student's t.
    """
    newly = visited[visited["sex"] == ALL].set_index("replication")["newly"].sort_index()
    cost = _staff_change(before, after).reindex(newly.index).to_numpy(np.float64)
    people = newly.to_numpy(np.float64)
    if not len(people):
        return Ratio(value=np.nan, low=np.nan, high=np.nan, replications=0)
    n = len(cost)
    mean_cost, mean_people = float(np.mean(cost)), float(np.mean(people))
    value = mean_cost / mean_people if mean_people else np.nan
    none = Ratio(value=value, low=np.nan, high=np.nan, replications=n)
    if n < 2:
        return none
    t = float(student_t(pd.Series([float(n - 1)]))[0])
    (of_cost, both), (_, of_people) = np.cov(cost, people) / n
    a = mean_people**2 - t**2 * of_people
    b = mean_cost * mean_people - t**2 * both
    c = mean_cost**2 - t**2 * of_cost
    if a <= 0:
        return none
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    return Ratio(value=value, low=(b - root) / a, high=(b + root) / a, replications=n)


def _staff_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.Series[float]:
    """Give what the staff cost more in each replication."""
    values = [
        rows[
            (rows["measure"] == STAFF) & (rows["group_by"] == ALL) & (rows["group"] == ALL)
        ].set_index("replication")["value"]
        for rows in (before, after)
    ]
    return values[1] - values[0]


def newly_visited(before: Results, after: Results) -> pd.DataFrame:
    """Count the people visited in one run of the year and not in the other, men and women apart.

    Parameters
    ----------
    before, after
        Two stored runs of the same families; where one does not hold who was visited, its event
        log is read where it lies.

    Returns
    -------
    DataFrame
        One row per replication of which both runs tell who is visited, and sex (``all`` as well):
        replication, sex, newly (visited only after), no_longer (visited only before). Empty where
        the runs are not of the same families.
    """
    columns = ["replication", "sex", "newly", "no_longer"]
    if before.folder is None or after.folder is None or not is_paired(before, after):
        return pd.DataFrame(columns=columns)
    import duckdb

    given = {"population": str(after.folder / "population.parquet")}
    query = f"""
        WITH people AS (
            SELECT replication, prisoner_id, min(is_after) AS least, max(is_after) AS most
            FROM (
                SELECT 0 AS is_after, * FROM ({_visited(before, "before", given)})
                UNION ALL
                SELECT 1 AS is_after, * FROM ({_visited(after, "after", given)})
            )
            GROUP BY replication, prisoner_id
        ), played AS (
            SELECT replication FROM people GROUP BY replication
            HAVING min(least) = 0 AND max(most) = 1
        )
        SELECT replication, coalesce(sex, 'all') AS sex,
               count(*) FILTER (WHERE least = 1) AS newly,
               count(*) FILTER (WHERE most = 0) AS no_longer
        FROM people JOIN played USING (replication)
        JOIN (SELECT prisoner_id, sex FROM read_parquet($population)) USING (prisoner_id)
        GROUP BY GROUPING SETS ((replication, sex), (replication))
        ORDER BY replication, sex
    """  # noqa: S608  words of ours
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 2}) as connection:
        return connection.execute(query, given).df()[columns]


VISITED_FILE = "visited.parquet"
"""Who is visited in the measured weeks of each replication, as told when a run is stored; in runs
of earlier versions of the first replication alone, or of those whose visits are kept."""


def _visited(results: Results, name: str, given: dict[str, Any]) -> str:
    """Ask who is visited in a run: of what it holds of that, else of its event log."""
    assert results.folder is not None
    kept = results.folder / VISITED_FILE
    if kept.is_file():
        given[name] = str(kept)
        return f"SELECT replication, prisoner_id FROM read_parquet(${name})"  # noqa: S608
    return _visited_in_log(results.scenario, results.folder, name, given)


def _visited_in_log(
    scenario: Mapping[str, Any], folder: Path, name: str, given: dict[str, Any]
) -> str:
    given |= {
        name: str(folder / "visits.parquet"),
        "first": pd.Timestamp(scenario["calendar"]["start_date"]).to_pydatetime(),
    }
    return (
        f"SELECT DISTINCT replication, prisoner_id FROM read_parquet(${name}) "  # noqa: S608
        "WHERE outcome = 'attended' AND session_start >= $first"
    )


def conclusions(runs_dir: Path, before: Results, after: Results) -> dict[str, str]:
    """Say what stored studies conclude about a run under other assumptions.

    Parameters
    ----------
    runs_dir
        Folder of the runs and of the studies beside them. The newest study of assumptions comes
        first; an experiment under every curve of distance speaks where there is none.
    before, after
        The run compared with and the run. An experiment speaks of them only where it compared
        others with ``before`` and ``after`` was among these: the same scenario to the letter,
        tables, seed, replications and version.

    Returns
    -------
    dict of str to str
        By measure, in words; empty where no experiment tried them under several curves.
    """
    tried = runs_dir.glob("assumptions-*/assumptions.json")
    for path in sorted(tried, key=lambda each: each.stat().st_mtime_ns, reverse=True):
        told = _told(path)
        if is_about(told.get("compared", []), before, after):
            return {str(name): str(words) for name, words in told["conclusions"].items()}
    for path in sorted(runs_dir.glob("experiment-*/experiment.json"), reverse=True):
        told = _told(path)
        if "--curves" not in str(told.get("command", "")):
            continue
        if any(_compared(group, before, after) for group in _groups(told)):
            rows = told.get("conclusions", [])
            return {
                str(row["measure"]): str(row["conclusion"])
                for row in rows
                if row["scenario"] == after.name
            }
    return {}


def _groups(told: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Give the runs that were compared, curve by curve; none of an experiment of an older form."""
    return list(told.get("compared", {}).values())


def _compared(group: Sequence[Mapping[str, Any]], before: Results, after: Results) -> bool:
    """Say whether the first of some runs is one of ours, and exactly one other is the other."""

    def is_the(row: Mapping[str, Any], results: Results) -> bool:
        named = results.folder is not None and results.folder.name == row["run"]
        return named and made_from(results) == row["made_from"]

    if not group or not is_the(group[0], before):
        return False
    alike = [row for row in group[1:] if str(row["run"]).rpartition("-")[0] == after.name]
    return len(alike) == 1 and is_the(alike[0], after)


def _told(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
