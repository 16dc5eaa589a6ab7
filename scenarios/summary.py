"""The headline of a run: ``summary.json``, in one place.

Shape::

    scenario, title, question, placements        as in scenario.yaml
    ceiling                                      true: an unlimited optimum, shown as a ceiling only
    as_of, seed, replications, weeks
    allocation   status, gap, objective_gbp, lower_bound_gbp, moves, unplaced
    headline     rows: measure, label, measure_unit, mean, low, high, replications
                 (``replications`` 0 and low = mean = high: exact, nothing was drawn;
                 low and high are null when there was one replication)
    distance     rows: sex (all, men, women), people, straight_miles_today, straight_miles,
                 visit_cost_gbp_today, visit_cost_gbp
    further      rows: sex, people, moved, nearer, further, mean_miles_nearer,
                 mean_miles_further, most_miles_further
    families     consumer_surplus_gbp_per_year; then, each with today and plan: cost_per_visit_gbp,
                 visits_wished_per_year, spent_gbp_per_year, money_gbp_per_year, hours_per_year,
                 refund_gbp_per_year; surplus_by_value_of_time, rows: gbp_per_hour,
                 consumer_surplus_gbp_per_year
    payers       rows: payer, item, measure_unit, today, plan, change, confidence
    floor        least_mean_miles, random_mean_miles, today_mean_miles, plan_mean_miles
    moves_with_a_transfer  people of the plan's moves in the user's table of transfers, who would
                 move in the year anyway; null without such a table
    workers      family workers, rows: establishment, funder, line, provider, lot, fte, ends,
                 confidence
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from scenarios.distance import UNITS, distance_rows, further_rows
from simulation.replicate import intervals

if TYPE_CHECKING:
    from optimiser.floor import Floor
    from scenarios.schema import Scenario

HEADLINE = {
    "straight_miles": "Straight-line miles from home, mean",
    "over_100_miles_share": "People held more than 100 miles from home",
    "visit_cost_gbp": "Cost of one visit, averaged over people held",
    "visits_per_prisoner_per_four_weeks": "Visits per prisoner in four weeks",
    "visits": "Visits in the year",
    "requests_unmet_share": "Requests turned away for good",
    "requests_without_visit_share": "Requests that end without a visit, for any reason",
    "wait_days_median": "Days from request to visit, median",
    "wait_days_p90": "Days from request to visit, nine in ten within",
    "hall_use_share": "Tables used in visit halls",
    "video_calls": "Video calls in the year",
    "video_use_share": "Video slots used",
    "regular_contact_share": "More than one visit or video call in four weeks",
    "no_contact_share": "People with no visit or video call in four weeks",
    "family_money_gbp": "Fares and fuel of families in the year, before refunds",
    "family_travel_hours": "Hours of families on the way in the year",
    "refund_gbp": "Refunds to families in the year",
    "school_hours_missed": "School hours that children miss in the year",
}
"""The measures of the headline and their names in words."""

WORKER_COLUMNS = (
    "establishment", "funder", "line", "provider", "lot", "fte", "ends", "confidence",
)  # fmt: skip


def summary(
    scenario: Scenario,
    allocation: dict[str, Any],
    people: pd.DataFrame,
    measures: pd.DataFrame,
    *,
    families: dict[str, Any],
    payers: list[dict[str, object]],
    floor: Floor,
    workers: pd.DataFrame,
    seed: int,
    replications: int,
) -> dict[str, Any]:
    """Put the headline together; its shape is that of the module's docstring.

    Parameters
    ----------
    scenario
        What was asked.
    allocation
        The content of ``allocation.json``.
    people
        Distances and groups, as from ``with_groups``.
    measures
        All measures.
    families, payers
        What families gain, and who pays.
    floor
        Least, random and today's mean distance.
    workers
        The table ``family_workers`` with what the scenario changes of it.
    seed, replications
        Of the simulation.
    """
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "question": scenario.question,
        "placements": scenario.placements,
        "ceiling": scenario.is_ceiling,
        "as_of": scenario.as_of.isoformat(),
        "seed": seed,
        "replications": replications,
        "weeks": scenario.calendar.weeks,
        "allocation": {
            key: allocation[key]
            for key in ("status", "gap", "objective_gbp", "lower_bound_gbp", "moves")
        }
        | {"unplaced": sum(row["people"] for row in allocation["unplaced"])},
        "headline": headline(measures),
        "distance": distance_rows(people),
        "further": further_rows(people),
        "families": families,
        "payers": payers,
        "floor": {
            "least_mean_miles": floor.least_mean_miles,
            "random_mean_miles": floor.random_mean_miles,
            "today_mean_miles": floor.today_mean_miles,
            "plan_mean_miles": float(people["straight_miles"].mean()),
        },
        "workers": workers[list(WORKER_COLUMNS)].to_dict("records"),
    }


def headline(measures: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the headline measures of the estate with 95% intervals over replications.

    Parameters
    ----------
    measures
        The columns of ``measures.parquet``.
    """
    of_estate = (measures["establishment"] == "ALL") & (measures["group_by"] == "all")
    chosen = measures[of_estate & measures["measure"].isin(list(HEADLINE))]
    rows = intervals(chosen.drop(columns="scenario")).to_dict("records")
    found = {row["measure"]: row for row in rows}
    return [_row(found[measure], measure) for measure in HEADLINE if measure in found]


def _row(found: dict[Any, Any], measure: str) -> dict[str, Any]:
    exact = measure in UNITS
    return {
        "measure": measure,
        "label": HEADLINE[measure],
        "measure_unit": found["measure_unit"],
        "mean": float(found["mean"]),
        "low": float(found["mean"] if exact else found["low"]),
        "high": float(found["mean"] if exact else found["high"]),
        "replications": 0 if exact else int(found["replications"]),
    }
