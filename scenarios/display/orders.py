"""The moves of a plan: a list to filter, and block orders for those who arrange the transfers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.circulation.sheets import Sheet
from scenarios.circulation.suppress import NOBODY, Counts
from scenarios.display import wording
from scenarios.display.markup import table
from scenarios.planning.in_step import STEPS_FILE, turns
from scenarios.reading.held_far import NEARER_MILES

if TYPE_CHECKING:
    from simulation.clock import Calendar

COLUMNS = (
    "prisoner_id",
    "from_unit",
    "unit",
    "from_establishment",
    "establishment",
    "reason",
    "family_gain_gbp",
    "own_gain_gbp",
    "straight_miles_before",
    "straight_miles_after",
    "move_price_gbp",
)
"""What is read of ``moves.parquet``."""

NEARER, FURTHER, NEITHER = "Nearer home", "Further from home", "As far as today"
ENDS = (NEARER, FURTHER, NEITHER)

SHOWN = 200
"""Moves listed on the page; an export has all."""

ORDER_LABELS = {
    "date": "Date",
    "from_name": "From",
    "name": "To",
    "people": "People",
    "men": "Men",
    "women": "Women",
}
"""Columns of block orders with their headings."""

NO_DATE = ""
"""Stands for the date of a move that none is planned for."""


def moves(folder: Path) -> pd.DataFrame:
    """Read the moves of a plan, in the order in which a year week by week would make them.

    Parameters
    ----------
    folder
        A run folder, or one made by ``estate allocate``.

    Returns
    -------
    DataFrame
        ``COLUMNS``, the person's ``sex``, ``change_miles`` (missing where a distance is not
        known) and ``ends``, one of ``ENDS``; where the folder holds them, also the columns of
        :func:`scenarios.planning.in_step.turns`.
    """
    found = pd.read_parquet(folder / "moves.parquet", columns=list(COLUMNS))
    if (folder / STEPS_FILE).is_file():
        found = found.join(pd.read_parquet(folder / STEPS_FILE))
    people = pd.read_parquet(folder / "population.parquet", columns=["prisoner_id", "sex"])
    found = found.merge(people, on="prisoner_id", how="left")
    change = found["straight_miles_after"] - found["straight_miles_before"]
    ends = pd.Series(NEITHER, index=found.index, dtype="str")
    ends = ends.mask(change < -NEARER_MILES, NEARER)
    return found.assign(change_miles=change, ends=ends.mask(change > NEARER_MILES, FURTHER))


def chosen(
    rows: pd.DataFrame,
    *,
    leaving: Sequence[str] = (),
    arriving: Sequence[str] = (),
    reasons: Sequence[str] = (),
    ends: Sequence[str] = (),
) -> pd.DataFrame:
    """Keep the moves asked for; nothing asked of a column keeps all of it.

    Parameters
    ----------
    rows
        The table of :func:`moves`.
    leaving, arriving
        Codes of establishments.
    reasons, ends
        Reason codes, and words of ``ENDS``.
    """
    asked = {
        "from_establishment": leaving,
        "establishment": arriving,
        "reason": reasons,
        "ends": ends,
    }
    kept = rows
    for column, values in asked.items():
        if values:
            kept = kept[kept[column].isin(list(values))]
    return kept


def dated(
    rows: pd.DataFrame, calendar: Calendar, per_week: int, *, first_come: bool
) -> pd.DataFrame:
    """Give each move a date, so many a week on working days.

    Parameters
    ----------
    rows
        The table of :func:`moves`, all of it.
    calendar
        The simulated year: moves begin on its first measured day.
    per_week
        Moves in a week; 0 for no dates.
    first_come
        Whether moves are made in the order of the table, as a simulated year of the plan makes
        them; else in the steps of :mod:`scenarios.planning.in_step`, each whole on the day of its
        last move, those for the pairs of prisons between which moves save most first.

    Returns
    -------
    DataFrame
        The table with ``date``, ISO, empty where the year has no room; in the order of dates.
    """
    from simulation.stays import week_by_week

    known = rows if "turn" in rows else rows.join(turns(rows))
    undated = rows.drop(columns=["turn", "step"], errors="ignore")
    if not per_week:
        return undated.assign(date=NO_DATE)
    turn = undated.assign(step=range(len(rows)))
    if not first_come:
        turn = undated.assign(step=known["step"]).loc[known["turn"].sort_values().index]
    days = dict(week_by_week(turn["prisoner_id"].astype("str").tolist(), calendar, per_week))
    found = turn["prisoner_id"].map(days).astype("float64")
    whole = found.groupby(turn["step"]).transform("max")
    whole = whole.mask(found.isna().groupby(turn["step"]).transform("any"))
    dates = [NO_DATE if day != day else _date(calendar, int(day)) for day in whole.tolist()]
    return turn.drop(columns="step").assign(date=dates)


def overfull(rows: pd.DataFrame) -> pd.Series[int]:
    """Say by how many people prisons would overflow on the evening on which they hold most.

    Parameters
    ----------
    rows
        The table of :func:`dated`.

    Returns
    -------
    Series
        People above today's number and that of the plan, by ``establishment``; only where there
        are any, the most first.
    """
    leave = rows[["date", "from_establishment"]].rename(
        columns={"from_establishment": "establishment"}
    )
    both = pd.concat([leave.assign(more=-1), rows[["date", "establishment"]].assign(more=1)])
    end = both.groupby("establishment")["more"].sum().clip(lower=0)
    daily = both[both["date"] != NO_DATE].groupby(["establishment", "date"])["more"].sum()
    most = daily.groupby(level="establishment").cumsum().groupby(level="establishment").max()
    above = (most - end).dropna()
    return above[above > 0].astype("int64").sort_values(ascending=False, kind="stable")


BEYOND = (
    "Receptions, releases and other transfers of these days are not counted, nor room in single "
    "wings."
)


def room(rows: pd.DataFrame, establishments: pd.DataFrame) -> str:
    """Say whether prisons have room on the dates of the moves.

    Parameters
    ----------
    rows
        The table of :func:`dated`, all of it.
    establishments
        One row per ``establishment`` with its ``name``.
    """
    if (rows["date"] == NO_DATE).all():
        return "No dates are planned, so room is not looked at."
    above = overfull(rows)
    if above.empty:
        return (
            "On no evening does a prison hold more people than today or in the plan, whichever is "
            f"more: an exchange between full prisons is made whole on one day. {BEYOND}"
        )
    names = establishments.set_index("establishment")["name"]
    worst = names.get(above.index[0], above.index[0])
    return (
        f"On these dates {wording.count(len(above), 'prison')} would for a time hold more people "
        f"than today or in the plan, {worst} {int(above.iloc[0]):,} more: they cannot be kept to "
        f"as they stand. {BEYOND}"
    )


def _date(calendar: Calendar, day: int) -> str:
    first: date = calendar.first_date
    return (first + timedelta(days=day)).isoformat()


def block_orders(rows: pd.DataFrame, establishments: pd.DataFrame) -> pd.DataFrame:
    """Put moves together into orders: one per date, establishment left and establishment reached.

    Parameters
    ----------
    rows
        The table of :func:`dated`.
    establishments
        One row per ``establishment`` with its ``name``.

    Returns
    -------
    DataFrame
        One row per order, by date: ``date``, ``from_establishment``, ``from_name``,
        ``establishment``, ``name``, ``people``, ``men``, ``women``.

    Examples
    --------
    >>> one = {"date": "2026-08-03", "from_establishment": "AAA", "establishment": "BBB"}
    >>> rows = pd.DataFrame([one | {"sex": "men"}, one | {"sex": "men"}])
    >>> names = pd.DataFrame({"establishment": ["AAA", "BBB"], "name": ["A", "B"]})
    >>> block_orders(rows, names)[["from_name", "name", "people"]].values.tolist()
    [['A', 'B', 2]]
    """
    keys = ["date", "from_establishment", "establishment"]
    counted = (
        rows.assign(men=rows["sex"] == "men", women=rows["sex"] == "women", people=1)
        .groupby(keys, sort=True)[["people", "men", "women"]]
        .sum()
        .astype("int64")
        .reset_index()
    )
    names = establishments.set_index("establishment")["name"]
    for code, name in (("from_establishment", "from_name"), ("establishment", "name")):
        counted[name] = counted[code].map(names).fillna(counted[code])
    ordered = ["date", "from_establishment", "from_name", "establishment", "name"]
    return counted[[*ordered, "people", "men", "women"]]


def listing(rows: pd.DataFrame, establishments: pd.DataFrame) -> str:
    """List moves one by one, for planners: the first of them, those that save most first."""
    names = establishments.set_index("establishment")["name"]
    shown = rows.sort_values(["own_gain_gbp", "prisoner_id"], ascending=[False, True]).head(SHOWN)
    told = shown.assign(
        leaves=shown["from_establishment"].map(names).fillna(shown["from_establishment"]),
        reaches=shown["establishment"].map(names).fillna(shown["establishment"]),
        reason=shown["reason"].map(wording.words).str.capitalize(),
        date=_in_words(shown["date"]),
    )
    more = len(rows) - len(shown)
    return table(
        told,
        f"{wording.count(len(rows), 'move')}, those that save most first",
        labels={
            "prisoner_id": "Person",
            "leaves": "From",
            "reaches": "To",
            "unit": "Unit",
            "date": "Date",
            "reason": "Reason",
            "straight_miles_before": "Miles today",
            "straight_miles_after": "Miles then",
            "own_gain_gbp": "Saves, weighted pounds",
        },
        note=f"The first {SHOWN} are shown; the file has {more:,} more." if more else "",
        scroll=True,
    )


def _in_words(dates: pd.Series[str]) -> list[str]:
    """Write dates as a page does; a file that is sorted keeps them as they are."""
    return ["not planned" if date == NO_DATE else wording.day(date) for date in dates]


def orders_sheet(orders: pd.DataFrame, note: str = "") -> Sheet:
    """List every block order, for a file of planners' own, with what :func:`room` says."""
    return Sheet(
        title="Block orders: people to be moved together",
        table=orders.assign(date=orders["date"].replace({NO_DATE: "not planned"})),
        labels=ORDER_LABELS,
        note=note,
        counts=NOBODY,
        sensitive=True,
    )


def orders_listing(orders: pd.DataFrame) -> str:
    """List block orders."""
    shown = orders.head(SHOWN)
    more = len(orders) - len(shown)
    return table(
        shown.assign(date=_in_words(shown["date"])),
        f"{wording.count(len(orders), 'block order')}: people to be moved together",
        labels=ORDER_LABELS,
        counts=Counts(
            columns=("people", "men", "women"),
            adds_up={"people": ("men", "women")},
            by=("date", "from_name", "name"),
        ),
        sensitive=True,
        note=f"The first {SHOWN} are shown; the file has {more:,} more." if more else "",
        scroll=True,
    )


def calendar_of(scenario: dict[str, Any]) -> Calendar:
    """Give the calendar of a stored scenario."""
    from pydantic import TypeAdapter

    from simulation.clock import Calendar as Year

    return TypeAdapter(Year).validate_python(scenario["calendar"])
