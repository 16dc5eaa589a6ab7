"""Plans under limits and ties are the best there are, and their prices bound every plan."""

from __future__ import annotations

from hypothesis import Phase, given, settings

from optimiser.certify import certify
from optimiser.columns import solve_by_columns
from optimiser.duals import Prices
from optimiser.problem import AllocationProblem
from tests.optimiser.tied_instances import best_tied_by_brute_force, tied_problems

ANY_GAP = 1e9


@settings(max_examples=150, phases=[Phase.explicit, Phase.generate])
@given(tied_problems(most_people=4))
def test_no_plan_is_better_under_every_limit_and_tie(problem: AllocationProblem) -> None:
    found = solve_by_columns(problem, Prices.none(problem))

    certificate = certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP)

    best = best_tied_by_brute_force(problem)
    assert certificate.bound_pennies <= best == certificate.objective_pennies
    assert found.decided
