"""How many tables and video stations are in use in every hour of the week, and how many there are.

Use is read from the visits that a run keeps; what is on offer from the timetable that it was played
on. Both are worked out once, when the run is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from data.estate import Estate
from data.words import DAYS
from scenarios.results import Results
from simulation.clock import clock_minutes
from simulation.regime import FAMILY_DAY_TEMPLATE, VisitsRegime, sessions_under
from simulation.video import VideoRegime, stations_under

MINUTES_PER_HOUR = 60
HOURS = 24
SLOT_COLUMNS = ["channel", "establishment", "weekday", "start_minutes", "minutes", "number"]


SLOTS_FILE = "slots.parquet"
"""What ``use_by_slot`` gives, worked out once when a run is stored."""


def use_by_slot(results: Results) -> pd.DataFrame:
    """Count the visits and calls that take place in every slot of the week.

    Parameters
    ----------
    results
        A stored run; where it does not hold the count, its event log is read where it lies.

    Returns
    -------
    DataFrame
        One row per channel (visit, video), establishment, day of the week (0 is Monday) and
        start: minutes the slot lasts, and number, the mean a week over the measured weeks and the
        replications kept. A double visit counts in each of its two sessions. Empty where the run
        is not stored.
    """
    if results.folder is None:
        return pd.DataFrame(columns=SLOT_COLUMNS)
    kept = results.folder / SLOTS_FILE
    if kept.is_file():
        return pd.read_parquet(kept)
    return slots_of_log(results.scenario, results.folder)


def slots_of_log(scenario: Mapping[str, Any], folder: Path) -> pd.DataFrame:
    """Count the visits and calls of an event log by slot of the week, as ``use_by_slot`` gives.

    Parameters
    ----------
    scenario
        Every setting of the run in plain values.
    folder
        Folder that holds its ``visits.parquet``.
    """
    import duckdb

    query = """
        WITH log AS (
            SELECT replication, channel, establishment, prisoner_id, request, outcome,
                   session_start, round(coalesce(late_minutes, 0) + minutes_had) AS stayed
            FROM read_parquet($visits)
            WHERE outcome IN ('attended', 'video_held', 'doubled')
              AND session_start >= $first AND session_start < $last
        ), seconds AS MATERIALIZED (
            SELECT replication, channel, establishment, prisoner_id, request,
                   session_start AS second_start
            FROM log WHERE outcome = 'doubled'
        ), doubles AS MATERIALIZED (
            SELECT channel, establishment, session_start, second_start, stayed,
                   date_diff('minute', session_start, second_start) AS until_second
            FROM log JOIN seconds USING (replication, channel, establishment, prisoner_id, request)
            WHERE outcome <> 'doubled'
        ), turns AS MATERIALIZED (
            SELECT replication, channel, establishment, session_start, stayed, count(*) AS number
            FROM log WHERE outcome <> 'doubled' GROUP BY ALL
        ), counted AS (
            -- few visits are double, so all are counted first and those put right after
            SELECT channel, establishment, session_start, stayed AS lasts, NULL AS until_second,
                   number
            FROM turns
            UNION ALL
            SELECT channel, establishment, session_start, stayed, NULL, -1 FROM doubles
            UNION ALL
            SELECT channel, establishment, session_start, NULL, until_second, 1 FROM doubles
            UNION ALL
            SELECT channel, establishment, second_start, stayed - until_second, NULL, 1
            FROM doubles
        ), slots AS (
            SELECT channel, establishment, isodow(session_start) - 1 AS weekday,
                   hour(session_start) * 60 + minute(session_start) AS start_minutes,
                   CASE WHEN channel = 'video' THEN $call * ceil(greatest(lasts, 1) / $call)
                        ELSE 0 END AS length,
                   lasts, until_second, sum(number) AS number
            FROM counted GROUP BY ALL HAVING sum(number) > 0
        )
        SELECT channel, establishment, weekday, start_minutes,
               CASE WHEN channel = 'video' THEN max(length)
                    ELSE coalesce(
                        min(lasts) FILTER (WHERE number = most_alike),
                        min(until_second) FILTER (WHERE number = most_until)
                    ) END AS minutes,
               sum(number) / ((SELECT count(DISTINCT replication) FROM turns) * $weeks) AS number
        FROM (
            SELECT *,
                   max(number) FILTER (WHERE lasts IS NOT NULL) OVER slot AS most_alike,
                   max(number) FILTER (WHERE until_second IS NOT NULL) OVER slot AS most_until
            FROM slots
            WINDOW slot AS (PARTITION BY channel, establishment, weekday, start_minutes, length)
        )
        GROUP BY channel, establishment, weekday, start_minutes, length
        ORDER BY channel, establishment, weekday, start_minutes, length
    """
    calendar = scenario["calendar"]
    first = pd.Timestamp(calendar["start_date"])
    weeks = int(calendar["weeks"])
    given = {
        "visits": str(folder / "visits.parquet"),
        "first": first.to_pydatetime(),
        "last": (first + pd.Timedelta(weeks=weeks)).to_pydatetime(),
        "weeks": weeks,
        "call": float(scenario["video"]["call_minutes"]),
    }
    with duckdb.connect(config={"memory_limit": "200MB", "threads": 2}) as connection:
        return connection.execute(query, given).df()[SLOT_COLUMNS]


OFFER_FILE = "offer.parquet"
"""What ``offer_of`` gives for the timetable that a run was played on."""


def on_offer(results: Results) -> pd.DataFrame | None:
    """Read the tables and the stations that the timetable of a run offers in every slot of a week.

    Returns
    -------
    DataFrame or None
        As ``offer_of``; ``None`` for a run that is not stored, or was by a version that kept none.
    """
    if results.folder is None or not (results.folder / OFFER_FILE).is_file():
        return None
    return pd.read_parquet(results.folder / OFFER_FILE)


def offer_of(estate: Estate, regime: VisitsRegime, video: VideoRegime) -> pd.DataFrame:
    """Give the tables and the stations that a timetable offers in every slot of a week.

    Parameters
    ----------
    estate
        Its timetable and stations.
    regime, video
        What a scenario changes of them.

    Returns
    -------
    DataFrame
        As ``use_by_slot``, number being tables or stations; a session held every n weeks counts as
        an nth, and a family day by how often it is held. Days without visits are not taken off.
    """
    return pd.concat([_tables(estate, regime), _stations(estate, video)], ignore_index=True).astype(
        {"number": "float64"}
    )


def _tables(estate: Estate, regime: VisitsRegime) -> pd.DataFrame:
    sessions = sessions_under(estate, regime)
    is_family_day = sessions["template"].str.endswith(FAMILY_DAY_TEMPLATE)
    weeks = sessions["every_n_weeks"].clip(lower=1)
    often = (1 / weeks).where(~is_family_day, regime.family_days_per_year / 52)
    return _slots(sessions, "visit", (sessions["open_tables"] + sessions["closed_tables"]) * often)


def _stations(estate: Estate, video: VideoRegime) -> pd.DataFrame:
    periods = stations_under(estate, video)
    return _slots(periods, "video", periods["stations"])


def _slots(rows: pd.DataFrame, channel: str, number: pd.Series[float]) -> pd.DataFrame:
    start, end = (rows[clock].map(clock_minutes).astype("int64") for clock in ("start", "end"))
    weekday = rows["day"].map({day: place for place, day in enumerate(DAYS)})
    return pd.DataFrame(
        {
            "channel": channel,
            "establishment": rows["establishment"],
            "weekday": weekday.astype("int64"),
            "start_minutes": start,
            "minutes": end - start,
            "number": number,
        }
    )[SLOT_COLUMNS]


def by_hour(
    use: pd.DataFrame, offered: pd.DataFrame | None, channel: str, establishment: str | None = None
) -> pd.DataFrame:
    """Spread slots over the hours of the week.

    Parameters
    ----------
    use, offered
        Tables of ``use_by_slot`` and ``on_offer``.
    channel
        ``visit`` or ``video``.
    establishment
        One establishment only; the whole estate when left out.

    Returns
    -------
    DataFrame
        One row per day of the week (0 is Monday) and hour in which anything is used or on offer:
        weekday, hour, used and offered, means over that hour of a week; offered is missing where
        not known.

    Examples
    --------
    A session of an hour and a half with ten visits fills ten tables in its first hour, and five,
    averaged over the hour, in the second.

    >>> slots = pd.DataFrame([["visit", "LEI", 1, 840, 90, 10.0]], columns=SLOT_COLUMNS)
    >>> by_hour(slots, None, "visit")[["hour", "used"]].values.tolist()
    [[14.0, 10.0], [15.0, 5.0]]
    """
    used = _spread(use, channel, establishment)
    all_offered = None if offered is None else _spread(offered, channel, establishment)
    shown = used > 0 if all_offered is None else (used > 0) | (all_offered > 0)
    weekday, hour = np.nonzero(shown)
    return pd.DataFrame(
        {
            "weekday": weekday,
            "hour": hour,
            "used": used[weekday, hour],
            "offered": np.nan if all_offered is None else all_offered[weekday, hour],
        }
    )


def _spread(
    slots: pd.DataFrame, channel: str, establishment: str | None
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    chosen = slots[slots["channel"] == channel]
    if establishment is not None:
        chosen = chosen[chosen["establishment"] == establishment]
    hours = np.arange(HOURS) * MINUTES_PER_HOUR
    start = chosen["start_minutes"].to_numpy(np.float64)[:, np.newaxis]
    end = start + chosen["minutes"].to_numpy(np.float64)[:, np.newaxis]
    shared = np.minimum(end, hours + MINUTES_PER_HOUR) - np.maximum(start, hours)
    number = chosen["number"].to_numpy(np.float64)[:, np.newaxis]
    found = np.zeros((len(DAYS), HOURS))
    np.add.at(
        found,
        chosen["weekday"].to_numpy(np.int64),
        number * np.clip(shared, 0.0, None) / MINUTES_PER_HOUR,
    )
    return found
