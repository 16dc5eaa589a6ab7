"""Whether the verdict of a comparison stands when a setting that is assumed is put elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, get_args

import pandas as pd

from scenarios.comparing.drivers import KEYS, TOLD, differences_of, in_every
from scenarios.comparing.verdict import CANNOT_TELL, DEPENDS, UNDECIDED
from scenarios.settings import settings
from simulation.demand import DecayCurve

CURVE = "demand.decay_curve"

HOW_IT_IS_MADE = frozenset({
    "calendar.weeks", "calendar.warm_up_weeks", "family_work.warm_up_weeks", "population.seed",
    "records.seed", "allocation.move_budget_gap",
})  # fmt: skip
"""Settings of a computation, not of the world."""

USUAL = {
    CURVE: "nobody has counted here how visits fall with the cost of the trip",
    "demand.ask_again_share": "families that ask again fill tables that others gave up",
    "demand.cancel_share": "cancelled tables are booked again, or stay empty",
    "demand.no_show_share": "tables to which nobody comes are used by no other family",
    "asking.one_kind_share": "what evenings and weekends are worth hangs on who takes nothing else",
    "attendance.staff_shortage_share": "sessions called off for want of staff take tables away",
}
"""Settings that bear most on visits and are assumed, each with the reason why it is tried."""

WORDS = {
    CURVE: "how visits fall with their cost",
    "demand.ask_again_share": "families that ask again when turned away",
    "demand.cancel_share": "booked visits that are cancelled",
    "demand.no_show_share": "booked visits to which nobody comes",
    "asking.one_kind_share": "requests for one kind of session alone",
    "attendance.staff_shortage_share": "sessions called off for want of staff",
}
"""The same settings in few words; any other is told by what its row says that it means."""

CURVES: dict[DecayCurve, str] = {
    "none": "visits do not fall with their cost",
    "us_survey": "visits fall with their cost as in a survey in the United States",
    "steep": "visits fall steeply with their cost",
}

OWN = ""
"""Stands for the settings as they are."""

STANDS, TURNS = "stands", "turns"
LOST, GAINED = "can no longer be told apart", "can then be told apart"

MOST_NAMED = 3
"""Assumptions that are named where a verdict depends on several."""


def standing(own: str, other: str) -> str:
    """Say what becomes of a verdict under another assumption.

    Examples
    --------
    >>> standing("higher", "higher"), standing("higher", "lower")
    ('stands', 'turns')
    >>> standing("higher", "the same in every year")
    'can no longer be told apart'
    """
    if own == other or (own in UNDECIDED and other in UNDECIDED):
        return STANDS
    if other in UNDECIDED:
        return LOST
    return GAINED if own in UNDECIDED else TURNS


def ends_of(setting: str, now: Any) -> list[Any]:
    """Give the other values at which a setting is tried: the ends of its stated range.

    The curve of how visits fall with their cost is put at each other curve.

    Parameters
    ----------
    setting
        Its name.
    now
        Where it stands; an end at which it stands already is left out.

    Examples
    --------
    >>> ends_of("demand.no_show_share", 0.1), ends_of("demand.decay_curve", "us_survey")
    ([0.05, 0.15], ['none', 'steep'])
    """
    if setting == CURVE:
        return [each for each in get_args(DecayCurve) if each != now]
    row = settings()[setting]
    return [end for end in (row.low, row.high) if isinstance(end, int | float) and end != now]


def can_be_tried(setting: str) -> bool:
    """Say whether a setting is assumed or estimated, a number, and has a range to be tried in.

    How long is played, from which seeds and how closely a plan is proven is no assumption.
    """
    row = settings()[setting]
    if setting in HOW_IT_IS_MADE:
        return False
    if setting == CURVE:
        return True
    numbers = [row.low, row.value, row.high]
    is_number = all(isinstance(each, int | float) for each in numbers)
    return is_number and row.low != row.high and row.confidence != "measured"


def assumption_rows(pairs: Mapping[str, tuple[pd.DataFrame, pd.DataFrame]]) -> pd.DataFrame:
    """Compare two scenarios under each assumption, and say what becomes of every verdict.

    Parameters
    ----------
    pairs
        Measures of both scenarios, one value per replication, by the name of the assumption; that
        of ``OWN`` are with every setting as it is.

    Returns
    -------
    DataFrame
        One row per measure and assumption: assumption, group_by, group, measure, measure_unit,
        before, after, difference, low, high, replications, verdict, standing. A measure that one of
        two scenarios lacks in any replication has no row under that assumption.
    """
    complete = [_complete(*pair) for pair in pairs.values()]
    found = differences_of(complete)
    found["assumption"] = [list(pairs)[pair] for pair in found["pair"]]
    own = found[found["assumption"] == OWN].set_index(KEYS)["verdict"]
    keys = pd.MultiIndex.from_frame(found[KEYS])
    found = found[keys.isin(own.index)]
    verdicts = own.reindex(pd.MultiIndex.from_frame(found[KEYS]))
    found = found.assign(
        standing=[
            standing(str(one), str(other))
            for one, other in zip(verdicts, found["verdict"], strict=True)
        ]
    )
    ends = ["before", "after", "difference", "low", "high", "replications", "verdict", "standing"]
    places = {name: place for place, name in enumerate(TOLD)}
    return found[["assumption", *KEYS, *ends]].sort_values(
        ["measure", "group_by", "group"],
        key=lambda values: values.map(places) if values.name == "measure" else values,
        kind="stable",
        ignore_index=True,
    )


def _complete(before: pd.DataFrame, after: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = in_every({0: before.dropna(subset="value"), 1: after.dropna(subset="value")})
    return known[0], known[1]


def conclusions_of(rows: pd.DataFrame) -> dict[str, str]:
    """Say for each measure of the whole estate whether its verdict stands under every assumption.

    Parameters
    ----------
    rows
        As from :func:`assumption_rows`.

    Returns
    -------
    dict of str to str
        By measure: under how many assumptions it stands, or on which it depends.
    """
    told = rows[(rows["group_by"] == "all") & (rows["assumption"] != OWN)]
    found: dict[str, str] = {}
    for measure, of_measure in told.groupby("measure", sort=False):
        others = of_measure[of_measure["standing"] != STANDS]
        named = [
            f"{said(str(row['assumption']))} ({row['standing']})"
            for row in others.head(MOST_NAMED).to_dict("records")
        ]
        more = f"; and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        words = "assumption" if len(of_measure) == 1 else "assumptions"
        stands = f"{STANDS} under {len(of_measure)} other {words}"
        if not others.empty:
            found[str(measure)] = f"{DEPENDS}: {'; '.join(named)}{more}"
        elif of_measure["verdict"].isin(UNDECIDED).all():
            found[str(measure)] = f"{stands}: {CANNOT_TELL} there either"
        else:
            found[str(measure)] = stands
    return found


def name_of(setting: str, value: Any) -> str:
    """Name an assumption: a setting and where it is put.

    Examples
    --------
    >>> name_of("demand.no_show_share", 0.05)
    'demand.no_show_share=0.05'
    """
    return f"{setting}={value}"


def said(assumption: str) -> str:
    """Write the name of an assumption in words.

    Examples
    --------
    >>> said("demand.no_show_share=0.05"), said("demand.decay_curve=steep")
    ('booked visits to which nobody comes at 5%', 'visits fall steeply with their cost')
    """
    setting, _, value = assumption.partition("=")
    if setting == CURVE:
        return where(setting, value)
    return f"{words_of(setting)} at {where(setting, value)}"


def words_of(setting: str) -> str:
    """Say in few words what a setting is: the first part of its meaning where no other are known.

    Examples
    --------
    >>> words_of("demand.cancel_share"), words_of("travel.car_gbp_per_mile")
    ('booked visits that are cancelled', "cost of the family's own car per mile")
    """
    row = settings().get(setting)
    if row is None:
        return setting.rpartition(".")[2].replace("_", " ")
    meaning = re.split(r"[;:(]|\. ", row.meaning)[0].strip()
    return WORDS.get(setting, f"{meaning[:1].lower()}{meaning[1:]}")


def where(setting: str, value: str) -> str:
    """Write where a setting is put, with its unit: a share in per cent.

    Examples
    --------
    >>> where("demand.no_show_share", "0.05"), where("demand.attempts_max", "10")
    ('5%', '10 attempts')
    >>> where("travel.local_fare_gbp", "8"), where("travel.rail_route_factor", "1.15")
    ('£8', '1.15 miles per mile')
    """
    if setting == CURVE:
        return next((words for curve, words in CURVES.items() if curve == value), value)
    row = settings().get(setting)
    unit = "" if row is None else row.measure_unit
    if unit == "share":
        return f"{100 * float(value):g}%"
    if unit.startswith("GBP"):
        return f"£{value}"
    return f"{value} {unit}".strip()
