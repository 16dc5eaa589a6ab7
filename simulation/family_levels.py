"""The same year of family work with more or fewer caseworkers: what each number of them buys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from data.words import WorkerFunder, WorkerLine
from simulation.casework import NEVER, work_through
from simulation.clock import DAYS_PER_WEEK, Calendar
from simulation.family_workers import (
    FamilyWork,
    FamilyWorkSettings,
    Post,
    cases_of,
    days_played,
    hours_at_work,
    parts_of,
    presence_of,
)

LONGEST_DAYS = 60
"""Days up to which first contacts are counted day by day."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelYears:
    """Years of one prison at several numbers of caseworkers, on the same draws.

    Attributes
    ----------
    fte
        Caseworkers; float64, shape (levels,).
    referrals
        In the measured year; float64, shape (replications,).
    reached_within
        Of those, reached within 0, 1 and so on days; float64, shape (replications, levels, days).
    reached, wait_days
        Reached at all, and days until then added up; float64, shape (replications, levels).
    unmet_hours, weighted_hours
        Hours of work on referrals not reached or left undone on cases begun, and the same with
        priority ones weighed; float64, shape (replications, levels).
    """

    fte: NDArray[np.float64]
    referrals: NDArray[np.float64]
    reached_within: NDArray[np.float64]
    reached: NDArray[np.float64]
    wait_days: NDArray[np.float64]
    unmet_hours: NDArray[np.float64]
    weighted_hours: NDArray[np.float64]

    def shares_within(self, days: int) -> NDArray[np.float64]:
        """Give the share of referrals reached within so many days; shape (replications, levels).

        A referral that is never reached counts as not reached in time. Without any referral the
        share is 1.
        """
        within = self.reached_within[:, :, min(days, LONGEST_DAYS)]
        whole = np.maximum(self.referrals, 1.0)[:, np.newaxis]
        return np.where(self.referrals[:, np.newaxis] > 0, within / whole, 1.0)


def play_levels(
    work: FamilyWork,
    settings: FamilyWorkSettings,
    calendar: Calendar,
    *,
    ftes: Sequence[float],
    seed: int,
    replications: Sequence[int],
) -> LevelYears:
    """Play years of one prison with other numbers of caseworkers.

    Workers of other lines stay. Referrals and absences are drawn once for each replication, so
    levels differ by the workers alone.

    Parameters
    ----------
    work, settings, calendar
        As for ``play_family_work``.
    ftes
        Caseworkers of each level.
    seed, replications
        Names of the draws.
    """
    first, end, days = days_played(calendar, settings)
    others = [post for post in work.posts if post.line != WorkerLine.CASEWORK]
    levels = [[*others, *caseworkers(fte)] for fte in ftes]
    names = sorted({post.name for posts in levels for post in posts})
    row = {name: number for number, name in enumerate(names)}
    shape = (len(replications), len(ftes))
    found = {
        name: np.zeros(shape) for name in ("reached", "wait_days", "unmet_hours", "weighted_hours")
    }
    within = np.zeros((*shape, LONGEST_DAYS + 1))
    referrals = np.zeros(len(replications))
    for year, replication in enumerate(replications):
        cases = cases_of(work, settings, days=days, seed=seed, replication=replication)
        presence, filled = presence_of(
            names,
            work.establishment,
            settings,
            weeks=days // DAYS_PER_WEEK,
            seed=seed,
            replication=replication,
        )
        measured = np.flatnonzero((cases.day >= first) & (cases.day < end))
        hours_each = settings.hours_of(cases.contacts[measured])
        weights = np.where(cases.has_priority[measured], settings.priority_weight, 1.0)
        referrals[year] = len(measured)
        for level, posts in enumerate(levels):
            rows = [row[post.name] for post in posts]
            hours = hours_at_work(
                posts,
                presence[rows],
                filled[rows],
                settings,
                first_day=first,
                duty_hours_per_week=work.duty_hours_per_week,
            )
            done = work_through(cases, hours, settings)
            contact = done.first_contact_day[measured]
            is_reached = contact != NEVER
            unmet = np.where(is_reached, done.hours_undone[measured], hours_each)
            wait = (contact - cases.day[measured])[is_reached]
            counted = np.bincount(np.minimum(wait, LONGEST_DAYS + 1), minlength=LONGEST_DAYS + 2)
            within[year, level] = np.cumsum(counted)[: LONGEST_DAYS + 1]
            found["reached"][year, level] = is_reached.sum()
            found["wait_days"][year, level] = wait.sum()
            found["unmet_hours"][year, level] = unmet.sum()
            found["weighted_hours"][year, level] = (unmet * weights).sum()
    return LevelYears(
        fte=np.array(ftes, dtype=np.float64),
        referrals=referrals,
        reached_within=within,
        **found,
    )


def caseworkers(fte: float) -> list[Post]:
    """Give the posts of so many caseworkers of the national contract."""
    stem = f"{WorkerLine.CASEWORK}-{WorkerFunder.NATIONAL_CONTRACT}"
    return [
        Post(name=f"{stem}-{number}", line=str(WorkerLine.CASEWORK), fte=part)
        for number, part in enumerate(parts_of(fte))
    ]


def together(one: LevelYears, other: LevelYears) -> LevelYears:
    """Put levels of the same years side by side, in order of caseworkers."""
    fte = np.concatenate([one.fte, other.fte])
    order = np.argsort(fte, kind="stable")
    both = {
        name: np.concatenate([getattr(one, name), getattr(other, name)], axis=1)[:, order]
        for name in ("reached_within", "reached", "wait_days", "unmet_hours", "weighted_hours")
    }
    return replace(one, fte=fte[order], **both)
