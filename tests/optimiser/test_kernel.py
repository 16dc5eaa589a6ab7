"""The kernel gives exactly the value of other solvers, from any start and at any prices."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimiser.certify import certify, feasibility_faults
from optimiser.network import Network, Plan
from optimiser.prices import forcing_costs
from optimiser.problem import (
    INELIGIBLE,
    AllocationProblem,
    Integers,
    Limit,
    PairFlag,
    save_problem,
)
from optimiser.solve import solve, solve_by_flow
from tests.optimiser.allocation_instances import (
    best_by_highs,
    make_problem,
    problems,
    random_problem,
)

NO_PRICE = np.empty(0, dtype=np.int64)


def priced(problem: AllocationProblem, unit_of: Integers, pennies: Integers) -> int:
    """Value a plan with the prices of the limits."""
    signs = [-1 if limit.at_least else 1 for limit in problem.limits]
    counts = [problem.counts(unit_of, limit) for limit in problem.limits]
    core = problem.value_pennies(unit_of) - problem.shortage_pennies(unit_of)
    return core + int((np.array(signs) * counts * pennies).sum())


@st.composite
def limits(draw: st.DrawFn, problem: AllocationProblem) -> tuple[Limit, ...]:
    """Draw limits on some people, units and flags; no plan is held to them here."""
    people, units = len(problem.prisoners), len(problem.units)

    def some(count: int) -> np.ndarray | None:
        mask = draw(st.none() | st.lists(st.booleans(), min_size=count, max_size=count))
        return None if mask is None else np.array(mask, dtype=np.bool_)

    return tuple(
        Limit(
            name=f"limit {number}",
            flag=draw(st.sampled_from([None, PairFlag.MOVED, PairFlag.FAR])),
            people=some(people),
            units=some(units),
            bound=1,
            at_least=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 3)))
    )


@given(problems(most_people=12, most_units=6))
@settings(max_examples=300, deadline=None)
def test_value_equals_the_flow_of_or_tools(problem: AllocationProblem) -> None:
    ours, theirs = solve(problem), solve_by_flow(problem)

    assert not feasibility_faults(problem, ours.unit_of)
    assert problem.value_pennies(ours.unit_of) == problem.value_pennies(theirs.unit_of)
    assert certify(problem, ours.unit_of, ours.prices).gap == 0
    assert np.array_equal(ours.prices.unit, theirs.prices.unit)


@given(problems(most_people=10, most_units=5), st.data())
@settings(max_examples=200, deadline=None)
def test_value_at_prices_of_limits_equals_the_flow_from_any_start(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    problem = replace(problem, limits=data.draw(limits(problem)))
    prices = st.lists(
        st.integers(0, 12), min_size=len(problem.limits), max_size=len(problem.limits)
    )
    before, pennies = (np.array(data.draw(prices), dtype=np.int64) for _ in range(2))

    start = solve(problem, limit_pennies=before)
    ours = solve(problem, limit_pennies=pennies, start=start)

    theirs = solve_by_flow(problem, limit_pennies=pennies)
    cold = solve(problem, limit_pennies=pennies)
    value = priced(problem, theirs.unit_of, pennies)
    assert priced(problem, ours.unit_of, pennies) == value
    assert priced(problem, cold.unit_of, pennies) == value
    assert np.array_equal(ours.prices.unit, cold.prices.unit)


@given(problems(most_people=8, most_units=4), st.data())
@settings(max_examples=100, deadline=None)
def test_value_is_the_same_from_a_start_of_nonsense(
    problem: AllocationProblem, data: st.DataObject
) -> None:
    """Prices and places that never belonged together only cost time."""
    people, units = problem.cost_pennies.shape
    cold = solve(problem)
    places = st.lists(st.integers(-1, units - 1), min_size=people, max_size=people)
    wild = st.lists(st.integers(0, 40), min_size=units, max_size=units)
    nonsense = replace(
        cold,
        unit_of=np.array(data.draw(places), dtype=np.int64),
        prices=replace(cold.prices, unit=np.array(data.draw(wild), dtype=np.int64)),
    )

    warm = solve(problem, start=nonsense)

    assert problem.value_pennies(warm.unit_of) == problem.value_pennies(cold.unit_of)
    assert np.array_equal(warm.prices.unit, cold.prices.unit)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("full", [0.98, 0.999, 1.01])
def test_value_equals_the_flow_on_a_nearly_full_estate(seed: int, full: float) -> None:
    problem = crowded(random_problem(seed, 40), full)

    ours, theirs = solve(problem), solve_by_flow(problem)

    assert problem.value_pennies(ours.unit_of) == problem.value_pennies(theirs.unit_of)
    assert certify(problem, ours.unit_of, ours.prices).gap == 0


def crowded(problem: AllocationProblem, full: float) -> AllocationProblem:
    """Cut the limit on all held so that so large a share of it is taken."""
    return replace(
        problem, held_limit=np.array([int(len(problem.prisoners) / full)], dtype=np.int64)
    )


def test_value_equals_another_simplex_on_people_of_two_sexes(tmp_path: Path) -> None:
    """Every third unit holds the other sex; a person may be held with their own only."""
    problem = random_problem(21, 30)
    sex = (np.arange(30) % 3 == 0).astype(np.int64)
    cost = problem.cost_pennies.copy()
    cost[sex[problem.current_unit][:, None] != sex] = INELIGIBLE
    held = [int((sex[problem.current_unit] == each).sum()) - 3 for each in (0, 1)]
    problem = replace(
        problem, sexes=("m", "f"), unit_sex=sex, cost_pennies=cost, held_limit=np.array(held)
    )
    save_problem(problem, tmp_path / "problem.npz")

    plan = solve(problem)

    assert int((plan.unit_of < 0).sum()) == 6
    best = best_by_highs(tmp_path / "problem.npz")
    assert problem.value_pennies(plan.unit_of) == pytest.approx(best, abs=0.5)


def test_samples_of_many_people_lose_nothing() -> None:
    problem = random_problem(3, 150)
    assert len(problem.prisoners) > 4 * 200

    plan = solve(problem)

    assert certify(problem, plan.unit_of, plan.prices).gap == 0


def test_parts_of_pennies_give_the_same_plan() -> None:
    problem = random_problem(5, 15)
    whole = Network.of(problem).solve(NO_PRICE)

    parts = Network.of(problem).solve(NO_PRICE, scale=1000)

    assert parts.prices.scale == 1000
    assert problem.value_pennies(parts.unit_of) == problem.value_pennies(whole.unit_of)


def lock(problem: AllocationProblem, person: int, unit: int) -> AllocationProblem:
    """Let a person be held in one unit only."""
    cost = problem.cost_pennies.copy()
    own = cost[person, unit]
    cost[person], cost[person, unit] = INELIGIBLE, own
    return replace(
        problem,
        cost_pennies=cost,
        unplaced_pennies=problem.unplaced_pennies + 10**8 * (np.arange(len(cost)) == person),
    )


@given(problems(most_people=6, most_units=4))
@settings(max_examples=80, deadline=None)
def test_forcing_costs_equal_re_solves_with_a_lock(problem: AllocationProblem) -> None:
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)

    costs = forcing_costs(problem, plan.unit_of, plan.prices)

    for (person, unit), pennies in np.ndenumerate(costs):
        if problem.cost_pennies[person, unit] == INELIGIBLE:
            assert pennies == INELIGIBLE
            continue
        again = solve_by_flow(lock(problem, person, unit))
        if again.unit_of[person] == unit:
            assert problem.value_pennies(again.unit_of) - best == pennies
        else:
            assert pennies == INELIGIBLE, "there is no place to be had"


@pytest.mark.parametrize("full", [0.98, 1.0])
def test_two_hundred_forcing_costs_equal_re_solves(full: float) -> None:
    problem = random_problem(17, 25, full=full)
    plan = solve(problem)
    best = problem.value_pennies(plan.unit_of)
    costs = forcing_costs(problem, plan.unit_of, plan.prices)
    open_pairs = np.argwhere(problem.cost_pennies != INELIGIBLE)
    chosen = open_pairs[np.random.default_rng(1).permutation(len(open_pairs))[:100]]

    for person, unit in chosen:
        again = solve(lock(problem, person, unit), start=plan)

        assert again.unit_of[person] == unit
        assert problem.value_pennies(again.unit_of) - best == costs[person, unit]
    assert (costs[np.arange(len(costs)), plan.unit_of] == 0).all()


def test_order_of_people_decides_no_value_and_no_price() -> None:
    problem = random_problem(9, 12)
    turned = problem.of_people(np.arange(len(problem.prisoners))[::-1])

    ours, theirs = solve(problem), solve(turned)

    assert problem.value_pennies(ours.unit_of) == turned.value_pennies(theirs.unit_of)
    assert np.array_equal(ours.prices.unit, theirs.prices.unit)


def test_nobody_and_no_places_are_problems_too() -> None:
    nowhere = make_problem([[1], [2]], [0], unplaced=7)

    assert list(solve(nowhere).unit_of) == [-1, -1]
    assert solve(nowhere.of_people(np.empty(0, dtype=np.int64))).unit_of.shape == (0,)


def test_first_use_says_that_the_solver_is_prepared() -> None:
    stages: list[str] = []

    plan: Plan = solve(
        make_problem([[1]], [1]), progress=lambda stage, done, total: stages.append(stage)
    )

    assert stages[0] == "preparing the solver"
    assert list(plan.unit_of) == [0]


def test_kernel_compiles_where_nothing_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder can be written to: neither that of the package nor one of the user's."""
    import numba
    from numba.core import caching

    from optimiser.kernel import compiled

    monkeypatch.setattr(caching.CompileResultCacheImpl, "_locator_classes", [])

    def double(number: int) -> int:
        return 2 * number

    twice = compiled(numba.int64(numba.int64))(double)

    assert twice(21) == 42
