"""Every rule of a scenario with what it costs today, and what relaxing it alone would give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from data.progress import Progress, silent
from data.words import RuleLevel
from optimiser.build import Build, Inputs, build_problem
from optimiser.eligibility import COHORT_RULES, LEVELS, PERSON_RULES
from optimiser.floor import mean_miles_floor
from optimiser.problem import PENNIES_PER_POUND
from optimiser.regions import regional_bound
from optimiser.relaxed import core, relaxed, without_ties
from optimiser.rule_costs import rule_costs
from scenarios.circulation.safe_cells import safe_cells
from scenarios.one_report import asked_inputs, asked_scenario
from scenarios.planning.place import allocation_inputs

WHAT = ["rule", "says", "level", "price_gbp", "value", "valid_from", "valid_to"]
WHENCE = ["source", "confidence"]
COSTS = [
    "people_breaking",
    "people_concerned",
    "cost_today_gbp",
    "pairs_excluded",
    "kept_from_nearest",
]
RELAXED = ["relaxed_saves_gbp", "relaxed_miles"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RulesReport:
    """Rules with what they cost.

    Attributes
    ----------
    table
        One row per rule of the tables ``rules`` and ``cohort_rules``: what it says and how it
        binds; the columns of ``rule_costs``, zero for a rule that is not in force; ``in_force``;
        with rules relaxed, pounds of the objective and mean straight miles saved by switching the
        rule off alone, missing for a rule that cannot be.
    least_mean_miles
        Mean straight miles that no plan can be below, whatever the rules: capacity and sex alone.
    outside_region
        People who cannot be in the region of their home, whatever the rules.
    objective_gbp, mean_miles
        Of the plan with every rule in place and no ties; missing unless rules were relaxed.
    gap_gbp
        How much more than ``relaxed_saves_gbp`` a rule can save at most: what the prices of the
        limits leave open; 0 without limits.
    ties_left_out, limits_priced
        Whether the plan that rules were relaxed in leaves out the ties of the records, and prices
        the limits instead of keeping them.
    """

    table: pd.DataFrame
    least_mean_miles: float
    outside_region: int
    objective_gbp: float | None = None
    mean_miles: float | None = None
    gap_gbp: float = 0.0
    ties_left_out: bool = False
    limits_priced: bool = False


def rules_report(
    inputs: Inputs, *, relax: bool = False, progress: Progress = silent
) -> RulesReport:
    """Say what every rule costs today, and what it costs the best plan.

    Parameters
    ----------
    inputs
        As for ``allocate``.
    relax
        Also find the best plan with each rule that can be switched off switched off alone: one
        solve a rule, from where the best plan stood, without ties and with limits at its prices.
    progress
        Told of each rule relaxed.

    Returns
    -------
    RulesReport
        Rules in the order of the tables.
    """
    build = build_problem(inputs)
    costs = rule_costs(inputs, build)
    listed = pd.concat([inputs.rules, _cohort_rules(inputs)], ignore_index=True)
    table = listed.reindex(columns=[*WHAT, *WHENCE])
    table["in_force"] = table["rule"].isin(costs["rule"])
    known = costs.set_index("rule").reindex(table["rule"])[COSTS].fillna(0.0)
    table = pd.concat([table, known.reset_index(drop=True)], axis=1)
    floor = mean_miles_floor(
        inputs.population.prisoners, inputs.estate, inputs.travel, build.problem.capacity
    )
    outside = regional_bound(
        inputs.population.prisoners, inputs.home_areas, inputs.estate, build.problem.capacity
    )
    report = RulesReport(
        table=table,
        least_mean_miles=floor.least_mean_miles,
        outside_region=int(outside["least_outside"].sum()),
    )
    return _relaxed(inputs, build, report, progress) if relax else report


def _cohort_rules(inputs: Inputs) -> pd.DataFrame:
    """Give a user's own rules the columns of the others, one row for each name."""
    rows = inputs.cohort_rules
    if rows.empty:
        return inputs.rules.head(0)
    first = rows.drop_duplicates("rule")
    own = first.reindex(columns=inputs.rules.columns)
    own["says"] = "A rule of the user's own; see cohort_rules."
    return own.assign(valid_from="", valid_to="")


def _relaxed(inputs: Inputs, build: Build, report: RulesReport, progress: Progress) -> RulesReport:
    table = report.table
    base = core(inputs, build.problem, progress)
    untied = without_ties(inputs)
    saves: dict[str, float] = {}
    nearer: dict[str, float] = {}
    names = [str(name) for name in table.loc[table["in_force"], "rule"] if _can_be_off(str(name))]
    for number, name in enumerate(names):
        progress("rules relaxed", number, len(names))
        if not _binds(table[table["rule"] == name].iloc[0], build):
            saves[name] = nearer[name] = 0.0
            continue
        without = relaxed(switched_off(untied, name), base, build)
        saves[name] = (base.bound_pennies - without.bound_pennies) / PENNIES_PER_POUND
        nearer[name] = base.mean_miles - without.mean_miles
    progress("rules relaxed", len(names), len(names))
    return replace(
        report,
        table=table.assign(
            relaxed_saves_gbp=table["rule"].map(saves), relaxed_miles=table["rule"].map(nearer)
        ),
        objective_gbp=base.value_pennies / PENNIES_PER_POUND,
        mean_miles=base.mean_miles,
        gap_gbp=(base.value_pennies - base.bound_pennies) / PENNIES_PER_POUND,
        ties_left_out=bool(build.problem.ties),
        limits_priced=bool(build.problem.limits),
    )


def _can_be_off(name: str) -> bool:
    return RuleLevel.OFF in LEVELS.get(name, (RuleLevel.OFF,))


def _binds(row: pd.Series[Any], build: Build) -> bool:
    """Say whether a rule can make any difference at all.

    A soft rule that nobody breaks today may still be broken elsewhere: it is passed over only
    where it prices no pair and no move; other rules where they neither exclude nor count anybody.
    """
    name = str(row["rule"])
    if name in CAPACITY_BINDS:
        return True
    if row["level"] == RuleLevel.SOFT and name not in PERSON_RULES:
        return _is_priced(name, build)
    return bool(row["pairs_excluded"] > 0 or row["people_concerned"] > 0)


def _is_priced(name: str, build: Build) -> bool:
    found = build.fit
    if name == COHORT_RULES:
        return any(own in found.breaches for own in build.book.cohort_rules.get("rule", ()))
    of_places = {rule: each.values for rule, each in found.place_breaches.items()}
    priced = found.breaches | of_places | found.move_breaches | found.move_once
    return name in priced and bool(priced[name].any())


CAPACITY_BINDS = (
    "places_out_of_use",
    "reception_headroom",
    "return_bed",
    "crowding",
    "estate_margin_men",
    "estate_margin_women",
)


def switched_off(inputs: Inputs, name: str) -> Inputs:
    """Give the inputs with one rule switched off.

    Parameters
    ----------
    inputs
        As for ``allocate``.
    name
        A rule of the tables ``rules`` or ``cohort_rules``.
    """
    rules, own = inputs.rules.copy(), inputs.cohort_rules.copy()
    rules.loc[rules["rule"] == name, "level"] = str(RuleLevel.OFF)
    if not own.empty:
        own.loc[own["rule"] == name, "level"] = str(RuleLevel.OFF)
    return replace(inputs, rules=rules, cohort_rules=own)


def report_of(
    name: str,
    *,
    data_dir: Path | None = None,
    relax: bool = False,
    out: Path | None = None,
    progress: Progress = silent,
) -> Iterator[str]:
    """Read a scenario and tell what its rules cost, line by line.

    Parameters
    ----------
    name
        Name or path of a scenario; its rules, prices and dates are read.
    data_dir
        Folder of a user's tables.
    relax
        Also relax each rule alone.
    out
        File to write the whole table to, as CSV.
    progress
        Told of each stage.

    Raises
    ------
    ScenarioError
        When the file exists already.
    """
    asked = []
    if out is not None and out.exists():
        asked.append(f"{out}: is there already. Give --out a file that does not exist yet.")
    scenario = asked_scenario(name, data_dir, asked=asked)
    inputs = asked_inputs(scenario, data_dir, progress)
    report = rules_report(allocation_inputs(scenario, inputs), relax=relax, progress=progress)
    if out is not None:
        write_table(report, out)
    yield from tell(report)


def write_table(report: RulesReport, path: Path) -> None:
    """Write the table of a report as CSV; no cell of it acts as a formula."""
    safe_cells(report.table).to_csv(path, index=False, lineterminator="\n")


def tell(report: RulesReport) -> Iterator[str]:
    """Say a report in lines: a row for each rule, then the bounds."""
    relaxed = report.objective_gbp is not None
    head = ["rule", "level", "price", "value", "breaking", "concerned", "cost today", "pairs"]
    head += ["not nearest", *(["saves", "miles"] if relaxed else []), "source"]
    rows = [head, *([*_cells(row, relaxed)] for row in report.table.to_dict("records"))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    words = {0, 1, len(head) - 1}
    for row in rows:
        yield "  ".join(
            cell.ljust(width) if column in words else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    yield ""
    yield (
        "breaking: people held today against the rule; concerned: kept where they are, or counted "
        "otherwise, by it; pairs: of a person and a unit that it alone excludes; not nearest: "
        "people whom it alone keeps from the establishment nearest home."
    )
    if relaxed:
        yield (
            f"With every rule: weighted cost GBP {report.objective_gbp:,.2f}, mean "
            f"{report.mean_miles:.2f} miles. saves, miles: what switching the rule off alone takes "
            "off these two; a mean may rise where the plan costs less."
        )
        if report.ties_left_out:
            yield (
                "Rules were relaxed in the plan without ties: nobody is kept apart or together, "
                "and no group is."
            )
        if report.limits_priced:
            yield (
                "Limits stand at the prices they have in that plan, so that a rule saves at most "
                f"GBP {report.gap_gbp:,.2f} more than saves says, with the limits kept."
            )
    yield (
        f"Whatever the rules, the mean cannot be below {report.least_mean_miles:.2f} miles, and "
        f"{report.outside_region:,} people cannot be in the region of their home."
    )


def _cells(row: dict[Any, Any], relaxed: bool) -> Iterable[str]:
    yield str(row["rule"])
    yield (
        str(row["level"])
        if row["in_force"] or row["level"] == RuleLevel.OFF
        else "not on this date"
    )
    yield _number(row["price_gbp"], ",.2f") if row["level"] == RuleLevel.SOFT else ""
    yield _number(row["value"], ",.6g")
    yield _number(row["people_breaking"], ",.0f")
    yield _number(row["people_concerned"], ",.0f")
    yield _number(row["cost_today_gbp"], ",.0f")
    yield _number(row["pairs_excluded"], ",.0f")
    yield _number(row["kept_from_nearest"], ",.0f")
    if relaxed:
        yield _number(row["relaxed_saves_gbp"], ",.2f")
        yield _number(row["relaxed_miles"], "+.3f")
    yield str(row["source"])


def _number(value: Any, form: str) -> str:
    return "" if value == "" or pd.isna(value) else format(float(value), form)
