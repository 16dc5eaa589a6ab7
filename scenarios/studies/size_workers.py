"""How many family workers each prison needs, how a fixed total is best shared, and what it costs.

Every prison is played at several numbers of caseworkers on the same draws; a monotone curve is
put through them (``worker_curves``). From the curves come the fewest workers for a service level,
the best share of a total (``optimiser.shares``) and the cost curve. What is answered is played
again with fresh seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from data.apportion import largest_remainder
from data.progress import Progress, silent
from data.words import WorkerFunder, WorkerLine
from optimiser.allocation import Allocation
from optimiser.shares import best_shares, near_best_shares
from scenarios.accounts.account import changes_table
from scenarios.circulation.safe_cells import safe_cells
from scenarios.ensemble.runner import process_pool
from scenarios.errors import ExitCode, ScenarioError
from scenarios.inputs import Inputs, input_digests
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.plan import Planned
from scenarios.planning.place import held_under, place, simulated_on
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json, write_parquet
from scenarios.run import Stopwatch
from scenarios.schema import Scenario
from scenarios.settings import settings as setting_rows
from scenarios.studies.worker_curves import (
    NEVER,
    STEPS_PER_FTE,
    WorkerCurve,
    days_at_most,
    fit,
    half_widths,
    levels_to_play,
)
from simulation.clock import Calendar
from simulation.family_levels import LONGEST_DAYS, LevelYears, play_levels, together
from simulation.family_workers import FamilyWork, FamilyWorkSettings, mean_people
from simulation.need import DRIVERS, need_table, people_held, referrals_per_year, share_of_year

POINTS = 12
"""Numbers of caseworkers at which every prison is played first."""

BESIDE = 2
"""Steps on both sides of a first answer that are played too."""

TENTHS = 10
"""Curves are shared out in tenths of an hour, in whole numbers."""

ADDED_MAX = 5
"""Steps that are added at most where fresh years miss the target."""

COST_POINTS = 15
"""Totals of the cost curve."""

TOLD_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 28)
"""Days for which the curves give the share of referrals reached."""

PUBLIC, EVERY = "public", "all"

Work = Mapping[str, FamilyWork]

Years = dict[str, LevelYears]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a sizing is asked for.

    Attributes
    ----------
    target_days, share
        So large a share of referrals is to be reached within so many days.
    budget_fte
        Caseworkers to share out, of every funder; today's in the perimeter when left out.
    perimeter
        ``public``: prisons whose caseworkers the national contract pays, all or most of them;
        ``all``: every prison.
    replications, seed, workers
        Simulated years of each number of workers, seed of their draws, processes.
    """

    target_days: int = 5
    share: float = 0.9
    budget_fte: float | None = None
    perimeter: str = PUBLIC
    replications: int = 8
    seed: int = 1
    workers: int = 2


def size_workers(
    name: str,
    asked: Asked,
    *,
    out_dir: Path,
    data_dir: Path | None = None,
    progress: Progress = silent,
) -> Planned:
    """Size the family workers of a scenario and write the tables.

    Parameters
    ----------
    name
        Name or path of a scenario; its placements, need and workers of other lines count.
    asked
        Service level, total and perimeter.
    out_dir
        Where the tables go; must not hold anything yet.
    data_dir
        Folder of a user's tables.
    progress
        Told of each stage.

    Returns
    -------
    Planned
        The answer in words.

    Raises
    ------
    ScenarioError
        With every fault of what is asked, and when the total is too small for one worker with
        leave cover in each prison of the perimeter.
    """
    scenario = asked_scenario(name, data_dir, asked=_problems(asked, out_dir))
    clock = Stopwatch()
    with new_folder(out_dir) as partial:
        with clock("inputs"):
            inputs = asked_inputs(scenario, data_dir, progress)
            placed = place(scenario, inputs)
            given = simulated_on(scenario, inputs, placed)
        with _mapping(asked.workers) as over:
            size = _Sizing(scenario, given.family_work, asked, over, progress)
            prisons = size.prisons(inputs)
            with clock("curves"):
                size.play()
            with clock("fresh"):
                sized = size.with_fresh_years(size.table(prisons))
            with clock("shares"):
                sized = size.shared(sized)
            with clock("fresh shares"):
                sized = size.shares_played_again(sized)
            with clock("costs"):
                costs = size.cost_curve(sized)
        write_table(need_of(scenario, inputs, placed), partial, "need")
        write_json(size.summary(sized), partial / "family_workers.json")
        _write(partial, scenario, sized, size.curve_rows(), costs)
        told = _tell(sized, costs, size, asked)
        made_from = origin(
            command=f"estate size family-workers {scenario.name}",
            seed=asked.seed,
            replications=asked.replications,
            keep_visits=False,
            inputs=input_digests(data_dir),
            scenario_digest=scenario.digest(),
        )
        stamped = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(stamped, partial / "manifest.json")
    return Planned(told=(*told, str(out_dir)), exit_code=ExitCode.DONE)


def _problems(asked: Asked, out_dir: Path) -> list[str]:
    problems = []
    if not 0 <= asked.target_days <= LONGEST_DAYS:
        problems.append(
            f"--target-days {asked.target_days}: give a number from 0 to {LONGEST_DAYS}."
        )
    if not 0 < asked.share <= 1:
        problems.append(f"--share {asked.share}: give a share above 0 and at most 1.")
    if asked.budget_fte is not None and not 0 < asked.budget_fte < math.inf:
        problems.append(f"--budget-fte {asked.budget_fte}: give a number of workers above 0.")
    if asked.perimeter not in (PUBLIC, EVERY):
        problems.append(f"--perimeter {asked.perimeter}: give {PUBLIC} or {EVERY}.")
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        problems.append(f"{out_dir}: is in use. Give --out a folder that does not exist yet.")
    return problems


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Task:
    """Years of one prison to be played at some numbers of caseworkers."""

    work: FamilyWork
    settings: FamilyWorkSettings
    calendar: Calendar
    steps: tuple[float, ...]
    seed: int
    replications: int


Over = Callable[[Sequence[_Task]], Iterator[LevelYears]]


def _play(task: _Task) -> LevelYears:
    return play_levels(
        task.work,
        task.settings,
        task.calendar,
        ftes=[step / STEPS_PER_FTE for step in task.steps],
        seed=task.seed,
        replications=range(task.replications),
    )


@contextmanager
def _mapping(workers: int) -> Iterator[Over]:
    """Give what plays tasks in order: processes, or this one alone."""
    if workers == 1:
        yield lambda tasks: map(_play, tasks)
        return
    with process_pool(workers) as executor:
        yield lambda tasks: executor.map(_play, tasks)


class _Sizing:
    """The curves of every prison, and what is read off them."""

    def __init__(
        self,
        scenario: Scenario,
        work: Work,
        asked: Asked,
        over: Over,
        progress: Progress,
    ) -> None:
        self._scenario, self._settings = scenario, scenario.family_work
        self._work, self._asked, self._over = work, asked, over
        self._progress = progress
        self._played = 0
        self.years: Years = {}
        self.curves: dict[str, WorkerCurve] = {}
        self.cover_steps = math.ceil(self._settings.leave_cover_fte * STEPS_PER_FTE - 1e-9)
        self.limit_holds = True
        self.limited_prisons = 0
        self.fresh_unmet: dict[str, dict[str, float]] = {}
        self.budget_steps = 0
        self.is_proven = False

    def _years_of(
        self, steps: Mapping[str, Sequence[float]], *, stage: str, seed: int, replications: int
    ) -> Years:
        tasks = [
            _Task(
                work=self._work[code],
                settings=self._settings,
                calendar=self._scenario.calendar,
                steps=tuple(each),
                seed=seed,
                replications=replications,
            )
            for code, each in steps.items()
            if each
        ]
        found: Years = {}
        for task, years in zip(tasks, self._over(tasks), strict=True):
            found[task.work.establishment] = years
            self._progress(stage, len(found), len(tasks))
        return found

    def play(self) -> None:
        """Play every prison at several numbers of caseworkers, then beside the first answer."""
        asked, settings = self._asked, self._settings
        first = {}
        for code, work in self._work.items():
            duties = work.duty_hours_per_week * 52
            first[code] = levels_to_play(
                (work.need_hours + duties) / settings.hours_per_fte, POINTS
            )
            first[code] = sorted({*first[code], self.cover_steps})
        self.years = self._years_of(
            first, stage="curves", seed=asked.seed, replications=asked.replications
        )
        more: dict[str, list[int]] = {}
        for code, years in self.years.items():
            curve = fit(years, target_days=asked.target_days)
            answer, _, _ = curve.smallest(asked.share)
            centre = curve.most if answer == NEVER else answer
            near = range(max(centre - BESIDE, 0), min(centre + BESIDE, curve.most) + 1)
            more[code] = [step for step in near if step not in set(first[code])]
        beside = self._years_of(
            more, stage="curves beside", seed=asked.seed, replications=asked.replications
        )
        self.years |= {code: together(self.years[code], years) for code, years in beside.items()}
        self.curves = {
            code: fit(years, target_days=asked.target_days) for code, years in self.years.items()
        }

    def prisons(self, inputs: Inputs) -> pd.DataFrame:
        """Give one row for each prison with today's workers, and set the total to share out.

        Raises
        ------
        ScenarioError
            When the total is less than one worker with leave cover for each prison.
        """
        rows = pd.DataFrame({"establishment": list(self._work)})
        known = _of_prisons(inputs, self._scenario.calendar.start_date)
        rows = rows.merge(known, on="establishment", how="left", validate="1:1")
        rows["fte_today"] = rows["fte_today"].fillna(0.0)
        rows = rows.fillna(dict.fromkeys(("provider", "lot", "funder", "confidence"), ""))
        inside = (rows["funder"] == WorkerFunder.NATIONAL_CONTRACT) | (
            self._asked.perimeter == EVERY
        )
        today = float(rows.loc[inside, "fte_today"].sum())
        budget = today if self._asked.budget_fte is None else self._asked.budget_fte
        self.budget_steps = int(budget * STEPS_PER_FTE + 1e-9)
        least = self.cover_steps * int(inside.sum())
        if self.budget_steps < least:
            needed = least / STEPS_PER_FTE
            raise ScenarioError(
                f"{budget:.1f} workers are too few: one with leave cover "
                f"({self.cover_steps / STEPS_PER_FTE:.1f}) in each of {inside.sum()} prisons takes "
                f"{needed:.1f}. Give --budget-fte {needed:.1f} or more."
            )
        return rows.assign(in_perimeter=inside)

    def table(self, prisons: pd.DataFrame) -> pd.DataFrame:
        """Give one row for each prison: need, today's workers, the fewest for the target.

        Parameters
        ----------
        prisons
            As ``prisons`` gives them.
        """
        asked = self._asked
        rows = pd.DataFrame([self._row(code, curve) for code, curve in self.curves.items()])
        rows = rows.merge(prisons, on="establishment", how="left", validate="1:1")
        rows["target_met_today"] = [
            self.curves[code].at("in_time", fte) >= asked.share
            for code, fte in zip(rows["establishment"], rows["fte_today"], strict=True)
        ]
        return rows

    def _row(self, code: str, curve: WorkerCurve) -> dict[str, Any]:
        asked, work = self._asked, self._work[code]
        found, low, high = curve.smallest(asked.share)
        nearest = NEVER if found != NEVER else days_at_most(self.years[code], asked.share)
        return {
            "establishment": code,
            "people": round(mean_people(work, self._settings, self._scenario.calendar)),
            "need_hours": work.need_hours,
            "latent_hours": work.latent_hours,
            "fte_for_target": _fte(found),
            "fte_for_target_low": _fte(low),
            "fte_for_target_high": _fte(high),
            "target_can_be_reached": found != NEVER,
            "most_in_time_share": float(curve.in_time[-1]),
            "nearest_target_days": math.nan if nearest == NEVER else float(nearest),
            "curve_error": curve.fit_error,
        }

    def shared(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add the best share of the total, and the two simple ones.

        Parameters
        ----------
        rows
            As ``with_fresh_years`` gives them: the limit is the number that fresh years ask for.
        """
        rows = rows.copy()
        chosen = rows["in_perimeter"]
        codes = rows.loc[chosen, "establishment"].tolist()
        least = dict.fromkeys(codes, self.cover_steps)
        answers = rows.set_index("establishment")["fte_for_target"]
        limit = {
            code: max(least[code], round(answers[code] * STEPS_PER_FTE))
            if answers[code] == answers[code]
            else least[code]
            for code in codes
        }
        fits = sum(limit.values()) <= self.budget_steps
        reachable = int(answers[codes].notna().sum())
        self.limited_prisons = reachable if fits else 0
        self.limit_holds = fits and reachable == len(codes)
        least = limit if fits else least
        shared = best_shares(
            [self._whole(code) for code in codes],
            [min(least[code], self.curves[code].most) for code in codes],
            self.budget_steps,
        )
        self.is_proven = shared.is_proven
        spare = self.budget_steps - self.cover_steps * len(codes)
        weights = rows.loc[chosen, ["people", "need_hours"]].to_numpy(np.float64)
        found = {"fte_fair": shared.steps}
        for number, name in enumerate(("fte_by_population", "fte_by_need")):
            found[name] = self.cover_steps + largest_remainder(weights[:, number], spare)
        for name, steps in found.items():
            rows[name] = np.nan
            rows.loc[chosen, name] = steps / STEPS_PER_FTE
        rows["change_fte"] = rows["fte_fair"] - rows["fte_today"]
        for name in ("today", "fair", "by_population", "by_need"):
            for column in ("weighted_hours", "unmet_hours", "wait_days", "in_time"):
                rows[f"{column}_{name}"] = [
                    self.curves[code].at(column, fte) if fte == fte else math.nan
                    for code, fte in zip(rows["establishment"], rows[f"fte_{name}"], strict=True)
                ]
        return rows

    def _whole(self, code: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        return np.round(self.curves[code].weighted_hours * TENTHS).astype(np.int64)

    def with_fresh_years(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Play the fewest for the target with fresh seeds, and add steps where they miss it."""
        fresh = self._levels_again(rows, ("for_target",), "fresh seeds", later=1)
        nothing = {
            "fresh_in_time": math.nan,
            "fresh_in_time_low": math.nan,
            "fresh_in_time_high": math.nan,
            "fresh_meets_target": False,
        }
        found = [
            self._in_time(fresh[code], 0) if code in fresh else nothing
            for code in rows["establishment"]
        ]
        rows = pd.concat([rows, pd.DataFrame(found, index=rows.index)], axis=1)
        return self._with_added(rows.assign(fte_added=0.0))

    def shares_played_again(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Play the fair share and today's numbers with fresh seeds."""
        names = ("fair", "today")
        # the limit of the fair share was decided on the seeds before
        later = 2 + ADDED_MAX
        fresh = self._levels_again(rows, names, "fresh seeds of the shares", later=later)
        found = [
            {
                f"fresh_weighted_hours_{name}": _weighted_hours(
                    fresh.get(row["establishment"]), row[f"fte_{name}"]
                )
                for name in names
            }
            for row in rows.to_dict("records")
        ]
        self.fresh_unmet = self._unmet_in_fresh_years(rows[rows["in_perimeter"]], fresh)
        return pd.concat([rows, pd.DataFrame(found, index=rows.index)], axis=1)

    def _unmet_in_fresh_years(
        self, inside: pd.DataFrame, fresh: Years
    ) -> dict[str, dict[str, float]]:
        """Add up the hours not done of the prisons that share the total, year by year.

        Returns
        -------
        dict
            For ``today``, for ``fair`` and for their ``change``, which is paired: mean and
            half_width of its 95% interval.
        """
        totals = {
            name: _added_up(
                fresh,
                "unmet_hours",
                dict(zip(inside["establishment"], inside[f"fte_{name}"], strict=True)),
            )
            for name in ("today", "fair")
        }
        totals["change"] = totals["fair"] - totals["today"]
        return {
            name: {"mean": float(years.mean()), "half_width": _half_width(years)}
            for name, years in totals.items()
        }

    def _levels_again(
        self, rows: pd.DataFrame, names: Sequence[str], stage: str, *, later: int
    ) -> Years:
        wanted = {}
        for row in rows.to_dict("records"):
            levels = [row[f"fte_{name}"] for name in names]
            wanted[row["establishment"]] = sorted(
                {round(fte * STEPS_PER_FTE, 6) for fte in levels if fte == fte}
            )
        return self._years_of(
            wanted,
            stage=stage,
            seed=self._asked.seed + later,
            replications=2 * self._asked.replications,
        )

    def _with_added(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Add steps where fresh years missed the target, and play each with further fresh seeds.

        The curve ends somewhere: an answer there stays as it is, with what fresh years say of it.
        """
        rows, asked = rows.copy(), self._asked
        last = rows["establishment"].map(lambda code: _fte(self.curves[code].most))
        for added in range(1, ADDED_MAX + 1):
            short = rows["target_can_be_reached"] & ~rows["fresh_meets_target"]
            short &= rows["fte_for_target"] < last - 1e-9
            if not short.any():
                break
            rows.loc[short, "fte_for_target"] += 1.0 / STEPS_PER_FTE
            rows.loc[short, "fte_added"] += 1.0 / STEPS_PER_FTE
            again = rows.loc[short, ["establishment", "fte_for_target"]].to_dict("records")
            fresh = self._years_of(
                {
                    each["establishment"]: [round(each["fte_for_target"] * STEPS_PER_FTE, 6)]
                    for each in again
                },
                stage="fresh seeds again",
                seed=asked.seed + 1 + added,
                replications=2 * asked.replications,
            )
            for row, code in rows.loc[short, "establishment"].items():
                for name, value in self._in_time(fresh[code], 0).items():
                    rows.loc[row, name] = value
        rows["fte_for_target"] = rows["fte_for_target"].round(6)
        high = rows["fte_for_target_high"]
        rows["fte_for_target_high"] = high.where(
            high.isna(), high.clip(lower=rows["fte_for_target"])
        )
        return rows

    def _in_time(self, years: LevelYears, level: int) -> dict[str, Any]:
        """Say of years at one level whether the target is met, within the interval."""
        shares = years.shares_within(self._asked.target_days)[:, level : level + 1]
        mean, half = float(shares.mean()), float(half_widths(shares)[0])
        return {
            "fresh_in_time": mean,
            "fresh_in_time_low": max(mean - half, 0.0),
            "fresh_in_time_high": min(mean + half, 1.0),
            "fresh_meets_target": mean + half >= self._asked.share - 1e-12,
        }

    def cost_curve(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Give pounds a year against unmet need and wait at the best share of several totals.

        The wait target is no limit here; leave cover is. Shares are the quick ones of
        ``optimiser.shares``, within their bound of the best. The totals run to the last worker who
        saves anything; the total to share out stands beside them. The knee is found on weighted
        hours, without that one: the total furthest below the straight line between the ends, both
        axes as shares of their range.
        """
        codes = rows.loc[rows["in_perimeter"], "establishment"].tolist()
        curves = [self._whole(code) for code in codes]
        least = [min(self.cover_steps, self.curves[code].most) for code in codes]
        ends = sum(len(curve) - 1 for curve in curves)
        most = int(near_best_shares(curves, least, max(ends, sum(least))).steps.sum())
        totals = np.linspace(sum(least), most, COST_POINTS).round().astype(int)
        shared = {
            int(total): near_best_shares(curves, least, int(total)).steps
            for total in sorted({*totals.tolist(), self.budget_steps})
        }
        table = pd.DataFrame(
            [self._cost_of(codes, steps, total) for total, steps in shared.items()]
        )
        table = table.join(self._half_widths_of(codes, shared))
        on_grid = table[np.isin(np.round(table["fte"] * STEPS_PER_FTE), totals)]
        run = _of_range(on_grid["gbp_per_year"].to_numpy(np.float64))
        rise = _of_range(on_grid["weighted_hours"].to_numpy(np.float64))
        table["is_knee"] = table.index == on_grid.index[int((1.0 - run - rise).argmax())]
        table["is_budget"] = table["fte"] == self.budget_steps / STEPS_PER_FTE
        return table

    def _half_widths_of(
        self, codes: Sequence[str], shared: Mapping[int, np.ndarray[Any, np.dtype[np.int64]]]
    ) -> pd.DataFrame:
        """Give half the 95% interval of what totals leave undone and reach, over the years played.

        Returns
        -------
        DataFrame
            One row per total: ``unmet_hours_half_width``, ``reached_half_width``, and
            ``reached_more_half_width`` of what it reaches beyond the total to share out, on the
            same draws.
        """
        unmet, reached = (
            {
                total: _added_up(
                    self.years,
                    name,
                    {
                        code: step / STEPS_PER_FTE
                        for code, step in zip(codes, steps.tolist(), strict=True)
                    },
                )
                for total, steps in shared.items()
            }
            for name in ("unmet_hours", "reached")
        )
        return pd.DataFrame(
            {
                "unmet_hours_half_width": [_half_width(years) for years in unmet.values()],
                "reached_half_width": [_half_width(years) for years in reached.values()],
                "reached_more_half_width": [
                    _half_width(years - reached[self.budget_steps]) for years in reached.values()
                ],
            }
        )

    def _cost_of(
        self, codes: Sequence[str], steps: np.ndarray[Any, np.dtype[np.int64]], total: int
    ) -> dict[str, Any]:
        def added(name: str) -> float:
            return float(
                sum(
                    getattr(self.curves[code], name)[step]
                    for code, step in zip(codes, steps.tolist(), strict=True)
                )
            )

        waits = [
            (self.curves[code].wait_days[step], self.curves[code].reached[step])
            for code, step in zip(codes, steps.tolist(), strict=True)
        ]
        there = [(wait, reached) for wait, reached in waits if wait == wait and reached > 0]
        days = sum(wait * reached for wait, reached in there)
        met = sum(
            self.curves[code].in_time[step] >= self._asked.share - 1e-12
            for code, step in zip(codes, steps.tolist(), strict=True)
        )
        return {
            "fte": total / STEPS_PER_FTE,
            "fte_used": float(steps.sum()) / STEPS_PER_FTE,
            "gbp_per_year": total / STEPS_PER_FTE * self._settings.gbp_per_fte,
            "weighted_hours": added("weighted_hours"),
            "unmet_hours": added("unmet_hours"),
            "reached": added("reached"),
            "wait_days": days / sum(reached for _, reached in there) if there else math.nan,
            "prisons_that_meet_the_target": int(met),
            "prisons": len(codes),
        }

    def summary(self, rows: pd.DataFrame) -> dict[str, Any]:
        """Give what was asked for and how good the fair share is, for whoever opens the folder."""
        asked = self._asked
        return {
            "scenario": self._scenario.name,
            "is_plan": self._scenario.placements == "optimised",
            "target_days": asked.target_days,
            "target_share": asked.share,
            "perimeter": asked.perimeter,
            "budget_fte": self.budget_steps / STEPS_PER_FTE,
            "leave_cover_fte": self.cover_steps / STEPS_PER_FTE,
            "gbp_per_fte": self._settings.gbp_per_fte,
            "target_is_a_limit": self.limit_holds,
            "target_limits_prisons": self.limited_prisons,
            "is_proven": self.is_proven,
            "fresh_unmet_hours": self.fresh_unmet,
            "fresh_replications": 2 * asked.replications,
            "known_prisons": int((rows["confidence"] == "measured").sum()),
            "replications": asked.replications,
            "seed": asked.seed,
        }

    def curve_rows(self) -> pd.DataFrame:
        """Give every curve: one row for each prison and number of caseworkers."""
        parts = []
        for code, curve in self.curves.items():
            steps = np.arange(curve.most + 1)
            years = self.years[code]
            levels = np.round(years.fte * STEPS_PER_FTE)
            within = {
                name: np.interp(steps, levels, values)
                for days in TOLD_DAYS
                for name, values in _within(years, days).items()
            }
            parts.append(
                pd.DataFrame(
                    {
                        "establishment": code,
                        "fte": steps / STEPS_PER_FTE,
                        "gbp_per_year": steps / STEPS_PER_FTE * self._settings.gbp_per_fte,
                        "in_time": curve.in_time,
                        "in_time_half_width": curve.in_time_half_width,
                        **within,
                        "wait_days": curve.wait_days,
                        "unmet_hours": curve.unmet_hours,
                        "weighted_hours": curve.weighted_hours,
                        "reached": curve.reached,
                        "is_played": np.isin(steps, levels),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)


def _added_up(
    played: Years, name: str, fte: Mapping[str, float]
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Add up a quantity over prisons, each at its number of workers, year by year.

    Between the numbers played it lies on the straight line; shape (replications,).
    """
    found: Any = 0.0
    for code, number in fte.items():
        years = played[code]
        values = getattr(years, name)
        found = found + np.array([np.interp(number, years.fte, of_year) for of_year in values])
    return np.asarray(found, dtype=np.float64)


def _half_width(years: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    return float(half_widths(years[:, np.newaxis])[0])


def _within(years: LevelYears, days: int) -> dict[str, np.ndarray[Any, np.dtype[np.float64]]]:
    """Give the rising share reached within some days at each level, and half its 95% interval."""
    from scipy.optimize import isotonic_regression

    shares = years.shares_within(days)
    return {
        f"within_{days}_days": isotonic_regression(shares.mean(axis=0)).x,
        f"within_{days}_days_half_width": half_widths(shares),
    }


def need_of(scenario: Scenario, inputs: Inputs, placed: Allocation) -> pd.DataFrame:
    """Give what each driver adds to the need of each prison.

    The need is linear in its drivers, so each one's hours are those of a prison with it alone;
    they add up to the prison's need.

    Parameters
    ----------
    scenario
        Weights of the drivers and hours of a referral.
    inputs
        The people.
    placed
        Who is held where. Who is moved in the year counts for the share of it in each prison.

    Returns
    -------
    DataFrame
        One row for each establishment that holds somebody and driver: establishment, driver, number
        (counted a year or on the day), referrals and need_hours a year, is_latent.
        ``parents_not_recorded`` is latent: in no prison's need.
    """
    held = held_under(scenario, inputs, placed.placements, placed.moves)
    people = people_held(held, inputs.population.prisoners, inputs.estate.units, inputs.parties)
    each = scenario.family_work.hours_per_referral
    share = share_of_year(people, scenario.calendar)
    table = need_table(people, scenario.need, hours_per_referral=each, share=share)
    drivers = table.set_index("establishment")[list(DRIVERS)]
    parts = []
    for name in DRIVERS:
        is_latent = name == "parents_not_recorded"
        alone = drivers * 0.0
        alone["parents" if is_latent else name] = drivers[name]
        referrals = referrals_per_year(alone, scenario.need).sum(axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "driver": name,
                    "number": drivers[name],
                    "referrals": referrals,
                    "need_hours": referrals * each,
                    "is_latent": is_latent,
                }
            )
        )
    order = ["establishment", "driver"]
    return (
        pd.concat(parts)
        .rename_axis("establishment")
        .reset_index()
        .sort_values(order, ignore_index=True)
    )


def _weighted_hours(years: LevelYears | None, fte: float) -> float:
    """Give the mean weighted hours not done at one level; missing where it was not played."""
    if years is None:
        return math.nan
    level = np.flatnonzero(np.isclose(years.fte, fte))
    if not len(level):
        return math.nan
    return float(years.weighted_hours[:, level[0]].mean())


def _fte(steps: int) -> float:
    return math.nan if steps == NEVER else steps / STEPS_PER_FTE


def _of_range(values: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, Any]:
    span = float(values.max() - values.min())
    return (values - values.min()) / span if span > 0 else values * 0.0


def _of_prisons(inputs: Inputs, start_date: date) -> pd.DataFrame:
    """Give name, region, sex and the caseworkers on the first day of the year of every prison."""
    workers = inputs.estate.family_workers
    ends = workers["ends"].astype(str)
    workers = workers[(ends == "") | (ends >= start_date.isoformat())]
    cases = workers[workers["line"] == WorkerLine.CASEWORK].sort_values("fte", ascending=False)
    first = cases.groupby("establishment")[["provider", "lot", "funder", "confidence"]].first()
    here = inputs.estate.establishments[["establishment", "name", "region", "sex"]].set_index(
        "establishment"
    )
    of_cases = cases.groupby("establishment")["fte"].sum().rename("fte_today")
    national = cases[cases["funder"] == WorkerFunder.NATIONAL_CONTRACT]
    of_contract = national.groupby("establishment")["fte"].sum().rename("fte_national_contract")
    others = workers[workers["line"] != WorkerLine.CASEWORK]
    of_others = others.groupby("establishment")["fte"].sum().rename("fte_of_other_lines")
    table = here.join([first, of_cases, of_contract, of_others])
    none = {"fte_national_contract": 0.0, "fte_of_other_lines": 0.0}
    return table.fillna(none).reset_index()


SUMMED = (
    "people", "need_hours", "latent_hours", "fte_today", "fte_of_other_lines", "fte_for_target",
    "fte_fair", "unmet_hours_today", "unmet_hours_fair",
)  # fmt: skip


def _summed(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Add up prisons of the perimeter by provider, lot, region or sex; what is not known is said.

    Where no number of workers reaches the target in some prison, ``fte_for_target`` is missing.
    """
    chosen = rows[rows["in_perimeter"]].copy()
    chosen[by] = chosen[by].where(chosen[by] != "", "not known")
    grouped = chosen.groupby(by)
    table = grouped[list(SUMMED)].sum()
    beyond = (~chosen["target_can_be_reached"]).groupby(chosen[by]).sum()
    table["fte_for_target"] = table["fte_for_target"].where(beyond == 0)
    table.insert(0, "prisons", grouped.size())
    table["prisons_that_cannot_reach_the_target"] = beyond
    return table.reset_index()


def fair_scenario(rows: pd.DataFrame, budget_fte: float) -> str:
    """Write the best share as a scenario.

    The share is of all caseworkers of a prison, so where others than the national contract pay some
    of them the change is to those of every funder; each keeps its part.
    """
    fair = rows[rows["fte_fair"].notna()]
    is_national = bool((fair["fte_today"] - fair["fte_national_contract"] < 1e-9).all())
    whose = "caseworkers of the national contract" if is_national else "caseworkers of every funder"
    funder = f"      funder: {WorkerFunder.NATIONAL_CONTRACT}\n" if is_national else ""
    each = {
        str(code): round(float(fte), 1)
        for code, fte in zip(fair["establishment"], fair["fte_fair"], strict=True)
    }
    cells = yaml.safe_dump(each, default_flow_style=True, width=84, sort_keys=True).strip()
    shown = "\n".join(f"        {line.strip()}" for line in cells.splitlines())
    return (
        "title: Family workers shared by need\n"
        "question: >-\n"
        f"  If the {budget_fte:.1f} {whose} were shared so that the least need is\n"
        "  left unmet, what would change, and who would have fewer?\n"
        "parent: baseline\n"
        "change:\n"
        "  workers:\n"
        "    - where: {}\n"
        "      line: casework\n"
        f"{funder}"
        f"      fte_each:\n{shown}\n"
    )


def write_table(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write a table as Parquet and as CSV whose cells cannot act as formulas."""
    write_parquet(table, folder / f"{name}.parquet")
    safe_cells(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")


def _write(
    folder: Path,
    scenario: Scenario,
    rows: pd.DataFrame,
    curves: pd.DataFrame,
    costs: pd.DataFrame,
) -> None:
    tables = {
        "workers": rows,
        "curves": curves,
        "cost_curve": costs,
        **{f"by_{name}": _summed(rows, name) for name in ("sex", "provider", "lot", "region")},
    }
    for name, table in tables.items():
        write_table(table, folder, name)
    write_parquet(changes_table(scenario), folder / "changes.parquet")
    text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")
    total = float(rows["fte_fair"].sum())
    (folder / "fair_family_workers.yaml").write_text(fair_scenario(rows, total), encoding="utf-8")


def _upper_end(reachable: pd.DataFrame, size: _Sizing) -> str:
    """Say the sum of the upper ends; one beyond a curve counts as the curve's last number."""
    lasts = reachable["establishment"].map(lambda code: _fte(size.curves[code].most))
    high = reachable["fte_for_target_high"]
    total = high.fillna(lasts).sum()
    beyond = int(high.isna().sum())
    if not beyond:
        return f"{total:.1f}"
    return f"at least {total:.1f}, the end of {beyond} lies beyond what was played"


def _tell(rows: pd.DataFrame, costs: pd.DataFrame, size: _Sizing, asked: Asked) -> Iterator[str]:
    inside = rows[rows["in_perimeter"]]
    reachable = rows[rows["target_can_be_reached"]]
    known = int((rows["confidence"] == "measured").sum())
    target = f"{asked.share:.0%} of referrals within {asked.target_days} days"
    yield (
        f"Today: {rows['fte_today'].sum():.1f} caseworkers in {len(rows)} prisons; the numbers of "
        f"{known} are known, the others are assumed."
    )
    latent = rows["latent_hours"].sum()
    missing = setting_rows()["need.missing_parent_share"]
    assert isinstance(missing.high, int | float)
    high = latent * missing.high / missing.value if missing.value else 0.0
    yield (
        f"Need: {rows['need_hours'].sum():,.0f} hours a year; {latent:,.0f} more (0 to {high:,.0f})"
        " may come from parents of whom no record tells."
    )
    in_mean = int((reachable["fresh_in_time"] >= asked.share - 1e-12).sum())
    yield (
        f"{target}: met today by {int(rows['target_met_today'].sum())} prisons; takes "
        f"{reachable['fte_for_target'].sum():.1f} caseworkers "
        f"(prison by prison between {reachable['fte_for_target_low'].sum():.1f} and "
        f"{_upper_end(reachable, size)} in all, if all erred the same way) in "
        f"{len(reachable)} prisons; with fresh seeds the means of {in_mean} of them reach it, "
        f"{int(reachable['fresh_meets_target'].sum())} within the interval; in "
        f"{int((reachable['fte_added'] > 0).sum())} of them {reachable['fte_added'].sum():.1f} "
        "were added after fresh years missed it."
    )
    for row in rows[~rows["target_can_be_reached"]].head(5).to_dict("records"):
        days = row["nearest_target_days"]
        nearest = f"{asked.share:.0%} within {days:.0f} days" if days == days else "no day count"
        yield (
            f"{row['establishment']}: no number of workers reaches {target}; the nearest is "
            f"{row['most_in_time_share']:.0%} within {asked.target_days} days, or {nearest}."
        )
    unreachable = int((~rows["target_can_be_reached"]).sum())
    if unreachable > 5:
        yield f"... and {unreachable - 5} prisons more, listed in workers.csv."
    if size.limit_holds:
        yield "The target is a limit of the fair share, and not of the splits beside it."
    elif size.limited_prisons:
        yield (
            f"The target is a limit of the share in the {size.limited_prisons} of {len(inside)} "
            "prisons that can reach it."
        )
    else:
        yield (
            f"The total of {size.budget_steps / STEPS_PER_FTE:.1f} cannot hold the target in every "
            "prison; it is shared without that limit, with leave cover everywhere."
        )
    proven = "proven best" if size.is_proven else "not proven best"
    yield (
        f"Fair share of {size.budget_steps / STEPS_PER_FTE:.1f} in {len(inside)} prisons "
        f"({proven} for the curves): weighted unmet hours a year "
        f"{inside['weighted_hours_fair'].sum():,.0f}, against "
        f"{inside['weighted_hours_today'].sum():,.0f} today, "
        f"{inside['weighted_hours_by_population'].sum():,.0f} by population and "
        f"{inside['weighted_hours_by_need'].sum():,.0f} by need; with fresh seeds "
        f"{inside['fresh_weighted_hours_fair'].sum():,.0f}, against "
        f"{inside['fresh_weighted_hours_today'].sum():,.0f} today."
    )
    lots = inside.loc[inside["lot"] != "", "lot"]
    yield (
        f"Contract lots: {lots.nunique()} known, of {len(lots)} prisons; no list was published, so "
        f"{len(inside) - len(lots)} prisons are 'not known' in by_lot.csv until the column lot of "
        "family_workers names them."
    )
    knee = costs[costs["is_knee"]].iloc[0]
    yield (
        f"Knee of the cost curve, on weighted hours: {knee['fte']:.0f} caseworkers, "
        f"£{knee['gbp_per_year']:,.0f} a year, {knee['unmet_hours']:,.0f} hours "
        f"unmet, {knee['wait_days']:.1f} days to first contact of those reached."
    )
