"""A user's own travel times, and how they replace the model's.

Any routing engine can produce them. The long form is the ``travel`` table; the column names that
r5py, r5r, OSRM and GraphHopper write are understood, and so is a wide table with a row for each
home area and a column for each establishment. Cells that the user gives replace the model's.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.check import Problem, TableError, convert
from data.files import first_row_of, read_cells

METRES_PER_MILE = 1609.344

ALIASES = {
    "from_id": "origin_id",
    "to_id": "destination_id",
    "home_area": "origin_id",
    "establishment": "destination_id",
    "travel_time": "minutes",
    "travel_time_p50": "minutes",
    "duration_s": "minutes",
    "durations": "minutes",
    "distance_m": "road_miles",
    "km": "road_miles",
    "cost": "cost_gbp",
}
"""What other tools call the columns of the travel table."""

PER_UNIT = {
    "duration_s": 60.0,
    "durations": 60.0,
    "distance_m": METRES_PER_MILE,
    "km": METRES_PER_MILE / 1000,
}
"""How many of a tool's units go into one of ours."""

MODES = {"": "car", "public": "public_transport", "transit": "public_transport"}
IGNORED = ("departure",)
NO_ROUTE = ("", "nan", "NaN", "null", "NA", "inf")
SHOWN_VALUES = 5

LONGEST_MINUTES = 1440.0
"""A journey of a day or more is a slip, not a journey."""

USUAL_RATIO = {"car": (0.7, 1.6), "public_transport": (0.4, 2.5)}
"""Where the median ratio of a user's minutes to the model's lies, unless their unit is wrong."""

MATRIX_CELLS = 30
MATRIX_SHARE = 0.1
"""Fewer cells than both are corrections of single journeys, which say nothing about the others."""


class TravelSource(StrEnum):
    """Where the minutes of a cell come from."""

    MODEL = "model"
    USER = "user"
    SCALED = "scaled"


def read_override(
    path: Path | str, home_areas: pd.DataFrame, establishments: pd.DataFrame
) -> pd.DataFrame:
    """Read a user's own travel times.

    Parameters
    ----------
    path
        A CSV or Parquet file: long, with columns origin_id, destination_id and minutes, and
        optionally road_miles, cost_gbp (return), mode (car, public_transport) and source; or wide,
        with minutes by car.
    home_areas, establishments
        The tables whose ids the file may name.

    Returns
    -------
    pd.DataFrame
        One row per origin, destination and mode: origin_id, destination_id, minutes, road_miles,
        cost_gbp, mode, source. ``NaN`` where the file says nothing.

    Raises
    ------
    TableError
        With every fault: unknown ids, repeated rows, minutes below 0 or of a day or more.
    """
    path = Path(path)
    first_row = first_row_of(path)
    known = set(establishments["establishment"])
    tidy = _with_our_names(_long(read_cells(path, "travel"), known), path.name)
    frame, problems = convert(tidy, "travel", file=path.name, first_row=first_row)
    problems += _faults(frame, path.name, first_row, set(home_areas["home_area"]), known)
    if problems:
        raise TableError(problems)
    return frame.reset_index(drop=True)


def fill_minutes(
    modelled: NDArray[np.float64],
    override: pd.DataFrame | None,
    mode: str,
    home_areas: pd.Index[Any],
    establishments: pd.Index[Any],
) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Replace modelled minutes by a user's, and say where each cell comes from.

    Parameters
    ----------
    modelled
        Minutes, shape (home areas, establishments).
    override
        As from ``read_override``.
    mode
        The mode whose rows count.
    home_areas, establishments
        Labels of the rows and columns.

    Returns
    -------
    NDArray[np.float64]
        Minutes in the same shape.
    NDArray[np.str_]
        A ``TravelSource`` for each.

    Raises
    ------
    TableError
        When the median ratio of the user's minutes to the model's is outside ``USUAL_RATIO``.
    """
    source = np.full(modelled.shape, TravelSource.MODEL.value, dtype="<U6")
    given = _given(override, mode, "minutes", home_areas, establishments)
    if given is None:
        return modelled, source
    ratio = _median_ratio(given, modelled)
    low, high = USUAL_RATIO[mode]
    if not low <= ratio <= high:
        raise TableError([_unusual_ratio(ratio, mode)])
    if ratio != 1.0:
        source[:] = TravelSource.SCALED.value
    is_given = np.isfinite(given)
    source[is_given] = TravelSource.USER.value
    return np.where(is_given, given, modelled * ratio), source


def fill(
    modelled: NDArray[np.float64],
    override: pd.DataFrame | None,
    mode: str,
    column: str,
    home_areas: pd.Index[Any],
    establishments: pd.Index[Any],
) -> NDArray[np.float64]:
    """Replace modelled miles or pounds by a user's.

    Parameters
    ----------
    modelled
        Shape (home areas, establishments).
    override, mode, home_areas, establishments
        As for ``fill_minutes``.
    column
        ``road_miles`` or ``cost_gbp``.

    Returns
    -------
    NDArray[np.float64]
        The same shape; cells that the user leaves out are the model's times the median ratio.
    """
    given = _given(override, mode, column, home_areas, establishments)
    if given is None:
        return modelled
    ratio = _median_ratio(given, modelled)
    return np.where(np.isfinite(given), given, modelled * ratio)


def _long(raw: pd.DataFrame, establishments: set[str]) -> pd.DataFrame:
    """Turn a wide table, whose first column names the home area, into a long one.

    The index still gives the row of the file that each cell stands in.
    """
    others = raw.columns[1:]
    if others.empty or not establishments.issuperset(others):
        return raw
    return raw.rename(columns={raw.columns[0]: "origin_id"}).melt(
        "origin_id", var_name="destination_id", value_name="minutes", ignore_index=False
    )


def _with_our_names(raw: pd.DataFrame, file: str) -> pd.DataFrame:
    """Give another tool's columns our names and units; leave out cells without a route."""
    columns = {name: name for name in raw.columns if name not in IGNORED}
    tidy = pd.DataFrame(index=raw.index)
    for name in columns:
        ours = ALIASES.get(name, name)
        if ours in tidy.columns:
            raise TableError([_named_twice(ours, name, file)])
        tidy[ours] = _in_our_unit(raw[name], PER_UNIT[name]) if name in PER_UNIT else raw[name]
    tidy["mode"] = tidy["mode"].replace(MODES) if "mode" in tidy.columns else "car"
    if "source" not in tidy.columns:
        tidy["source"] = file
    if "minutes" in tidy.columns:
        tidy = tidy[tidy["minutes"].notna() & ~tidy["minutes"].isin(NO_ROUTE)]
    return tidy


def _in_our_unit(cells: pd.Series[Any], per: float) -> pd.Series[Any]:
    """Divide what can be read as numbers; leave the rest for the report of faults."""
    numbers = pd.to_numeric(cells, errors="coerce") / per
    return numbers.astype("object").where(numbers.notna(), cells).astype("str")


def _given(
    override: pd.DataFrame | None,
    mode: str,
    column: str,
    home_areas: pd.Index[Any],
    establishments: pd.Index[Any],
) -> NDArray[np.float64] | None:
    """Lay a user's cells out as a matrix with ``NaN`` where there is none; None without any."""
    if override is None:
        return None
    rows = override[(override["mode"] == mode) & override[column].notna()]
    area = home_areas.get_indexer(pd.Index(rows["origin_id"]))
    site = establishments.get_indexer(pd.Index(rows["destination_id"]))
    known = (area >= 0) & (site >= 0)
    if not known.any():
        return None
    given = np.full((len(home_areas), len(establishments)), np.nan)
    given[area[known], site[known]] = rows[column].to_numpy(dtype=np.float64)[known]
    return given


def _median_ratio(given: NDArray[np.float64], modelled: NDArray[np.float64]) -> float:
    """Compare a user's matrix with the model's; one where there are only corrections."""
    both = np.isfinite(given) & np.isfinite(modelled) & (modelled > 0)
    cells = int(both.sum())
    if cells == 0 or (cells < MATRIX_CELLS and cells < MATRIX_SHARE * given.size):
        return 1.0
    return float(np.median(given[both] / modelled[both]))


def _faults(
    frame: pd.DataFrame, file: str, first_row: int, home_areas: set[str], establishments: set[str]
) -> list[Problem]:
    """List unknown ids and minutes that no journey takes; an empty id is a fault of its own."""
    unknown_areas = ~frame["origin_id"].isin(home_areas | {""})
    unknown_sites = ~frame["destination_id"].isin(establishments | {""})
    too_long = frame["minutes"] >= LONGEST_MINUTES
    checks = [
        (
            frame.loc[unknown_areas, "origin_id"],
            "a home_area of home_areas.csv",
            "Correct the ids or add the home areas.",
        ),
        (
            frame.loc[unknown_sites, "destination_id"],
            "an establishment of establishments.csv",
            "Correct the codes or add the establishments.",
        ),
        (
            frame.loc[too_long, "minutes"],
            f"minutes under {LONGEST_MINUTES:g}",
            "Check the unit; seconds belong in a column named duration_s.",
        ),
    ]
    return [
        _problem(cells, file, first_row, expected, action)
        for cells, expected, action in checks
        if len(cells)
    ]


def _problem(
    cells: pd.Series[Any], file: str, first_row: int, expected: str, action: str
) -> Problem:
    """Report all wrong cells of a column together: their rows, the first few values, the count."""
    values = cells.astype("str").unique()
    more = f" and {len(values) - SHOWN_VALUES} more" if len(values) > SHOWN_VALUES else ""
    return Problem(
        table="travel",
        file=file,
        rows=tuple(int(row) + first_row for row in cells.index.unique()),
        column=str(cells.name),
        value=", ".join(values[:SHOWN_VALUES]) + more,
        expected=expected,
        action=action,
    )


def _named_twice(ours: str, name: str, file: str) -> Problem:
    return Problem(
        table="travel",
        file=file,
        column=name,
        expected=f"one column of {ours}",
        action=f"{name!r} means {ours!r}, which is there already. Remove one of them.",
    )


def _unusual_ratio(ratio: float, mode: str) -> Problem:
    low, high = USUAL_RATIO[mode]
    return Problem(
        table="travel",
        file="travel",
        column="minutes",
        value=f"{ratio:.2f} times the modelled minutes ({mode}, median)",
        expected=f"a median between {low:g} and {high:g} times the modelled minutes",
        action="Check that minutes are minutes and not seconds or hours, one way and not return.",
    )
