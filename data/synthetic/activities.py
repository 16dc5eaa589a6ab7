"""What the people of a synthetic population are doing that a move would destroy, and where.

Which establishment offers what is dealt by function; who takes part, and in what, by the function
of the unit that stands for the stage of a sentence. All of it is assumed: no count by establishment
is published. Names of activities say nothing of an offence.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.synthetic.dealing import Assumptions, stream
from data.words import ON_PROGRAMME, ActivityKind, Status

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]

LASTING_KINDS = (
    ActivityKind.COURSE,
    ActivityKind.WORK,
    ActivityKind.TREATMENT,
    ActivityKind.EDUCATION,
    ActivityKind.FAMILY_UNIT,
)
"""Kinds that an establishment offers or not."""

DATED_KINDS = (ActivityKind.FAMILY_DAY, ActivityKind.APPOINTMENT)
"""Kinds that are a date which is fixed."""

PROGRAMME_KINDS = (ActivityKind.COURSE, ActivityKind.TREATMENT)
"""Kinds that a hold for a programme can stand for, the likelier first."""

ENDLESS_KINDS = (ActivityKind.WORK,)
PARENTS_ONLY = (ActivityKind.FAMILY_UNIT, ActivityKind.FAMILY_DAY)
DATES_WITHIN_WEEKS = 4


def draw_activity_sites(units: pd.DataFrame, assumptions: Assumptions, seed: int) -> pd.DataFrame:
    """Draw which establishments offer which activity.

    Parameters
    ----------
    units
        The units of the estate; an establishment offers what any of its functions brings.
    assumptions
        Rows ``activity_name`` and ``activity_site``.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        ``establishment``, ``activity``: for each function exactly the assumed share of its
        establishments, to the whole establishment.
    """
    held = units[["function", "establishment"]].drop_duplicates()
    rows = []
    for function, of_function in held.groupby("function", sort=True)["establishment"]:
        codes = np.sort(of_function.to_numpy(dtype=object))
        for activity in _activities(assumptions):
            share = _site_share(assumptions, str(function), activity)
            draw = stream(seed, f"activity site {function} {activity}")
            chosen = draw.permutation(len(codes))[: int(np.floor(share * len(codes) + 0.5))]
            rows += [(code, activity) for code in codes[chosen]]
    sites = pd.DataFrame(rows, columns=["establishment", "activity"], dtype="str")
    return sites.drop_duplicates(ignore_index=True)


def draw_activities(
    people: pd.DataFrame,
    sites: pd.DataFrame,
    assumptions: Assumptions,
    *,
    sentence_plan_share: float,
    seed: int,
) -> pd.DataFrame:
    """Draw who takes part in what.

    Parameters
    ----------
    people
        One row per prisoner in the order of ids, with ``function`` and ``establishment`` of the
        unit that holds them beside the columns of the population.
    sites
        Who offers what.
    assumptions
        Rows ``activity_share``, ``activity_name`` and ``activity_weeks``.
    sentence_plan_share
        Share of people on a course whose sentence plan holds it.
    seed
        Seed of the records.

    Returns
    -------
    DataFrame
        The columns of ``activities`` in the dictionary. Whoever is on hold for a programme is on a
        course of the sentence plan, or in treatment where the establishment offers none. Courses
        end before release.
    """
    bound = _on_programme(people)
    parts = []
    for kind in LASTING_KINDS:
        must = bound & (kind in PROGRAMME_KINDS)
        rows = _lasting(kind, people, sites, assumptions, seed, must=must)
        if kind in PROGRAMME_KINDS:
            bound = bound & ~np.isin(np.arange(len(people)), rows["person"])
        parts.append(rows)
    parts += [_dated(kind, people, assumptions, seed) for kind in DATED_KINDS]
    rows = pd.concat(parts, ignore_index=True)
    person = rows.pop("person").to_numpy()
    planned = stream(seed, "sentence plan").random(len(people)) < sentence_plan_share
    planned |= _on_programme(people)
    rows.insert(0, "prisoner_id", people["prisoner_id"].to_numpy()[person])
    rows["on_sentence_plan"] = (rows["kind"] == ActivityKind.COURSE).to_numpy() & planned[person]
    return rows


def _lasting(
    kind: str,
    people: pd.DataFrame,
    sites: pd.DataFrame,
    assumptions: Assumptions,
    seed: int,
    *,
    must: Truths,
) -> pd.DataFrame:
    names = assumptions.values("activity_name", "kind", kind)
    draw = stream(seed, f"activity {kind}")
    takes_part, which, begun = draw.random((3, len(people)))
    among = _may_take_part(kind, people)
    share = _share_of_people(kind, people, assumptions)
    codes, establishments = pd.factorize(people["establishment"], sort=True)
    weight = np.zeros((len(establishments), len(names)))
    for position, (name, popular) in enumerate(names.items()):
        offering = sites.loc[sites["activity"] == name, "establishment"]
        weight[:, position] = popular * pd.Index(establishments).isin(offering)
    reach = weight.cumsum(axis=1)
    offered = reach[:, -1] > 0
    takes = must | (among & (takes_part < share))
    person = np.flatnonzero(takes & offered[codes])
    at = codes[person]
    target = which[person] * reach[at, -1]
    chosen = (reach[at] <= target[:, None]).sum(axis=1)
    length = int(assumptions.values("activity_weeks", "kind", kind)["most"])
    done = np.floor(begun[person] * length).astype(np.int64)
    left = np.full(len(person), np.nan) if kind in ENDLESS_KINDS else 1.0 * (length - done)
    if kind == ActivityKind.COURSE:
        left = np.minimum(left, _weeks_to_release(people)[person])
    return _rows(kind, person, np.array(list(names), dtype=object)[chosen], done, left)


def _dated(kind: str, people: pd.DataFrame, assumptions: Assumptions, seed: int) -> pd.DataFrame:
    takes_part, when = stream(seed, f"activity {kind}").random((2, len(people)))
    share = _share_of_people(kind, people, assumptions)
    person = np.flatnonzero(_may_take_part(kind, people) & (takes_part < share))
    left = 1.0 + np.floor(when[person] * DATES_WITHIN_WEEKS)
    return _rows(kind, person, ["1"] * len(person), np.zeros(len(person), dtype=np.int64), left)


def _rows(
    kind: str, person: Integers, activity: Sequence[str], done: Integers, left: Floats
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "person": person,
            "kind": str(kind),
            "activity": activity,
            "weeks_done": done,
            "weeks_left": left,
        }
    )


def _weeks_to_release(people: pd.DataFrame) -> Floats:
    """Give whole weeks to release, at least one; no end where there is no date."""
    days = pd.to_numeric(people["days_to_release"].replace("", None))
    weeks: Floats = np.floor(days.to_numpy(dtype=np.float64, na_value=np.inf) / 7)
    return np.maximum(1.0, weeks)


def _may_take_part(kind: str, people: pd.DataFrame) -> Truths:
    if kind == ActivityKind.COURSE:
        return (people["status"] != Status.REMAND).to_numpy(dtype=np.bool_)
    if kind in PARENTS_ONLY:
        return (people["children_under_18"] > 0).to_numpy(dtype=np.bool_)
    return np.ones(len(people), dtype=np.bool_)


def _on_programme(people: pd.DataFrame) -> Truths:
    return (people["hold_reason"] == ON_PROGRAMME).to_numpy(dtype=np.bool_)


def _share_of_people(kind: str, people: pd.DataFrame, assumptions: Assumptions) -> Floats:
    """Give the share of people like each who take part; by function, or the same for everybody."""
    everybody = assumptions.values("activity_share").get(kind, 0.0)
    shares = {
        function: assumptions.values("activity_share", "function", function).get(kind, everybody)
        for function in people["function"].unique()
    }
    return people["function"].map(shares).to_numpy(dtype=np.float64)


def _activities(assumptions: Assumptions) -> list[str]:
    return [
        name for kind in LASTING_KINDS for name in assumptions.values("activity_name", "kind", kind)
    ]


def _site_share(assumptions: Assumptions, function: str, activity: str) -> float:
    everywhere = assumptions.values("activity_site").get(activity, 0.0)
    return assumptions.values("activity_site", "function", function).get(activity, everywhere)
