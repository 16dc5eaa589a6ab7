"""The size of the national booking line: agents by half-hour, a legal roster and its cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
from scenarios.inputs import input_digests
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.plan import Planned
from scenarios.planning.place import place, simulated_on
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json
from scenarios.run import Stopwatch
from simulation.clock import MINUTES_PER_DAY
from simulation.contact_centre import play_line
from simulation.line import NATIONAL, SERVICES, Service, Shift, staff_of, staff_on
from simulation.line_tables import HALF_HOUR, HALF_HOURS_PER_DAY, CallTable, LineYear, Staff, TryEnd
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

ROUNDS_MAX = 4
"""Times that fresh years may turn an answer down and be sized on too."""

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
    years
        Numbers of the years, which name their draws.
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
    years: tuple[int, ...]
    calls: tuple[CallTable, ...]
    per_minute: NDArray[np.float64]
    handle_minutes: float
    is_open: NDArray[np.bool_]

    def with_calls(self, calls: Sequence[CallTable], years: Sequence[int]) -> Demand:
        """Give the same line with the calls of these years."""
        handled = np.concatenate([each.handle_minutes for each in calls])
        return replace(
            self,
            years=tuple(years),
            calls=tuple(calls),
            per_minute=calls_per_minute(self.inputs, calls),
            handle_minutes=float(handled.mean()) if len(handled) else 0.0,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sized:
    """A size that years were found for and others have proven, or turned down.

    Attributes
    ----------
    sized_on, proven_on
        The years of both kinds.
    factor, roster_factor
        Multiple of the mean calls that agents who are never absent are sized for, and that the
        roster is.
    needed
        Those agents.
    roster
        Who brings them.
    rostered
        How the roster does on the years it was not sized on.
    """

    sized_on: Demand
    proven_on: Demand
    factor: float
    roster_factor: float
    needed: Duty
    roster: Roster
    rostered: Told


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
        Of the years that it is sized on; as many more prove the answer. Where these turn it down,
        they are sized on too, and further ones prove it.
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
            tables = asked_inputs(scenario, data_dir, progress)
            inputs = simulated_on(scenario, tables, place(scenario, tables, progress))
        with clock("size"):
            sized = size_and_prove(
                lambda years: demand_of(inputs, seed, years, progress),
                target,
                scenario.roster,
                name=scenario.name,
                seed=seed,
                replications=replications,
            )
            proof = how_it_does(sized.proven_on, duty_of(sized.needed), target)
            today = how_it_does(sized.proven_on, roster_of_today(seed), target)
            online = online_table(sized, target, scenario.roster)
        with clock("files"):
            agents_table(sized).to_csv(partial / "agents.csv", index=False)
            sized.roster.table.to_csv(partial / "roster.csv", index=False)
            online.to_csv(partial / "online.csv", index=False)
            months = months_table(sized.sized_on, target, sized.factor)
            months.to_csv(partial / "months.csv", index=False)
            summary = _summary(scenario.name, target, sized, proof, today)
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
    lines = _told(target, sized, proof, today, months)
    return Planned(told=(*lines, str(out_dir)), exit_code=ExitCode.DONE)


def size_and_prove(
    demand: Callable[[range], Demand],
    target: Target,
    rules: WorkRules,
    *,
    name: str,
    seed: int,
    replications: int,
) -> Sized:
    """Size a line on some years and play the roster on others, until these do not turn it down.

    Fresh years turn an answer down when the whole interval of the share answered in time lies below
    the target (of one year, the share itself). They then join the years that it is sized on, and
    others prove the next answer: ``ROUNDS_MAX`` times, after which the last answer is given as it
    is.

    Parameters
    ----------
    demand
        Gives the calls of years by their numbers.
    target, rules
        What is asked for, and which shifts are legal and offered.
    name
        Of the scenario.
    seed
        Names the draws of vacancies and absences.
    replications
        Years that are added each time.

    Raises
    ------
    ScenarioError
        When no staffing, or no legal roster, reaches the target.
    """
    sized_on = demand(range(replications))
    first = replications
    for turned_down in range(ROUNDS_MAX + 1):
        factor = least_factor(sized_on, target, name)
        needed = agents_needed(sized_on, target, factor)
        roster_factor, roster = least_roster(
            sized_on, target, rules, least=factor, name=name, seed=seed
        )
        fresh = demand(range(first, first + replications))
        first += replications
        rostered = how_it_does(fresh, staffing_of(roster, rules, seed), target)
        if not _is_turned_down(rostered, target) or turned_down == ROUNDS_MAX:
            break
        sized_on = sized_on.with_calls(
            (*sized_on.calls, *fresh.calls), (*sized_on.years, *fresh.years)
        )
    return Sized(
        sized_on=sized_on,
        proven_on=fresh,
        factor=factor,
        roster_factor=roster_factor,
        needed=needed,
        roster=roster,
        rostered=rostered,
    )


def _is_turned_down(told: Told, target: Target) -> bool:
    """Say whether the share lies below the target with its whole interval; one year has none."""
    half = 0.0 if np.isnan(told.share_half_width) else told.share_half_width
    return told.share + half < target.share


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
    empty = Demand(
        inputs=inputs,
        years=(),
        calls=(),
        per_minute=np.zeros((WEEK, HALF_HOURS_PER_DAY)),
        handle_minutes=0.0,
        is_open=is_open,
    )
    return empty.with_calls(found, replications)


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


def staffing_of(roster: Roster, rules: WorkRules, seed: int) -> Staffing:
    """Give the staffing that a roster brings, with vacancies and absences, as far as seats go."""
    shifts = tuple(
        Shift(
            days=tuple(row["days"].split()),
            start=row["start"],
            end=row["end"],
            agents=int(row["agents"]),
            break_from=row["break_from"] or row["start"],
            break_minutes=rules.break_minutes if row["break_from"] else 0,
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
    first = demand.inputs.calendar.warm_up_days * MINUTES_PER_DAY
    shares, held, lost = [], [], []
    for calls, year in zip(demand.calls, _played(demand, staffing), strict=True):
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


def _played(demand: Demand, staffing: Staffing) -> Iterator[LineYear]:
    until = float(demand.inputs.calendar.days * MINUTES_PER_DAY)
    for number, calls in zip(demand.years, demand.calls, strict=True):
        yield play_line(calls, staffing(demand.inputs, number), until=until)


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
        seats = demand.inputs.lines.settings.seats
        everywhere = duty_of(np.where(demand.is_open, seats, 0))
        what = f"{name}: no staffing within line.seats {seats}"
        raise ScenarioError(_unreachable(demand, target, everywhere, what))
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return FACTORS[high]


def _unreachable(demand: Demand, target: Target, most: Staffing, what: str) -> str:
    """Say that even the most staff do not reach a target, and what is the nearest they can."""
    first = demand.inputs.calendar.warm_up_days * MINUTES_PER_DAY
    years = list(_played(demand, most))

    def reached(minutes: float) -> float:
        return float(np.mean([_share_within(year, first, minutes) for year in years]))

    nearest = (
        f"{np.floor(reached(target.minutes) * 1000) / 10:g}% within {target.minutes:g} minutes"
    )
    for minutes in range(int(target.minutes) + 1, 8 * 60):
        if reached(float(minutes)) >= target.share:
            nearest += f", or {target.share:.0%} within {minutes} minutes"
            break
    return (
        f"{what} answers {target.share:.0%} of ringings within {target.minutes:g} minutes. "
        f"The nearest that can be reached: {nearest}."
    )


def least_roster(
    demand: Demand, target: Target, rules: WorkRules, *, least: float, name: str, seed: int
) -> tuple[float, Roster]:
    """Find the least load to size for whose roster reaches the target with absences and vacancies.

    Parameters
    ----------
    demand, target, rules
        Years, what is asked for, and the shifts offered.
    least
        Load at which agents who are never absent reach it.
    name
        Of the scenario.
    seed
        Names the draws of vacancies and absences.

    Raises
    ------
    ScenarioError
        When the roster of the largest load does not reach it, or no shift reaches some half-hour.
    """
    rosters: dict[int, Roster] = {}

    def reaches(place: int) -> bool:
        rosters[place] = legal_roster(demand, agents_needed(demand, target, FACTORS[place]), rules)
        staffing = staffing_of(rosters[place], rules, seed)
        return how_it_does(demand, staffing, target).share >= target.share

    low, last = FACTORS.index(least), len(FACTORS) - 1
    high, stride = low, 1
    # the largest rosters take longest to find, so they are tried last
    while not reaches(high):
        if high == last:
            settings, most = demand.inputs.lines.settings, staffing_of(rosters[high], rules, seed)
            what = (
                f"{name}: no roster within line.seats {settings.seats}, with line.vacancy_share "
                f"{settings.vacancy_share:g} and line.absence_share {settings.absence_share:g},"
            )
            raise ScenarioError(_unreachable(demand, target, most, what))
        low, high, stride = high + 1, min(high + stride, last), 2 * stride
    while low < high:
        middle = (low + high) // 2
        if reaches(middle):
            high = middle
        else:
            low = middle + 1
    return FACTORS[high], rosters[high]


def legal_roster(demand: Demand, needed: Duty, rules: WorkRules) -> Roster:
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
        return cheapest_roster(posts, demand.is_open, rules)
    except RosterError as error:
        raise ScenarioError(f"line.open_from and line.open_until: {error}.") from None


def agents_table(sized: Sized) -> pd.DataFrame:
    """Give agents by half-hour: needed, on the roster, and on the scenario's own shifts."""
    demand = sized.sized_on
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
            "agents_needed": sized.needed[day, half_hour],
            "agents_on_roster": sized.roster.on_duty[day, half_hour],
            "agents_on_own_shifts": own[day, half_hour],
        }
    )


def online_table(sized: Sized, target: Target, rules: WorkRules) -> pd.DataFrame:
    """Give agents, hours and cost when shares of the calls that book move online.

    Every share keeps the load factors found for all calls, so that it reaches the target is not
    proven. What is answered in time is of agents who are never absent; the roster, its hours and
    its cost count absences and vacancies.
    """
    rows, demand = [], sized.sized_on
    price = demand.inputs.lines.settings.agent_gbp_per_hour
    for share in MOVED_SHARES:
        calls = [_left(table, share, number) for number, table in enumerate(demand.calls)]
        left = demand.with_calls(calls, demand.years)
        needed = agents_needed(left, target, sized.factor)
        for_roster = agents_needed(left, target, sized.roster_factor)
        hours = legal_roster(left, for_roster, rules).paid_hours_per_week
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
    name: str, target: Target, sized: Sized, proof: Told, today: Told
) -> dict[str, object]:
    settings, roster = sized.sized_on.inputs.lines.settings, sized.roster

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
        "sized_for_mean_calls_times": sized.factor,
        "roster_for_mean_calls_times": sized.roster_factor,
        "agents_at_peak": int(sized.needed.max(initial=0)),
        "agent_hours_per_week": float(sized.needed.sum()) / 2,
        "roster_agents": int(roster.table["agents"].sum()),
        "roster_paid_hours_per_week": roster.paid_hours_per_week,
        "roster_bound_hours_per_week": roster.bound_hours_per_week,
        "roster_cost_gbp_per_year": round(
            roster.paid_hours_per_week * WEEKS_PER_YEAR * settings.agent_gbp_per_hour, 2
        ),
        "replications": len(sized.proven_on.years),
        "sized_on_years": len(sized.sized_on.years),
        "in_fresh_years": told(proof),
        "roster_in_fresh_years": told(sized.rostered),
        "roster_target": verdict(sized.rostered, target),
        "own_shifts": told(today),
    }


def _told(
    target: Target, sized: Sized, proof: Told, today: Told, months: pd.DataFrame
) -> list[str]:
    roster, needed = sized.roster, sized.needed
    price = sized.sized_on.inputs.lines.settings.agent_gbp_per_hour
    gbp = roster.paid_hours_per_week * WEEKS_PER_YEAR * price
    busiest = months.iloc[int(months["agents_at_peak"].to_numpy().argmax())]
    proven = roster.paid_hours_per_week <= roster.bound_hours_per_week + 1e-6
    whether = {
        "met": "the target is met.",
        "missed": "the target is missed; size on more years.",
        "open": "one year alone does not settle whether the target is met."
        if np.isnan(sized.rostered.share_half_width)
        else "the target lies within the interval.",
    }[verdict(sized.rostered, target)]
    return [
        f"Target: {target.share:.0%} of ringings answered within {target.minutes:g} minutes.",
        f"Sized on {len(sized.sized_on.years)} years, proven on {len(sized.proven_on.years)} "
        "others.",
        f"Agents on duty: up to {needed.max(initial=0)}, {needed.sum() / 2:,.1f} hours a week.",
        f"In fresh years, with nobody absent: {_how(proof)}.",
        "In fresh years, on the roster, with absences and vacancies: "
        f"{_how(sized.rostered)}; {whether}",
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
        f"within {told.p90_minutes:.1f}, {told.lost_share:.1%} of calls to book never answered"
    )
