"""How far people are held from where their families live and where they will live themselves.

Counted where the run's tables lie, so that no frame of the whole population is kept. *Family* is
the home area, where a person's family is taken to live; *release* is the area a person is to live
in, for people inside the resettlement window: sentenced people with so many days left.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

FAR_FILE = "held_far.parquet"
"""What :func:`far` gives for the window of the run, worked out once when it is stored."""

AREAS_FILE = "home_areas.parquet"
"""What :func:`by_home_area` gives, worked out once when a run is stored."""

NEARER_MILES = 1e-6
"""A journey this much shorter or longer in miles counts as nearer or further."""

_FAR = """
with held as materialized (
    select p.sex, p.home_area, p.release_area, p.status,
        try_cast(cast(p.days_to_release as varchar) as double) as days_left,
        pl.from_establishment, pl.establishment
    from read_parquet($placements) pl
    join read_parquet($population) p on p.prisoner_id = pl.prisoner_id
    where pl.establishment <> ''
), wanted as materialized (
    select 'family' as area, sex, home_area as place, from_establishment, establishment from held
    union all
    select 'release', sex, release_area, from_establishment, establishment from held
    where status <> 'remand' and days_left <= $window
)
select area, coalesce(sex, 'all') as sex, count(*) as people,
    count(*) filter (before.straight_miles > 50) as beyond_50_today,
    count(*) filter (after.straight_miles > 50) as beyond_50,
    count(*) filter (before.straight_miles > 100) as beyond_100_today,
    count(*) filter (after.straight_miles > 100) as beyond_100,
    count(*) filter (before.straight_miles is null or after.straight_miles is null) as unknown
from wanted
left join read_parquet($travel) before
    on before.home_area = place and before.establishment = from_establishment
left join read_parquet($travel) after
    on after.home_area = place and after.establishment = wanted.establishment
group by grouping sets ((area), (area, sex))
order by area, sex
"""


_AREAS = """
with journeys as materialized (
    select p.home_area, pl.from_establishment, pl.establishment, count(*) as people,
        count(*) filter (pl.moved) as moved
    from read_parquet($placements) pl
    join read_parquet($population) p on p.prisoner_id = pl.prisoner_id
    where pl.establishment <> ''
    group by all
), known as materialized (
    select j.*, before.straight_miles as miles_today, after.straight_miles as miles
    from journeys j
    left join read_parquet($travel) before
        on before.home_area = j.home_area and before.establishment = j.from_establishment
    left join read_parquet($travel) after
        on after.home_area = j.home_area and after.establishment = j.establishment
)
select home_area, cast(sum(people) as bigint) as people, cast(sum(moved) as bigint) as moved,
    -- in one order, so that however many threads add up, the same people give the same bytes
    sum(people * miles_today order by from_establishment, establishment) / sum(people)
        as straight_miles_today,
    sum(people * miles order by from_establishment, establishment) / sum(people) as straight_miles,
    cast(coalesce(sum(people) filter (miles_today > 50), 0) as bigint) as beyond_50_today,
    cast(coalesce(sum(people) filter (miles > 50), 0) as bigint) as beyond_50,
    cast(coalesce(sum(people) filter (miles > miles_today + $same), 0) as bigint) as further
from known
where miles_today is not null and miles is not null
group by home_area
order by home_area
"""


def far(folder: Path, window_days: int) -> pd.DataFrame:
    """Count the people held far from family, and far from where they will live.

    Parameters
    ----------
    folder
        A run folder, or one made by ``estate allocate``; where it does not hold the count for this
        window, its tables are read.
    window_days
        Days before release from which nearness to the area of release counts.

    Returns
    -------
    DataFrame
        One row per ``area`` (``family``, ``release``) and ``sex`` (``all``, ``men``, ``women``):
        ``people`` who have a place, then how many of them are held more than 50 and more than 100
        straight miles away, today (``beyond_50_today``, ``beyond_100_today``) and in the plan
        (``beyond_50``, ``beyond_100``), and of how many a distance is ``unknown``.
    """
    kept = folder / FAR_FILE
    if kept.is_file():
        found = pd.read_parquet(kept)
        if (found["window_days"] == window_days).all():
            return found.drop(columns="window_days")
    return _asked(folder, _FAR, window=window_days)


def by_home_area(folder: Path) -> pd.DataFrame:
    """Count the people of each home area, and how far from it they are held.

    Parameters
    ----------
    folder
        A run folder, or one made by ``estate allocate``; where it does not hold the count, its
        tables are read.

    Returns
    -------
    DataFrame
        One row per ``home_area`` that anybody with a known distance comes from, in order:
        ``people``, ``moved``, mean ``straight_miles_today`` and ``straight_miles``,
        ``beyond_50_today``, ``beyond_50`` and ``further`` (people).
    """
    kept = folder / AREAS_FILE
    return pd.read_parquet(kept) if kept.is_file() else _asked(folder, _AREAS, same=NEARER_MILES)


def keep_far(folder: Path, window_days: int) -> None:
    """Write what :func:`far` and :func:`by_home_area` give beside the tables of a run."""
    from scenarios.results import write_parquet

    counts = far(folder, window_days).assign(window_days=window_days)
    write_parquet(counts, folder / FAR_FILE)
    write_parquet(by_home_area(folder), folder / AREAS_FILE)


def _asked(folder: Path, question: str, **given: Any) -> pd.DataFrame:
    """Ask a question of who is held where, where the tables lie."""
    import duckdb

    names = ("placements", "population", "travel")
    files = {name: str(folder / f"{name}.parquet") for name in names}
    with duckdb.connect() as database:
        found: pd.DataFrame = database.execute(question, files | given).df()
    return found
