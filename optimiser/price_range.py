"""Every price that is more than the solver's whole pennies can hold, said at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from optimiser.build import Inputs, Priced, priced_by, rule_book
from optimiser.cost import term_pennies
from optimiser.problem import (
    INELIGIBLE,
    LARGEST_COST,
    PENNIES_PER_POUND,
    UNPLACED,
    Integers,
    PriceRangeError,
)

SHOWN_PEOPLE = 5

KINDS = {
    "family": ("visits by family", "Lower allocation.family_weight, or correct the journeys"),
    "court": ("journeys to court", "Lower allocation.court_weight, or correct the journeys"),
    "release": ("journeys on release", "Lower allocation.release_weight, or correct the journeys"),
    "move": ("the move", "Lower the prices of move_parts, or correct what is lost by it"),
    "rules": ("soft rules", "Lower the prices of the rules"),
}
"""What a person's cost is made of, and what may be done where it is too high."""


def price_faults(inputs: Inputs) -> list[str]:
    """Say which rules, places and people cost more than whole pennies can hold.

    A rule that is too dear is told once and then taken to cost nothing, so that the others and
    what people cost beside it can be looked at too.

    Parameters
    ----------
    inputs
        As for ``allocate``.

    Returns
    -------
    list of str
        One sentence for each fault; empty where every cost can be held.
    """
    faults: list[str] = []
    told: set[str] = set()
    while True:
        try:
            priced = priced_by(inputs, rule_book(inputs))
        except PriceRangeError as error:
            faults.append(str(error))
            if told.issuperset(error.rules):
                return faults
            told.update(error.rules)
            inputs = _without_prices(inputs, error.rules)
        else:
            return faults + _dear_people(inputs, priced)


def _without_prices(inputs: Inputs, names: Collection[str]) -> Inputs:
    """Let some rules cost nothing."""

    def free(table: pd.DataFrame, which: pd.Series[bool]) -> pd.DataFrame:
        return table.assign(price_gbp=table["price_gbp"].mask(which, 0.0))

    stages, cohorts = inputs.stage_rules, inputs.cohort_rules
    return replace(
        inputs,
        rules=free(inputs.rules, inputs.rules["rule"].isin(names)),
        stage_rules=free(stages, stages["level"].notna()) if "stage_fit" in names else stages,
        cohort_rules=cohorts if cohorts.empty else free(cohorts, cohorts["rule"].isin(names)),
    )


def _dear_people(inputs: Inputs, priced: Priced) -> list[str]:
    """Name the people whom some unit would cost too much, by what most of it is for."""
    cost = priced.cost_pennies
    dear = (cost > LARGEST_COST) & (cost != INELIGIBLE)
    people = np.flatnonzero(dear.any(axis=1))
    if not len(people):
        return []
    unit_of = np.full(len(cost), UNPLACED, dtype=np.int64)
    unit_of[people] = np.where(dear[people], cost[people], -1).argmax(axis=1)
    terms = term_pennies(
        priced.costs,
        priced.fit,
        inputs.policy,
        unit_of=unit_of,
        unit_establishment=priced.unit_establishment,
        from_establishment=priced.from_establishment,
    )
    by_kind: dict[str, Integers] = {name: np.zeros(len(people), dtype=np.int64) for name in KINDS}
    for name, pennies in terms.items():
        by_kind["rules" if name.startswith("rule:") else name] += pennies[people]
    most = np.stack(list(by_kind.values())).argmax(axis=0)
    total = np.sum(list(by_kind.values()), axis=0)
    ids = inputs.population.prisoners["prisoner_id"].to_numpy()[people]
    at = inputs.estate.units["unit"].to_numpy()[unit_of[people]]
    faults = []
    for number, (what, remedy) in enumerate(KINDS.values()):
        rows = np.flatnonzero(most == number)
        if len(rows):
            named = ", ".join(ids[rows[:SHOWN_PEOPLE]])
            more = f" and {len(rows) - SHOWN_PEOPLE:,} more" if len(rows) > SHOWN_PEOPLE else ""
            first = rows[0]
            faults.append(
                f"costs: {len(rows):,} {'person' if len(rows) == 1 else 'people'} ({named}{more}) "
                f"would cost more than the GBP {LARGEST_COST / PENNIES_PER_POUND:,.2f} that can be "
                f"held, most of it for {what}: {ids[first]} in {at[first]} GBP "
                f"{total[first] / PENNIES_PER_POUND:,.2f}. {remedy}."
            )
    return faults
