"""What became of the sessions a scenario adds: visits moved there, more visits, new visitors.

The same families ask for the same visits in both runs, so each visit in an added session can be
looked up in the run without it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from scenarios.comparing.compare import is_paired
from scenarios.results import Results

MOVED = "moved"
EXTRA = "visited_already"
NEW = "newly_visited"
USES = (MOVED, EXTRA, NEW)
"""What a visit in an added session is: one made in another session before; one more for a person
visited in the year anyway; one for a person without any visit in the year before."""

REQUEST = ["replication", "establishment", "prisoner_id", "request"]
TABLE_TAKEN = ["replication", "prisoner_id", "request", "is_second"]
"""A double visit takes a table in two sessions; the second is looked up beside the second. A
request stays the same wherever the prisoner is held."""

PERSON = ["replication", "prisoner_id"]
SESSION = ["establishment", "session"]
MINUTES_PER_HOUR = 60
TAKEN = {
    "family_gbp": "family_gbp",
    "family_minutes": "family_hours",
    "school_minutes": "school_hours",
}
"""Columns of the event log that are added up, and what their sums are called."""

PARTS = {"family_gbp": 1, "family_hours": MINUTES_PER_HOUR, "school_hours": MINUTES_PER_HOUR}
COLUMNS = [
    "establishment", "session", "replications", "held", "visits", *USES, "staff_hours",
    "family_gbp", "family_hours", "school_hours",
]  # fmt: skip


def added_use(before: Results, after: Results) -> pd.DataFrame:
    """Split the visits of every added session by what the same families did without it.

    Parameters
    ----------
    before, after
        Two runs of the same families; their event logs are read, so replications whose visits are
        not kept do not count (``--keep-visits`` keeps all).

    Returns
    -------
    DataFrame
        One row per session template that only ``after`` has, also where nobody came:
        establishment, session, replications behind the row, then means over them: held (dated
        sessions, also those that nobody came to), visits, the three of ``USES``, which add up to
        the visits, staff_hours of those sessions, and what the families that came to them took:
        family_gbp (fares and fuel, before refunds), family_hours on the way and school_hours that
        children missed. A double visit is one in each of its two sessions and one journey, told
        with the first. Of a run that does not keep when sessions were held, held and staff_hours
        are missing, and so are sessions that nobody came to. Empty when the runs are not of the
        same families.
    """
    if not is_paired(before, after):
        return pd.DataFrame(columns=COLUMNS)
    played = sorted(_replications(before) & _replications(after))
    one, other = (_attended(results) for results in (before, after))
    one, other = (rows[rows["replication"].isin(played)] for rows in (one, other))
    held, known = _held(before, after, other)
    held = held[held["replication"].isin(played) & ~held["session"].isin(known)]
    if held.empty:
        return pd.DataFrame(columns=COLUMNS)
    sums = held.groupby(SESSION)[["held", "staff_hours"]].sum(min_count=1) / len(played)
    use = _use(other[~other["session"].isin(known)], one)
    counted = pd.crosstab([use["establishment"], use["session"]], use["use"])
    counted = counted.reindex(index=sums.index, columns=list(USES), fill_value=0) / len(played)
    taken = use.groupby(SESSION)[[*TAKEN]].sum().rename(columns=TAKEN) / pd.Series(PARTS)
    taken = taken.reindex(sums.index, fill_value=0.0) / len(played)
    table = sums.join(counted).join(taken)
    table = table.assign(replications=len(played), visits=counted.sum(axis=1)).reset_index()
    return table[COLUMNS].sort_values(SESSION, ignore_index=True)


def _held(before: Results, after: Results, came: pd.DataFrame) -> tuple[pd.DataFrame, set[str]]:
    """Give how often each session of a run was held, and the sessions of the run before it.

    Where one of them does not keep it, sessions are those that a log tells of and that are added by
    their names, and neither dates nor hours are known.
    """
    from simulation.regime import ADDED_TEMPLATE

    kept, of_before = after.sessions_held, before.sessions_held
    if kept is None or of_before is None:
        is_added = came["session"].str.contains(ADDED_TEMPLATE, regex=False)
        visited = came.loc[is_added, ["replication", *SESSION]].drop_duplicates()
        known = set(before.visits["session"].astype("str").unique())
        return visited.assign(held=np.nan, staff_hours=np.nan), known
    return kept, set(of_before["session"])


def _replications(results: Results) -> set[int]:
    """Give the replications whose visits are kept."""
    return set(results.columns("visits", ["replication"])["replication"].unique().tolist())


def _attended(results: Results) -> pd.DataFrame:
    """Give the visits of the measured year, a double one with both its sessions."""
    visits = results.visits
    first = pd.Timestamp(results.scenario["calendar"]["start_date"])
    columns = [*REQUEST, "session", "session_start", *TAKEN]
    words = {"establishment": "str", "prisoner_id": "str", "session": "str"}
    came = visits.loc[
        (visits["outcome"] == "attended") & (visits["session_start"] >= first), columns
    ].astype(words)
    second = visits.loc[visits["outcome"] == "doubled", columns].astype(words)
    second[[*TAKEN]] = 0.0
    stayed = seconds_held(second, came[REQUEST])
    both = pd.concat([came.assign(is_second=False), stayed.assign(is_second=True)])
    return both.reset_index(drop=True)


def seconds_held(doubled: pd.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    """Give the second sessions of the double visits to which the party came.

    Parameters
    ----------
    doubled
        Rows of the event log whose outcome is ``doubled``.
    came
        Those that ended in a visit: the columns of ``REQUEST``, and any others to be joined.
    """
    return doubled.merge(came, on=REQUEST, suffixes=("", "_first"))


def _use(added: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Say of each visit in an added session what it is."""
    was_made = pd.MultiIndex.from_frame(added[TABLE_TAKEN]).isin(
        pd.MultiIndex.from_frame(before[TABLE_TAKEN])
    )
    was_visited = pd.MultiIndex.from_frame(added[PERSON]).isin(
        pd.MultiIndex.from_frame(before[PERSON])
    )
    use = pd.Series(NEW, index=added.index).mask(was_visited, EXTRA).mask(was_made, MOVED)
    return added.assign(use=use)


def tell(table: pd.DataFrame) -> Iterator[str]:
    """Say the use of added sessions for all prisons together, then where most of it is new.

    Examples
    --------
    >>> row = ["LEI", "LEI-added-0-tue", 1, 52, 400, 300, 80, 20, 468, 9_000.0, 1_200, 150]
    >>> for line in tell(pd.DataFrame([row], columns=COLUMNS)):
    ...     print(line)
    Use of added sessions, visits a year
      400 visits in 1 sessions a week: 300 moved from another session (75%), 80 more for people
      visited already (20%), 20 for people without a visit before (5%); 468 staff hours
      the families who came there paid GBP 9,000 for the way and were on it for 1,200 hours;
      children missed 150 hours of school
    """
    if table.empty:
        return
    total = table[["visits", *USES, "staff_hours", *TAKEN.values()]].sum()
    shares = {use: f"{total[use]:,.0f}" for use in USES}
    per = {use: f"{100 * total[use] / max(total['visits'], 1):.0f}%" for use in USES}
    staff = (
        "staff hours are not known; run both again"
        if table["staff_hours"].isna().any()
        else f"{total['staff_hours']:,.0f} staff hours"
    )
    yield "Use of added sessions, visits a year"
    yield (
        f"  {total['visits']:,.0f} visits in {len(table)} sessions a week: {shares[MOVED]} moved "
        f"from another session ({per[MOVED]}), {shares[EXTRA]} more for people"
    )
    yield (
        f"  visited already ({per[EXTRA]}), {shares[NEW]} for people without a visit before "
        f"({per[NEW]}); {staff}"
    )
    yield (
        f"  the families who came there paid GBP {total['family_gbp']:,.0f} for the way and were "
        f"on it for {total['family_hours']:,.0f} hours;"
    )
    yield f"  children missed {total['school_hours']:,.0f} hours of school"
