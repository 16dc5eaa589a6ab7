"""The estate: establishments, their units, and what families meet there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from data.load import read_table, table_path
from data.schema import columns
from data.where import Where
from data.words import (
    DAYS,
    Category,
    Confidence,
    Need,
    UnitFunction,
    WorkerFunder,
    WorkerLine,
    split_words,
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estate:
    """All establishments of the model and what they hold.

    Attributes
    ----------
    establishments
        One row per establishment, sorted by its code.
    units
        One row per unit, sorted by its id: a block of places with one function, sex and set of
        categories. The places of an establishment's units add up to its operational capacity.
    session_templates
        One row per weekly visit session.
    video_stations
        One row per establishment and opening period of its video stations.
    family_workers
        One row per establishment and service line.
    excluded_dates
        One row per establishment and span of dates in which a session, or all, are not held.
    bank_holidays
        One row per bank holiday of England and Wales.
    visit_orders
        One row per establishment and incentive level that has orders of its own.
    visiting_rules
        One row per establishment with limits of parties, shares of channels or booking windows of
        its own.
    """

    establishments: pd.DataFrame
    units: pd.DataFrame
    session_templates: pd.DataFrame
    video_stations: pd.DataFrame
    family_workers: pd.DataFrame
    excluded_dates: pd.DataFrame = field(default_factory=lambda: _no_rows("excluded_dates"))
    bank_holidays: pd.DataFrame = field(default_factory=lambda: _no_rows("bank_holidays"))
    visit_orders: pd.DataFrame = field(default_factory=lambda: _no_rows("visit_orders"))
    visiting_rules: pd.DataFrame = field(default_factory=lambda: _no_rows("visiting_rules"))


def load_estate(folder: Path | str | None = None) -> Estate:
    """Read the estate.

    Parameters
    ----------
    folder
        A user's folder; tables that it does not hold are the built-in ones.

    Returns
    -------
    Estate
        Tables with the columns of the dictionary, sorted by id.

    Raises
    ------
    TableError
        With every fault of the user's tables, each alone; ``validate_folder`` looks across them.

    Examples
    --------
    >>> estate = load_estate()
    >>> len(estate.establishments), int(estate.units["places"].sum())
    (122, 90091)
    """
    given = [name for name in SORTED_BY if table_path(name, folder) is not None]
    return estate_of({name: read_table(name, folder) for name in given})


SORTED_BY = {
    "establishments": ["establishment"],
    "units": ["establishment", "unit"],
    "session_templates": ["establishment", "template"],
    "video_stations": ["establishment", "day", "start"],
    "family_workers": ["establishment", "line", "funder"],
    "excluded_dates": ["establishment", "first", "template"],
    "bank_holidays": ["date"],
    "visit_orders": ["establishment", "incentive_level"],
    "visiting_rules": ["establishment"],
}
"""Tables of the estate, and the columns that each is sorted by."""


def estate_of(tables: Mapping[str, pd.DataFrame]) -> Estate:
    """Put an estate together from its tables.

    Parameters
    ----------
    tables
        Typed and checked, by name. Those left out have no row; others are passed over.

    Returns
    -------
    Estate
        Tables with the columns of the dictionary, sorted by id.
    """
    return Estate(
        **{
            name: in_id_order(tables[name], by) if name in tables else _no_rows(name)
            for name, by in SORTED_BY.items()
        }
    )


def _no_rows(name: str) -> pd.DataFrame:
    return pd.DataFrame(columns=[column.name for column in columns(name)], dtype="str")


def in_id_order(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Sort days by the week and ids by the number they end in, so that LEI-2 precedes LEI-10."""
    return table.sort_values(by, key=_id_order, kind="stable", ignore_index=True)


def _id_order(ids: pd.Series[Any]) -> pd.Series[Any]:
    if ids.name == "day":
        return ids.map(DAYS.index)
    parts = ids.str.extract(r"^(.*?)(\d*)$")
    return parts[0] + parts[1].str.zfill(6)


USES = {
    "function": tuple(UnitFunction),
    "categories": tuple(Category),
    "needs_served": tuple(Need),
}
"""What a unit may be for: the words of each column that an edit may change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitEdit:
    """One change to units: more or fewer places, or another use.

    Attributes
    ----------
    where
        The units to change; a selection by establishment alone changes all its units.
    add_places
        Places to add to each unit; negative closes places.
    set_places
        Places each unit has afterwards; 0 closes it.
    function, categories, needs_served
        What each unit is for afterwards; None leaves it. Lists as in the table, ``"B;C"``.
    """

    where: Where
    add_places: int | None = None
    set_places: int | None = None
    function: str | None = None
    categories: str | None = None
    needs_served: str | None = None

    def __post_init__(self) -> None:
        if self.add_places is not None and self.set_places is not None:
            raise ValueError("UnitEdit: add_places and set_places exclude each other; give one.")
        if self.set_places is not None and self.set_places < 0:
            raise ValueError(f"UnitEdit: set_places is {self.set_places}; it must be 0 or more.")
        changes = (getattr(self, f.name) for f in fields(self) if f.name != "where")
        if all(change is None for change in changes):
            raise ValueError("UnitEdit: nothing to change; give add_places, set_places or a use.")
        for name, known in USES.items():
            unknown = set(split_words(getattr(self, name) or "")) - set(known)
            if unknown:
                raise ValueError(
                    f"UnitEdit: {name} {', '.join(sorted(unknown))} is not known; "
                    f"give {' or '.join(known)}."
                )


def apply_unit_edits(estate: Estate, edits: Iterable[UnitEdit]) -> Estate:
    """Make the estate that a list of changes leaves behind.

    In-use CNA and headroom change with the places: added places are taken to be uncrowded, closed
    ones to have been so too, and neither number falls below zero; headroom never exceeds places.
    The totals of the establishments follow, so that they still equal the sum of their units.

    Parameters
    ----------
    estate
        The estate before; it is not changed.
    edits
        Applied in turn.

    Returns
    -------
    Estate
        The estate after.

    Raises
    ------
    ValueError
        When an edit selects no unit or would leave a unit with negative places.

    Examples
    --------
    >>> estate = load_estate()
    >>> more = apply_unit_edits(estate, [UnitEdit(where=Where(unit="LEI-1"), add_places=20)])
    >>> int(more.establishments["operational_capacity"].sum())
    90111
    """
    units = estate.units
    for edit in edits:
        units = _edited(estate, units, edit)
    totals = units.groupby("establishment")[["places", "in_use_cna"]].sum()
    establishments = estate.establishments.copy()
    codes = establishments["establishment"]
    for of_prison, of_units in (("operational_capacity", "places"), ("in_use_cna", "in_use_cna")):
        establishments[of_prison] = codes.map(totals[of_units]).fillna(0).astype("int64")
    return replace(estate, establishments=establishments, units=units)


def _edited(estate: Estate, units: pd.DataFrame, edit: UnitEdit) -> pd.DataFrame:
    chosen = edit.where.matches_in(replace(estate, units=units), units)
    if not chosen.any():
        raise ValueError(f"units: no unit is selected by {edit.where}. Correct the selection.")
    units = units.copy()
    before = units.loc[chosen, "places"]
    after = before if edit.set_places is None else before * 0 + edit.set_places
    after = after + (edit.add_places or 0)
    if (after < 0).any():
        short = units.loc[after.index[after < 0], "unit"]
        raise ValueError(
            f"units: {len(short)} units would have negative places: {', '.join(short[:5])}. "
            "Take away no more than they have."
        )
    units.loc[chosen, "places"] = after
    units.loc[chosen, "in_use_cna"] = (units["in_use_cna"] + after - before).clip(lower=0)[chosen]
    units["headroom"] = units["headroom"].clip(upper=units["places"])
    for use in USES:
        words = getattr(edit, use)
        if words is not None:
            units.loc[chosen, use] = words
    return units.astype({"places": "int64", "in_use_cna": "int64", "headroom": "int64"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerEdit:
    """One change to family workers: another number, funder or end in some prisons.

    Attributes
    ----------
    where
        The establishments.
    line
        What the workers are there for; left out, workers of every line are changed as one.
    funder
        Who pays; left out, workers of every funder are changed as one.
    multiply
        Times the workers of each row.
    add_fte, set_fte
        Full-time workers that each establishment has more, or has afterwards, on that line and from
        that funder; rows keep their proportions. Where there is no row, ``line`` says what the new
        workers are there for (casework when left out) and ``funder`` who pays (the national
        contract when left out).
    fte_each
        Full-time workers of each establishment afterwards, by its code; goes with ``where: {}``.
    ends
        Last day on which the workers are there.
    """

    where: Where
    line: WorkerLine | None = None
    funder: WorkerFunder | None = None
    multiply: float | None = None
    add_fte: float | None = None
    set_fte: float | None = None
    fte_each: dict[str, float] | None = None
    ends: date | None = None

    def __post_init__(self) -> None:
        numbers = [
            getattr(self, name)
            for name in ("multiply", "add_fte", "set_fte", "fte_each")
            if getattr(self, name) is not None
        ]
        if len(numbers) > 1:
            raise ValueError(
                "WorkerEdit: multiply, add_fte, set_fte and fte_each exclude each other."
            )
        if not numbers and self.ends is None:
            raise ValueError(
                "WorkerEdit: nothing to change; give multiply, add_fte, set_fte, fte_each or ends."
            )
        if self.fte_each is not None and (self.where != Where() or self.ends is not None):
            raise ValueError("WorkerEdit: fte_each goes with 'where: {}' and without ends.")
        negative = [code for code, fte in (self.fte_each or {}).items() if fte < 0]
        if negative:
            raise ValueError(
                f"WorkerEdit: fte_each is below 0 at {', '.join(negative)}; give 0 or more."
            )
        for name in ("multiply", "set_fte"):
            number = getattr(self, name)
            if number is not None and number < 0:
                raise ValueError(f"WorkerEdit: {name} is {number}; it must be 0 or more.")


def apply_worker_edits(estate: Estate, edits: Iterable[WorkerEdit]) -> Estate:
    """Make the estate that a list of changes to family workers leaves behind.

    Parameters
    ----------
    estate
        The estate before; it is not changed.
    edits
        Applied in turn.

    Returns
    -------
    Estate
        The estate after; rows without workers are left out of ``family_workers``.

    Raises
    ------
    ValueError
        When an edit selects no establishment, gives an end to workers that are not there, or would
        leave fewer than no workers.

    Examples
    --------
    >>> estate = load_estate()
    >>> more = apply_worker_edits(estate, [WorkerEdit(where=Where(establishment="MRI"), add_fte=1)])
    >>> more.family_workers.set_index("establishment").loc["MRI", "fte"].item()
    2.0
    """
    workers = estate.family_workers
    for edit in (one for each in edits for one in _one_by_one(estate, each)):
        workers = _with_workers(estate, workers, edit)
    order = ["establishment", "line", "funder"]
    kept = workers[workers["fte"] > 0].sort_values(order, kind="stable", ignore_index=True)
    return replace(estate, family_workers=kept)


def _one_by_one(estate: Estate, edit: WorkerEdit) -> list[WorkerEdit]:
    """Give an edit of many establishments by name as one edit for each number."""
    if edit.fte_each is None:
        return [edit]
    unknown = set(edit.fte_each) - set(estate.establishments["establishment"])
    if unknown:
        raise ValueError(
            f"workers: fte_each names {len(unknown)} establishments that are not in "
            f"establishments.csv: {', '.join(sorted(unknown)[:5])}. Correct the codes."
        )
    by_fte: dict[float, list[str]] = {}
    for code, fte in edit.fte_each.items():
        by_fte.setdefault(fte, []).append(code)
    return [
        replace(edit, fte_each=None, set_fte=fte, where=Where(establishment=tuple(codes)))
        for fte, codes in by_fte.items()
    ]


def _with_workers(estate: Estate, workers: pd.DataFrame, edit: WorkerEdit) -> pd.DataFrame:
    chosen = edit.where.matches_in(estate, estate.establishments)
    codes = estate.establishments.loc[chosen, "establishment"]
    if not chosen.any():
        raise ValueError(f"workers: no establishment is selected by {edit.where}.")
    workers = workers.copy()
    if edit.add_fte is not None or edit.set_fte is not None:
        workers = pd.concat([workers, _new_rows(workers, codes, edit)], ignore_index=True)
    here = _selected(workers, codes, edit)
    if edit.multiply is not None:
        workers.loc[here, "fte"] *= edit.multiply
    if edit.add_fte is not None or edit.set_fte is not None:
        before = workers[here].groupby("establishment")["fte"].transform("sum")
        kept = before if edit.set_fte is None else before * 0 + edit.set_fte
        after = kept + (edit.add_fte or 0.0)
        if (after < 0).any():
            short = sorted(set(workers.loc[after.index[after < 0], "establishment"]))
            raise ValueError(
                f"workers: {len(short)} establishments would have fewer than no workers: "
                f"{', '.join(short[:5])}. Take away no more than they have."
            )
        rows = workers[here].groupby("establishment")["fte"].transform("size")
        part = (workers.loc[here, "fte"] / before).where(before > 0, 1 / rows)
        workers.loc[here, "fte"] = after * part
    if edit.ends is not None:
        if not here.any():
            raise ValueError(f"workers: there are none to end on {edit.ends} where this edit says.")
        workers.loc[here, "ends"] = edit.ends.isoformat()
    return workers


def _selected(workers: pd.DataFrame, codes: pd.Series[Any], edit: WorkerEdit) -> pd.Series[bool]:
    here = workers["establishment"].isin(codes)
    for name in ("line", "funder"):
        if getattr(edit, name) is not None:
            here &= workers[name] == getattr(edit, name)
    return here


def _new_rows(workers: pd.DataFrame, codes: pd.Series[Any], edit: WorkerEdit) -> pd.DataFrame:
    """Give a row without workers where an edit adds some and there is none to add to."""
    without = codes[~codes.isin(workers.loc[_selected(workers, codes, edit), "establishment"])]
    rows = pd.DataFrame(
        {
            "establishment": without,
            "funder": str(edit.funder or WorkerFunder.NATIONAL_CONTRACT),
            "line": str(edit.line or WorkerLine.CASEWORK),
            "provider": "",
            "lot": "",
            "fte": 0.0,
            "ends": "",
            "source": "assumption",
            "confidence": str(Confidence.ASSUMED),
        }
    )
    return rows.astype({name: workers[name].dtype for name in rows.columns})
