"""How stable a plan is: decided again at the ends of the stated ranges of what nobody knows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from data.load import read_table
from data.progress import Progress, silent
from data.words import RuleLevel
from optimiser.build import build_problem
from optimiser.equality import FAR_MILES, SAME_MILES, VERY_FAR_MILES
from optimiser.problem import NOWHERE, UNPLACED, AllocationProblem, Integers
from optimiser.solve import Plan
from optimiser.stability import decide_again, same_people, shares_table, stability_table
from scenarios.accounts.account import changes_table
from scenarios.errors import ExitCode
from scenarios.inputs import Inputs, input_digests
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.plan import Planned
from scenarios.planning.place import allocation_inputs
from scenarios.provenance import manifest, origin
from scenarios.results import file_digests, new_folder, write_json, write_parquet
from scenarios.row_changes import changed_rules
from scenarios.run import Stopwatch
from scenarios.schema import Change, MovePartChange, RuleChange, Scenario
from scenarios.settings import settings

VARIED = (
    "travel.value_of_time_gbp_per_hour",
    "travel.car_gbp_per_mile",
    "allocation.need_per_child",
    "allocation.need_floor",
    "allocation.court_journeys_per_four_weeks",
    "allocation.release_journeys_per_four_weeks",
)
"""Settings that decide a plan and are estimated or assumed; each is put at both ends of its range.

How visits fall with distance is not among them: the allocation weighs the need for visits, which
does not fall with distance, so a plan does not depend on it."""

MOVE_FACTORS = {"half": 0.5, "double": 2.0}
"""Times the price of every part of a move that is a price, and of the rules that are varied; no
range is published for them."""

VARIED_RULES = ("region", "court_alignment", "nearer_preference")
"""Rules whose assumed prices weigh most in a plan; varied by the same factors."""

STAGE = "variants"

PLAN = "plan"
"""Name of the plan itself among its variants."""


def stability(
    name: str,
    *,
    out_dir: Path,
    data_dir: Path | None = None,
    progress: Progress = silent,
) -> Planned:
    """Decide a scenario again under each variant and write which moves stay.

    Parameters
    ----------
    name
        Name or path of a scenario.
    out_dir
        Where the tables go; must not hold anything yet.
    data_dir
        Folder of a user's tables.
    progress
        Told of each variant.

    Returns
    -------
    Planned
        The shares in words.

    Raises
    ------
    ScenarioError
        When the folder is in use, or the objective is no plain sum.
    """
    problems = []
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        problems.append(f"{out_dir}: is in use. Give --out a folder that does not exist yet.")
    scenario = asked_scenario(name, data_dir, asked=problems, must=_adds_up)
    clock = Stopwatch()
    with new_folder(out_dir) as partial:
        made = {PLAN: scenario} | dict(variants_of(scenario, data_dir))
        found: dict[str, Integers] = {}
        start: Plan | None = None
        first = None
        for number, (variant, each) in enumerate(made.items()):
            progress(STAGE, number, len(made))
            with clock("inputs"):
                inputs = asked_inputs(each, data_dir)
                problem = build_problem(allocation_inputs(each, inputs)).problem
            if first is None:
                first, miles = problem, miles_from_home(problem, inputs)
            assert same_people([first, problem])
            with clock("variants"):
                found[variant], start = decide_again(problem, start, wanted=found.get(PLAN))
        progress(STAGE, len(made), len(made))
        assert first is not None
        base = found.pop(PLAN)
        moves = stability_table(first, base, found)
        shares = with_distances(shares_table(first, base, found), first, miles, base, found)
        write_parquet(moves, partial / "stability.parquet")
        moves.to_csv(partial / "stability.csv", index=False)
        write_parquet(shares, partial / "variants.parquet")
        shares.to_csv(partial / "variants.csv", index=False)
        write_parquet(changes_table(scenario), partial / "changes.parquet")
        text = yaml.safe_dump(scenario.resolved(), sort_keys=False, allow_unicode=True)
        (partial / "scenario.yaml").write_text(text, encoding="utf-8")
        made_from = origin(
            command=f"estate stability {scenario.name}",
            seed=None,
            replications=0,
            keep_visits=False,
            inputs=input_digests(data_dir),
            scenario_digest=scenario.digest(),
        )
        told = manifest(made_from, outputs=file_digests(partial), seconds=clock.seconds)
        write_json(told, partial / "manifest.json")
    return Planned(told=(*_told(moves, shares), str(out_dir)), exit_code=ExitCode.DONE)


def miles_from_home(problem: AllocationProblem, inputs: Inputs) -> NDArray[np.float64]:
    """Give straight miles from each person's home area to every establishment of a problem.

    Returns
    -------
    ndarray of float64
        Shape (prisoners, establishments); missing where the home area is not known.
    """
    people = inputs.population.prisoners.set_index("prisoner_id")["home_area"]
    area = inputs.travel.home_areas.get_indexer(pd.Index(people.reindex(problem.prisoners)))
    at = inputs.travel.establishments.get_indexer(problem.establishments)
    miles = inputs.travel.straight_miles[area][:, at].astype(np.float64)
    miles[area < 0] = np.nan
    return miles


OF_DISTANCE = ("mean_straight_miles", "over_50_miles", "over_100_miles", "further")
"""What is told of the plan and of each variant: miles on average, and people."""


def with_distances(
    shares: pd.DataFrame,
    problem: AllocationProblem,
    miles: NDArray[np.float64],
    base: Integers,
    variants: Mapping[str, Integers],
) -> pd.DataFrame:
    """Add how far from home people would be under each variant, and in the plan.

    Parameters
    ----------
    shares
        The table of ``optimiser.stability.shares_table``.
    problem, base, variants
        As for it.
    miles
        As of :func:`miles_from_home`.

    Returns
    -------
    DataFrame
        With ``mean_straight_miles``, people held ``over_50_miles`` and ``over_100_miles`` from home
        and those ``further`` than today under the variant, and the same of the plan with the ending
        ``_in_plan``. People whose distance is not known are not counted.
    """
    told = pd.DataFrame([_distances(problem, miles, unit_of) for unit_of in variants.values()])
    plan = _distances(problem, miles, base)
    return pd.concat([shares, told.reindex(columns=list(OF_DISTANCE))], axis=1).assign(
        **{f"{name}_in_plan": value for name, value in plan.items()}
    )


def _distances(
    problem: AllocationProblem, miles: NDArray[np.float64], unit_of: Integers
) -> dict[str, float]:
    person = np.flatnonzero(unit_of != UNPLACED)
    then = miles[person, problem.unit_establishment[unit_of[person]]]
    held = problem.from_establishment[person]
    now = np.where(held == NOWHERE, np.nan, miles[person, held])
    return {
        "mean_straight_miles": float(np.nanmean(then)) if np.isfinite(then).any() else np.nan,
        "over_50_miles": int((then > FAR_MILES).sum()),
        "over_100_miles": int((then > VERY_FAR_MILES).sum()),
        "further": int((then > now + SAME_MILES).sum()),
    }


def _adds_up(scenario: Scenario) -> list[str]:
    """Say of a scenario whose objective is no plain sum that it is none."""
    if scenario.objective.is_plain:
        return []
    return [
        f"{scenario.name}: stability is worked out for terms that are added up. Leave the "
        "section 'objective' as the baseline has it."
    ]


def variants_of(scenario: Scenario, data_dir: Path | None = None) -> Iterator[tuple[str, Scenario]]:
    """Give the variants of a scenario, one setting at one end of its range each.

    Parameters
    ----------
    scenario
        What is varied.
    data_dir
        Folder of a user's tables; prices that they state are varied from there.

    Yields
    ------
    tuple
        Name, as ``travel.value_of_time_gbp_per_hour=5``, and the scenario; ends at which the
        scenario stands already are left out.
    """
    for setting in VARIED:
        row = settings()[setting]
        section, key = setting.split(".")
        now = getattr(getattr(scenario, section), key)
        for end in (row.low, row.high):
            if end is not None and end != now:
                yield f"{setting}={end}", _changed(scenario, section, key, end)
    for word, factor in MOVE_FACTORS.items():
        yield f"price_of_a_move={word}", _moves_at(scenario, factor, data_dir)
    rules = changed_rules(read_table("rules", data_dir), scenario.rules).set_index("rule")
    for name in VARIED_RULES:
        if name in rules.index and rules.loc[name, "level"] == RuleLevel.SOFT:
            price = float(str(rules.loc[name, "price_gbp"]))
            for word, factor in MOVE_FACTORS.items():
                yield f"price_of_{name}={word}", _rule_at(scenario, name, price * factor)


def _changed(scenario: Scenario, section: str, key: str, value: Any) -> Scenario:
    before = getattr(scenario, section)
    after = replace(before, **{key: type(getattr(before, key))(value)})
    change = Change(setting=f"{section}.{key}", before=getattr(before, key), after=value)
    return scenario.model_copy(update={section: after, "changes": (*scenario.changes, change)})


def _rule_at(scenario: Scenario, name: str, price_gbp: float) -> Scenario:
    own = scenario.rules.get(name, RuleChange())
    rules = scenario.rules | {name: own.model_copy(update={"price_gbp": price_gbp})}
    return scenario.model_copy(update={"rules": rules})


def _moves_at(scenario: Scenario, factor: float, data_dir: Path | None) -> Scenario:
    parts = dict(scenario.move_parts)
    for row in read_table("move_parts", data_dir).to_dict("records"):
        part = str(row["part"])
        own = parts.get(part, MovePartChange())
        price = row["price_gbp"] if own.price_gbp is None else own.price_gbp
        if price is not None and not np.isnan(float(price)):
            parts[part] = own.model_copy(update={"price_gbp": float(price) * factor})
    return scenario.model_copy(update={"move_parts": parts})


def _told(moves: pd.DataFrame, shares: pd.DataFrame) -> list[str]:
    never = int(moves["never_changes"].sum())
    share = 100 * never / max(1, len(moves))
    lines = [
        f"{len(moves):,} moves; {never:,} ({share:.1f}%) are made in all {len(shares)} variants"
    ]
    return lines + [
        f"  {row['variant']}: {row['moves']:,} moves, {100 * row['same_share']:.1f}% of the plan's"
        for row in shares.to_dict("records")
    ]
