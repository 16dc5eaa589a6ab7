"""A trade-off frontier: certified plans from the cheapest to the least moved, crowded or far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap
from typing import Any

import numpy as np
import pandas as pd
import yaml

from data.placements import placements_table
from data.progress import Progress, silent
from optimiser.build import Build, build_problem
from optimiser.frontier import (
    Against,
    Point,
    TradeOff,
    certify_point,
    savings_at_most,
    trace,
    trade_off,
)
from optimiser.problem import PENNIES_PER_POUND, UNPLACED
from optimiser.worst import PARTS_PER_MILE, tail_of
from scenarios.accounts.account import changes_table, equality_of
from scenarios.display.charts import TEXT, Figure, svg, trade_off_curve
from scenarios.errors import ExitCode
from scenarios.inputs import Inputs, input_digests
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.plan import Planned
from scenarios.planning.place import allocation_inputs
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json, write_parquet
from scenarios.run import Stopwatch
from scenarios.schema import Scenario

FEWEST_POINTS = 2
MOST_POINTS = 200

SMALLEST_GAP = 1e-5
"""Relative gap of a point under limits and ties at which its search may end; one flow has none."""

WORST_GAP = 1e-4
"""The same against the worst-off tenth."""

SOURCE = "Our allocation model on the data of the scenario; every point is certified."

TITLE_LETTERS = 70
NOTE_LETTERS = 95
"""Letters of a line above the chart, so that it is no wider than the chart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """How a measure is told: its unit, what its rate is per, and the title of its axis."""

    measure_unit: str
    per: str
    title: str


WORDS = {
    Against.MOVES: Words(
        measure_unit="moves",
        per="100 moves",
        title="Moves (people held in another prison than today)",
    ),
    Against.CROWDING: Words(
        measure_unit="people",
        per="100 people",
        title="Crowding (people held above uncrowded capacity)",
    ),
    Against.FAR: Words(
        measure_unit="people",
        per="100 people",
        title="People held over 50 straight miles from home",
    ),
    Against.WORST_TENTH: Words(
        measure_unit="miles",
        per="mile",
        title="Mean distance from home of the worst-off tenth (miles)",
    ),
}


def frontier(
    name: str,
    *,
    against: str,
    points: int,
    out_dir: Path,
    data_dir: Path | None = None,
    progress: Progress = silent,
) -> Planned:
    """Trace a frontier for a scenario and write it into a new folder.

    Parameters
    ----------
    name
        Name or path of a scenario; its limits hold at every point, that on the measure itself
        aside.
    against
        What the objective is traded against, a word of ``Against``.
    points
        How many points to find.
    out_dir
        Where the frontier goes; must not hold anything yet.
    data_dir
        Folder of a user's tables.
    progress
        Told of every point.

    Returns
    -------
    Planned
        The points in words. An interrupt keeps the points found so far, with status
        ``cancelled``, and the exit code says so.

    Raises
    ------
    ScenarioError
        With every fault of what was asked.
    CertificateError
        When a point fails its certificate.
    """
    scenario, measure = _asked(name, against, points, out_dir, data_dir)
    clock = Stopwatch()
    kept: list[Point] = []
    with new_folder(out_dir) as partial:
        with clock("inputs"):
            inputs = asked_inputs(scenario, data_dir, progress)
            build = build_problem(allocation_inputs(scenario, inputs))
        tail = tail_of(inputs.population.prisoners, inputs.travel)
        traded = trade_off(build.problem, measure, tail)
        cancelled = False
        gap = WORST_GAP if measure is Against.WORST_TENTH else SMALLEST_GAP
        with clock("frontier"):
            try:
                found = trace(
                    traded, points, smallest_gap=gap, found=kept.append, progress=progress
                )
            except KeyboardInterrupt:
                if not kept:
                    raise
                cancelled, found = True, sorted(kept, key=lambda point: point.amount)
        with clock("certify"):
            for point in found:
                certify_point(traded, point, largest_gap=_largest_gap(traded))
        with clock("files"):
            table = frontier_table(traded, build, found)
            _write(scenario, inputs, traded, found, table, partial)
            made_from = origin(
                command=f"estate frontier {scenario.name} --against {measure} --points {points}",
                seed=None,
                replications=0,
                keep_visits=False,
                inputs=input_digests(data_dir),
                scenario_digest=scenario.digest(),
            )
            write_json(
                {
                    "status": "cancelled" if cancelled else "complete",
                    "against": str(measure),
                    "measure_unit": WORDS[measure].measure_unit,
                    "rate_per": WORDS[measure].per,
                    "points": len(found),
                    "largest_gap": max(point.gap for point in found),
                    "holds_for": {
                        "date": scenario.as_of.isoformat(),
                        "data_digest": made_from["data_digest"],
                    },
                },
                partial / "frontier.json",
            )
        told = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(told, partial / "manifest.json")
    code = ExitCode.INTERRUPTED if cancelled else ExitCode.DONE
    head = [f"Interrupted: the {len(found)} points found so far are kept."] if cancelled else []
    return Planned(told=(*head, *_told(table, measure), str(out_dir)), exit_code=code)


def _asked(
    name: str, against: str, points: int, out_dir: Path, data_dir: Path | None
) -> tuple[Scenario, Against]:
    """Check everything that was asked at once."""
    problems = []
    if against not in set(Against):
        problems.append(
            f"--against {against}: expected one of {', '.join(Against)}. Give one of these words."
        )
    if not FEWEST_POINTS <= points <= MOST_POINTS:
        problems.append(f"--points {points}: expected {FEWEST_POINTS} to {MOST_POINTS}.")
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        problems.append(f"{out_dir}: is in use. Give --out a folder that does not exist yet.")
    scenario = asked_scenario(name, data_dir, asked=problems)
    return scenario, Against(against)


def _largest_gap(traded: TradeOff) -> float | None:
    """Give the gap up to which a point passes: 0 where each is one flow, else what it states."""
    return 0.0 if traded.is_flow else None


def frontier_table(traded: TradeOff, build: Build, points: Sequence[Point]) -> pd.DataFrame:
    """Tell the points as a table.

    Parameters
    ----------
    traded, build
        What was traded, and the parts of its costs.
    points
        In the order of the measure.

    Returns
    -------
    DataFrame
        One row per point: ``amount`` of the measure in ``measure_unit``; ``objective_gbp`` (all
        terms as the scenario weighs them), ``lower_bound_gbp`` and ``gap``; ``family_gbp`` without
        weights; ``moves``, ``unplaced``, ``mean_straight_miles``; ``objective_rate_gbp``, what the
        next ``rate_per`` saves of the objective at most, by the bounds of all points, and
        ``family_rate_gbp``, what each saves of family cost on the way from this point to the next.
    """
    words, problem = WORDS[traded.against], traded.problem
    worst = traded.against is Against.WORST_TENTH
    unit = traded.tail.count * PARTS_PER_MILE if worst else 1
    step = 1 if worst else 100
    rows = []
    savings = savings_at_most(points, unit * step)
    for number, (point, saving) in enumerate(zip(points, savings, strict=True), start=1):
        placed = np.flatnonzero(point.unit_of != UNPLACED)
        at = problem.unit_establishment[point.unit_of[placed]]
        family = build.costs.visit_gbp[placed, at].astype(np.float64) * build.costs.visits[placed]
        known = placed[traded.tail.group_of[placed] < len(traded.tail.parts) - 1]
        far = traded.tail.distances(problem, point.unit_of)[known] / PARTS_PER_MILE
        rows.append(
            {
                "point": number,
                "amount": point.amount / unit,
                "measure_unit": words.measure_unit,
                "objective_gbp": point.value / PENNIES_PER_POUND,
                "lower_bound_gbp": point.bound / PENNIES_PER_POUND,
                "gap": point.gap,
                "family_gbp": round(float(family.sum()), 2),
                "moves": int(problem.moved(point.unit_of).sum()),
                "unplaced": int((point.unit_of == UNPLACED).sum()),
                "mean_straight_miles": float(far.mean()) if len(far) else float("nan"),
                "objective_rate_gbp": saving / PENNIES_PER_POUND,
                "rate_per": words.per,
            }
        )
    table = pd.DataFrame(rows)
    saved = -table["family_gbp"].diff().shift(-1)
    more = table["amount"].diff().shift(-1)
    table["family_rate_gbp"] = (saved / more * step).round(2)
    return table


def _write(
    scenario: Scenario,
    inputs: Inputs,
    traded: TradeOff,
    points: Sequence[Point],
    table: pd.DataFrame,
    folder: Path,
) -> None:
    labels = np.append(traded.problem.units.to_numpy(dtype=object), "")

    def placements(unit_of: Any) -> pd.DataFrame:
        return placements_table(
            inputs.population,
            inputs.estate,
            inputs.travel,
            pd.Series(labels[unit_of], dtype="str"),
            parties=inputs.parties,
            visit_cost=inputs.visit_cost,
        )

    today = placements(traded.problem.current_unit)
    equality, plans = [], {"prisoner_id": inputs.population.prisoners["prisoner_id"]}
    for number, point in enumerate(points, start=1):
        plan = placements(point.unit_of)
        told = equality_of(inputs, today, plan)
        told.insert(0, "point", number)
        equality.append(told)
        plans[f"unit_{number:03d}"] = plan["unit"]
    write_parquet(table, folder / "frontier.parquet")
    table.to_csv(folder / "frontier.csv", index=False)
    write_parquet(pd.concat(equality, ignore_index=True), folder / "equality.parquet")
    write_parquet(pd.DataFrame(plans), folder / "plans.parquet")
    write_parquet(changes_table(scenario), folder / "changes.parquet")
    (folder / "frontier.svg").write_text(_chart(scenario, traded, table), encoding="utf-8")
    text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
    (folder / "scenario.yaml").write_text(text, encoding="utf-8")


def _chart(scenario: Scenario, traded: TradeOff, table: pd.DataFrame) -> str:
    return svg(frontier_figure(scenario, traded.against, table), "frontier")


def frontier_figure(scenario: Scenario, against: Against, table: pd.DataFrame) -> Figure:
    """Draw the points with title and note inside the picture, which stands on its own as a file.

    Parameters
    ----------
    scenario, against
        Whose points they are, and what the objective was traded against.
    table
        As ``frontier_table`` tells them.
    """
    figure = trade_off_curve(
        table.assign(x=table["amount"], y=table["family_gbp"] / 1e6),
        x_title=WORDS[against].title,
        y_title="Family cost over the stay (million GBP)",
        title=f"{scenario.title}: cost to families against {against}".replace("_", " "),
        note=f"Placements and prices on {scenario.as_of.isoformat()}; the largest gap of a point "
        f"to its bound is {100 * table['gap'].max():.4f}%. {SOURCE}",
    )
    title = {
        "text": wrap(figure.title, TITLE_LETTERS),
        "subtitle": wrap(figure.note, NOTE_LETTERS),
        "anchor": "start",
        "offset": 14,
        "fontSize": 17,
        "color": TEXT,
        "subtitleFontSize": 13,
        "subtitleColor": TEXT,
        "subtitlePadding": 6,
    }
    return replace(figure, chart=figure.chart.properties(title=title))


def _told(table: pd.DataFrame, against: Against) -> list[str]:
    words = WORDS[against]
    form = ",.1f" if against is Against.WORST_TENTH else ",.0f"
    return [
        f"{format(row['amount'], form)} {words.measure_unit}: family cost GBP "
        f"{row['family_gbp']:,.0f}, weighted cost GBP {row['objective_gbp']:,.0f}, gap "
        f"{100 * row['gap']:.4f}%; the next {words.per} would save at most "
        f"GBP {row['objective_rate_gbp']:,.0f} of it"
        for row in table.to_dict("records")
    ]
