"""What a move destroys, part by part, as the table ``move_parts`` prices it.

Some parts are lost wherever a person goes: the vehicle, visits booked, an appointment. Others
depend on the destination: a course is broken off for good where it is not offered, and interrupted
where it is. The latter are kept as rows of people and activities, so that nobody pays for a matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.records import Records
from data.words import LIST_SEPARATOR, RECENT_TRANSFER, ActivityKind, Preference
from optimiser.problem import PENNIES_PER_POUND, Integers

Floats: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]

WEEK_DONE = "week_done"

BY_PLACE = {
    ActivityKind.COURSE: ("course_lost", "course_interrupted"),
    ActivityKind.WORK: ("work_lost", "work_interrupted"),
    ActivityKind.EDUCATION: ("education_lost", "education_interrupted"),
    ActivityKind.TREATMENT: ("treatment_lost", "treatment_interrupted"),
    ActivityKind.FAMILY_UNIT: ("family_unit_lost", "family_unit_interrupted"),
}
"""Kinds of activity, and the part where the destination does not offer it, and where it does."""

BY_DATE = {
    ActivityKind.BOOKED_VISIT: "booked_visits",
    ActivityKind.FAMILY_DAY: "family_days",
    ActivityKind.APPOINTMENT: "appointments",
}
"""Kinds of dates that are lost wherever a person goes."""

FOR_EVERYBODY = ("escort", "reception", "cleared_numbers")
OF_PEOPLE = ("recent_transfer", "likely_refusal")

PARTS = (
    *FOR_EVERYBODY,
    *BY_DATE.values(),
    *OF_PEOPLE,
    *(name for pair in BY_PLACE.values() for name in pair),
)
"""Every part that the table must price, in the order of the move line."""

WISH_TO_STAY = "wish_to_stay"
SOFT_HOLDS = "soft_holds"
SPECIAL_VEHICLE = "special_vehicle"
RULE_PARTS = (WISH_TO_STAY, SOFT_HOLDS, SPECIAL_VEHICLE)
"""Parts that soft rules price; they stand beside the others on the move line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One priced part: pennies for one, how many where no record says, and for one of what."""

    pennies: int
    amount: float
    per: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MoveParts:
    """What a move of each person destroys, in pennies.

    Attributes
    ----------
    anywhere
        Parts that are lost wherever a person goes; each of shape (people,).
    amounts
        How many visits, days or appointments each of those stands for, but for those of rules.
    person, activity
        Row of the person and number of the activity, for each activity a move breaks off; sorted
        by person; shape (activities under way,).
    lost_part, kept_part
        Part that is lost where the activity is not offered, and where it is, as a position in
        ``PARTS``.
    lost_pennies, kept_pennies
        What each costs.
    offered
        Whether an establishment offers an activity; shape (activities, establishments).
    dearest
        What a move costs to where nothing of it is offered; shape (people,).
    saved
        What less it costs for each activity that is offered; sparse but for a few people; shape
        (people, activities).
    """

    anywhere: dict[str, Integers]
    amounts: dict[str, Floats]
    person: Integers
    activity: Integers
    lost_part: Integers
    kept_part: Integers
    lost_pennies: Integers
    kept_pennies: Integers
    offered: Truths
    dearest: Integers
    saved: Any

    def pennies(self, people: Integers) -> Integers:
        """Give the price of a move of some people to each establishment.

        Parameters
        ----------
        people
            Rows of people.

        Returns
        -------
        Integers
            Pennies, shape (people asked for, establishments); their own establishment too is
            priced as if they had to leave for it.
        """
        saved: Integers = self.saved[people] @ self.offered.astype(np.int64)
        return self.dearest[people, None] - saved

    def at(self, people: Integers, establishment: Integers) -> Integers:
        """Give the price of the moves of some people, each to one establishment.

        Parameters
        ----------
        people, establishment
            Row of each person and of the establishment they go to; shape (moves,).
        """
        return sum(self.parts_at(people, establishment).values(), start=np.zeros_like(people))

    def parts_at(self, people: Integers, establishment: Integers) -> dict[str, Integers]:
        """Give every part of the price of some moves.

        Parameters
        ----------
        people, establishment
            Row of each person, each once, and of the establishment they go to; shape (moves,).

        Returns
        -------
        dict
            Pennies by part, each of shape (moves,); they add up to ``at``.
        """
        parts = {name: values[people] for name, values in self.anywhere.items()}
        move_of = np.full(len(self.dearest), -1, dtype=np.int64)
        move_of[people] = np.arange(len(people))
        rows = np.flatnonzero(move_of[self.person] >= 0)
        move = move_of[self.person[rows]]
        kept = self.offered[self.activity[rows], establishment[move]]
        part = np.where(kept, self.kept_part[rows], self.lost_part[rows])
        pennies = np.where(kept, self.kept_pennies[rows], self.lost_pennies[rows])
        for number, name in enumerate(PARTS):
            if name not in parts:
                parts[name] = np.zeros(len(people), dtype=np.int64)
                np.add.at(parts[name], move[part == number], pennies[part == number])
        return parts


FEW = 10_000
"""Cells of a table up to which it is worth no sparse one, whose library is slow to load."""


def summed_table(values: Integers, row: Integers, column: Integers, shape: tuple[int, int]) -> Any:
    """Lay values out in a table, those of one cell added up."""
    if shape[0] * shape[1] <= FEW:
        table = np.zeros(shape, dtype=np.int64)
        np.add.at(table, (row, column), values)
        return table
    from scipy.sparse import csr_array

    return csr_array((values, (row, column)), shape=shape)


def priced_parts(table: pd.DataFrame) -> dict[str, Part]:
    """Read the prices of the parts.

    Parameters
    ----------
    table
        One row per part, with the columns of ``move_parts`` in the dictionary.

    Returns
    -------
    dict
        Part by name.

    Raises
    ------
    ValueError
        For parts that nobody knows, and parts that are missing.
    """
    unknown = sorted(set(table["part"]) - set(PARTS))
    missing = sorted(set(PARTS) - set(table["part"]))
    faults = [f"move_parts: no part '{name}'; known are {', '.join(PARTS)}" for name in unknown]
    faults += [f"move_parts: '{name}' is missing; a price of 0 leaves it out" for name in missing]
    if faults:
        raise ValueError("; ".join(faults))
    pennies = np.rint(table["price_gbp"].to_numpy(dtype=np.float64) * PENNIES_PER_POUND)
    amount = table["amount"].fillna(0.0).to_numpy(dtype=np.float64)
    rows = zip(table["part"], pennies, amount, table["per"], strict=True)
    return {
        name: Part(pennies=int(price), amount=float(number), per=per)
        for name, price, number, per in rows
    }


def move_parts(
    prisoners: pd.DataFrame,
    records: Records,
    table: pd.DataFrame,
    *,
    establishments: pd.Index[str],
    visited: Truths,
    by_rule: Mapping[str, Integers],
    moved_lately: Truths | None = None,
) -> MoveParts:
    """Work out what a move of each person destroys.

    An activity is offered where ``activity_sites`` says so. One that has ended costs nothing.
    Whoever is visited by family, but has no booked visit on record, is taken to lose as many as
    the table says.

    Parameters
    ----------
    prisoners
        The population table.
    records
        Activities and where they are offered.
    table
        Prices of the parts.
    establishments
        Codes, in the order of the columns of a matrix.
    visited
        Who has a party that would visit; shape (people,).
    by_rule
        Pennies that soft rules add to a move, by ``RULE_PARTS``; each of shape (people,).
    moved_lately
        Whom another move would come soon for, shape (people,); by default those whose hold says so.

    Returns
    -------
    MoveParts
        In the order of the prisoners.
    """
    priced = priced_parts(table)
    people = len(prisoners)
    rows, person = _under_way(prisoners, records.activities)
    lasting = rows["kind"].isin(list(BY_PLACE)).to_numpy()
    if moved_lately is None:
        moved_lately = (prisoners["hold_reason"] == RECENT_TRANSFER).to_numpy()
    among = {
        **dict.fromkeys(FOR_EVERYBODY, np.ones(people, dtype=np.bool_)),
        "recent_transfer": moved_lately,
        "likely_refusal": (prisoners["preference"] == Preference.STAY).to_numpy(),
    }
    amounts = _amounts(among, rows[~lasting], person[~lasting], visited, priced)
    anywhere = {
        name: np.rint(amount * priced[name].pennies).astype(np.int64)
        for name, amount in amounts.items()
    }
    none = np.zeros(people, dtype=np.int64)
    anywhere |= {name: none + by_rule.get(name, 0) for name in RULE_PARTS}
    rows, person = rows[lasting], person[lasting]
    activity, names = pd.factorize(rows["activity"], sort=True)
    lost_part, lost = _priced_rows(rows, 0, priced)
    kept_part, kept = _priced_rows(rows, 1, priced)
    always = sum(anywhere.values(), start=none)
    lost_by_person = np.bincount(person, weights=lost, minlength=people).astype(np.int64)
    return MoveParts(
        anywhere=anywhere,
        amounts=amounts,
        person=person,
        activity=activity.astype(np.int64),
        lost_part=lost_part,
        kept_part=kept_part,
        lost_pennies=lost,
        kept_pennies=kept,
        offered=_offered(pd.Index(names), records.activity_sites, establishments),
        dearest=always + lost_by_person,
        saved=summed_table(lost - kept, person, activity, (people, len(names))),
    )


def planned_sites(
    prisoners: pd.DataFrame,
    records: Records,
    *,
    establishments: pd.Index[str],
    from_establishment: Integers,
) -> pd.Series[str]:
    """Say where the courses of each person's sentence plan can be gone on with.

    Parameters
    ----------
    prisoners, records, establishments
        As for ``move_parts``.
    from_establishment
        Number of where each person is held today, or -1.

    Returns
    -------
    Series
        Codes of the establishments that offer every planned course under way, with ``;`` between
        them; empty for people without one. Where a person is now is among them.
    """
    rows, person = _under_way(prisoners, records.activities)
    planned = (rows["on_sentence_plan"] & (rows["kind"] == ActivityKind.COURSE)).to_numpy()
    rows, person = rows[planned], person[planned]
    activity, names = pd.factorize(rows["activity"], sort=True)
    offered = _offered(pd.Index(names), records.activity_sites, establishments)
    codes = establishments.to_numpy(dtype=object)
    sites = np.full(len(prisoners), "", dtype=object)
    who, first = np.unique(person, return_index=True)
    everywhere = np.logical_and.reduceat(offered[activity], first) if len(who) else offered
    here = from_establishment[who]
    everywhere[np.flatnonzero(here >= 0), here[here >= 0]] = True
    for row, fine in zip(who, everywhere, strict=True):
        sites[row] = LIST_SEPARATOR.join(codes[fine])
    return pd.Series(sites, index=prisoners.index, dtype="str")


def _under_way(prisoners: pd.DataFrame, activities: pd.DataFrame) -> tuple[pd.DataFrame, Integers]:
    """Give the activities that have not ended, by the row of the person."""
    person = row_of(prisoners, activities["prisoner_id"])
    left = activities["weeks_left"].to_numpy(dtype=np.float64, na_value=np.nan)
    rows = np.flatnonzero((person >= 0) & ~(left <= 0))
    rows = rows[np.argsort(person[rows], kind="stable")]
    return activities[ACTIVITY_READ].iloc[rows], person[rows]


ACTIVITY_READ = ["activity", "kind", "weeks_done", "on_sentence_plan"]
"""Columns of activities that tell what a move breaks off."""


def row_of(prisoners: pd.DataFrame, ids: pd.Series[str]) -> Integers:
    """Give the row of each id in the population table, -1 where there is none.

    Arrow looks text up some five times as fast as an index of pandas.
    """
    return looked_up(prisoners["prisoner_id"], ids)


def looked_up(known: pd.Series[str] | pd.Index[str], ids: pd.Series[str]) -> Integers:
    """Give the position of each word among known ones, -1 where it is not one; missing ones too."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = pa.large_string()
    rows = pc.index_in(pa.array(ids, type=kind), value_set=pa.array(known, type=kind))
    return np.asarray(rows.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)


def _amounts(
    among: Mapping[str, Truths],
    dates: pd.DataFrame,
    person: Integers,
    visited: Truths,
    priced: Mapping[str, Part],
) -> dict[str, Floats]:
    """Give how many of each part a person loses wherever they go; ``among`` says of whom."""
    people = len(visited)
    amounts: dict[str, Floats] = {
        name: np.where(who, priced[name].amount, 0.0) for name, who in among.items()
    }
    for kind, name in BY_DATE.items():
        counted = np.bincount(person[(dates["kind"] == kind).to_numpy()], minlength=people)
        amounts[name] = counted.astype(np.float64)
    booked = BY_DATE[ActivityKind.BOOKED_VISIT]
    usual = visited & (amounts[booked] == 0)
    amounts[booked] = np.where(usual, priced[booked].amount, amounts[booked])
    return amounts


def _priced_rows(
    rows: pd.DataFrame, which: int, priced: Mapping[str, Part]
) -> tuple[Integers, Integers]:
    """Give the part each activity speaks of, and its pennies."""
    code, kinds = pd.factorize(rows["kind"])
    names = [BY_PLACE[ActivityKind(kind)][which] for kind in kinds]
    number = np.array([PARTS.index(name) for name in names], dtype=np.int64)
    price = np.array([priced[name].pennies for name in names], dtype=np.int64)
    weekly = np.array([priced[name].per == WEEK_DONE for name in names], dtype=np.bool_)
    weeks = np.where(weekly[code], rows["weeks_done"].to_numpy(dtype=np.int64), 1)
    return number[code], price[code] * weeks


def _offered(names: pd.Index[str], sites: pd.DataFrame, establishments: pd.Index[str]) -> Truths:
    offered = np.zeros((len(names), len(establishments)), dtype=np.bool_)
    what = names.get_indexer(pd.Index(sites["activity"]))
    where = establishments.get_indexer(pd.Index(sites["establishment"]))
    known = (what >= 0) & (where >= 0)
    offered[what[known], where[known]] = True
    return offered
