"""One day of one prison: who is at which table of which session."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from scenarios.reading.hall_day import IN_HALL, counts_at, hall_day, log_of, tables_at
from scenarios.results import Results

DAY = pd.Timestamp("2026-08-04")


def stored(folder: Path) -> Results:
    """Store a day: A has both sessions, B booked both and came to neither, C has the first."""
    first, second = DAY + pd.Timedelta("14h"), DAY + pd.Timedelta("15h15m")
    rows = [
        ("A", 1, "doubled", "LEI-2", second, None, None),
        ("A", 1, "attended", "LEI-1", first, 10.0, 125.0),
        ("B", 2, "doubled", "LEI-2", second, None, None),
        ("B", 2, "no_show", "LEI-1", first, None, None),
        ("C", 3, "attended", "LEI-1", first, 0.0, 60.0),
    ]
    columns = [
        "prisoner_id", "request", "outcome", "session", "session_start", "late_minutes",
        "minutes_had",
    ]  # fmt: skip
    log = pd.DataFrame(rows, columns=columns)
    log.assign(replication=0, establishment="LEI", channel="visit").to_parquet(
        folder / "visits.parquet"
    )
    return Results(
        scenario={"calendar": {"start_date": "2026-08-03", "weeks": 1}},
        tables={},
        allocation={},
        summary={},
        provenance={},
        folder=folder,
    )


def replayed(folder: Path) -> Path:
    """Write the same day as a replay tells it."""
    first, second = DAY + pd.Timedelta("14h"), DAY + pd.Timedelta("15h15m")
    hour = pd.Timedelta("1h")
    pd.DataFrame(
        {
            "session": ["LEI-1", "LEI-2"],
            "session_start": [first, second],
            "session_end": [first + hour, second + hour],
            "tables": 3,
            "opens_late_minutes": 0.0,
        }
    ).to_parquet(folder / "sessions.parquet")
    late = pd.Timedelta("10min")
    pd.DataFrame(
        {
            "session": "LEI-1",
            "session_start": first,
            "arrived": [first, first - late],
            "checked": [first + late, first],
            "entered": [first + late, first],
            "left": [second + hour, first + hour],
            "outcome": "attended",
        }
    ).to_parquet(folder / "parties.parquet")
    return folder


def test_double_visit_is_at_a_table_of_both_sessions_and_once_in_the_hall(tmp_path: Path) -> None:
    log = log_of(stored(tmp_path), "LEI")
    for folder in (None, replayed(tmp_path)):
        day = hall_day(log, "LEI", DAY, folder)
        assert len(day.visits) == 4
        in_hall = [counts_at(day, minute)[IN_HALL] for minute in (845, 860, 905, 930, 980)]
        assert in_hall == [1, 2, 1, 1, 0]
        at_second = tables_at(day, 930)
        states = at_second.loc[at_second["session"] == "LEI-2", "state"].tolist()
        assert states == ["talking", *([] if folder is None else ["free", "free"])]
