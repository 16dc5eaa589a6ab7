"""What multipliers leave open is decided exactly, and only all of it counts as a proof."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import Phase, given, settings

from data.progress import silent
from optimiser.certify import CertificateError, certify, lower_bound, reduced_costs
from optimiser.columns import solve_by_columns
from optimiser.decide import decide, refute_better
from optimiser.duals import Prices
from optimiser.linear import has_no_answer
from optimiser.problem import UNPLACED, AllocationProblem
from optimiser.remainder import remainder
from tests.optimiser.allocation_instances import make_problem, plan_of, random_problem
from tests.optimiser.tied_instances import (
    best_tied_by_brute_force,
    make_ties,
    random_ties,
    tied_problems,
)

DRAWN = settings(max_examples=150, phases=[Phase.explicit, Phase.generate])
EFFORT = 30.0
ANY_GAP = 1e9


def no_plan_below(problem: AllocationProblem, prices: Prices, value: int) -> bool:
    left = remainder(problem, prices, value, most_open=10**6)
    assert left is not None
    return left.model is None or has_no_answer(left.model, effort=EFFORT) is True


@DRAWN
@given(tied_problems(most_people=4))
def test_the_second_solver_refutes_better_plans_and_no_others(problem: AllocationProblem) -> None:
    """At the best value nothing is below; a penny above it, the best is.

    Free prices rule little out, so that limits and ties are met in the programme itself.
    """
    best = best_tied_by_brute_force(problem)
    found = solve_by_columns(problem, Prices.none(problem)).prices

    for prices in (found, Prices.none(problem)):
        assert no_plan_below(problem, prices, best)
        assert not no_plan_below(problem, prices, best + 1)


@DRAWN
@given(tied_problems(most_people=4))
def test_every_best_plan_uses_pairs_left_open(problem: AllocationProblem) -> None:
    found = solve_by_columns(problem, Prices.none(problem))
    value = certify(problem, found.unit_of, found.prices, largest_gap=ANY_GAP).objective_pennies
    wide = len(problem.units) + 1
    unit = np.where(found.unit_of == UNPLACED, wide - 1, found.unit_of)

    keys, above, left = reduced_costs(problem, found.prices, value + 1)

    assert np.isin(np.arange(len(unit)) * wide + unit, keys).all()
    assert (above >= 0).all()
    assert value - lower_bound(problem, found.prices) == left // found.prices.scale


@pytest.mark.parametrize("seed", range(3))
def test_two_solvers_close_the_gap_of_multipliers(seed: int) -> None:
    problem = random_problem(seed, 8, move_budget=40)
    problem = replace(problem, ties=random_ties(problem, seed))
    found = decide(problem, silent)

    refutation = refute_better(problem, found)
    certificate = certify(
        problem, found.unit_of, found.proof, largest_gap=ANY_GAP, refutation=refutation
    )

    assert certificate.closed_gap == 0
    assert certificate.closed_bound_pennies == certificate.objective_pennies
    assert certificate.bound_pennies <= certificate.objective_pennies


def in_doubt() -> AllocationProblem:
    """Two people who may not both be in prison 0: 1 + 3 is best, 9 + 1 is not."""
    problem = make_problem([[1, 9], [1, 3]], [2, 2])
    return replace(problem, ties=make_ties(apart=[(0, 1)]))


def test_a_dearer_plan_is_not_called_optimal() -> None:
    problem = in_doubt()
    found = decide(problem, silent)
    refutation = refute_better(problem, found)
    assert refutation is not None
    dearer = plan_of(1, 0)

    assert refute_better(problem, replace(found, unit_of=dearer)) is None
    with pytest.raises(CertificateError, match=r"plans below 4 pennies are refuted, but .* 10"):
        certify(problem, dearer, found.proof, largest_gap=ANY_GAP, refutation=refutation)


def test_a_plan_a_penny_above_the_best_is_not_called_optimal() -> None:
    problem = make_problem([[1, 9], [1, 2]], [2, 2])
    problem = replace(problem, ties=make_ties(apart=[(0, 1)]))
    found = decide(problem, silent)
    dear = replace(problem, cost_pennies=np.array([[1, 3], [1, 2]], dtype=np.int32))

    assert refute_better(problem, found) is not None
    assert refute_better(dear, replace(found, unit_of=plan_of(1, 0))) is None


def test_pairs_that_were_left_out_refute_nothing() -> None:
    problem = make_problem([[1, 3]] * 4, [4, 4])
    problem = replace(problem, ties=make_ties(apart=[(0, 1), (2, 3)]))
    free = Prices.none(problem)
    found = replace(decide(problem, silent), proof=free)
    refutation = refute_better(problem, found)
    assert refutation is not None
    assert refutation.open_pairs == 8

    for left_out in refutation.keys:
        some = replace(refutation, keys=refutation.keys[refutation.keys != left_out])
        with pytest.raises(CertificateError, match=r"1 pairs .* were left out"):
            certify(problem, found.unit_of, free, largest_gap=ANY_GAP, refutation=some)
    certify(problem, found.unit_of, free, largest_gap=ANY_GAP, refutation=refutation)


def test_too_many_open_pairs_are_not_written_down() -> None:
    problem = in_doubt()

    assert remainder(problem, Prices.none(problem), 40, most_open=3) is None
    assert remainder(problem, Prices.none(problem), 40, most_open=6) is not None


def test_a_search_that_ends_early_knows_nothing() -> None:
    problem = random_problem(3, 8, move_budget=40)
    problem = replace(problem, ties=random_ties(problem, 3))
    left = remainder(problem, Prices.none(problem), 10**6, most_open=10**6)

    assert left is not None
    assert left.model is not None
    assert has_no_answer(left.model, effort=0.0) is not True


def test_a_search_that_was_stopped_is_not_taken_for_a_proof() -> None:
    found = decide(in_doubt(), silent)

    assert refute_better(in_doubt(), replace(found, stopped=True)) is None
    assert refute_better(in_doubt(), replace(found, solver_says_optimal=False)) is None
