"""Linear programmes and programmes in whole numbers, table in and table out.

GLOP, SCIP and CP-SAT come with OR-Tools and share no code beyond it; besides the flow, and the two
that write models for CP-SAT of their own, this is the one module that knows it. HiGHS comes with
SciPy and solves the large linear programmes: on those of a country it is four times as fast as
GLOP. Models are loaded in bulk, one thread solves them, and the same model gives the same answer.
What comes back is not trusted: plans are revalued and prices checked where they are used.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from optimiser.problem import Integers
from optimiser.remainder import WholeModel

if TYPE_CHECKING:
    from ortools.sat.python.cp_model import CpSolver
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

SEED = 1
"""Seed of the solvers' own draws: one model, one answer."""

NO_END = -1
"""For SCIP: as many nodes as it takes."""


WITHOUT_CUTS = "separating/maxrounds = 0\nseparating/maxroundsroot = 0\n"
"""For SCIP: no time on a closer bound, where prices give one and a plan is all that is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearModel:
    """Minimise ``cost`` x subject to ``row_low`` <= matrix x <= ``row_high``.

    Attributes
    ----------
    cost, low, high
        By column; ``inf`` for no bound.
    row, column, value
        The matrix by entry; several entries of one cell add up.
    row_low, row_high
        By row; ``inf`` for no bound.
    """

    cost: Floats
    low: Floats
    high: Floats
    row: Integers
    column: Integers
    value: Floats
    row_low: Floats
    row_high: Floats

    def matrix(self) -> csr_array:
        """Give the matrix row by row."""
        from scipy.sparse import csr_array

        shape = (len(self.row_low), len(self.cost))
        return csr_array((self.value, (self.row, self.column)), shape=shape)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearAnswer:
    """What a solver says of a model.

    Attributes
    ----------
    value
        Cost of ``column``, recomputed.
    column
        Value of each column.
    row_price
        What one more of each row's bound would add to the cost; none for whole numbers.
    proven
        Whether the solver calls it the best.
    """

    value: float
    column: Floats
    row_price: Floats
    proven: bool


class NoAnswerError(RuntimeError):
    """A model has no answer, or the solver found none."""


def solve_linear(model: LinearModel) -> LinearAnswer:
    """Solve a linear programme by GLOP, the simplex method of OR-Tools.

    Parameters
    ----------
    model
        With an answer.

    Returns
    -------
    LinearAnswer
        A corner of the programme and its prices.

    Raises
    ------
    NoAnswerError
        When nothing keeps all rows, or the cost has no bottom; or the solver gave up three times.
    """
    for settings in ("", " use_preprocessing: false", " use_dual_simplex: true"):
        try:
            return _solve(model, "glop", f"random_seed: {SEED}{settings}", whole=None)
        except NoAnswerError as error:
            last = error
    raise last


def solve_large(model: LinearModel) -> LinearAnswer:
    """Solve a large linear programme by HiGHS, the dual simplex method that SciPy carries.

    Parameters
    ----------
    model
        With an answer; every row is an equation.

    Returns
    -------
    LinearAnswer
        A corner of the programme and its prices; those of GLOP where HiGHS gives up.

    Raises
    ------
    NoAnswerError
        As ``solve_linear``.
    """
    from scipy.optimize import linprog

    bounds: Any = np.stack([model.low, model.high], axis=1)  # its stubs know lists of pairs only
    matrix: Any = model.matrix().tocsc()
    found: Any = linprog(
        model.cost, A_eq=matrix, b_eq=model.row_high, bounds=bounds, method="highs-ds"
    )
    if found.status != 0:
        return solve_linear(model)
    column = np.asarray(found.x, dtype=np.float64)
    return LinearAnswer(
        value=float(model.cost @ column),
        column=column,
        row_price=np.asarray(found.eqlin.marginals, dtype=np.float64),
        proven=True,
    )


def solve_whole(
    model: LinearModel,
    whole: NDArray[np.bool_],
    *,
    near: float = 0.0,
    nodes: int = NO_END,
    seconds: float | None = None,
) -> LinearAnswer:
    """Solve a programme with columns in whole numbers by SCIP.

    Parameters
    ----------
    model
        With an answer.
    whole
        Which columns are whole numbers.
    near
        Cost above the best at which an answer is taken.
    nodes
        Parts of the search after which the best answer so far is taken; a clock does not change it.
    seconds
        Time after which the best answer so far is taken.

    Returns
    -------
    LinearAnswer
        Columns that must be whole are rounded.

    Raises
    ------
    NoAnswerError
        When nothing keeps all rows, or nothing was found in time.
    """
    settings = (
        f"randomization/randomseedshift = {SEED}\nlimits/gap = 0\nlimits/absgap = {near:.6g}\n"
        f"limits/totalnodes = {nodes}\n"
        "parallel/maxnthreads = 1\n"
        # SCIP would end at an interrupt and keep it from everybody else, who then went on
        "misc/catchctrlc = FALSE\n"
    )
    if nodes != NO_END:
        settings += WITHOUT_CUTS
    return _solve(model, "scip", settings, whole=whole, seconds=seconds)


def has_no_answer(model: WholeModel, *, effort: float) -> bool | None:
    """Ask CP-SAT whether whole numbers keep all rows of a model.

    Parameters
    ----------
    model
        In integers, which are exact here: no tolerance, no rounding.
    effort
        Work after which the search ends, in CP-SAT's own seconds, which a clock does not change:
        one model, one answer.

    Returns
    -------
    bool or None
        ``None`` where the search ended before it knew.
    """
    from ortools.sat.python import cp_model

    size = np.bincount(model.row, minlength=len(model.row_low))
    empty = size == 0
    if ((model.row_low > 0) | (model.row_high < 0))[empty].any():
        return True
    built = cp_model.CpModel()
    columns = [built.new_int_var(0, most, "") for most in model.high.tolist()]
    order = np.argsort(model.row, kind="stable")
    begin = np.concatenate([[0], np.cumsum(size)]).tolist()
    column, value = model.column[order].tolist(), model.value[order].tolist()
    low, high = model.row_low.tolist(), model.row_high.tolist()
    for row in np.flatnonzero(~empty).tolist():
        some = slice(begin[row], begin[row + 1])
        terms = cp_model.LinearExpr.weighted_sum(
            [columns[number] for number in column[some]], value[some]
        )
        built.add_linear_constraint(terms, low[row], high[row])
    status = exact_solver(effort).solve(built)
    if status == cp_model.INFEASIBLE:
        return True
    return False if status in (cp_model.OPTIMAL, cp_model.FEASIBLE) else None


def exact_solver(effort: float, seed: int = SEED) -> CpSolver:
    """Make CP-SAT ready to give one answer to one model.

    It leaves interrupts to whoever listens: by itself it would end its search at one and keep it
    from everybody else, who then went on.

    Parameters
    ----------
    effort
        Work after which the search ends, in CP-SAT's own seconds, which a clock does not change.
    seed
        Of its own draws.
    """
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_deterministic_time = effort
    solver.parameters.catch_sigint_signal = False
    return solver


def _solve(
    model: LinearModel,
    solver_name: str,
    settings: str,
    *,
    whole: NDArray[np.bool_] | None,
    seconds: float | None = None,
) -> LinearAnswer:
    from ortools.linear_solver.python.model_builder_helper import (
        ModelBuilderHelper,
        ModelSolverHelper,
        SolveStatus,
    )
    from scipy.sparse import csr_matrix

    built: Any = ModelBuilderHelper()  # its stubs know arrays of one shape only
    built.fill_model_from_sparse_data(
        model.low,
        model.high,
        model.cost,
        model.row_low,
        model.row_high,
        csr_matrix(model.matrix()),
    )
    if whole is not None:
        for number in np.flatnonzero(whole):
            built.set_var_integrality(int(number), True)
    solver: Any = ModelSolverHelper(solver_name)
    solver.set_solver_specific_parameters(settings)
    if seconds is not None:
        solver.set_time_limit_in_seconds(seconds)
    solver.solve(built)
    if not solver.has_solution():
        raise NoAnswerError(f"{solver_name} found nothing: {solver.status().name}.")
    column = np.array(solver.variable_values(), dtype=np.float64)
    if whole is None:
        row_price = np.array(solver.dual_values(), dtype=np.float64)
    else:
        column[whole] = np.rint(column[whole])
        row_price = np.empty(0)
    return LinearAnswer(
        value=float(model.cost @ column),
        column=column,
        row_price=row_price,
        proven=solver.status() == SolveStatus.OPTIMAL,
    )
