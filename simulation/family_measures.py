"""From years of family work to measures, as ``measures`` does for visits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.words import ESTATE, ReferralSource, Sex
from simulation.casework import NEVER
from simulation.clock import DAYS_PER_WEEK
from simulation.family_workers import FamilyWorkSettings, FamilyYear
from simulation.measures import (
    BAND_EDGES_MILES,
    GROUPS,
    KEYS,
    MEASURE_COLUMNS,
    REGION,
)
from simulation.sums import Measure, mean_of, measured, quantiles_of, rows_of, sum_of
from simulation.tallies import NO_WAIT, Row, Tally

if TYPE_CHECKING:
    import pandas as pd

SOURCE = "referral_source"
"""The ``group_by`` of what brought somebody to the family workers."""

OF_SOURCES = tuple(str(source) for source in ReferralSource)

OF_REFERRALS = ("all", "sex", "children_under_18", "distance_band", "care_experience", REGION)
"""Groups of people for whom the measures of referrals are given, beside ``SOURCE``."""

OF_TEAMS = ("all", REGION)

WAITED = "worker_waited"
"""The quantity that counts first contacts by days waited."""

STARTED = "worker_families_started"
"""Families that start to ask for visits; counted only where a scenario lets them."""


def groups_of(people: pd.DataFrame) -> dict[str, NDArray[np.int64]]:
    """Give the number of the group of each person, as ``measures.GROUPS`` lists them.

    Parameters
    ----------
    people
        Rows of ``need.people_held``.
    """
    miles = people["straight_miles"].to_numpy(np.float64)
    return {
        "sex": (people["sex"].to_numpy(object) == Sex.WOMEN).astype(np.int64),
        "children_under_18": (people["children_under_18"].to_numpy(np.int64) > 0).astype(np.int64),
        "distance_band": np.searchsorted(BAND_EDGES_MILES, miles, side="right"),
        "care_experience": people["care_experience"].to_numpy(np.int64),
    }


def tally(years: Iterable[FamilyYear], settings: FamilyWorkSettings) -> Tally:
    """Count and add up the family work of a measured year at each of some establishments.

    Referrals count on the day they are made, by what becomes of them until the end of the time
    played; hours and open cases count on the days of the measured year.

    Parameters
    ----------
    years
        Each of one replication at one establishment.
    settings
        The work on a case.

    Returns
    -------
    Tally
        As that of visits; all are sums, so rows of several establishments add up.
    """
    rows = Tally()
    for year in years:
        rows.begin(year.work.establishment, year.replication)
        rows.add_rows(_rows_of(year, settings))
    return rows


def started_tally(started: Iterable[tuple[FamilyYear, int]]) -> Tally:
    """Count the families that start to ask for visits, as ``tally`` counts the work.

    Parameters
    ----------
    started
        Years, and how many families start in each.
    """
    rows = Tally()
    for year, families in started:
        rows.begin(year.work.establishment, year.replication)
        rows.add_rows(
            (group_by, group, STARTED, NO_WAIT, families)
            for group_by, group in (("all", "all"), (REGION, year.work.region))
            if group
        )
    return rows


def _rows_of(year: FamilyYear, settings: FamilyWorkSettings) -> Iterable[Row]:
    cases, done, work = year.cases, year.done, year.work
    measured = np.flatnonzero((cases.day >= year.first_day) & (cases.day < year.end_day))
    reached = done.first_contact_day[measured] != NEVER
    wait = np.where(reached, done.first_contact_day[measured] - cases.day[measured], 0)
    work_hours = settings.hours_of(cases.contacts[measured])
    of_cases = {
        "worker_referrals": np.ones(len(measured)),
        "worker_reached": reached.astype(np.float64),
        "worker_wait_days": wait.astype(np.float64),
        "worker_referral_hours": work_hours,
        "worker_unmet_hours": np.where(reached, done.hours_undone[measured], work_hours),
    }
    person = cases.person[measured]
    nobody = np.zeros(len(measured), dtype=np.int64)
    split: dict[str, tuple[NDArray[np.int64], tuple[str, ...]]] = {
        "all": (nobody, GROUPS["all"]),
        SOURCE: (cases.source[measured], OF_SOURCES),
        **{name: (codes[person], GROUPS[name]) for name, codes in work.groups.items()},
    }
    if work.region:
        split[REGION] = (nobody, (work.region,))
    for group_by, (code, groups) in split.items():
        for quantity, values in of_cases.items():
            sums = np.bincount(code, weights=values, minlength=len(groups))
            for group, value in zip(groups, sums.tolist(), strict=True):
                yield group_by, group, quantity, NO_WAIT, value
        width = int(wait.max(initial=0)) + 1
        counted = np.bincount((code * width + wait)[reached])
        for filled in np.flatnonzero(counted).tolist():
            number = float(counted[filled])
            yield group_by, groups[filled // width], WAITED, filled % width, number
    for quantity, value in _of_the_team(year).items():
        yield "all", "all", quantity, NO_WAIT, value
        if work.region:
            yield REGION, work.region, quantity, NO_WAIT, value


def _of_the_team(year: FamilyYear) -> dict[str, float]:
    days = slice(year.first_day, year.end_day)
    there = year.hours.casework[days] + year.hours.early_days[days]
    share_of_year = (year.end_day - year.first_day) / (52 * DAYS_PER_WEEK)
    return {
        "worker_fte": sum(
            post.fte for post in year.work.posts if post.last_day is None or post.last_day >= 0
        ),
        "worker_open_case_days": float(year.done.open_cases[days].sum()),
        "worker_hours": float(there.sum()),
        "worker_hours_used": float(year.done.hours_used[days].sum()),
        "family_need_hours": year.work.need_hours * share_of_year,
        "family_latent_hours": year.work.latent_hours * share_of_year,
    }


MEASURES = (
    Measure(
        name="worker_referrals",
        unit="referrals",
        group_bys=(*OF_REFERRALS, SOURCE),
        value=sum_of("worker_referrals"),
    ),
    Measure(
        name="worker_people_helped",
        unit="referrals",
        group_bys=(*OF_REFERRALS, SOURCE),
        value=sum_of("worker_reached"),
    ),
    Measure(
        name="worker_days_to_first_contact_mean",
        unit="days",
        group_bys=(*OF_REFERRALS, SOURCE),
        value=mean_of("worker_wait_days", "worker_reached"),
    ),
    Measure(
        name="worker_hours_unmet",
        unit="hours",
        group_bys=(*OF_REFERRALS, SOURCE),
        value=sum_of("worker_unmet_hours"),
    ),
    Measure(
        name="worker_need_met_share",
        unit="share",
        group_bys=(*OF_REFERRALS, SOURCE),
        value=lambda sums, _: (
            1.0 - sums["worker_unmet_hours"] / sums["worker_referral_hours"]
        ).where(sums["worker_referral_hours"] > 0),
    ),
    Measure(
        name="worker_open_cases",
        unit="cases",
        group_bys=OF_TEAMS,
        value=lambda sums, weeks: sums["worker_open_case_days"] / (weeks * DAYS_PER_WEEK),
    ),
    Measure(
        name="worker_fte",
        unit="full-time equivalents",
        group_bys=OF_TEAMS,
        value=sum_of("worker_fte"),
    ),
    Measure(name="worker_hours", unit="hours", group_bys=OF_TEAMS, value=sum_of("worker_hours")),
    Measure(
        name="worker_use_share",
        unit="share",
        group_bys=OF_TEAMS,
        value=mean_of("worker_hours_used", "worker_hours"),
    ),
    Measure(
        name="family_need_hours",
        unit="hours",
        group_bys=OF_TEAMS,
        value=sum_of("family_need_hours"),
    ),
    Measure(
        name="family_latent_hours",
        unit="hours",
        group_bys=OF_TEAMS,
        value=sum_of("family_latent_hours"),
    ),
)
"""Every measure that comes from sums; the ninth decile of days to first contact is added."""

OF_STARTED = Measure(name=STARTED, unit="families", group_bys=OF_TEAMS, value=sum_of(STARTED))

QUANTITIES = frozenset(
    {
        "worker_referrals", "worker_reached", "worker_wait_days", "worker_referral_hours",
        "worker_unmet_hours", "worker_fte", "worker_open_case_days", "worker_hours",
        "worker_hours_used", "family_need_hours", "family_latent_hours", WAITED, STARTED,
    }
)  # fmt: skip


def family_totals(tallies: pd.DataFrame, *, weeks: int) -> pd.DataFrame:
    """Give the measures of family work of every establishment and, as ``ALL``, of the estate.

    Shares, means and quantiles of the estate are those of all its referrals together.

    Parameters
    ----------
    tallies
        Table of ``tally``.
    weeks
        Weeks measured.

    Returns
    -------
    DataFrame
        The columns of ``measures.estate_totals``. Days of a group in which nobody was reached,
        and shares of a group without referrals, are missing.
    """
    import pandas as pd

    here = tallies[tallies["group_by"] != REGION]
    both = pd.concat([here, tallies.assign(establishment=ESTATE)], ignore_index=True)
    rows = (
        both.groupby([*KEYS, "quantity", "wait_days"], observed=True)["value"].sum().reset_index()
    )
    is_wait = rows["quantity"] == WAITED
    sums = (
        rows[~is_wait]
        .pivot_table(index=KEYS, columns="quantity", values="value", aggfunc="sum", observed=True)
        .fillna(0.0)
    )
    told = (*MEASURES, *([OF_STARTED] if STARTED in sums else []))
    found, given = measured(told, sums, float(weeks))
    (within,) = quantiles_of(rows[is_wait], [0.9], KEYS)
    found["worker_days_to_first_contact_p90", "days"] = within.reindex(sums.index)
    return rows_of(sums.index, found, given)[MEASURE_COLUMNS]
