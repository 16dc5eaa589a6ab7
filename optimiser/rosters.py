"""Weekly rosters of a telephone line: the cheapest legal shifts that bring enough agents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import combinations
from math import ceil, exp

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.words import DAYS
from optimiser.linear import exact_solver

HALF_HOURS = 48
HALF_HOURS_PER_HOUR = 2
WEEK = 7

EFFORT = 20.0
"""Deterministic seconds that CP-SAT may take for one roster."""

ROSTER_COLUMNS = ["days", "start", "end", "break_from", "agents", "paid_hours_per_week"]


class RosterError(ValueError):
    """No shift that is allowed brings anybody where an agent is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkRules:
    """Which shifts are legal and offered.

    Attributes
    ----------
    shift_hours
        Lengths of shifts from beginning to end; whole half-hours.
    days_per_week
        How many days an agent may work in a week, every day at the same hours.
    break_after_hours, break_minutes
        A shift longer than so many hours has an unpaid break, a whole number of half-hours long,
        not in its first or last quarter.
    hours_per_week_max, rest_hours_min
        Most paid hours in a week, and least hours between two shifts.

    Notes
    -----
    Working Time Regulations 1998: 48 hours a week (regulation 4), 11 hours between days (10), a
    day off in seven (11), a break of 20 minutes in a day of more than 6 hours (12).
    """

    shift_hours: tuple[float, ...]
    days_per_week: tuple[int, ...]
    break_after_hours: float
    break_minutes: int
    hours_per_week_max: float
    rest_hours_min: float

    def __post_init__(self) -> None:
        """Refuse shifts off the half-hour, and such as no law allows."""
        problems = [
            f"{each.name} is {getattr(self, each.name)}, below 0"
            for each in fields(self)
            if np.min(getattr(self, each.name), initial=0) < 0
        ]
        problems += [
            f"{name} is empty"
            for name in ("shift_hours", "days_per_week")
            if not getattr(self, name)
        ]
        if any(hours * HALF_HOURS_PER_HOUR % 1 for hours in self.shift_hours):
            problems.append("shift_hours are not whole half-hours")
        if any(24 - hours < self.rest_hours_min for hours in self.shift_hours):
            problems.append(f"a shift leaves less than {self.rest_hours_min:g} hours of rest")
        if max(self.days_per_week, default=0) > WEEK - 1:
            problems.append("days_per_week leaves no day off")
        if self.break_minutes % (60 // HALF_HOURS_PER_HOUR):
            problems.append(f"break_minutes is {self.break_minutes}, not whole half-hours")
        if problems:
            raise ValueError(f"WorkRules: {'; '.join(problems)}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """The week of one agent: the same half-hours on some days."""

    days: tuple[int, ...]
    begins: int
    ends: int
    break_from: int
    break_half_hours: int

    @property
    def paid_half_hours(self) -> int:
        """Half-hours in a week that are paid."""
        return (self.ends - self.begins - self.break_half_hours) * len(self.days)

    def covers(self) -> NDArray[np.bool_]:
        """Say for each day and half-hour whether the agent is on duty; shape (7, 48)."""
        there = np.zeros((WEEK, HALF_HOURS), dtype=np.bool_)
        of_day = np.zeros(HALF_HOURS, dtype=np.bool_)
        of_day[self.begins : self.ends] = True
        of_day[self.break_from : self.break_from + self.break_half_hours] = False
        there[list(self.days)] = of_day
        return there


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Roster:
    """A roster and the proof that none is cheaper.

    Attributes
    ----------
    table
        ``ROSTER_COLUMNS``, one row for each pattern that somebody works.
    on_duty
        Agents by day and half-hour; shape (7, 48), int64.
    paid_hours_per_week, bound_hours_per_week
        What it pays for, and what no roster of these patterns can stay below.
    """

    table: pd.DataFrame
    on_duty: NDArray[np.int64]
    paid_hours_per_week: float
    bound_hours_per_week: float


def agents_for(
    calls_per_minute: float,
    handle_minutes: float,
    *,
    target_minutes: float,
    share: float,
    most: int,
) -> int:
    """Give the fewest agents who answer a share of patient callers within a time.

    Parameters
    ----------
    calls_per_minute, handle_minutes
        Poisson calls of exponential length.
    target_minutes, share
        What is asked for.
    most
        Agents that are tried at most; given where fewer do not do.

    Notes
    -----
    M/M/c: the share answered within t is 1 - C exp(-(c - a) t / m) with Erlang's C for c agents
    and a erlangs, m being the mean length.

    Examples
    --------
    >>> agents_for(1.0, 4.0, target_minutes=5.0, share=0.8, most=50)
    5
    """
    offered = calls_per_minute * handle_minutes
    if offered <= 0.0:
        return 0
    lost = 1.0
    for agents in range(1, most + 1):
        lost = offered * lost / (agents + offered * lost)
        if agents <= offered:
            continue
        waits = lost / (1.0 - offered / agents * (1.0 - lost))
        late = waits * exp(-(agents - offered) * target_minutes / handle_minutes)
        if 1.0 - late >= share:
            return agents
    return most


def legal_patterns(is_open: NDArray[np.bool_], rules: WorkRules) -> Iterator[Pattern]:
    """Give every weekly pattern that lies in opening hours and keeps the rules.

    Parameters
    ----------
    is_open
        Shape (7, 48).
    rules
        Lengths, days and breaks.
    """
    for hours in rules.shift_hours:
        length = int(hours * HALF_HOURS_PER_HOUR)
        rest = ceil(rules.break_minutes / 30) if hours > rules.break_after_hours else 0
        quarter = length // 4
        breaks = range(quarter, length - quarter - rest + 1) if rest else range(1)
        for begins in range(HALF_HOURS - length + 1):
            open_days = np.flatnonzero(is_open[:, begins : begins + length].all(axis=1)).tolist()
            for count in rules.days_per_week:
                if (length - rest) * count > rules.hours_per_week_max * HALF_HOURS_PER_HOUR:
                    continue
                for days in combinations(open_days, count):
                    for offset in breaks:
                        yield Pattern(
                            days=days,
                            begins=begins,
                            ends=begins + length,
                            break_from=begins + offset,
                            break_half_hours=rest,
                        )


def cheapest_roster(
    needed: NDArray[np.int64], is_open: NDArray[np.bool_], rules: WorkRules
) -> Roster:
    """Find the legal roster of least paid hours that brings the agents needed.

    Parameters
    ----------
    needed
        Agents by day and half-hour; shape (7, 48).
    is_open
        When anybody may work; same shape.
    rules
        Which shifts are offered.

    Returns
    -------
    Roster
        Checked by adding up its shifts, without the solver.

    Raises
    ------
    RosterError
        When agents are needed where no shift reaches.
    """
    from ortools.sat.python import cp_model

    if (needed[~is_open] > 0).any():
        raise RosterError("agents are needed outside opening hours")
    patterns = list(legal_patterns(is_open, rules))
    covers = np.array([each.covers() for each in patterns]).reshape(-1, WEEK, HALF_HOURS)
    wanted = np.argwhere(needed > 0)
    unreached = [cell for cell in wanted.tolist() if not covers[:, cell[0], cell[1]].any()]
    if unreached:
        day, half_hour = unreached[0]
        raise RosterError(
            f"no shift reaches {DAYS[day]} {_time(half_hour)} and {len(unreached) - 1} other "
            "half-hours with calls; offer shorter shifts or fewer days a week"
        )
    model = cp_model.CpModel()
    most = int(needed.max(initial=0))
    counts = [model.new_int_var(0, most, "") for _ in patterns]
    for day, half_hour in wanted.tolist():
        there = np.flatnonzero(covers[:, day, half_hour]).tolist()
        model.add(sum(counts[number] for number in there) >= int(needed[day, half_hour]))
    paid = [each.paid_half_hours for each in patterns]
    model.minimize(sum(hours * count for hours, count in zip(paid, counts, strict=True)))
    solver = exact_solver(EFFORT)
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        raise RuntimeError(f"CP-SAT ended with {solver.status_name(status)}; no roster was found.")
    chosen = np.array([solver.value(count) for count in counts], dtype=np.int64)
    on_duty = np.tensordot(chosen, covers.astype(np.int64), axes=1)
    if (on_duty < needed).any():
        raise RuntimeError("The roster lacks agents: a fault of the solver.")
    total = int(chosen @ np.array(paid, dtype=np.int64)) if len(paid) else 0
    return Roster(
        table=_table(patterns, chosen),
        on_duty=on_duty.astype(np.int64),
        paid_hours_per_week=total / HALF_HOURS_PER_HOUR,
        bound_hours_per_week=float(solver.best_objective_bound) / HALF_HOURS_PER_HOUR,
    )


def _table(patterns: list[Pattern], chosen: NDArray[np.int64]) -> pd.DataFrame:
    rows = [
        {
            "days": " ".join(DAYS[day] for day in pattern.days),
            "start": _time(pattern.begins),
            "end": _time(pattern.ends),
            "break_from": _time(pattern.break_from) if pattern.break_half_hours else "",
            "agents": int(agents),
            "paid_hours_per_week": int(agents) * pattern.paid_half_hours / HALF_HOURS_PER_HOUR,
        }
        for pattern, agents in zip(patterns, chosen, strict=True)
        if agents
    ]
    return pd.DataFrame(rows, columns=ROSTER_COLUMNS)


def _time(half_hour: int) -> str:
    return f"{half_hour // 2:02d}:{half_hour % 2 * 30:02d}"
