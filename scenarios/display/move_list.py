"""Everybody who moves, by block order: the list that a planner takes away."""

from __future__ import annotations

import pandas as pd

from scenarios.circulation.sheets import Sheet
from scenarios.circulation.suppress import NOBODY
from scenarios.display import wording

NOTE = (
    "One row is one person. An order is all the people who go from one prison to the same other "
    "one on one date. Every row is a recommendation: a named officer decides on each after "
    "individual consideration."
)


def move_list(rows: pd.DataFrame, establishments: pd.DataFrame, note: str = "") -> Sheet:
    """List moves person by person, those of one order together.

    Parameters
    ----------
    rows
        Moves of a plan, as in ``moves.parquet``; with ``date`` where they are dated.
    establishments
        One row per ``establishment`` with its ``name``.
    note
        What else must be known, such as whether prisons have room on the dates.

    Returns
    -------
    Sheet
        One row a person: number of the order and people in it, date, from and to, person, units,
        reason in words, straight-line miles from home before and after, in the order of the orders.
    """
    names = establishments.set_index("establishment")["name"]
    dates = ["date"] if "date" in rows.columns else []
    pair = [*dates, "from_establishment", "establishment"]
    moves = rows.sort_values([*pair, "unit", "prisoner_id"], kind="stable").reset_index(drop=True)
    grouped = moves.groupby(pair, sort=True)
    told = pd.DataFrame(
        {
            "order": grouped.ngroup() + 1,
            "people": grouped["prisoner_id"].transform("size"),
            **{name: moves[name].replace({"": "not planned"}) for name in dates},
            "from": _named(moves["from_establishment"], names),
            "to": _named(moves["establishment"], names),
            "prisoner_id": moves["prisoner_id"],
            "from_unit": moves["from_unit"],
            "unit": moves["unit"],
            "reason": moves["reason"].map(wording.words),
            "straight_miles_before": moves["straight_miles_before"],
            "straight_miles_after": moves["straight_miles_after"],
        }
    )
    return Sheet(
        title="People to move, by block order",
        table=told,
        labels={
            "order": "Order",
            "people": "People in the order",
            **dict.fromkeys(dates, "Date"),
            "from": "From",
            "to": "To",
            "prisoner_id": "Person",
            "from_unit": "Unit today",
            "unit": "Unit in this run",
            "reason": "Reason",
            "straight_miles_before": "Miles from home today",
            "straight_miles_after": "Miles from home in this run",
        },
        note=f"{NOTE} {note}".strip(),
        counts=NOBODY,
    )


def _named(codes: pd.Series[str], names: pd.Series[str]) -> pd.Series[str]:
    """Write a prison as its code and its name."""
    return codes + " " + codes.map(names).fillna("")
