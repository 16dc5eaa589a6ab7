"""From a problem to its best plan and the prices that bound every other: one path for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from data.progress import Progress, StopEarlyError
from optimiser.budget import dual_search
from optimiser.certify import Refutation, certify
from optimiser.columns import solve_by_columns
from optimiser.duals import Prices
from optimiser.linear import has_no_answer
from optimiser.mend import mended
from optimiser.network import Plan
from optimiser.problem import AllocationProblem, Integers, Ties
from optimiser.remainder import remainder
from optimiser.side import SideRows, with_row_prices
from optimiser.solve import solve

NEAR_ENOUGH = 1e-3
"""Relative gap of a plan within limits at which columns take over from the search for prices."""

MOST_OPEN = 200_000
"""Pairs that multipliers may leave open for a second solver to look at them."""

EFFORT = 30.0
"""Work, in its own seconds, after which the second solver gives up."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decision:
    """A plan and what is known of it.

    Attributes
    ----------
    unit_of
        Unit of each person, or ``UNPLACED``.
    proof
        Multipliers of the best bound, with the side rows that ties imply, in parts of pennies.
    prices
        The same in whole pennies, without side rows: for the price of a place, not for proof.
    solver_says_optimal
        Whether the solver found nothing better among the pairs that the multipliers leave open.
    stopped
        Whether whoever watched ended the work early.
    seconds
        Time by stage: core, budgets, side.
    """

    unit_of: Integers
    proof: Prices
    prices: Prices
    solver_says_optimal: bool
    stopped: bool
    seconds: dict[str, float]

    def start(self) -> Plan:
        """Give what another decision about these people, units and ties can begin with."""
        rows = self.proof.rows
        price = np.rint(rows.price / self.proof.scale).astype(np.int64)
        return Plan(
            unit_of=self.unit_of, prices=replace(self.prices, rows=rows.priced(price)), rounds=0
        )


def decide(
    problem: AllocationProblem,
    progress: Progress,
    start: Plan | None = None,
    *,
    smallest_gap: float = 0.0,
) -> Decision:
    """Find the best plan under all rules, limits and ties.

    Parameters
    ----------
    problem
        What to decide; people in the order of their ids, so that the order of a table decides
        nothing.
    progress
        Told of each step. Where it raises ``StopEarlyError`` once a plan can be had, the best plan
        so far is handed back at once; anything else it raises ends the work.
    start
        An earlier plan of these people and units, as before a lock; of plans that are equally good
        one near to it is found. Where its prices have side rows, which must follow from these ties,
        the search begins with them.
    smallest_gap
        Relative gap at which the work may end where people are tied or limits bind.

    Returns
    -------
    Decision
        Without limits and ties the multipliers alone prove the plan.
    """
    watch = Watch(progress)
    clock = perf_counter()
    rows = SideRows.none() if start is None else start.prices.rows
    untied = replace(with_row_prices(problem, rows), ties=Ties.none())
    if not problem.limits:
        plan = solve(untied, start=start, progress=watch)
        prices, unit_of = plan.prices, plan.unit_of
    else:
        found = dual_search(untied, smallest_gap=NEAR_ENOUGH, start=start, progress=watch)
        plan, prices, unit_of = found.plan, found.prices, found.plan.unit_of
    core = perf_counter() - clock
    seconds = {"budgets" if problem.limits else "core": core}
    if not problem.ties and certify(problem, unit_of, prices, largest_gap=np.inf).gap == 0:
        return Decision(
            unit_of=unit_of,
            proof=prices,
            prices=prices,
            solver_says_optimal=True,
            stopped=False,
            seconds=seconds,
        )
    if watch.stopped:
        return Decision(
            unit_of=mended(problem, unit_of, plan.prices),
            proof=replace(prices, rows=rows),
            prices=prices,
            solver_says_optimal=False,
            stopped=True,
            seconds=seconds | {"side": perf_counter() - clock - core},
        )
    side = solve_by_columns(
        problem, replace(prices, rows=rows), watch, smallest_gap=smallest_gap, known=unit_of
    )
    scale = side.prices.scale
    return Decision(
        unit_of=side.unit_of,
        proof=side.prices,
        prices=Prices(
            unit=np.rint(side.prices.unit / scale).astype(np.int64),
            estate=np.rint(side.prices.estate / scale).astype(np.int64),
            limit=np.rint(side.prices.limit / scale).astype(np.int64),
        ),
        solver_says_optimal=side.decided,
        stopped=watch.stopped,
        seconds=seconds | {"side": perf_counter() - clock - core},
    )


def refute_better(problem: AllocationProblem, found: Decision) -> Refutation | None:
    """Have a second solver look for a better plan in the pairs that multipliers leave open.

    SCIP decided pairs near the cheapest in floating point; CP-SAT is asked, in exact integers and
    of a programme written from the multipliers alone, for a plan that costs a penny less.

    Returns
    -------
    Refutation or None
        Where both found nothing. Which pairs they had to look at is for ``certify`` to check.
    """
    if found.stopped or not found.solver_says_optimal:
        return None
    value = problem.value_pennies(found.unit_of)
    left = remainder(problem, found.proof, value, most_open=MOST_OPEN)
    if left is None:
        return None
    if left.model is not None and not has_no_answer(left.model, effort=EFFORT):
        return None
    return Refutation(value=value, keys=left.keys, open_pairs=left.open_pairs)


class Watch:
    """Passes reports on, until whoever watches wants no more."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.stopped = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Report; raise once when the work should end, and let what is left of it end in peace."""
        if self.stopped:
            return
        try:
            self.progress(stage, done, total)
        except StopEarlyError:
            self.stopped = True
            raise
