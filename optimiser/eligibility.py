"""Who may be held where: one small function per rule.

A rule function says which pairs of a person and a unit *break* the rule. What that means, the rules
table says: see ``optimiser.fit``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import LIST_SEPARATOR, Category, Need, Status, UnitFunction
from optimiser.problem import Integers

Breaks: TypeAlias = Any
"""Array of shape (people, units): truth, or levels of breach for over-security."""

STAGE_FIT = "stage_fit"
"""Rule that stands for all rows of ``stage_rules``."""

SECURITY_ORDER = {
    Category.OPEN: 1,
    Category.D: 1,
    Category.C: 2,
    Category.CLOSED: 3,
    Category.B: 3,
    Category.A: 4,
}
"""How secure, from open to high; closed women's prisons are above open ones."""


def sex_differs(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Separate the men's and the women's estate.

    Source: Prison Rules 1999 rule 12; prison register (Gender).
    """
    return _column(people, "sex") != _row(units, "sex")


def remand_is_not_held(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people on remand, and people not yet categorised, where such people are held.

    Source: court committal directions; PECS contract user guide, court to prison alignments.
    """
    held = _lists(units, "categories", Category.UNCATEGORISED)
    uncategorised = _column(people, "category") == Category.UNCATEGORISED
    return ((_column(people, "status") == Status.REMAND) | uncategorised) & ~held


def category_goes_down(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold nobody in less security than their category.

    Source: written answers (Stewart 10 September 2018; Dakin 24 February 2025).
    """
    needed = _needed_security(people)
    return np.nan_to_num(needed, nan=0.0)[:, None] > _unit_security(units).max(axis=1, initial=0)


def security_is_higher(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Count the levels of security above a person's category, up to the nearest the unit holds.

    Source: lowest security consistent with risk, restated in the same written answers.
    """
    needed = _needed_security(people)[:, None]
    levels = np.zeros((len(people), len(units)))
    found = np.isnan(needed) | np.zeros((1, len(units)), dtype=np.bool_)
    for security in range(1, max(SECURITY_ORDER.values()) + 1):
        holds = (_unit_security(units) == security).any(axis=1)
        first = holds & (security >= np.nan_to_num(needed, nan=0.0)) & ~found
        levels = np.where(first, security - np.nan_to_num(needed, nan=0.0), levels)
        found = found | first
    return levels


def young_adult_is_not_held(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people up to an age (20) only where young offenders may be held.

    Source: prison register (YOI designation); detention in a young offender institution.
    """
    young = people["age"].to_numpy() <= value
    return young[:, None] & ~units["young_offenders"].to_numpy(dtype=np.bool_)


def foreign_national_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep foreign-national units for people of interest to the Home Office.

    Source: written answer (Hinds) October 2023.
    """
    return _only_for(people, units, Need.FOREIGN_NATIONAL_INTEREST)


def sexual_offence_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep units for sexual offences for people convicted of them.

    Source: HM Inspectorate of Prisons, June 2020.
    """
    return _only_for(people, units, Need.SEXUAL_OFFENCES)


def sexual_offence_safety(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold men convicted of sexual offences away from ordinary training and resettlement wings.

    They may be in a unit for sexual offences, in reception, in high security, in open or in
    therapeutic units. Source: every prison is to hold vulnerable people short term; HM
    Inspectorate of Prisons, June 2020; NOMS FOI 86708 (2013).
    """
    ordinary = _row(units, "function").ravel()
    closed = np.isin(
        ordinary,
        [UnitFunction.TRAINING, UnitFunction.RESETTLEMENT, UnitFunction.FOREIGN_NATIONAL],
    )
    mixed = closed & ~_lists(units, "needs_served", Need.SEXUAL_OFFENCES)
    return _lists(people, "needs", Need.SEXUAL_OFFENCES)[:, None] & mixed


def therapeutic_unit(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep therapeutic communities for people assessed for them.

    Source: PSO 2400.
    """
    return _only_for(people, units, Need.THERAPEUTIC)


def therapeutic_need_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people assessed for a therapeutic community in one.

    Source: PSO 2400.
    """
    return _unmet(people, units, Need.THERAPEUTIC)


def mother_and_baby_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold mothers with a baby in an establishment with a mother and baby unit.

    Source: written answer (Bellamy): child up to 18 months.
    """
    return _unmet(people, units, Need.MOTHER_AND_BABY)


def accessible_unmet(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people who need an accessible cell in an establishment that has some.

    Source: specialist cell types, locations-inside-prison service (HMPPS).
    """
    return _unmet(people, units, Need.ACCESSIBLE)


def open_is_not_suitable(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold in open conditions only people assessed as suitable for them.

    Source: offender-categorisation service (HMPPS), home filter and further steps.
    """
    return ~people["open_suitable"].to_numpy(dtype=np.bool_)[:, None] & _open(units)


def open_is_too_early(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold in open conditions only people with less than so many days left (five years).

    Indeterminate sentences have no date and reach open conditions by decision of the Parole Board.
    Source: offender-categorisation service (HMPPS), changed from 3 to 5 years on 1 April 2025.
    """
    return (days_of(people, "days_to_release") >= value)[:, None] & _open(units)


def region_differs(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Hold people in the region their family lives in.

    Source: Prison Rules 4 and 35; written answer (Selous) 10 February 2015 on regional shortfalls.
    """
    home = _column(people, "home_region")
    return (home != "") & (home != _row(units, "region"))


def public_protection(people: pd.DataFrame, units: pd.DataFrame, value: float) -> Breaks:
    """Keep people away from establishments that public protection excludes for them.

    ``excluded`` holds establishment codes with ``;`` between them; the reason is never in the data.
    Source: MAPPA guidance; victims' requests and exclusion areas.
    """
    excluded = np.zeros((len(people), len(units)), dtype=np.bool_)
    establishments = units["establishment"].to_numpy()
    cells = people["excluded"].to_numpy()
    for row in np.flatnonzero(cells != ""):
        excluded[row] = np.isin(establishments, str(cells[row]).split(LIST_SEPARATOR))
    return excluded


def category_a_frozen(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave Category A to the central team that manages it.

    Source: PECS contract user guide (Category A out of scope).
    """
    return (people["category"] == Category.A).to_numpy(dtype=np.bool_)


def short_time_left_frozen(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people with less than so many days to release (28) where they are.

    Source: assumption; fixed-term recalls of 28 days skip recategorisation.
    """
    short: NDArray[np.bool_] = days_of(people, "days_to_release") < value
    return short


def hold_frozen(people: pd.DataFrame, value: float) -> NDArray[np.bool_]:
    """Leave people where they are while a hold lasts.

    Source: reasons offered by the transfer service (HMPPS) and NZ Corrections manual M.04.03.
    """
    return people["held"].to_numpy(dtype=np.bool_)


PLACE_RULES: dict[str, Callable[[pd.DataFrame, pd.DataFrame, float], Breaks]] = {
    "sex": sex_differs,
    "remand": remand_is_not_held,
    "category": category_goes_down,
    "over_security": security_is_higher,
    "young_adult": young_adult_is_not_held,
    "foreign_national_unit": foreign_national_unit,
    "sexual_offence_unit": sexual_offence_unit,
    "sexual_offence_safety": sexual_offence_safety,
    "therapeutic_unit": therapeutic_unit,
    "therapeutic_need": therapeutic_need_unmet,
    "mother_and_baby": mother_and_baby_unmet,
    "accessible": accessible_unmet,
    "open_suitable": open_is_not_suitable,
    "open_time_left": open_is_too_early,
    "region": region_differs,
    "public_protection": public_protection,
}
"""Rules about a person and a unit, in the order in which an exclusion is explained."""

FREEZE_RULES: dict[str, Callable[[pd.DataFrame, float], NDArray[np.bool_]]] = {
    "category_a_frozen": category_a_frozen,
    "short_time_left": short_time_left_frozen,
    "hold": hold_frozen,
}
"""Rules that leave a person where they are; soft, they price a move."""

OTHER_RULES = (STAGE_FIT, "stay_preference")
"""Rules of the table that are not decided pair by pair."""

RULE_NAMES = (*PLACE_RULES, *FREEZE_RULES, *OTHER_RULES)
"""Every rule the table may name."""

DAY_RULES = ("open_time_left", "short_time_left")
"""Rules whose value is a number of days to release."""


def _column(people: pd.DataFrame, name: str) -> NDArray[Any]:
    return people[name].to_numpy(dtype=object)[:, None]


def _row(units: pd.DataFrame, name: str) -> NDArray[Any]:
    return units[name].to_numpy(dtype=object)[None, :]


def _lists(table: pd.DataFrame, name: str, word: str) -> NDArray[np.bool_]:
    """Say which rows' lists hold a word."""
    codes, cells = pd.factorize(table[name])
    holds = [word in str(cell).split(LIST_SEPARATOR) for cell in cells]
    return np.array(holds, dtype=np.bool_)[codes]


def _only_for(people: pd.DataFrame, units: pd.DataFrame, need: str) -> Breaks:
    has = _lists(people, "needs", need)
    return ~has[:, None] & _lists(units, "needs_served", need)


def _unmet(people: pd.DataFrame, units: pd.DataFrame, need: str) -> Breaks:
    serving = units.loc[_lists(units, "needs_served", need), "establishment"]
    served = units["establishment"].isin(serving).to_numpy()
    return _lists(people, "needs", need)[:, None] & ~served


def _open(units: pd.DataFrame) -> NDArray[np.bool_]:
    open_functions = [UnitFunction.OPEN, UnitFunction.WOMENS_OPEN]
    return units["function"].isin(open_functions).to_numpy(dtype=np.bool_)


def days_of(table: pd.DataFrame, name: str) -> NDArray[np.float64]:
    """Read a column of days as numbers; NaN where it is empty."""
    numbers = pd.to_numeric(table[name].replace("", None))
    return np.asarray(numbers.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)


def _needed_security(people: pd.DataFrame) -> NDArray[np.float64]:
    """Give the security a person's category asks for; NaN when uncategorised."""
    security = people["category"].map(SECURITY_ORDER).to_numpy(dtype="float64", na_value=np.nan)
    return np.asarray(security, dtype=np.float64)


def _unit_security(units: pd.DataFrame) -> Integers:
    """Give the security of each category a unit holds, 0 in unused columns; shape (units, most)."""
    held = [
        [SECURITY_ORDER.get(Category(word), 0) for word in str(cell).split(LIST_SEPARATOR) if word]
        for cell in units["categories"]
    ]
    width = max((len(row) for row in held), default=0)
    return np.array([row + [0] * (width - len(row)) for row in held], dtype=np.int64).reshape(
        len(held), width
    )
