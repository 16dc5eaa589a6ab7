"""One day of one prison: its tables, the queue at the check, late starts and video calls.

A day is read from the visits that a run keeps (replication 0). Where the prison's year was replayed
(:mod:`scenarios.studies.replay`), the tables on offer and the queue at the check are known as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from scenarios.comparing.added_sessions import REQUEST, seconds_held
from scenarios.results import Results

REPLICATION = 0
"""The simulated year whose visits every run keeps."""

STEP_MINUTES = 5
DAY_MINUTES = 24 * 60

AT_TABLE = ("talking", "still expected", "will not come", "free")
"""What a table of a session is at a moment."""

IN_HALL, AT_CHECK, ON_VIDEO = "In the hall", "At the check", "On video"
"""Where parties are, as the line of the day counts them."""

WILL_NOT_COME = ("no_show", "refused_entry", "called_off")
BOOKED = ("attended", *WILL_NOT_COME)
VISIT_COLUMNS = ["session", "outcome", "start", "entered", "left", "arrived", "checked"]
LOG_COLUMNS = [
    "channel", "outcome", "session", "session_start", "late_minutes", "minutes_had", "is_second",
]  # fmt: skip
SESSION_COLUMNS = ["session", "start", "end", "tables", "late"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HallDay:
    """What happens at one prison on one day; every moment in minutes after midnight.

    Attributes
    ----------
    establishment, day
        Where and when.
    visits
        One row per table booked to the end: session, outcome, start (of the session), entered,
        left (missing where not let in), arrived, checked (missing where not replayed).
    sessions
        One row per session: session, start, end, tables (missing where not replayed), late (how
        long after its start the hall opens, or the first party is in where not replayed).
    calls
        One row per video call: start, end, outcome.
    replayed
        Whether the year was replayed, so that arrivals and tables on offer are known.
    """

    establishment: str
    day: pd.Timestamp
    visits: pd.DataFrame
    sessions: pd.DataFrame
    calls: pd.DataFrame
    replayed: bool

    @property
    def opens(self) -> int:
        """The first moment to look at: the hour in which the first party comes."""
        firsts = [self.visits["arrived"].min(), self.sessions["start"].min() - 30]
        known = [value for value in (*firsts, self.calls["start"].min()) if value == value]
        return int(min(known, default=9 * 60)) // 60 * 60

    @property
    def amid(self) -> int:
        """A moment at which the first session is on, for a first look."""
        start = self.sessions["start"].min()
        return self.opens if start != start else int(start) // STEP_MINUTES * STEP_MINUTES + 30

    @property
    def closes(self) -> int:
        """The last moment to look at."""
        lasts = (self.visits["left"].max(), self.sessions["end"].max(), self.calls["end"].max())
        last = max((value for value in lasts if value == value), default=17 * 60)
        return min(-(-int(last) // 30) * 30, DAY_MINUTES - STEP_MINUTES)


def log_of(results: Results, establishment: str) -> pd.DataFrame:
    """Read the turns at the sessions and stations of one prison in the year that is kept.

    Returns
    -------
    DataFrame
        channel, outcome, session, session_start, late_minutes, minutes_had, is_second; the
        measured year. A double visit that is held is one row in each of its sessions: the second
        begins where the first ends.
    """
    assert results.folder is not None
    import duckdb

    columns = [
        *REQUEST, "channel", "outcome", "session", "session_start", "late_minutes", "minutes_had",
    ]  # fmt: skip
    query = f"""
        SELECT {", ".join(columns)} FROM read_parquet($visits, file_row_number = true)
        WHERE establishment = $establishment AND replication = $replication
          AND list_contains($outcomes, outcome)
          AND session_start >= $first AND session_start < $last
        ORDER BY file_row_number
    """  # noqa: S608  words of ours
    first = pd.Timestamp(results.scenario["calendar"]["start_date"])
    last = first + pd.Timedelta(weeks=int(results.scenario["calendar"]["weeks"]))
    given = {
        "visits": str(results.folder / "visits.parquet"),
        "establishment": establishment,
        "replication": REPLICATION,
        "outcomes": [*BOOKED, "doubled", "video_held", "video_no_show", "video_failed"],
        "first": first.to_pydatetime(),
        "last": last.to_pydatetime(),
    }
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 2}) as connection:
        rows = connection.execute(query, given).df()
    texts = ("channel", "outcome", "session", "establishment", "prisoner_id")
    return in_both_sessions(rows.astype(dict.fromkeys(texts, "str")))[LOG_COLUMNS]


def in_both_sessions(log: pd.DataFrame) -> pd.DataFrame:
    """Put every double visit that is held in each of its two sessions.

    Parameters
    ----------
    log
        Rows of the event log, with the columns of ``REQUEST``; those whose outcome is ``doubled``
        tell the second session of a request.

    Returns
    -------
    DataFrame
        The other rows, with is_second; the minutes of a double visit are shared between its two
        rows at the start of the second session.
    """
    is_double = log["outcome"] == "doubled"
    came = log[(log["outcome"] == "attended") & (log["channel"] == "visit")]
    times = ["session_start", "late_minutes", "minutes_had"]
    second = seconds_held(log[is_double], came[[*REQUEST, *times]].reset_index(names="first_row"))
    apart = (second["session_start"] - second["session_start_first"]).dt.total_seconds() / 60
    before = (apart - second["late_minutes_first"]).clip(lower=0.0)
    before = before.clip(upper=second["minutes_had_first"])
    first = log[~is_double].assign(is_second=False)
    first.loc[second["first_row"], "minutes_had"] = before.to_numpy()
    told = second.assign(
        outcome="attended",
        late_minutes=0.0,
        minutes_had=second["minutes_had_first"] - before,
        is_second=True,
    )
    return pd.concat([first, told[first.columns]], ignore_index=True)


def days_of(log: pd.DataFrame) -> list[pd.Timestamp]:
    """List the days on which anybody is booked for a visit or a call, in order."""
    found: list[pd.Timestamp] = sorted(log["session_start"].dt.normalize().unique())
    return found


def busiest(log: pd.DataFrame) -> pd.Timestamp:
    """Give the day with the most visits held, the first of several."""
    held = log[log["outcome"] == "attended"]
    counts = (held if len(held) else log)["session_start"].dt.normalize().value_counts()
    most: pd.Timestamp = counts[counts == counts.max()].index.min()
    return most


def hall_day(
    log: pd.DataFrame, establishment: str, day: pd.Timestamp, replayed: Path | None = None
) -> HallDay:
    """Put one day together.

    Parameters
    ----------
    log
        The table of :func:`log_of`.
    establishment, day
        Where and when.
    replayed
        Folder of the replay of that prison's year, where there is one.
    """
    of_day = log[log["session_start"].dt.normalize() == day]
    visits = of_day[of_day["channel"] == "visit"]
    start = _minutes(visits["session_start"], day)
    entered = (start + visits["late_minutes"]).where(visits["outcome"] == "attended")
    booked = pd.DataFrame(
        {
            "session": visits["session"],
            "outcome": visits["outcome"],
            "start": start,
            "entered": entered,
            "left": entered + visits["minutes_had"],
            "arrived": np.nan,
            "checked": np.nan,
            "is_second": visits["is_second"],
        }
    )
    calls = of_day[of_day["channel"] == "video"]
    begun = _minutes(calls["session_start"], day)
    called = pd.DataFrame(
        {
            "start": begun,
            "end": begun + calls["minutes_had"].fillna(0.0),
            "outcome": calls["outcome"],
        }
    )
    if replayed is None:
        sessions = _sessions_seen(log, booked)
    else:
        sessions = _sessions_told(pd.read_parquet(replayed / "sessions.parquet"), day)
        parties = pd.read_parquet(replayed / "parties.parquet")
        booked = _with_arrivals(booked, parties, sessions, day)
    return HallDay(
        establishment=establishment,
        day=day,
        visits=booked[VISIT_COLUMNS].sort_values(
            ["start", "session", "entered"], ignore_index=True
        ),
        sessions=sessions.sort_values(["start", "session"], ignore_index=True),
        calls=called.sort_values("start", ignore_index=True),
        replayed=replayed is not None,
    )


def _minutes(moments: pd.Series[pd.Timestamp], day: pd.Timestamp) -> pd.Series[float]:
    return (moments - day).dt.total_seconds() / 60


def _sessions_seen(log: pd.DataFrame, booked: pd.DataFrame) -> pd.DataFrame:
    """Give the sessions that anybody was booked for; their length is what most visits end by."""
    held = log[log["outcome"] == "attended"]
    lasts = (held["late_minutes"] + held["minutes_had"]).round()
    length = lasts.groupby(held["session"]).agg(lambda values: values.mode().iloc[0])
    found = booked.groupby("session", as_index=False).agg(
        start=("start", "min"), entered=("entered", "min")
    )
    minutes = found["session"].map(length).fillna(lasts.median() if len(lasts) else 60.0)
    return pd.DataFrame(
        {
            "session": found["session"],
            "start": found["start"],
            "end": found["start"] + minutes,
            "tables": np.nan,
            "late": found["entered"] - found["start"],
        },
        columns=SESSION_COLUMNS,
    )


def _sessions_told(sessions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    of_day = sessions[sessions["session_start"].dt.normalize() == day]
    start = _minutes(of_day["session_start"], day)
    told = pd.DataFrame(
        {
            "session": of_day["session"].astype("str"),
            "start": start,
            "end": _minutes(of_day["session_end"], day),
            "tables": of_day["tables"].astype("float64"),
            "late": of_day["opens_late_minutes"].astype("float64"),
        }
    )
    keys = ["session", "start", "end"]
    whole = told.groupby(keys, as_index=False).agg(tables=("tables", "sum"), late=("late", "max"))
    return whole[whole["tables"] > 0][SESSION_COLUMNS].reset_index(drop=True)


def _with_arrivals(
    booked: pd.DataFrame, parties: pd.DataFrame, sessions: pd.DataFrame, day: pd.Timestamp
) -> pd.DataFrame:
    """Put the parties of the replay, which know their arrival, in place of those who came."""
    of_day = parties[parties["session_start"].dt.normalize() == day]
    told = pd.DataFrame(
        {
            "session": of_day["session"].astype("str"),
            "outcome": of_day["outcome"].astype("str"),
            "start": _minutes(of_day["session_start"], day),
            **{
                name: _minutes(of_day[name], day)
                for name in ("entered", "left", "arrived", "checked")
            },
        }
    )
    seconds = np.sort(booked.loc[booked["is_second"], "start"].unique())
    ends = told["session"].map(sessions.groupby("session")["end"].max())
    following = np.append(seconds, np.inf)[np.searchsorted(seconds, ends.fillna(np.inf))]
    # A party that outstays its session holds the next one too, where it has a row of its own.
    stays = told["left"] > ends + 1
    told["left"] = told["left"].where(~stays, np.minimum(told["left"], following))
    came = booked["outcome"].isin(["attended", "refused_entry"])
    others = booked[~came | booked["is_second"]]
    return pd.concat([others, told], ignore_index=True)[VISIT_COLUMNS]


def tables_at(day: HallDay, minute: float) -> pd.DataFrame:
    """Say what every table is at a moment, in the sessions that are on or begin within the hour.

    Returns
    -------
    DataFrame
        One row per table: session, start, end, state (one of ``AT_TABLE``). Free tables are known
        only where the year was replayed.
    """
    parts = []
    for session in day.sessions.to_dict("records"):
        if not session["start"] - 60 <= minute < session["end"]:
            continue
        of_session = day.visits[day.visits["session"] == session["session"]]
        states = [_state(visit, minute) for visit in of_session.to_dict("records")]
        offered = session["tables"]
        spare = 0 if offered != offered else max(0, int(offered) - len(states))
        states = sorted([*states, *[AT_TABLE[3]] * spare], key=AT_TABLE.index)
        parts.append(
            pd.DataFrame(
                {
                    "session": session["session"],
                    "start": session["start"],
                    "end": session["end"],
                    "state": states,
                }
            )
        )
    columns = ["session", "start", "end", "state"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _state(visit: dict[str, object], minute: float) -> str:
    """Say what a booked table is at a moment."""
    outcome = str(visit["outcome"])
    entered, left, start = (float(str(visit[name])) for name in ("entered", "left", "start"))
    if outcome == "attended":
        if minute < entered:
            return AT_TABLE[1]
        return AT_TABLE[0] if minute < left else AT_TABLE[3]
    if outcome == "called_off" or minute >= start:
        return AT_TABLE[2]
    return AT_TABLE[1]


def counts_at(day: HallDay, minute: float) -> dict[str, int]:
    """Count parties in the hall, at the check and on video at a moment.

    Those at the check are known only where the year was replayed.
    """
    visits, calls = day.visits, day.calls
    return {
        IN_HALL: int(((visits["entered"] <= minute) & (minute < visits["left"])).sum()),
        AT_CHECK: int(((visits["arrived"] <= minute) & (minute < visits["checked"])).sum()),
        ON_VIDEO: int(((calls["start"] <= minute) & (minute < calls["end"])).sum()),
    }


def through_the_day(day: HallDay) -> pd.DataFrame:
    """Count parties every five minutes of the day.

    Returns
    -------
    DataFrame
        One row per moment and place: minute, place, parties. No row for the check where the year
        was not replayed.
    """
    places = [IN_HALL, *([AT_CHECK] if day.replayed else []), ON_VIDEO]
    rows = [
        (minute, place, counts_at(day, minute)[place])
        for minute in range(day.opens, day.closes + 1, STEP_MINUTES)
        for place in places
    ]
    return pd.DataFrame(rows, columns=["minute", "place", "parties"])


def account(day: HallDay) -> pd.DataFrame:
    """Tell every session of the day.

    Returns
    -------
    DataFrame
        session, start, end, tables, booked, came, late_minutes (of the hall, or of the first party
        where not replayed), check_minutes (mean from arriving to the end of the check),
        lost_minutes (mean from the start of the session until in the hall).
    """
    rows = []
    for session in day.sessions.to_dict("records"):
        visits = day.visits[day.visits["session"] == session["session"]]
        held = visits[visits["outcome"] == "attended"]
        rows.append(
            {
                "session": session["session"],
                "start": session["start"],
                "end": session["end"],
                "tables": session["tables"],
                "booked": len(visits),
                "came": len(held),
                "late_minutes": session["late"],
                "check_minutes": (visits["checked"] - visits["arrived"]).mean(),
                "lost_minutes": (held["entered"] - held["start"]).mean(),
            }
        )
    columns = [
        "session", "start", "end", "tables", "booked", "came", "late_minutes", "check_minutes",
        "lost_minutes",
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)
