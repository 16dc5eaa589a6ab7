"""The size of the national booking line: agents by half-hour, a legal roster and its cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from data.progress import Progress, silent
from data.words import DAYS
from optimiser.rosters import Roster, RosterError, WorkRules, agents_for, cheapest_roster
from scenarios.errors import ExitCode, ScenarioError
from scenarios.inputs import asked_scenario, input_digests, load_inputs
from scenarios.place import place, simulated_on
from scenarios.plan import Planned
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json
from scenarios.run import Stopwatch
from simulation.clock import MINUTES_PER_DAY
from simulation.contact_centre import (
    HALF_HOUR,
    HALF_HOURS_PER_DAY,
    CallTable,
    LineYear,
    Staff,
    TryEnd,
    play_line,
)
from simulation.line import NATIONAL, SERVICES, Service, Shift, staff_of, staff_on
from simulation.replicate import half_width
from simulation.simulate import SimulationInputs
from simulation.streams import stream_key, uniform
from simulation.together import play_together

WEEK = 7
WEEKS_PER_YEAR = 52

FACTORS = tuple(round(0.5 + 0.05 * step, 2) for step in range(71))
"""Loads that agents are sized for, as multiples of the mean calls of a half-hour: 0.5 to 4."""

REPLICATIONS = 4
"""Years to size on, and as many to prove the answer: with fewer the interval says nothing."""

MOVED_SHARES = (0.0, 0.25, 0.5, 0.75)
"""Shares of the calls that book which move online."""

Duty = NDArray[np.int64]
"""Agents on duty by day of the week and half-hour; shape (7, 48)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Which share of ringings is to be answered within how many minutes."""

    minutes: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a line does over some years: means with half their 95% interval.

    Attributes
    ----------
    share, share_half_width
        Share of ringings answered within the time of the target; the second is missing for one
        year.
    median_minutes, p90_minutes
        Time on hold of those answered.
    lost_share
        Share of the calls that book which were given up for good; of those of the measured year.
    """

    share: float
    share_half_width: float
    median_minutes: float
    p90_minutes: float
    lost_share: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Demand:
    """Calls of some years, and their mean by half-hour of the week.

    Attributes
    ----------
    inputs
        What the years are made from.
    calls
        One table a year.
    per_minute
        Mean calls a minute by day of the week and half-hour; shape (7, 48).
    handle_minutes
        Mean length of a call.
    is_open
        Half-hours of the week in which the line is open.
    """

    inputs: SimulationInputs
    calls: tuple[CallTable, ...]
    per_minute: NDArray[np.float64]
    handle_minutes: float
    is_open: NDArray[np.bool_]


def size_line(
    name: str,
    *,
    out_dir: Path,
    target_minutes: float = 5.0,
    share: float = 0.8,
    seed: int = 1,
    replications: int = REPLICATIONS,
    data_dir: Path | None = None,
    progress: Progress = silent,
) -> Planned:
    """Size the national booking line of a scenario and write it into a new folder.

    Parameters
    ----------
    name
        Name or path of a scenario.
    out_dir
        Where the tables go; must not hold anything yet.
    target_minutes, share
        What is asked for: this share of ringings answered within so many minutes.
    seed, replications
        Of the years that it is sized on; as many more prove the answer.
    data_dir
        Folder of a user's tables.
    progress
        Told of every year.

    Returns
    -------
    Planned
        What was found, in words.

    Raises
    ------
    ScenarioError
        With every fault of what was asked; and when no staffing within ``line.seats`` reaches the
        target, with the nearest that can be reached.
    """
    problems = []
    if not 0 < share <= 1:
        problems.append(f"--share {share}: expected more than 0 and at most 1, such as 0.8.")
    if not 0 <= target_minutes < np.inf:
        problems.append(f"--target-minutes {target_minutes}: expected 0 or more.")
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        problems.append(f"{out_dir}: is in use. Give --out a folder that does not exist yet.")
    scenario = asked_scenario(name, data_dir, asked=problems)
    target, clock = Target(minutes=target_minutes, share=share), Stopwatch()
    with new_folder(out_dir) as partial:
        with clock("inputs"):
            tables = load_inputs(scenario, data_dir, progress)
            inputs = simulated_on(scenario, tables, place(scenario, tables, progress))
        with clock("calls"):
            first = demand_of(inputs, seed, range(replications), progress)
            fresh = demand_of(inputs, seed, range(replications, 2 * replications), progress)
        with clock("size"):
            factor = least_factor(first, target, scenario.name)
            needed = agents_needed(first, target, factor)
            proof = how_it_does(fresh, duty_of(needed), target)
            today = how_it_does(fresh, roster_of_today(seed), target)
            roster = legal_roster(first, needed)
            rostered = how_it_does(fresh, staffing_of(roster, seed), target)
            online = online_table(first, target, factor)
        with clock("files"):
            agents_table(first, needed, roster).to_csv(partial / "agents.csv", index=False)
            roster.table.to_csv(partial / "roster.csv", index=False)
            online.to_csv(partial / "online.csv", index=False)
            months = months_table(first, target, factor)
            months.to_csv(partial / "months.csv", index=False)
            summary = _summary(
                scenario.name, target, factor, needed, proof, rostered, today, roster, first
            )
            write_json(summary, partial / "booking_line.json")
            text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
            (partial / "scenario.yaml").write_text(text, encoding="utf-8")
            made_from = origin(
                command=f"estate size booking-line {scenario.name} --target-minutes "
                f"{target_minutes:g} --share {share:g}",
                seed=seed,
                replications=replications,
                keep_visits=False,
                inputs=input_digests(data_dir),
                scenario_digest=scenario.digest(),
            )
        told = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(told, partial / "manifest.json")
    lines = _told(target, needed, proof, rostered, today, roster, months, first)
    return Planned(told=(*lines, str(out_dir)), exit_code=ExitCode.DONE)


def demand_of(
    inputs: SimulationInputs,
    seed: int,
    replications: Sequence[int],
    progress: Progress = silent,
) -> Demand:
    """Play years in which everybody is answered at once, and give the calls that are made.

    Raises
    ------
    ScenarioError
        When no family rings the national line.
    """
    lines, calendar = inputs.lines, inputs.calendar
    inputs = replace(inputs, lines=replace(lines, settings=replace(lines.settings, modelled=True)))
    national = lines.ever_national(calendar)
    group = [each for each in inputs.played_together() if not national.isdisjoint(each)]
    if not group:
        raise ScenarioError(
            "no prison of this data rings the national line. Say so in the column national_line "
            "of establishments, or by line.joins."
        )
    enough = np.full((WEEK, HALF_HOURS_PER_DAY), 10 * lines.settings.seats)
    found = []
    for number, replication in enumerate(replications):
        played = play_together(
            inputs,
            group[0],
            seed=seed,
            replication=replication,
            staff=lambda line: staff_on(lines, line, calendar, enough),
        )
        found.append(next(each.calls for each in played.lines if each.line == NATIONAL))
        progress("calls", number + 1, len(replications))
    is_open = np.zeros((WEEK, HALF_HOURS_PER_DAY), dtype=np.bool_)
    opens, closes = lines.hours(NATIONAL)
    open_days = [DAYS.index(day) for day in lines.settings.open_days]
    is_open[open_days, opens // HALF_HOUR : -(-closes // HALF_HOUR)] = True
    handled = np.concatenate([each.handle_minutes for each in found])
    return Demand(
        inputs=inputs,
        calls=tuple(found),
        per_minute=calls_per_minute(inputs, found),
        handle_minutes=float(handled.mean()) if len(handled) else 0.0,
        is_open=is_open,
    )


def calls_per_minute(inputs: SimulationInputs, calls: Sequence[CallTable]) -> NDArray[np.float64]:
    """Give the mean calls a minute by day of the week and half-hour, over open days."""
    calendar = inputs.calendar
    days = np.arange(calendar.warm_up_days, calendar.days)
    is_open = inputs.lines.is_open(calendar, calendar.days)[days]
    number = np.bincount(calendar.weekdays(days[is_open]), minlength=WEEK) * len(calls)
    counted = np.zeros((WEEK, HALF_HOURS_PER_DAY))
    for table in calls:
        measured = table.minutes[table.minutes >= calendar.warm_up_days * MINUTES_PER_DAY]
        day = (measured // MINUTES_PER_DAY).astype(np.int64)
        half_hour = (measured % MINUTES_PER_DAY // HALF_HOUR).astype(np.int64)
        np.add.at(counted, (calendar.weekdays(day), half_hour), 1.0)
    return counted / np.maximum(number, 1)[:, np.newaxis] / HALF_HOUR


def agents_needed(demand: Demand, target: Target, factor: float) -> Duty:
    """Give the agents for so many times the mean calls of each half-hour, by Erlang's C."""
    seats = demand.inputs.lines.settings.seats
    found = [
        agents_for(
            float(rate) * factor,
            demand.handle_minutes,
            target_minutes=target.minutes,
            share=min(target.share, 1.0 - 1e-9),
            most=seats,
        )
        for rate in demand.per_minute.ravel()
    ]
    return np.array(found, dtype=np.int64).reshape(demand.per_minute.shape)


Staffing = Callable[[SimulationInputs, int], Staff]
"""Gives the agents on duty in a year, by its number."""


def duty_of(duty: Duty) -> Staffing:
    """Give a staffing that is the same every week."""
    return lambda inputs, _: staff_on(inputs.lines, NATIONAL, inputs.calendar, duty)


def roster_of_today(seed: int) -> Staffing:
    """Give the staffing that the scenario's shifts bring, with vacancies and absences."""
    return lambda inputs, number: staff_of(
        inputs.lines, NATIONAL, inputs.calendar, people=0, seed=seed, replication=number
    )


def staffing_of(roster: Roster, seed: int) -> Staffing:
    """Give the staffing that a roster brings, with vacancies and absences, as far as seats go."""
    shifts = tuple(
        Shift(
            days=tuple(row["days"].split()),
            start=row["start"],
            end=row["end"],
            agents=int(row["agents"]),
            break_from=row["break_from"] or row["start"],
            break_minutes=WorkRules().break_minutes if row["break_from"] else 0,
            break_turns=1,
        )
        for row in roster.table.to_dict("records")
    )

    def staffing(inputs: SimulationInputs, number: int) -> Staff:
        staff = staff_of(
            inputs.lines,
            NATIONAL,
            inputs.calendar,
            people=0,
            seed=seed,
            replication=number,
            shifts=shifts,
        )
        return replace(staff, agents=np.minimum(staff.agents, inputs.lines.settings.seats))

    return staffing


def verdict(told: Told, target: Target) -> str:
    """Say whether a target is met, given the interval of the share answered in time.

    Examples
    --------
    >>> told = Told(
    ...     share=0.75, share_half_width=0.02, median_minutes=1.0, p90_minutes=9.0, lost_share=0.0
    ... )
    >>> [verdict(told, Target(minutes=5.0, share=share)) for share in (0.7, 0.76, 0.8)]
    ['met', 'open', 'missed']
    """
    half = told.share_half_width
    if np.isnan(half):
        return "open"
    if told.share - half >= target.share:
        return "met"
    return "missed" if told.share + half < target.share else "open"


def how_it_does(demand: Demand, staffing: Staffing, target: Target) -> Told:
    """Play the calls with some agents, and say how they are answered."""
    calendar = demand.inputs.calendar
    first = calendar.warm_up_days * MINUTES_PER_DAY
    shares, held, lost = [], [], []
    for number, calls in enumerate(demand.calls):
        year = play_line(
            calls, staffing(demand.inputs, number), until=float(calendar.days * MINUTES_PER_DAY)
        )
        shares.append(_share_within(year, first, target.minutes))
        answered = (year.rang >= first) & (year.ends == TryEnd.ANSWERED)
        held.append(year.held_minutes[answered])
        books = (calls.service == SERVICES.index(Service.BOOKING)) & (calls.minutes >= first)
        lost.append(float(year.is_lost[books].mean()) if books.any() else 0.0)
    minutes = np.concatenate(held)
    told = pd.Series(shares)
    half = half_width(pd.Series([told.std()]), pd.Series([len(told)])).iloc[0]
    return Told(
        share=float(told.mean()),
        share_half_width=float(half),
        median_minutes=float(np.quantile(minutes, 0.5)) if len(minutes) else np.nan,
        p90_minutes=float(np.quantile(minutes, 0.9)) if len(minutes) else np.nan,
        lost_share=float(np.mean(lost)),
    )


def _share_within(year: LineYear, first: float, minutes: float) -> float:
    measured = year.rang >= first
    in_time = (year.ends == TryEnd.ANSWERED) & (year.held_minutes <= minutes)
    return float(in_time[measured].mean()) if measured.any() else 1.0


def least_factor(demand: Demand, target: Target, name: str) -> float:
    """Find the least load to size for at which the simulated line reaches the target.

    The same calls are played with every number of agents, so that more agents do better but for
    the rare call; the least of ``FACTORS`` is found by halving.

    Raises
    ------
    ScenarioError
        When every seat taken does not reach it.
    """

    def reaches(place: int) -> bool:
        duty = duty_of(agents_needed(demand, target, FACTORS[place]))
        return how_it_does(demand, duty, target).share >= target.share

    low, high = 0, len(FACTORS) - 1
    if not reaches(high):
        raise ScenarioError(_unreachable(demand, target, name))
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return FACTORS[high]


def _unreachable(demand: Demand, target: Target, name: str) -> str:
    """Say that no staffing reaches a target, and which is the nearest that can be reached."""
    seats = demand.inputs.lines.settings.seats
    everywhere = duty_of(np.where(demand.is_open, seats, 0))
    best = how_it_does(demand, everywhere, target)
    nearest = f"{np.floor(best.share * 1000) / 10:g}% within {target.minutes:g} minutes"
    for minutes in range(int(target.minutes) + 1, 8 * 60):
        later = replace(target, minutes=float(minutes))
        if how_it_does(demand, everywhere, later).share >= target.share:
            nearest += f", or {target.share:.0%} within {minutes} minutes"
            break
    return (
        f"{name}: no staffing within line.seats {seats} answers {target.share:.0%} of ringings "
        f"within {target.minutes:g} minutes. The nearest that can be reached: {nearest}."
    )


def legal_roster(demand: Demand, needed: Duty) -> Roster:
    """Find the cheapest roster that brings the agents needed in the mean.

    A post brings somebody unless it is vacant, or its holder absent.

    Raises
    ------
    ScenarioError
        When no shift reaches some half-hour.
    """
    settings = demand.inputs.lines.settings
    there = (1.0 - settings.vacancy_share) * (1.0 - settings.absence_share)
    posts = np.ceil(needed / max(there, 0.05) - 1e-9).astype(np.int64)
    try:
        return cheapest_roster(posts, demand.is_open, WorkRules())
    except RosterError as error:
        raise ScenarioError(f"line.open_from and line.open_until: {error}.") from None


def agents_table(demand: Demand, needed: Duty, roster: Roster) -> pd.DataFrame:
    """Give agents by half-hour: needed, on the roster, and on the scenario's own shifts."""
    own = np.zeros((WEEK, HALF_HOURS_PER_DAY), dtype=np.int64)
    for shift in demand.inputs.lines.settings.shifts:
        days = [DAYS.index(day) for day in shift.days]
        for post in range(shift.agents):
            own[days] += shift.on_duty(post)
    day, half_hour = np.nonzero(demand.is_open)
    return pd.DataFrame(
        {
            "day": np.array(DAYS, dtype=object)[day],
            "start": [f"{each // 2:02d}:{each % 2 * 30:02d}" for each in half_hour.tolist()],
            "calls_mean": (demand.per_minute[day, half_hour] * HALF_HOUR).round(2),
            "agents_needed": needed[day, half_hour],
            "agents_on_roster": roster.on_duty[day, half_hour],
            "agents_on_own_shifts": own[day, half_hour],
        }
    )


def online_table(demand: Demand, target: Target, factor: float) -> pd.DataFrame:
    """Give agents, hours and cost when shares of the calls that book move online."""
    rows = []
    price = demand.inputs.lines.settings.agent_gbp_per_hour
    for share in MOVED_SHARES:
        calls = [_left(table, share, number) for number, table in enumerate(demand.calls)]
        handled = np.concatenate([each.handle_minutes for each in calls])
        left = replace(
            demand,
            calls=tuple(calls),
            per_minute=calls_per_minute(demand.inputs, calls),
            handle_minutes=float(handled.mean()) if len(handled) else 0.0,
        )
        needed = agents_needed(left, target, factor)
        hours = legal_roster(left, needed).paid_hours_per_week
        does = how_it_does(left, duty_of(needed), target)
        rows.append(
            {
                "moved_online_share": share,
                "calls_per_week": round(float(left.per_minute.sum()) * HALF_HOUR, 1),
                "agents_at_peak": int(needed.max(initial=0)),
                "paid_hours_per_week": hours,
                "cost_gbp_per_year": round(hours * WEEKS_PER_YEAR * price, 2),
                "answered_in_time_share": round(does.share, 4),
                "answer_minutes_p90": round(does.p90_minutes, 2),
            }
        )
    return pd.DataFrame(rows)


def _left(calls: CallTable, share: float, number: int) -> CallTable:
    """Leave out calls that book; who moves at a share moves at a larger one too."""
    drawn = uniform(
        stream_key(0, number, "line size moves online"),
        np.zeros(1, dtype=np.uint64),
        np.zeros(len(calls), dtype=np.int64),
        np.arange(len(calls)),
    )
    books = calls.service == SERVICES.index(Service.BOOKING)
    return calls.chosen(np.flatnonzero(~books | (drawn >= share)))


def months_table(demand: Demand, target: Target, factor: float) -> pd.DataFrame:
    """Give calls and the agents needed at the peak by month."""
    calendar = demand.inputs.calendar
    days = np.arange(calendar.warm_up_days, calendar.days)
    is_open = demand.inputs.lines.is_open(calendar, calendar.days)[days]
    month = (np.datetime64(calendar.first_date, "D") + days).astype("datetime64[M]")
    minutes = np.concatenate([each.minutes for each in demand.calls])
    counted = np.bincount((minutes // MINUTES_PER_DAY).astype(np.int64), minlength=calendar.days)
    by_day = counted[calendar.warm_up_days : calendar.days] / len(demand.calls)
    usual = by_day.sum() / max(int(is_open.sum()), 1)
    rows = []
    for each in np.unique(month):
        of_month = month == each
        open_days = int((is_open & of_month).sum())
        calls = float(by_day[of_month].sum())
        level = calls / max(open_days, 1) / usual if usual else 0.0
        needed = agents_needed(demand, target, factor * level)
        rows.append(
            {
                "month": str(each),
                "open_days": open_days,
                "calls": round(calls, 1),
                "calls_per_open_day": round(calls / max(open_days, 1), 1),
                "agents_at_peak": int(needed.max(initial=0)),
                "agent_hours_per_week": float(needed.sum()) / 2,
            }
        )
    return pd.DataFrame(rows)


def _summary(
    name: str,
    target: Target,
    factor: float,
    needed: Duty,
    proof: Told,
    rostered: Told,
    today: Told,
    roster: Roster,
    demand: Demand,
) -> dict[str, object]:
    settings = demand.inputs.lines.settings

    def told(how: Told) -> dict[str, float | None]:
        return {
            field: None if np.isnan(value) else round(value, 4)
            for field in how.__slots__
            if isinstance(value := getattr(how, field), float)
        }

    return {
        "scenario": name,
        "target_minutes": target.minutes,
        "target_share": target.share,
        "sized_for_mean_calls_times": factor,
        "agents_at_peak": int(needed.max(initial=0)),
        "agent_hours_per_week": float(needed.sum()) / 2,
        "roster_paid_hours_per_week": roster.paid_hours_per_week,
        "roster_bound_hours_per_week": roster.bound_hours_per_week,
        "roster_cost_gbp_per_year": round(
            roster.paid_hours_per_week * WEEKS_PER_YEAR * settings.agent_gbp_per_hour, 2
        ),
        "replications": len(demand.calls),
        "in_fresh_years": told(proof),
        "roster_in_fresh_years": told(rostered),
        "roster_target": verdict(rostered, target),
        "own_shifts": told(today),
    }


def _told(
    target: Target,
    needed: Duty,
    proof: Told,
    rostered: Told,
    today: Told,
    roster: Roster,
    months: pd.DataFrame,
    demand: Demand,
) -> list[str]:
    price = demand.inputs.lines.settings.agent_gbp_per_hour
    gbp = roster.paid_hours_per_week * WEEKS_PER_YEAR * price
    busiest = months.iloc[int(months["agents_at_peak"].to_numpy().argmax())]
    proven = roster.paid_hours_per_week <= roster.bound_hours_per_week + 1e-6
    whether = {
        "met": "the target is met.",
        "missed": "the target is missed: absences and vacancies fall together on some days.",
        "open": "the interval does not settle whether the target is met; play more years.",
    }[verdict(rostered, target)]
    years = len(demand.calls)
    return [
        f"Target: {target.share:.0%} of ringings answered within {target.minutes:g} minutes.",
        f"Sized on {years} years, proven on {years} others.",
        f"Agents on duty: up to {needed.max(initial=0)}, {needed.sum() / 2:,.1f} hours a week.",
        f"In fresh years, with nobody absent: {_how(proof)}.",
        f"In fresh years, on the roster, with absences and vacancies: {_how(rostered)}; {whether}",
        f"The scenario's own shifts: {_how(today)}.",
        f"Roster: {roster.paid_hours_per_week:,.1f} paid hours a week, {gbp:,.0f} pounds a year, "
        + (
            "proven cheapest of the shifts offered."
            if proven
            else f"at least {roster.bound_hours_per_week:,.1f} hours are needed."
        ),
        f"Busiest month: {busiest['month']}, up to {busiest['agents_at_peak']} agents.",
    ]


def _how(told: Told) -> str:
    half = told.share_half_width
    width = "" if np.isnan(half) else f" (+/- {half:.1%})"
    return (
        f"{told.share:.1%}{width} in time, median {told.median_minutes:.1f} minutes, nine in ten "
        f"within {told.p90_minutes:.1f}, {told.lost_share:.1%} of bookings lost"
    )
