"""What became of the sessions a scenario adds: visits moved there, more visits, new visitors.

The same families ask for the same visits in both runs, so each visit in an added session can be
looked up in the run without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
import pandas as pd

from data.words import DAYS
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
MINUTES_PER_HOUR = 60
DAYS_PER_WEEK = 7
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
        One row per session template that only ``after`` has and that anybody visited:
        establishment, session, replications behind the row, then means over them: held (dated
        sessions, also those that nobody came to), visits, the three of ``USES``, which add up to
        the visits, staff_hours of those sessions, and what the families that came to them took:
        family_gbp (fares and fuel, before refunds), family_hours on the way and school_hours that
        children missed. A double visit is one in each of its two sessions and one journey, told
        with the first. Empty when the runs are not of the same families.
    """
    if not is_paired(before, after):
        return pd.DataFrame(columns=COLUMNS)
    one, other = _attended(before), _attended(after)
    played = sorted(set(one["replication"]) & set(other["replication"]))
    one = one[one["replication"].isin(played)]
    known = set(one["session"]) | _templates(before)
    added = other[other["replication"].isin(played) & ~other["session"].isin(known)]
    if added.empty:
        return pd.DataFrame(columns=COLUMNS)
    use = _use(added, one)
    counted = pd.crosstab([use["establishment"], use["session"]], use["use"])
    counted = counted.reindex(columns=list(USES), fill_value=0) / len(played)
    sessions = _dates_held(after, other[other["replication"].isin(played)], played)
    taken = use.groupby(["establishment", "session"])[[*TAKEN]].sum() / len(played)
    table = counted.assign(
        replications=len(played), held=sessions, visits=counted.sum(axis=1)
    ).join(taken.rename(columns=TAKEN) / pd.Series(PARTS))
    table = table.reset_index()
    table["staff_hours"] = table["held"] * table["session"].map(_staff_hours(after))
    return table[COLUMNS].sort_values(["establishment", "session"], ignore_index=True)


def _dates_held(after: Results, came: pd.DataFrame, played: Sequence[int]) -> pd.Series[float]:
    """Give on how many dates each session template was held, in the mean of the years played.

    An added session is held on each of its weekdays in the measured weeks. Not on dates on which it
    was called off to all who had booked it, and not on those on which nobody came to any session
    of the prison though people come to others of that weekday: then the prison is shut. Any other
    template was held on the dates on which somebody came.
    """
    calendar, log = after.scenario["calendar"], after.visits
    weeks = int(calendar["weeks"])
    every = pd.date_range(calendar["start_date"], periods=DAYS_PER_WEEK * weeks)
    off = log.loc[log["outcome"] == "called_off", ["replication", "session", "session_start"]]
    off = off.assign(session=off["session"].astype("str"))
    added = _staff_hours(after)
    held = {}
    for establishment, here in came.groupby("establishment"):
        for session, rows in here.groupby("session"):
            dates = _dates(rows)
            if session in added:
                weekday = DAYS.index(str(session).rpartition("-")[2])
                due = set(product(played, every[every.day_of_week == weekday]))
                others = {day for day in _dates(here[here["session"] != session]) if day in due}
                dates |= (others or due) - _dates(off[off["session"] == session])
            held[establishment, session] = len(dates) / len(played)
    return pd.Series(held)


def _dates(rows: pd.DataFrame) -> set[tuple[int, pd.Timestamp]]:
    """Give the years and dates on which some sessions begin."""
    days = rows["session_start"].dt.normalize()
    return set(zip(rows["replication"].tolist(), days.tolist(), strict=True))


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


def _templates(results: Results) -> set[str]:
    """Name every session template that appears in a run's log."""
    return set(results.visits["session"].astype("str").unique())


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


def _staff_hours(after: Results) -> dict[str, float]:
    """Give the staff hours of one dated session of each added template."""
    settings, edits = after.scenario["attendance"], after.scenario["regime"]["added_sessions"]
    if not edits:
        return {}
    from simulation.attendance import staff_hours_alone
    from simulation.clock import clock_minutes
    from simulation.regime import ADDED_TEMPLATE

    hours = staff_hours_alone(
        np.array([edit["open_tables"] + edit["closed_tables"] for edit in edits]),
        np.array([clock_minutes(edit["end"]) - clock_minutes(edit["start"]) for edit in edits]),
        tables_each=(settings["tables_per_officer"], settings["tables_per_checker"]),
        around_session_minutes=settings["around_session_minutes"],
    ).tolist()
    of_end = {
        f"{ADDED_TEMPLATE}{number}-{day}": hours[number]
        for number, edit in enumerate(edits)
        for day in edit["days"]
    }
    return {
        name: of_session
        for name in _templates(after)
        for end, of_session in of_end.items()
        if name.endswith(end)
    }


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
    per = {use: f"{100 * total[use] / total['visits']:.0f}%" for use in USES}
    yield "Use of added sessions, visits a year"
    yield (
        f"  {total['visits']:,.0f} visits in {len(table)} sessions a week: {shares[MOVED]} moved "
        f"from another session ({per[MOVED]}), {shares[EXTRA]} more for people"
    )
    yield (
        f"  visited already ({per[EXTRA]}), {shares[NEW]} for people without a visit before "
        f"({per[NEW]}); {total['staff_hours']:,.0f} staff hours"
    )
    yield (
        f"  the families who came there paid GBP {total['family_gbp']:,.0f} for the way and were "
        f"on it for {total['family_hours']:,.0f} hours;"
    )
    yield f"  children missed {total['school_hours']:,.0f} hours of school"
